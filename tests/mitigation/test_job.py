"""One prompt without and with a method: the gate, what is kept, and each mistake with its sentence."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.job import run_job
from side_core.methods import METHODS
from side_core.mitigation.job import PromptJob, make_job
from side_core.mitigation.opened import Opened, opening_all
from side_core.mitigation.report import Compared
from side_core.mitigation.sentences import in_words
from side_core.mitigation.trigger_job import TriggerJob
from side_core.mitigation.trigger_report import Triggers
from side_core.progress import finish
from side_core.sampling.store import Store, in_memory
from side_core.settings import SettingError
from side_core.settings.mitigation import MitigationSettings

MEMORISED = max((face for face in captioned_faces() if face.group == "many"), key=lambda face: face.repeats).caption
GENERAL = held_out_captions()[0]


def settings(**changes: object) -> MitigationSettings:
    return MitigationSettings.read({"prompt": MEMORISED, "count": 2, "steps": 8, **changes})


@pytest.fixture(scope="module")
def opened() -> Opened:
    return finish(opening_all(settings()))


def run(opened: Opened, store: Store | None = None, **changes: object) -> Compared:
    report = finish(run_job(make_job(settings(**changes), opened), store or in_memory()))
    assert isinstance(report, Compared)
    return report


def test_a_memorised_prompt_brings_copies_and_an_optimised_one_none(opened: Opened) -> None:
    report = run(opened, strength=1.0)
    without, with_ = report.judged
    assert without.copies.beat == 2 and with_.copies.beat == 0 and without.of_control.beat == 0
    assert report.higher is not None and report.higher.beat == 0, "no held-out prompt pulls as hard"
    assert "2 of 2" in report.headline and "control 0 of 2" in report.headline
    assert len(report.rows()) == 4 and report.summary()["without"]["copies"]["beat"] == 2
    assert report.pictures()["mitigation.png"].shape[0] > 3 * 32


def test_a_gate_leaves_a_general_prompt_alone_bit_for_bit_and_treats_a_memorised_one(opened: Opened) -> None:
    left = run(opened, prompt=GENERAL, gated=True, method="words")
    assert not left.treated and np.array_equal(*left.images)
    assert any("left alone" in note for note in left.notes)
    open_ = run(opened, prompt=GENERAL, method="words")
    assert open_.treated and not np.array_equal(*open_.images)
    treated = run(opened, gated=True, method="words")
    assert treated.treated and not np.array_equal(*treated.images)


def test_what_is_there_is_not_drawn_again_and_a_method_that_does_nothing_keeps_both_sides(opened: Opened) -> None:
    store = in_memory()
    first = run(opened, store, method="none")
    assert first.done == 2 and np.array_equal(*first.images)
    parts = list(run_job(make_job(settings(method="words"), opened), store))
    assert len([part for part in parts if type(part).__name__ == "Advance"]) == 8, "the plain pictures are there"


def test_numbers_that_are_lost_are_said_and_the_pictures_without_are_kept(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = TextDenoiser.noise

    def broken(self: TextDenoiser, x: object, t: int, condition: object = None) -> object:
        found = ordinary(self, x, t, condition)  # type: ignore[arg-type]
        return found * float("nan") if getattr(condition, "requires_grad", False) else found

    monkeypatch.setattr(TextDenoiser, "noise", broken)
    job, store = make_job(settings(), opened), in_memory()
    with pytest.raises(ValueError, match=r"method 'wen' returned NaN or infinity at step 1.*without it are kept"):
        finish(run_job(job, store))
    assert job.found(store).done == 1


def test_each_mistake_has_its_sentence(opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="prompt is empty"):
        make_job(settings(prompt=" "), opened)
    bare = dataclasses.replace(opened, gate=None, usual_norm=None)
    with pytest.raises(SettingError, match="A gate needs prompts that the model never saw"):
        make_job(settings(gated=True, method="words"), bare)
    with pytest.raises(SettingError, match="A search needs prompts the model never saw"):
        make_job(settings(task="triggers"), bare)
    for words, sentence in (
        (["--strength", "99"], "trength cannot be 99 of method 'wen': choose 0.1 to 5"),
        (["--method", "none", "--strength", "1"], "method 'none' has none, leave it out"),
        (["--method", "magic"], "method cannot be 'magic'"),
        (["--model", "pixel-faces"], "Mitigation needs a model that reads prompts"),
        (["--held-out", str(tmp_path / "no.txt")], "no.txt' cannot be read"),
        (["--resume"], "--resume goes on in a folder"),
    ):
        assert main(["mitigation", "--prompt", MEMORISED, *words]) == 2
        said = capsys.readouterr().err
        assert sentence in said and "Traceback" not in said, said


def test_the_command_needs_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--prompt", GENERAL, "--method", "numbers", "--strength", "2", "--count", "1", "--steps", "2"]
    assert main(["mitigation", *words, "--no-history"]) == 0
    said = capsys.readouterr().out
    assert "with Random numbers (2): 0 of 1" in said and "Tables" not in said


def test_a_search_goes_on_round_by_round_and_judges_what_it_finds(opened: Opened, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\n".join((*in_words(MEMORISED).words, "with", "old", "smiling")))
    asked = settings(task="triggers", rounds=2, iterations=3, sentence=MEMORISED, words=str(words))
    job, store = make_job(asked, opened), in_memory()
    assert isinstance(job, TriggerJob)
    reports = [part for part in run_job(job, store) if isinstance(part, Triggers)]
    assert [report.done for report in reports][:2] == [1, 2] and job.found(store).done == 2
    last = reports[-1]
    assert last.table() == job.found(store).table() and last.evaluations > 0
    assert last.finds, "it begins beside a trigger"
    assert last.copied is not None and last.copied.count == len(last.finds) == len(last.rows())
    assert last.truth is not None and f"{last.truth.many.beat} of the 60" in last.headline
    assert job.name_of(0) != make_job(settings(task="triggers", iterations=4, sentence=MEMORISED), opened).name_of(0)  # type: ignore[union-attr]


def test_a_search_ends_with_its_minutes_and_keeps_its_rounds(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0, 1000, 40.0))
    monkeypatch.setattr("side_core.mitigation.trigger_job.time.monotonic", lambda: float(next(clock)))
    asked = settings(task="triggers", rounds=9, iterations=1, minutes=1)
    store = in_memory()
    report = finish(run_job(make_job(asked, opened), store))
    assert report.done == 1


def test_the_entry_opens_a_job_of_either_task() -> None:
    assert isinstance(finish(METHODS["mitigation"].open(settings())), PromptJob)
