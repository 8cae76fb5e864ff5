"""Runs side by side: what differs, figures as the runs themselves say them, the same seeds in a row."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats.contingency import relative_risk

from side_core.extraction.effect import effect_of
from side_core.extraction.run import Extraction
from side_core.extraction.summary import interval_json
from side_core.runs import store
from side_core.runs.compared_metrics import ratio_of_rates
from side_core.runs.comparison import MOST_RUNS, compare_runs
from side_core.runs.comparison_text import comparison_json, lines_of_comparison
from side_core.runs.figures import effect_in, headline_in, interval_in
from side_core.runs.identity import new_run
from side_core.runs.reading import names_in
from side_core.runs.recording import begin_run, keep
from side_core.runs.result import result_of
from side_core.runs.run import NewRun, Run
from side_core.runs.workspace import Workspace
from side_core.settings import ExtractSettings
from side_core.stats.bootstrap import ratio_interval
from side_core.stats.rate import rate

Make = Callable[..., Extraction]
Keep = Callable[[Workspace, Extraction], None]


@pytest.fixture
def kept(workspace: Workspace, make_extraction: Make, kept_drawn: Keep) -> Callable[..., tuple[Extraction, Run]]:
    """Draw, keep and give both."""

    def make(**changes: object) -> tuple[Extraction, Run]:
        extraction = make_extraction(**changes)
        kept_drawn(workspace, extraction)
        return extraction, keep(workspace, extraction).run

    return make


def test_only_what_differs_is_told_by_its_title(
    workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]]
) -> None:
    runs = [kept()[1], kept(steps=6)[1], kept(eta=0.5, threshold=0.2)[1]]
    found = compare_runs(workspace, runs)
    assert {item.title: item.values for item in found.settings} == {
        "Steps": (4, 6, 4),
        "Noise added back (eta)": (0.0, 0.0, 0.5),
        "Threshold": (None, None, 0.2),
    }
    assert found.fingerprints == ()
    assert "Their thresholds differ: a ratio compares what each one counts." in found.notes


def test_the_baseline_is_pinned_or_else_the_oldest(workspace: Workspace) -> None:
    ids = [store.begin(workspace, NewRun("sweep", "m", {"x": number}, {}, 1)).id for number in range(3)]

    def compared(order: list[int]) -> list[int]:
        return [run.id for run in compare_runs(workspace, [store.find(workspace, id) for id in order]).runs]

    assert compared([ids[2], ids[0], ids[1]]) == [ids[0], ids[2], ids[1]]
    store.pin(workspace, ids[1])
    assert compared([ids[2], ids[0], ids[1]]) == [ids[1], ids[2], ids[0]]
    store.pin(workspace, ids[0])  # of two pinned ones the older
    assert compared([ids[2], ids[1], ids[0], ids[0]]) == [ids[0], ids[2], ids[1]]


@pytest.mark.parametrize("count", [0, 1, MOST_RUNS + 1])
def test_too_few_and_too_many_get_a_sentence(workspace: Workspace, count: int) -> None:
    runs = [store.begin(workspace, NewRun("sweep", "m", {"x": number}, {}, 1)) for number in range(count)]
    with pytest.raises(ValueError, match=f"takes 2 to {MOST_RUNS} different runs, and {count} (is|are) given"):
        compare_runs(workspace, [*runs, *runs])


def test_figures_are_those_of_the_runs(workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]]) -> None:
    pairs = [kept(), kept(steps=6, score="nl2")]
    found = compare_runs(workspace, [run for _, run in pairs])
    metrics = {item.title: item for item in found.metrics}
    for score, title in (("ratio", "Nearest ratio d₁/d₂"), ("nl2", "Normalised L2"), ("l2", "Distance (RMS)")):
        for (extraction, _), figure in zip(pairs, metrics[f"{title} beats the threshold"].figures, strict=True):
            line = extraction.headline(score)  # type: ignore[arg-type]
            assert line is not None and figure is not None
            assert (figure.found, figure.control) == (line.training, line.control)
    first, second = metrics["AMS, band high"].figures
    assert first is not None and first.ratio is None and second is not None and second.ratio is not None
    assert not any("Steered over plain" in title for title in metrics)  # nothing was steered
    assert found.metrics[0].title.startswith("Nearest ratio")  # the score that counts


def test_headline_and_effect_are_read_back_whole(
    workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]], make_surrogate: Callable[..., Path]
) -> None:
    for changes in ({}, {"surrogate": str(make_surrogate()), "threshold": 0.3}):
        extraction, run = kept(**changes)
        summary = store.summary_of(workspace, run.id)
        assert summary is not None
        assert headline_in(summary) == extraction.headline()
        here, there = effect_in(summary), effect_of(extraction)
        if there is None:
            assert here is None
            continue
        assert here is not None
        assert (here.guided, here.plain) == (there.guided, there.plain)
        for name in ("ratio", "different", "different_plain"):
            mine, theirs = vars(getattr(here, name)), vars(getattr(there, name))
            assert np.allclose(list(mine.values()), list(theirs.values()), equal_nan=True), name


def test_the_same_seeds_stand_in_rows(workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]]) -> None:
    pairs = [kept(count=6), kept(count=6, seed=2, steps=6), kept(count=9, seed=1, steps=7)]
    found = compare_runs(workspace, [run for _, run in pairs])
    results = [result_of(extraction) for extraction, _ in pairs]
    shared = [results[0].names[place] for place in results[0].order() if 2 <= int(results[0].names[place]) <= 5]
    assert [row.name for row in found.pictures] == shared  # nearest of the baseline first
    for row in found.pictures:
        for image, value, result in zip(row.images, row.values, results, strict=True):
            place = result.names.index(row.name)
            assert np.array_equal(image, result.images[place]) and value == result.scores["ratio"][place]
        place = results[0].names.index(row.name)
        assert np.array_equal(row.training, results[0].training[results[0].nearest[place]])
    few = compare_runs(workspace, [run for _, run in pairs], most=2)
    assert [row.name for row in few.pictures] == shared[:2]


def test_names_come_nearest_first_without_a_picture(workspace: Workspace, make_extraction: Make) -> None:
    extraction = make_extraction(count=7)
    run = keep(workspace, extraction).run  # nobody has written its pictures
    result = result_of(extraction)
    assert names_in(workspace, run) == tuple(result.names[place] for place in result.order())


def test_a_run_without_scores_and_one_without_control_are_told(
    workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]], make_extraction: Make
) -> None:
    _, scored = kept()
    other = make_extraction(steps=6)
    assert isinstance(other.settings, ExtractSettings)
    running = begin_run(workspace, new_run(other.settings, other.subject, other.references))
    match = replace(other.match, control=None)
    blind = keep(workspace, replace(make_extraction(steps=7), match=match)).run
    found = compare_runs(workspace, [scored, running, blind])
    assert f"Run {running.id} has no scores: it was running before it was scored." in found.notes
    assert f"Run {blind.id} has no control, so its rates are withheld." in found.notes
    assert found.metrics[0].figures[0] is not None and found.metrics[0].figures[1:] == (None, None)
    assert found.pictures == ()


def test_of_sweeps_and_surrogates_only_settings_are_compared(workspace: Workspace) -> None:
    one = store.begin(workspace, NewRun("sweep", "m", {"x": "steps=2", "encoder": "pixel"}, {"data": "d"}, 1))
    two = store.begin(workspace, NewRun("surrogate", "m", {"images": 64, "encoder": "dpm"}, {"model": "f"}, 1))
    store.end(workspace, one.id, "finished", 1, {"versions": {}, "cells": []})
    found = compare_runs(workspace, [store.find(workspace, one.id), two])
    assert found.metrics == () and found.pictures == () and found.notes == ()
    values = {item.title: item.values for item in found.settings}
    assert values["Kind"] == ("sweep", "surrogate") and values["x"] == ("steps=2", None)
    assert values["Synthetic images"] == (None, 64)
    assert {item.title for item in found.fingerprints} == {"data", "model"}


@pytest.mark.parametrize(("beat", "count", "other", "others"), [(30, 100, 12, 80), (50, 64, 60, 64), (10, 500, 99, 99)])
def test_ratios_of_rates_are_scipys_relative_risk(beat: int, count: int, other: int, others: int) -> None:
    found = ratio_of_rates(rate(beat, count), rate(other, others))
    known = relative_risk(beat, count, other, others)
    assert math.isclose(found.value, known.relative_risk)
    interval = known.confidence_interval(0.95)
    assert np.allclose([found.low, found.high], [interval.low, interval.high], rtol=1e-4)


def test_ratios_of_few_are_wide_and_of_none_open() -> None:
    few = ratio_of_rates(rate(3, 32), rate(1, 32))
    assert few.value == 3 and few.low < 1 < few.high
    assert ratio_of_rates(rate(5, 32), rate(0, 32)).high == math.inf
    none = ratio_of_rates(rate(0, 32), rate(0, 32))
    assert math.isnan(none.value) and none.low == 0


def test_the_terminal_and_json_say_the_same(workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]]) -> None:
    runs = [kept()[1], kept(steps=6)[1]]
    store.rename(workspace, runs[1].id, "mine")
    found = compare_runs(workspace, [store.find(workspace, run.id) for run in runs])
    said = json.loads(json.dumps(comparison_json(found), allow_nan=False))
    assert (said["runs"], said["baseline"]) == ([runs[0].id, runs[1].id], runs[0].id)
    assert said["settings"] == [{"title": "Steps", "values": [4, 6]}]
    line = said["metrics"][0]["figures"][1]
    text = "\n".join(lines_of_comparison(found))
    assert f"{line['found']['beat']} of {line['found']['count']}" in text
    assert "(baseline)" in text and "mine" in text and "Steps" in text
    assert len(said["same_seeds"]) == 4


@pytest.mark.parametrize(("first", "second"), [(0, 0), (5, 0), (0, 5), (12, 11), (20, 3)])
def test_what_json_cannot_say_is_read_back(first: int, second: int) -> None:
    masks = [np.arange(40) < count for count in (first, second)]
    before = ratio_interval(*masks)
    after = interval_in(json.loads(json.dumps(interval_json(before), allow_nan=False)))
    assert np.array_equal([*vars(before).values()], [*vars(after).values()], equal_nan=True)


def test_ratios_of_equal_seeds_are_paired(workspace: Workspace, kept: Callable[..., tuple[Extraction, Run]]) -> None:
    """As a bootstrap over the seeds that both have says it; runs of other seeds are compared as independent ones."""
    chosen = {"count": 60, "threshold": 0.03, "last_timestep": 600}  # noise is left, so that some beat it and some not
    first, same, other = kept(**chosen, steps=4), kept(**chosen, steps=3), kept(**chosen, steps=4, seed=500)
    found = compare_runs(workspace, [first[1], same[1]])
    (base, figure), score = found.metrics[0].figures, "ratio"
    hits = [item.match.training.scores.by_name(score) < 0.03 for item, _ in (first, same)]  # type: ignore[arg-type]
    assert 0 < hits[0].sum() < 60 and 0 < hits[1].sum() < 60
    assert base is not None and not base.paired and figure is not None and figure.paired
    assert figure.ratio == ratio_interval(hits[1], hits[0])
    assert any("same seeds" in line for line in lines_of_comparison(found))
    apart = compare_runs(workspace, [first[1], other[1]]).metrics[0].figures[1]
    assert apart is not None and not apart.paired
