"""What is finished is not drawn again: reused from the workspace, or resumed in its folder as it was begun."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from side_core.commands.main import main
from side_core.commands.terminal import Progress
from side_core.dpm.arithmetic import Arithmetic
from side_core.runs import store
from side_core.runs.opening import open_workspace
from side_core.sampling import missing
from side_core.sampling.drawing import Damage

IDEAL = ["extract", "--model", "ideal", "--count", "6", "--steps", "4", "--batch-size", "2"]
HALF = Arithmetic(torch.bfloat16, torch.channels_last)
PLAIN = Arithmetic(torch.float32, torch.contiguous_format)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with an empty one."""
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds that are drawn."""
    found: list[int] = []
    real = missing.draw

    def counted(denoiser: Any, settings: Any, seeds: list[int], *guide: Any) -> Iterator[Any]:
        found.extend(seeds)
        return real(denoiser, settings, seeds, *guide)

    monkeypatch.setattr(missing, "draw", counted)
    monkeypatch.setattr("side_core.sampling.drawing.draw", counted)  # of the animation alone
    return found


def files_in(folder: Path) -> dict[str, bytes]:
    """All files of a run's folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def interrupted(out: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    """Ctrl-C in the second of three batches."""

    def show(self: Progress, done: float, *about: object) -> None:
        if self.what == "drawing" and done > 0.4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "show", show)
        assert main([*IDEAL, *more, "--out", str(out)]) == 130
    assert sorted(file.name for file in (out / "images").iterdir()) == ["0.png", "1.png"]


def test_an_equal_run_is_reused_and_says_so(
    tmp_path: Path, drawn: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("first", "again"):
        assert main([*IDEAL, "--out", str(tmp_path / name)]) == 0
    assert drawn == [0, 1, 2, 3, 4, 5]
    assert capsys.readouterr().err.splitlines()[-1] == "side_core: reused 6 pictures of run 1."
    assert files_in(tmp_path / "again") == files_in(tmp_path / "first")
    assert store.counted(open_workspace()) == 1


def test_other_scores_and_more_pictures_reuse_what_there_is(
    tmp_path: Path, drawn: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*IDEAL, "--out", str(tmp_path / "first")]) == 0
    drawn.clear()
    more = ["--score", "nl2", "--count", "7"]
    assert main([*IDEAL, *more, "--out", str(tmp_path / "more"), "--json"]) == 0
    told = capsys.readouterr()
    assert drawn == [6] and "reused 6 pictures of run 1." in told.err
    assert main([*IDEAL, *more, "--out", str(tmp_path / "alone"), "--no-history"]) == 0
    assert drawn[1:] == [0, 1, 2, 3, 4, 5, 6] and "reused" not in capsys.readouterr().err
    assert files_in(tmp_path / "more") == files_in(tmp_path / "alone")


def test_the_seeds_without_the_surrogate_are_reused_by_any_strength(
    tmp_path: Path, drawn: list[int], make_surrogate: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    steered = [*IDEAL, "--surrogate", str(make_surrogate())]
    assert main([*steered, "--guidance-scale", "1", "--out", str(tmp_path / "1")]) == 0
    drawn.clear()
    assert main([*steered, "--guidance-scale", "2", "--out", str(tmp_path / "2")]) == 0
    assert drawn == [0, 1, 2, 3, 4, 5] and "reused 6 plain pictures of run 1." in capsys.readouterr().err


def test_what_guidance_has_damaged_is_said_of_reused_and_resumed_pictures_too(
    tmp_path: Path, drawn: list[int], make_surrogate: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def saturated(seeds: list[int], health: object) -> tuple[Damage, ...]:
        return tuple(Damage(seed, 2, lost=False) for seed in seeds if seed in (1, 4))

    monkeypatch.setattr("side_core.sampling.drawing._damage_of", saturated)
    steered = [*IDEAL, "--surrogate", str(make_surrogate()), "--guidance-scale", "1", "--no-compare-plain"]
    first = tmp_path / "first"
    assert main([*steered, "--out", str(first)]) == 0
    before = files_in(first)
    assert [item["seed"] for item in json.loads(before["run.json"])["surrogate"]["damaged"]] == [1, 4]
    drawn.clear()
    assert main([*steered, "--out", str(tmp_path / "again")]) == 0
    assert main([*steered, "--out", str(first), "--resume"]) == 0
    assert not drawn and files_in(first) == files_in(tmp_path / "again") == before


@pytest.mark.parametrize("history", ["--history", "--no-history"])
@pytest.mark.parametrize("removed", [False, True], ids=["kept", "removed"])
def test_the_animation_of_a_resumed_run_is_that_of_an_uninterrupted_one(
    tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch, removed: bool, history: str
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "resumed"
    assert main([*IDEAL, "--out", str(whole), "--no-history"]) == 0
    interrupted(out, monkeypatch, history)
    if removed:  # as after a run of before it was kept at once
        (out / "path.gif").unlink()
    drawn.clear()
    assert main([*IDEAL, "--out", str(out), "--resume", history]) == 0
    assert files_in(out) == files_in(whole)
    assert drawn == [2, 3, 4, 5] + ([0, 1] if removed and history == "--no-history" else [])


def test_a_run_that_was_interrupted_is_reused_as_far_as_it_came(
    tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(tmp_path / "first", monkeypatch)
    drawn.clear()
    assert main([*IDEAL, "--out", str(tmp_path / "again")]) == 0
    assert drawn == [2, 3, 4, 5] and "reused 2 pictures of run 1." in capsys.readouterr().err


def by_a_probe_that_says(answer: Arithmetic, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where this is the fastest."""
    monkeypatch.setattr("side_core.dpm.arithmetic.fastest", lambda *about: answer)


def test_a_resumed_run_goes_on_in_the_arithmetic_that_it_began_in(
    tmp_path: Path, pipeline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["extract", "--model", str(pipeline), "--data", "pixel-faces[0:60]", "--mode", "fast", "--steps", "2"]
    out = str(tmp_path / "run")
    by_a_probe_that_says(HALF, monkeypatch)
    assert main([*own, "--count", "1", "--out", out]) == 0
    by_a_probe_that_says(PLAIN, monkeypatch)
    assert main([*own, "--count", "2", "--out", out, "--resume"]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["arithmetic"] == str(HALF)
    monkeypatch.setattr("side_core.dpm.arithmetic.candidates", lambda device: [PLAIN])  # it cannot be had here
    assert main([*own, "--count", "2", "--out", out, "--resume"]) == 2
    assert "cannot be resumed: its pictures are of another model, arithmetic" in capsys.readouterr().err


def test_a_resumed_sweep_goes_on_in_the_arithmetic_that_it_began_in(
    tmp_path: Path, pipeline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["sweep", "--model", str(pipeline), "--data", "pixel-faces[0:60]", "--mode", "fast", "--count", "1"]
    own += ["--metric", "median", "--no-history", "--out", str(tmp_path)]
    by_a_probe_that_says(HALF, monkeypatch)
    assert main([*own, "--x", "steps=1,2"]) == 0
    by_a_probe_that_says(PLAIN, monkeypatch)
    assert main([*own, "--x", "steps=1,2,3", "--resume"]) == 0
    assert json.loads((tmp_path / "about.json").read_text())["arithmetic"] == str(HALF)
    monkeypatch.setattr("side_core.dpm.arithmetic.candidates", lambda device: [PLAIN])
    assert main([*own, "--x", "steps=1,2,3", "--resume"]) == 2
    assert "holds results in bfloat16 channels-last, and here it would go on in float32" in capsys.readouterr().err
