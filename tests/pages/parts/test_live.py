"""Drawing on a page: what is finished is kept, what is kept is not drawn again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pages._parts.runtime import live
from pages._parts.runtime.background import Plan
from pages._parts.runtime.resources import steered
from pages._parts.show.rest import Phase
from side_core.dpm.timing import Timing
from side_core.extraction.subject import Subject, open_subject
from side_core.sampling import missing
from side_core.sampling.guidance import Guidance
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from side_core.surrogate.strength import Strength

SETTINGS = ExtractSettings(model="ideal", count=20, steps=4)
ALWAYS = Strength(1.0, 999, 0)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return open_subject(SETTINGS)


@pytest.fixture(scope="module")
def surrogate(make_surrogate: Callable[..., Path]) -> str:
    return str(make_surrogate())


@dataclass
class Asked:
    """Seeds that were drawn, and whether they were steered."""

    seeds: list[int]
    steered: bool


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What the page asks the sampler for."""
    found: list[Asked] = []
    real = missing.draw

    def counted(denoiser: Any, settings: Any, seeds: Sequence[int], guide: Any) -> Iterator[Any]:
        if seeds:
            found.append(Asked(list(seeds), guide is not None))
        return real(denoiser, settings, seeds, guide)

    monkeypatch.setattr(missing, "draw", counted)
    return found


def with_count(count: int, **changes: object) -> ExtractSettings:
    return SETTINGS.model_copy(update={"count": count, **changes})


def test_only_missing_pictures_are_drawn(subject: Subject, asked: list[Asked]) -> None:
    store = MemoryStore()
    live.draw_live(with_count(3), subject, store)
    live.draw_live(with_count(5, seed=1), subject, store)
    live.draw_live(with_count(3, threshold=0.5, score="nl2"), subject, store)
    assert asked == [Asked([0, 1, 2], False), Asked([3, 4, 5], False)]


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, in_steered: bool) -> None:
    """Stop the drawing at a step, as the button does at the page's next touch."""
    real = missing.draw

    def interrupted(*arguments: Any) -> Iterator[Any]:
        for drawing in real(*arguments):
            if drawing.done == at and drawing.steered == in_steered:
                raise KeyboardInterrupt
            yield drawing

    monkeypatch.setattr(missing, "draw", interrupted)


def test_interrupted_drawing_keeps_the_finished_batches(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, at=6, in_steered=False)  # in the middle of the second batch of four steps
    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        live.draw_live(SETTINGS, subject, store)
    assert len(store.pictures) == live.BATCH


def test_path_ends_with_the_picture_itself(subject: Subject) -> None:
    finished = live.draw_live(with_count(2, steps=30), subject, MemoryStore())
    assert sorted(finished.own) == [0, 1] and not finished.plain and not finished.damaged
    for picture in finished.own.values():
        assert len(picture.path) == len(picture.path_timesteps) == live.FRAMES
        assert (picture.path[-1] == picture.image).all()


def test_moving_lambda_draws_only_the_steered_ones_anew(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    store = MemoryStore()
    for scale in (20.0, 30.0, 20.0, 0.0):
        settings = with_count(3, surrogate=surrogate, guidance_scale=scale)
        finished = live.draw_live(settings, steered(subject, settings), store)
        assert sorted(finished.own) == [0, 1, 2] and sorted(finished.plain) == ([0, 1, 2] if scale else [])
    assert asked == [Asked([0, 1, 2], True), Asked([0, 1, 2], False), Asked([0, 1, 2], True)]


def test_pictures_without_a_surrogate_serve_a_steered_run(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    store, settings = MemoryStore(), with_count(2, surrogate=surrogate, label=2)
    plain = live.draw_live(with_count(2), subject, store)
    finished = live.draw_live(settings, steered(subject, settings), store)
    assert dict(finished.plain) == dict(plain.own)
    assert asked == [Asked([0, 1], False), Asked([0, 1], True)]


def test_the_comparison_can_be_left_out(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    settings = with_count(2, surrogate=surrogate, compare_plain=False)
    finished = live.draw_live(settings, steered(subject, settings), MemoryStore())
    assert len(finished.own) == 2 and not finished.plain
    assert asked == [Asked([0, 1], True)]


def test_a_stop_in_the_comparison_keeps_what_was_steered(
    subject: Subject, surrogate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, at=2, in_steered=False)
    store, settings = MemoryStore(), with_count(3, surrogate=surrogate)
    with pytest.raises(KeyboardInterrupt):
        live.draw_live(settings, steered(subject, settings), store)
    assert [seed for _, seed in store.pictures] == [0, 1, 2]


@dataclass(frozen=True)
class Wrecker:
    """Drives one image to NaN and leaves the others alone."""

    seed: int
    digest: str = "wrecker"
    strength: Strength = ALWAYS

    def guide(self, seeds: Sequence[int]) -> Guidance:
        """The guidance of one batch."""
        wrecked = torch.tensor([seed == self.seed for seed in seeds]).view(-1, 1, 1, 1)
        return lambda x, t: torch.where(wrecked, torch.nan, 1e-6).expand_as(x)


def test_a_lost_picture_is_told_and_not_drawn_again(subject: Subject, asked: list[Asked]) -> None:
    store, wrecked = MemoryStore(), replace(subject, steering=Wrecker(1))
    for _ in range(2):
        finished = live.draw_live(with_count(3), wrecked, store)
        assert sorted(finished.images) == [0, 2] and sorted(finished.plain) == [0, 1, 2]
        assert [(item.seed, item.lost) for item in finished.damaged] == [(1, True)]
    assert asked == [Asked([0, 1, 2], True), Asked([0, 1, 2], False)]


@pytest.fixture
def hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a step of a batch takes 10 s, and a picture 2 s to be compared."""
    monkeypatch.setattr(live, "timing_of", lambda denoiser, batch: Timing(batch, 10.0, 0.0))
    monkeypatch.setattr(live, "seconds_to_match", lambda count, *_: 2.0 * count)


def test_the_estimate_counts_plain_twins_and_what_they_are_compared_with(
    subject: Subject, surrogate: str, hour: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(live.st, "info", lambda text, icon: said.append(text))
    references: Any = object()  # nothing is drawn, and nothing compared
    for settings in (with_count(16), with_count(16, surrogate=surrogate)):
        finished = live.draw_live(settings, steered(subject, settings), MemoryStore(), references=references)
        assert not finished.own
    assert said == [
        "16 pictures in 4 steps, drawn and compared, take about 72 s here (cpu).",
        "16 steered pictures and 16 plain ones in 4 steps, drawn and compared, take about 3 min here (cpu).",
    ]


def test_the_bar_counts_down_to_the_end_of_the_comparison(
    subject: Subject, surrogate: str, hour: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Sequence[Phase]] = []
    real = live.follow

    def noting(plan: Plan[Any, Any], show: Any) -> Any:
        given.append(plan.phases)
        return real(plan, show)

    monkeypatch.setattr(live, "follow", noting)
    monkeypatch.setattr(live, "LIVE_SECONDS", 1e9)
    settings, references = with_count(20, surrogate=surrogate), object()
    live.draw_live(settings, steered(subject, settings), MemoryStore(), references=references)  # type: ignore[arg-type]
    assert given == [[Phase(8, pytest.approx(1.3 * 50)), Phase(8, pytest.approx(50)), Phase(0, 80)]]


def test_one_picture_is_said_as_one(subject: Subject, hour: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(live.st, "info", lambda text, icon: said.append(text))
    monkeypatch.setattr(live, "LIVE_SECONDS", 0)
    settings = with_count(1, steps=1)
    live.draw_live(settings, subject, MemoryStore())
    assert said == ["1 picture in 1 step takes about 1 s here (cpu)."]
    live.say_stopped(live.shares_of(settings, subject, MemoryStore()), 1)
    assert said[1] == "Stopped: 0 of 1 picture is finished."
