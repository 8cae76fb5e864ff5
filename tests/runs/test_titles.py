"""What tells the runs of a list apart."""

from pathlib import Path
from typing import Any

import pytest

from side_core.runs import store
from side_core.runs.opening import open_workspace
from side_core.runs.run import NewRun, Run
from side_core.runs.titles import MOST, told_apart


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path))
    here = open_workspace()

    def begin(kind: str = "extract", **settings: Any) -> Run:
        return store.begin(here, NewRun(kind, "pixel-faces", {"model": "pixel-faces", **settings}, {}, 16))

    return begin


def test_a_run_alone_and_equal_ones_have_nothing_to_say(begun: Any) -> None:
    assert told_apart([begun(count=4)]) == {}
    assert told_apart([begun(count=4), begun(count=4, steps=25)]) == {}  # 25 is the default, said or not


def test_they_are_told_apart_by_what_differs_and_by_nothing_else(begun: Any) -> None:
    same = {"surrogate": "pixel-faces", "steps": 100, "eta": 0.5}
    runs = [begun(guidance_scale=scale, seed=seed, count=16, **same) for scale, seed in ((50.0, 0), (0.0, 16))]
    assert list(told_apart(runs).values()) == ["λ 50 · seeds 0-15", "λ 0 · seeds 16-31"]


def test_plain_runs_stand_among_steered_ones(begun: Any) -> None:
    runs = [begun(surrogate="pixel-faces", guidance_scale=5.0, label="balanced"), begun(label="balanced", count=1)]
    assert list(told_apart(runs).values()) == ["λ 5 · pixel-faces · seeds 0-15", "unsteered · seed 0"]


def test_kinds_are_compared_among_themselves_and_few_settings_are_named(begun: Any) -> None:
    many = {"steps": 9, "eta": 0.3, "solver": "multistep", "spacing": "karras", "score": "nl2", "seed": 7}
    runs = [begun(), begun(**many), begun("score", samples="a"), begun("score", samples="b/" + "c" * 90)]
    words = told_apart(runs)
    assert len(words[runs[1].id].split(" · ")) == MOST and words[runs[1].id].startswith("seeds 7-22 · 9 steps")
    assert words[runs[2].id] == "pictures a" or words[runs[2].id].endswith(" a")
    assert "…" in words[runs[3].id] and len(words[runs[3].id]) < 60
