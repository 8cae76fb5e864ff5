"""Runs are noted as they begin, kept when they end, and read back as they were."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from side_core.extraction.run import Drawn, Extraction, score_images
from side_core.extraction.subject import Subject, sample_sets
from side_core.runs import store
from side_core.runs.identity import new_run
from side_core.runs.reading import finished_pictures, result_in
from side_core.runs.recording import begin_run, keep, keep_folder, leave_run
from side_core.runs.result import SUMMARY, result_of
from side_core.runs.run import NewRun
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import PngStore
from side_core.settings import ExtractSettings
from tests.pictures import kept as pictures

Make = Callable[..., Extraction]
Keep = Callable[[Workspace, Extraction], None]


def test_a_kept_run_is_read_back_as_it_was(workspace: Workspace, make_extraction: Make, kept_drawn: Keep) -> None:
    extraction = make_extraction()
    kept_drawn(workspace, extraction)
    kept = keep(workspace, extraction)
    assert not kept.reused
    assert (kept.run.state, kept.run.finished, kept.run.asked, kept.run.share) == ("finished", 4, 4, 1.0)
    assert kept.run.headline == str(extraction.headline())
    assert "against the control 0 of 4" in kept.run.headline  # never without its control
    before, after = result_of(extraction), result_in(workspace, kept.run)
    assert after.names == before.names == ("0", "1", "2", "3")
    assert np.array_equal(after.images, before.images)
    assert np.array_equal(after.training[after.nearest], before.training[before.nearest])
    assert after.training_ids == before.training_ids
    assert after.tables == before.tables
    for name, values in before.scores.items():
        assert np.array_equal(after.scores[name], values)
    assert store.summary_of(workspace, kept.run.id) == after.summary
    assert store.thumbnails_of(workspace, [kept.run.id])[kept.run.id].startswith(b"\x89PNG")


def test_a_steered_run_keeps_its_plain_twins(
    workspace: Workspace, make_extraction: Make, kept_drawn: Keep, make_surrogate: Callable[..., Path]
) -> None:
    extraction = make_extraction(surrogate=str(make_surrogate()))
    kept_drawn(workspace, extraction)
    run = keep(workspace, extraction).run
    assert run.plain and run.plain != run.pictures
    found = result_in(workspace, run)
    assert extraction.plain is not None
    for name, image in zip(extraction.plain.names, extraction.plain.images, strict=True):
        assert np.array_equal(found.plain[name], image)
    assert np.array_equal(found.scores["plain/ratio"], extraction.plain.training.scores.by_name("ratio"))


def test_the_same_run_is_reused_and_says_so(workspace: Workspace, make_extraction: Make) -> None:
    extraction = make_extraction()
    first, again = keep(workspace, extraction), keep(workspace, extraction)
    assert (first.reused, again.reused) == (False, True)
    assert first.run == again.run and store.counted(workspace) == 1


def test_another_setting_is_another_run(workspace: Workspace, make_extraction: Make) -> None:
    ids = {keep(workspace, make_extraction(**change)).run.id for change in ({}, {"seed": 9}, {"score": "nl2"})}
    assert len(ids) == 3


def test_moving_a_threshold_leaves_one_run(workspace: Workspace, make_extraction: Make) -> None:
    first = keep(workspace, make_extraction(threshold=0.3)).run
    second = keep(workspace, make_extraction(threshold=0.4), replaces=first.id).run
    assert [run.id for run in store.listed(workspace)] == [second.id]
    assert not workspace.run_folder(first.id).exists()


@pytest.mark.parametrize("touch", ["pin", "rename", "annotate"])
def test_a_run_that_somebody_has_touched_stays(workspace: Workspace, make_extraction: Make, touch: str) -> None:
    first = keep(workspace, make_extraction(threshold=0.3)).run
    {
        "pin": lambda: store.pin(workspace, first.id),
        "rename": lambda: store.rename(workspace, first.id, "mine"),
        "annotate": lambda: store.annotate(workspace, first.id, "look"),
    }[touch]()
    keep(workspace, make_extraction(threshold=0.4), replaces=first.id)
    assert store.counted(workspace) == 2


def test_other_pictures_replace_nothing(workspace: Workspace, make_extraction: Make) -> None:
    first = keep(workspace, make_extraction()).run
    keep(workspace, make_extraction(seed=7), replaces=first.id)
    keep(workspace, make_extraction(steps=5), replaces=first.id)
    assert store.counted(workspace) == 3


def test_a_cancelled_run_has_what_was_finished_and_goes_on(
    workspace: Workspace, make_extraction: Make, kept_drawn: Keep
) -> None:
    whole = make_extraction()
    settings = whole.settings
    assert isinstance(settings, ExtractSettings)
    run = begin_run(workspace, new_run(settings, whole.subject, whole.references))
    assert run.state == "running"
    first_two = dict(zip((0, 1), whole.match.images[:2], strict=True))
    PngStore(workspace.pictures).put(run.pictures, pictures(first_two))
    leave_run(workspace, run.id)
    left = store.find(workspace, run.id)
    assert (left.state, left.finished) == ("cancelled", 2)
    with pytest.raises(ValueError, match=f"Run {run.id} has no scores to show"):
        result_in(workspace, left)
    half = score_images(settings, whole.subject, whole.references, Drawn(pictures(first_two)))
    scored = keep(workspace, half)
    assert (scored.run.id, scored.run.state, scored.run.finished) == (run.id, "cancelled", 2)
    assert result_in(workspace, scored.run).names == ("0", "1")
    kept_drawn(workspace, whole)
    ended = keep(workspace, whole)
    assert (ended.run.id, ended.run.state, ended.run.finished, ended.reused) == (run.id, "finished", 4, False)


def test_a_finished_run_that_is_drawn_again_stays_finished(workspace: Workspace, make_extraction: Make) -> None:
    whole = make_extraction()
    kept = keep(workspace, whole).run
    again = begin_run(workspace, new_run(whole.settings, whole.subject, whole.references))
    assert again.state == "finished"
    assert keep(workspace, whole).reused
    leave_run(workspace, again.id)
    assert store.find(workspace, kept.id) == kept


def test_stopped_twice_the_result_is_of_all_that_is_finished(
    workspace: Workspace, make_extraction: Make, kept_drawn: Keep
) -> None:
    whole = make_extraction()
    settings = whole.settings
    assert isinstance(settings, ExtractSettings)
    images = dict(enumerate(whole.match.images))
    kept_drawn(workspace, whole)
    parts = [
        score_images(settings, whole.subject, whole.references, Drawn(pictures({s: images[s] for s in range(count)})))
        for count in (1, 3)
    ]
    first = keep(workspace, parts[0]).run
    begin_run(workspace, new_run(settings, whole.subject, whole.references))
    (workspace.pictures / first.pictures / "3.png").unlink()  # three are finished when it is stopped again
    leave_run(workspace, first.id)
    left = store.find(workspace, first.id)
    assert (left.state, left.finished, left.headline) == ("cancelled", 3, first.headline)
    second = keep(workspace, parts[1])
    assert not second.reused and result_in(workspace, second.run).names == ("0", "1", "2")
    assert second.run.headline == str(parts[1].headline())


def test_a_run_that_ends_before_its_first_picture_is_forgotten(workspace: Workspace, make_extraction: Make) -> None:
    whole = make_extraction()
    run = begin_run(workspace, new_run(whole.settings, whole.subject, whole.references))
    leave_run(workspace, run.id)
    assert store.counted(workspace) == 0 and not workspace.run_folder(run.id).exists()


def test_two_tabs_on_one_run_share_it(workspace: Workspace, make_extraction: Make) -> None:
    whole = make_extraction()
    new = new_run(whole.settings, whole.subject, whole.references)
    one, other = begin_run(workspace, new), begin_run(workspace, new)
    assert one.id == other.id
    keep(workspace, whole)
    leave_run(workspace, other.id)  # the other tab is closed after that
    assert store.find(workspace, one.id).state == "finished"


def test_a_run_whose_pictures_are_gone_says_so(workspace: Workspace, make_extraction: Make) -> None:
    run = keep(workspace, make_extraction()).run  # nobody has written its pictures
    with pytest.raises(ValueError, match=r"pictures of .* are gone: draw them again"):
        result_in(workspace, run)


@pytest.mark.parametrize("damage", ["result.safetensors", SUMMARY])
def test_a_damaged_file_gets_a_sentence(
    workspace: Workspace, make_extraction: Make, kept_drawn: Keep, damage: str
) -> None:
    extraction = make_extraction()
    kept_drawn(workspace, extraction)
    run = keep(workspace, extraction).run
    file = workspace.run_folder(run.id) / damage
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(ValueError, match=damage):
        result_in(workspace, run)


def test_pictures_are_named_by_what_they_depend_on(make_extraction: Make) -> None:
    extraction = make_extraction()
    subject, settings = extraction.subject, extraction.settings
    assert isinstance(settings, ExtractSettings)
    assert isinstance(subject, Subject)

    def key_of(settings: ExtractSettings) -> str:
        return sample_sets(settings, subject)[0].key

    key = key_of(settings)
    same = {"count": 9, "seed": 5, "threshold": 0.1, "score": "nl2", "batch_size": 3}
    for name, value in same.items():
        assert key_of(settings.model_copy(update={name: value})) == key, name
    for name, value in {"steps": 9, "eta": 0.5, "spacing": "karras", "first_timestep": 500}.items():
        assert key_of(settings.model_copy(update={name: value})) != key, name


def test_damaged_guidance_that_lost_a_picture_still_finishes(workspace: Workspace, make_extraction: Make) -> None:
    from side_core.sampling.drawing import Damage

    whole = make_extraction()
    settings = whole.settings
    assert isinstance(settings, ExtractSettings)
    images = dict(zip(range(3), whole.match.images[:3], strict=True))
    found = score_images(settings, whole.subject, whole.references, Drawn(pictures(images)))
    found = replace(found, damaged=(Damage(3, 2, lost=True),))
    assert keep(workspace, found).run.state == "finished"


def test_files_of_others_are_kept_once(workspace: Workspace) -> None:
    new = NewRun("sweep", "ideal", {"x": "steps=2,4"}, {"data": "d"}, asked=2)

    def write(folder: Path) -> dict[str, object]:
        (folder / "sweep.csv").write_text("a,b\n")
        return {"versions": {"torch": "2"}}

    half = keep_folder(workspace, new, 1, "one of two", write)
    assert (half.run.state, half.reused) == ("cancelled", False)
    whole = keep_folder(workspace, new, 2, "two of two", write)
    assert (whole.run.id, whole.run.state) == (half.run.id, "finished")
    assert keep_folder(workspace, new, 2, "two of two", write).reused
    assert whole.run.versions == {"torch": "2"}
    assert (workspace.run_folder(whole.run.id) / "sweep.csv").read_text() == "a,b\n"
    assert finished_pictures(workspace, whole.run) == 0
