"""Drawing on a page: what is finished is kept, what is kept is not drawn again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pages._parts import live
from pages._parts.pictures import PictureStore
from pages._parts.session import steered
from side_core.extraction.run import Subject, open_subject
from side_core.sampling.guidance import Guidance
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
    real = live.draw

    def counted(denoiser: Any, settings: Any, seeds: Sequence[int], guide: Any) -> Iterator[Any]:
        if seeds:
            found.append(Asked(list(seeds), guide is not None))
        return real(denoiser, settings, seeds, guide)

    monkeypatch.setattr(live, "draw", counted)
    return found


def with_count(count: int, **changes: object) -> ExtractSettings:
    return SETTINGS.model_copy(update={"count": count, **changes})


def test_only_missing_pictures_are_drawn(subject: Subject, asked: list[Asked]) -> None:
    store = PictureStore()
    live.draw_missing(with_count(3), subject, store)
    live.draw_missing(with_count(5, seed=1), subject, store)
    live.draw_missing(with_count(3, threshold=0.5, score="nl2"), subject, store)
    assert asked == [Asked([0, 1, 2], False), Asked([3, 4, 5], False)]


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, in_steered: bool) -> None:
    """Stop the drawing at a step, as the button does at the page's next touch."""
    real = live.draw

    def interrupted(*arguments: Any) -> Iterator[Any]:
        for drawing in real(*arguments):
            if drawing.done == at and drawing.steered == in_steered:
                raise KeyboardInterrupt
            yield drawing

    monkeypatch.setattr(live, "draw", interrupted)


def test_interrupted_drawing_keeps_the_finished_batches(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, at=6, in_steered=False)  # in the middle of the second batch of four steps
    store = PictureStore()
    with pytest.raises(KeyboardInterrupt):
        live.draw_missing(SETTINGS, subject, store)
    assert len(store.pictures) == live.BATCH


def test_path_ends_with_the_picture_itself(subject: Subject) -> None:
    finished = live.draw_missing(with_count(2, steps=30), subject, PictureStore())
    assert sorted(finished.own) == [0, 1] and not finished.plain and not finished.damaged
    for picture in finished.own.values():
        assert len(picture.path) == len(picture.path_timesteps) == live.FRAMES
        assert (picture.path[-1] == picture.image).all()


def test_moving_lambda_draws_only_the_steered_ones_anew(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    store = PictureStore()
    for scale in (20.0, 30.0, 20.0, 0.0):
        settings = with_count(3, surrogate=surrogate, guidance_scale=scale)
        finished = live.draw_missing(settings, steered(subject, settings), store)
        assert sorted(finished.own) == [0, 1, 2] and sorted(finished.plain) == ([0, 1, 2] if scale else [])
    assert asked == [Asked([0, 1, 2], True), Asked([0, 1, 2], False), Asked([0, 1, 2], True)]


def test_pictures_without_a_surrogate_serve_a_steered_run(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    store, settings = PictureStore(), with_count(2, surrogate=surrogate, label=2)
    plain = live.draw_missing(with_count(2), subject, store)
    finished = live.draw_missing(settings, steered(subject, settings), store)
    assert finished.plain == plain.own
    assert asked == [Asked([0, 1], False), Asked([0, 1], True)]


def test_the_comparison_can_be_left_out(subject: Subject, surrogate: str, asked: list[Asked]) -> None:
    settings = with_count(2, surrogate=surrogate, compare_plain=False)
    finished = live.draw_missing(settings, steered(subject, settings), PictureStore())
    assert len(finished.own) == 2 and not finished.plain
    assert asked == [Asked([0, 1], True)]


def test_a_stop_in_the_comparison_keeps_what_was_steered(
    subject: Subject, surrogate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, at=2, in_steered=False)
    store, settings = PictureStore(), with_count(3, surrogate=surrogate)
    with pytest.raises(KeyboardInterrupt):
        live.draw_missing(settings, steered(subject, settings), store)
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
    store, wrecked = PictureStore(), replace(subject, steering=Wrecker(1))
    for _ in range(2):
        finished = live.draw_missing(with_count(3), wrecked, store)
        assert sorted(finished.own) == [0, 2] and sorted(finished.plain) == [0, 1, 2]
        assert [(item.seed, item.lost) for item in finished.damaged] == [(1, True)]
    assert asked == [Asked([0, 1, 2], True), Asked([0, 1, 2], False)]
