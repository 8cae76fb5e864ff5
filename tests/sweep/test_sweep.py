"""Sweeps: every cell is the extraction it stands for; nothing is drawn twice; what is finished survives a stop."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.timing import Timing
from side_core.extraction.effect import effect_of
from side_core.extraction.run import Drawn, Extraction, extract, score_images
from side_core.extraction.subject import Subject, references_of
from side_core.job import Advance, open_folder, run_job
from side_core.progress import finish
from side_core.sampling import missing
from side_core.sampling.drawing import Damage
from side_core.sampling.picture import alone
from side_core.sampling.store import MemoryStore, in_memory
from side_core.settings import ExtractSettings, SweepSettings
from side_core.stats.bootstrap import Interval
from side_core.sweep import estimate as estimates
from side_core.sweep.cell import SHOWN, Cell, cell_from, cell_json
from side_core.sweep.estimate import Comparing, SweepEstimate, check_time
from side_core.sweep.grid import picture_rows
from side_core.sweep.job import SweepJob
from side_core.sweep.measure import measure
from side_core.sweep.plan import Plan, Shared, compared_by, make_plan, sharing
from side_core.sweep.report import Sweep
from side_core.sweep.sweep import finished, sweep
from tests.pictures import kept

SMALL = {"model": "ideal", "mode": "exact", "count": 6, "threshold": 0.9}


@pytest.fixture
def shared(ideal: IdealDenoiser, faces: TrainingSet) -> Shared:
    subject = Subject(faces, open_training_set("pixel-faces[100:160]"), ideal)
    return Shared(subject, {}, {"pixel": finish(references_of(ExtractSettings(model="ideal"), subject))})


@pytest.fixture(scope="module")
def steered(make_surrogate: Callable[..., Path]) -> Callable[..., Plan]:
    """Plans with an untrained surrogate of the built-in ideal model, which is opened once."""
    name = str(make_surrogate())
    opened: list[Shared] = []

    def plan(**changes: Any) -> Plan:
        settings = SweepSettings.read(SMALL | {"surrogates": [name]} | changes)
        if not opened:
            opened.append(finish(sharing(settings)))
        return make_plan(settings, opened[0])

    return plan


def plan_of(shared: Shared, **changes: Any) -> Plan:
    return make_plan(SweepSettings.read(SMALL | changes), shared)


def run(plan: Plan, store: Any = None) -> Sweep:
    return finish(sweep(plan, in_memory() if store is None else store))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Steps and steering of each sample set that is drawn."""
    found: list[tuple[int, bool]] = []
    real = missing.draw

    def counted(denoiser: Any, settings: Any, seeds: Any, guide: Any) -> Any:
        found.append((settings.steps, guide is not None))
        return real(denoiser, settings, seeds, guide)

    monkeypatch.setattr(missing, "draw", counted)
    return found


def test_a_cell_is_the_extraction_it_stands_for(shared: Shared) -> None:
    plan = plan_of(shared, x="steps=3,5", y="eta=0,1")
    found = run(plan)
    assert found.complete and [cell.values for cell in found.cells] == [(3, 0), (3, 1), (5, 0), (5, 1)]
    for cell in found.cells:
        *_, alone = extract(cell.settings, shared.subject, shared.references["pixel"], MemoryStore())
        assert isinstance(alone, Extraction)
        line = alone.headline()
        assert line is not None and cell.measured is not None
        assert (cell.measured.training, cell.measured.against_control) == (line.training, line.control)
        assert cell.measured.figure.value == line.training.share and cell.count == 6
        assert all(np.array_equal(cell.pictures[int(seed)], alone.match.images[int(seed)]) for seed in "012345")


def test_first_the_estimate_then_steps_then_each_cell(shared: Shared) -> None:
    events = list(run_job(SweepJob(plan_of(shared, x="steps=2,3", batch_size=4)), in_memory()))
    assert [type(event) for event in events] == [SweepEstimate, *[Advance] * 4, Sweep, *[Advance] * 6, Sweep]
    estimate, steps = events[0], [event for event in events if isinstance(event, Advance)]
    assert isinstance(estimate, SweepEstimate)
    assert (estimate.cells, estimate.missing, estimate.pictures, estimate.steered) == (2, 2, 12, None)
    assert estimate.seconds > 0 and "12 pictures" in str(estimate)
    assert [step.done for step in steps] == list(range(1, 11)) and {step.total for step in steps} == {10}


def test_the_estimate_counts_the_comparison_of_all_missing_cells(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, plan = in_memory(), plan_of(shared, x="steps=2,3")
    monkeypatch.setattr(estimates, "seconds_of", lambda call, device: 3.0)
    before = estimates.estimate_of(plan, store, Timing(6, 0.0, 0.0))
    assert before.seconds == 6 * 2 * 3.0
    finish(sweep(plan_of(shared, x="steps=2"), store))
    assert estimates.estimate_of(plan, store, Timing(6, 0.0, 0.0)).seconds == 6 * 3.0
    other = estimates.estimate_of(plan_of(shared, x="steps=2", threshold=0.5), store, Timing(6, 0.0, 0.0))
    assert (other.pictures, other.seconds) == (0, 6 * 3.0)  # drawn, but measured by another threshold
    assert Comparing(0.5, 0.1).seconds(11) == pytest.approx(1.5)


def test_cells_that_differ_in_scoring_alone_share_their_pictures(shared: Shared, drawn: list[tuple[int, bool]]) -> None:
    found = run(plan_of(shared, x="threshold=0.01,0.5,0.99", y="steps=2,4", threshold=None))
    assert drawn == [(2, False), (4, False)]
    for steps in (2, 4):
        beaten = [cell.measured.training.beat for cell in found.curve("none", steps)]  # type: ignore[union-attr]
        assert beaten == sorted(beaten)  # a more generous threshold counts no fewer
    assert [cell.values for cell in found.cells][:2] == [(0.01, 2), (0.01, 4)]  # the plan's order, not that of work


def test_what_is_left_to_the_model_is_not_drawn_again_where_it_is_said(shared: Shared) -> None:
    left, said = (
        make_plan(SweepSettings(x="steps=2,3", count=16, **changes), shared)
        for changes in ({}, {"spacing": "leading", "clip": "clip"})
    )
    assert [place.name for place in left.places] == [place.name for place in said.places]
    assert left.sets[0].settings == said.sets[0].settings
    assert (left.places[0].settings.spacing, said.places[0].settings.spacing) == (None, "leading")


def test_nothing_is_drawn_before_the_time_is_agreed(shared: Shared, drawn: list[tuple[int, bool]]) -> None:
    plan = plan_of(shared, x="steps=2,3", minutes=1e-9)
    events = run_job(SweepJob(plan), in_memory())
    assert isinstance(next(events), SweepEstimate)
    with pytest.raises(ValueError, match=r"12 pictures for 2 cells.*more than the 1e-09 it may.*raise minutes to 1"):
        next(events)
    assert not drawn
    check_time(plan_of(shared, x="steps=2"), SweepEstimate(0, 599, 1, 1, 6, None))
    with pytest.raises(ValueError, match=r"about 50.0 minutes here .* raise minutes to 60"):
        check_time(plan_of(shared, x="steps=2"), SweepEstimate(0, 3000, 1, 1, 6, None))


def test_a_stop_keeps_finished_cells_and_the_rest_is_drawn_later(
    shared: Shared, drawn: list[tuple[int, bool]], tmp_path: Path
) -> None:
    plan = plan_of(shared, x="steps=2,3,4")
    for store in (in_memory(), open_folder(tmp_path, SweepJob(plan), resume=False)):
        drawn.clear()
        events = sweep(plan, store)
        while not isinstance(next(events), Sweep):
            pass
        next(events)  # a step of the second
        events.close()
        assert [cell.values for cell in finished(plan, store).cells] == [(2,)]
        whole = run(plan, store)
        assert whole.complete and drawn == [(2, False), (3, False), (3, False), (4, False)]
        run(plan, store)
        run(plan_of(shared, x="steps=3,4", y="score=ratio"), store)  # another sweep of the same pictures
        assert len(drawn) == 4


def test_a_folder_gives_back_what_was_put_there(shared: Shared, tmp_path: Path) -> None:
    plan = plan_of(shared, x="steps=2,3", metric="ratio")
    before = run(plan, open_folder(tmp_path, SweepJob(plan), resume=False))
    after = finished(plan, open_folder(tmp_path, SweepJob(plan), resume=True))
    assert before.table() == after.table()
    for one, other in zip(before.cells, after.cells, strict=True):
        assert np.array_equal(list(one.pictures.values()), list(other.pictures.values()))


@pytest.mark.parametrize("part", ["parts/*.json", "pictures/*/*.npz"])
def test_a_damaged_file_is_made_again(shared: Shared, tmp_path: Path, part: str) -> None:
    plan = plan_of(shared, x="steps=2")
    store = open_folder(tmp_path, SweepJob(plan), resume=False)
    before = run(plan, store)
    (file,) = tmp_path.glob(part)
    file.write_bytes(file.read_bytes()[:40])
    assert not finished(plan, store).cells
    assert run(plan, store).table() == before.table()
    assert not list(tmp_path.rglob("*.partial"))


def test_results_of_two_models_are_not_mixed(shared: Shared, tmp_path: Path) -> None:
    plan = plan_of(shared, x="steps=2")
    open_folder(tmp_path, SweepJob(plan), resume=False)
    open_folder(tmp_path, SweepJob(plan), resume=False)  # nothing was finished, so nothing can be mixed
    run(plan, open_folder(tmp_path, SweepJob(plan), resume=False))
    with pytest.raises(ValueError, match="holds results already: resume them"):
        open_folder(tmp_path, SweepJob(plan), resume=False)
    open_folder(tmp_path, SweepJob(plan), resume=True)
    about = json.loads((tmp_path / "about.json").read_text())
    about["model"]["fingerprint"] = "0123456789abcdef"
    (tmp_path / "about.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match=r"of another model .fingerprint 0123456789ab, .* choose another folder"):
        open_folder(tmp_path, SweepJob(plan), resume=True)


def test_results_of_two_arithmetics_are_not_mixed(shared: Shared, tmp_path: Path) -> None:
    plan = plan_of(shared, x="steps=2")
    run(plan, open_folder(tmp_path, SweepJob(plan), resume=False))
    about = json.loads((tmp_path / "about.json").read_text())
    (tmp_path / "about.json").write_text(json.dumps(about | {"arithmetic": "bfloat16 channels-last"}))
    with pytest.raises(ValueError, match=r"holds results in bfloat16 channels-last, .* in float32: .* are not mixed"):
        open_folder(tmp_path, SweepJob(plan), resume=True)
    assert json.loads((tmp_path / "about.json").read_text())["arithmetic"] == "bfloat16 channels-last"


def test_a_folder_that_cannot_be_made_is_told(shared: Shared, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cannot be written .*: choose another one"):
        open_folder(tmp_path / "file", SweepJob(plan_of(shared, x="steps=2")), resume=False)


def test_pairs_that_cannot_be_are_left_out_but_a_value_that_cannot_be_is_refused(shared: Shared) -> None:
    plan = plan_of(shared, x="solver=ddim,multistep", y="eta=0,0.5")
    assert [place.values for place in plan.places] == [("ddim", 0), ("ddim", 0.5), ("multistep", 0)]
    (note,) = plan.left_out
    assert note.startswith("Left out: solver multistep, eta 0.5. The multistep solver adds no noise")
    found = run(plan)
    assert found.complete and note in found.notes
    with pytest.raises(ValueError, match=r"2000 steps do not fit|steps cannot be"):
        plan_of(shared, x="steps=5,2000")
    with pytest.raises(ValueError, match="1000 steps do not fit between timesteps 400 and 0"):
        plan_of(shared, x="steps=5,1000", y="first-timestep=400,500")
    with pytest.raises(ValueError, match="Class label 2 was chosen, but the model is unconditional"):
        plan_of(shared, x="label=2")


def test_without_a_control_only_the_median_is_told(shared: Shared) -> None:
    alone = replace(shared, subject=replace(shared.subject, control=None))
    for metric in ("ams", "ums", "control", "ratio"):
        with pytest.raises(ValueError, match=f"Metric {metric} needs a control"):
            plan_of(alone, x="steps=2", metric=metric)
    references = finish(references_of(ExtractSettings(model="ideal"), alone.subject))
    plan = plan_of(replace(alone, references={"pixel": references}), x="steps=2,3", metric="median")
    found = run(plan)
    assert all(cell.measured and cell.measured.control is None for cell in found.cells)
    assert found.pictures()["sweep.png"].shape[2] == 3 and "control" not in found.lines()[0]


def test_a_score_or_rate_that_cannot_be_is_refused_before_anything_is_encoded(shared: Shared) -> None:
    (asked,) = compared_by(SweepSettings.read({"x": "score=nl2,cosine"}))
    with pytest.raises(ValueError, match="Score 'cosine' compares directions"):
        finish(references_of(asked, shared.subject))
    (asked,) = compared_by(SweepSettings.read({"x": "control-rate=0.1,0.2"}))
    with pytest.raises(ValueError, match=r"A control rate of 0.1 needs a control"):
        finish(references_of(asked, replace(shared.subject, control=None)))
    assert [asked.encoder for asked in compared_by(SweepSettings.read({"x": "encoder=pixel,dpm"}))] == ["pixel", "dpm"]


@pytest.fixture
def mixed(shared: Shared) -> Extraction:
    """Four copies of three training images, two of a control image, one noisy copy."""
    images = shared.subject.data.images
    control = shared.subject.control
    assert control is not None
    noise = np.random.default_rng(0).integers(-9, 10, images[5].shape)
    noisy = np.clip(images[5].astype(int) + noise, 0, 255).astype(np.uint8)
    some = [images[0], images[0], images[1], images[2], control.images[3], control.images[3], noisy]
    settings = ExtractSettings(model="ideal", count=7, score="nl2", threshold=0.2)
    return score_images(settings, shared.subject, shared.references["pixel"], Drawn(kept(some)))


def test_metrics_are_what_they_say(mixed: Extraction) -> None:
    ams, control, ums, published, ratio = (
        measure(mixed, metric) for metric in ("ams", "control", "ums", "ums-published", "ratio")
    )
    assert ams.figure.value == 5 / 7 and ams.control is not None and ams.control.value == 2 / 7
    assert control.figure == ams.control == control.control
    assert ums.figure.value == published.figure.value == 4 / 7  # images 0, 1, 2 and 5
    assert ums.control is not None and ums.control.value == 1 / 7
    assert ratio.figure.value == 2.5 and ratio.control == Interval(1, 1, 1)
    for found in (ams, control, ums, published, ratio):
        assert found.figure.low <= found.figure.value <= found.figure.high
        assert found.training == ams.training and found.threshold == 0.2


def test_the_interval_of_a_median_covers_it_as_often_as_it_says(shared: Shared, mixed: Extraction) -> None:
    random, hits = np.random.default_rng(0), 0
    for _ in range(200):
        scores = replace(mixed.match.compared.scores, nl2=random.exponential(size=60))
        side = replace(mixed.match.compared, scores=scores)
        match = replace(mixed.match, compared=side, names=tuple(map(str, range(60))))
        found = measure(replace(mixed, match=match), "median").figure
        assert found.value == np.median(scores.nl2)
        hits += found.low <= math.log(2) <= found.high
    assert 0.92 <= hits / 200 <= 1


def test_metric_effect_is_that_of_a_steered_extraction(mixed: Extraction) -> None:
    plain = replace(mixed.match, names=tuple("0123569"))
    both = replace(mixed, plain=plain)
    known, found = effect_of(both), measure(both, "effect")
    assert known is not None and found.figure == known.ratio
    with pytest.raises(ValueError, match="needs the same seeds drawn plainly"):
        measure(mixed, "effect")


def test_a_cell_as_json_and_back(mixed: Extraction) -> None:
    infinite = replace(measure(mixed, "ams"), figure=Interval(math.inf, 0.5, math.inf), control=Interval(2, 1, 3))
    for measured in (measure(mixed, "ams"), infinite, None):
        cell = Cell("none", (3, "karras"), ExtractSettings(model="ideal"), "ams", measured, 7, 1, 2)
        text = json.dumps(cell_json(cell), allow_nan=False)
        assert vars(cell_from(json.loads(text))) == vars(cell)


def test_lambda_0_is_plain_and_all_else_is_steered(steered: Callable[..., Plan], drawn: list[tuple[int, bool]]) -> None:
    found = run(steered(x="guidance-scale=0,20", steps=4, metric="effect"))
    assert drawn == [(4, False), (4, True)]  # the plain pictures serve both cells
    kept = found.cells[1].settings
    assert (kept.guidance_scale, kept.guide_from, kept.guide_to, kept.label) == (20, 900, 0, "balanced")  # the card's
    off, on = found.cells
    assert off.measured is not None and off.measured.figure.value == 1
    assert any(not np.array_equal(off.pictures[seed], on.pictures[seed]) for seed in range(6))


def test_each_surrogate_is_a_curve_and_plain_sampling_is_drawn_once(
    steered: Callable[..., Plan], drawn: list[tuple[int, bool]]
) -> None:
    name = steered(x="steps=3").settings.curves[0]
    found = run(steered(x="guidance-scale=10,20", steps=3, surrogates=[name, "none"]))
    assert sorted(drawn) == [(3, False), (3, True), (3, True)]
    assert [cell.curve for cell in found.cells] == [name, name, "none", "none"]
    first, second = found.curve("none")
    assert first.measured == second.measured
    assert [row.label.split(": ")[-1] for row in picture_rows(found.plan.settings, found.cells)] == [
        "guidance-scale 10",
        "guidance-scale 20",
        "plain sampling",
    ]


def test_estimates_tell_how_much_longer_a_steered_step_takes(steered: Callable[..., Plan]) -> None:
    plan = steered(x="guidance-scale=0,20", steps=3)
    estimate = SweepJob(plan).estimate(in_memory())
    assert estimate.steered is not None and estimate.steered > 1
    idle = SweepJob(steered(x="guide-to=1,2", guide_from=2, steps=3)).estimate(in_memory())
    assert idle.steered is None  # no step lies in such a window


def test_labels_and_windows_that_do_not_exist_are_refused(steered: Callable[..., Plan]) -> None:
    with pytest.raises(ValueError, match="Label 1 was dropped"):
        steered(x="label=0,1")
    with pytest.raises(ValueError, match="Guide-to 1000 lies beyond"):
        steered(x="guide-to=0,1000", guide_from=2000)
    plan = steered(x="guide-from=300,600", y="guide-to=0,400", steps=5)
    assert [place.values for place in plan.places] == [(300, 0), (600, 0), (600, 400)]


def test_where_every_picture_is_lost_the_cell_says_so(steered: Callable[..., Plan]) -> None:
    plan, store = steered(x="guidance-scale=10,20", steps=3), in_memory()
    nothing = np.zeros((16, 16, 3), np.uint8)
    lost = {seed: alone(nothing, Damage(seed, 1, True)) for seed in range(6)}
    store.pictures.put(plan.places[1].samples.key, lost)
    found = run(plan, store)
    assert found.cells[1].measured is None and found.cells[1].lost == 6
    assert "guidance has lost all 6 pictures" in found.lines()[1]
    assert "6 were lost and are left out" in found.notes[-1], found.notes
    assert (
        found.pictures()["grid.png"].shape
        == run(steered(x="guidance-scale=10,20", steps=3)).pictures()["grid.png"].shape
    )
    assert found.pictures()["sweep.png"].any()
    assert found.summary()["cells"][1]["figure"] is None


@pytest.mark.parametrize("changes", [{"x": "steps=2,3,4"}, {"x": "steps=2,3", "y": "spacing=leading,karras"}])
def test_reports_hold_every_cell(shared: Shared, changes: dict[str, str]) -> None:
    found = run(plan_of(shared, **changes, metric="ratio"))
    rows = found.table().splitlines()
    summary = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert len(rows) == 1 + len(found.cells) == 1 + len(summary["cells"])
    assert rows[0].startswith("curve,steps," + ("spacing,metric," if "y" in changes else "metric,"))
    assert summary["model"]["fingerprint"] == found.plan.shared.denoiser.fingerprint
    assert found.pictures()["sweep.png"].dtype == found.pictures()["grid.png"].dtype == np.uint8
    assert all(len(cell.pictures) == min(SHOWN, 6) for cell in found.cells)
