"""The command line: a run from start to end, and one sentence for every mistake."""

import csv
import errno
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from side_core.commands import main as command_line
from side_core.commands.main import main
from side_core.commands.terminal import Progress
from side_core.data.source import open_training_set
from side_core.dpm.folder import open_denoiser
from side_core.settings import ExtractSettings, TrainDpmSettings

ROOT = Path(command_line.__file__).parents[2]
COLUMNS = "sample,seed,nearest,second,l2,nl2,ratio,control_l2,control_nl2,control_ratio"
SMALL = ["--count", "6", "--seed", "40", "--steps", "6", "--batch-size", "4"]
IDEAL = ["extract", "--model", "ideal", *SMALL]


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and what it was about."""

    out: Path
    summary: dict
    rows: list[dict[str, str]]
    data: str
    control: str

    def images(self) -> np.ndarray:
        """(n, 16, 16, 3) the exported pictures, in the order of their rows."""
        return np.stack([np.asarray(Image.open(self.out / "images" / f"{row['seed']}.png")) for row in self.rows])

    def column(self, name: str) -> np.ndarray:
        """One column of samples.csv as numbers."""
        return np.array([float(row[name]) for row in self.rows])


@pytest.fixture(autouse=True)
def own_workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures of another test are reused."""
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))


@pytest.fixture(scope="module", params=["ideal", "network"])
def run(request: pytest.FixtureRequest, pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the ideal denoiser by its own data, and one of the tiny network by named data."""
    out = tmp_path_factory.mktemp("runs") / "new" / request.param
    data, control = "pixel-faces[0:1000]", "pixel-faces[2000:3000]"
    arguments = IDEAL
    if request.param == "network":
        data, control = "pixel-faces[0:80]", "pixel-faces[80:160]"
        arguments = ["extract", "--model", str(pipeline), *SMALL, "--data", data, "--control", control]
    assert main([*arguments, "--out", str(out)]) == 0
    rows = list(csv.DictReader((out / "samples.csv").read_text().splitlines()))
    return Run(out, json.loads((out / "run.json").read_text()), rows, data, control)


def test_a_run_leaves_these_files_and_no_others(run: Run) -> None:
    tables = {"samples.csv", "neighbors.csv", "training.csv"}
    assert {path.name for path in run.out.iterdir()} == {"run.json", *tables, "grid.png", "path.gif", "images"}
    assert {path.name for path in (run.out / "images").iterdir()} == {f"{seed}.png" for seed in range(40, 46)}
    assert run.images().shape == (6, 16, 16, 3)
    grid = np.asarray(Image.open(run.out / "grid.png"))
    assert all(len(np.unique(grid[..., channel])) > 2 for channel in range(3))


def test_the_table_has_these_columns_and_one_row_a_seed(run: Run) -> None:
    assert (run.out / "samples.csv").read_text().splitlines()[0] == COLUMNS
    assert [row["sample"] for row in run.rows] == list("012345")
    assert [row["seed"] for row in run.rows] == [str(seed) for seed in range(40, 46)]


@pytest.mark.parametrize("against", ["data", "control"])
def test_scores_computed_anew_from_the_exported_pictures_are_those_of_the_table(run: Run, against: str) -> None:
    others = open_training_set(getattr(run, against))
    difference = run.images()[:, None].astype(float) / 255 - others.images[None].astype(float) / 255
    distances = np.sqrt((difference**2).mean(axis=(2, 3, 4)))
    order = np.argsort(distances, axis=1, kind="stable")
    near = np.take_along_axis(distances, order, axis=1)
    prefix = "control_" if against == "control" else ""
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(run.column(f"{prefix}l2"), near[:, 0], **close)
    np.testing.assert_allclose(run.column(f"{prefix}nl2"), near[:, 0] / (0.5 * near[:, :50].mean(axis=1)), **close)
    np.testing.assert_allclose(run.column(f"{prefix}ratio"), near[:, 0] / near[:, 1], **close)
    if against == "data":
        assert [row["nearest"] for row in run.rows] == others.ids[order[:, 0]].tolist()
        assert [row["second"] for row in run.rows] == others.ids[order[:, 1]].tolist()


def test_the_summary_says_what_was_done_with_what(run: Run) -> None:
    summary = run.summary
    settings = ExtractSettings.model_validate(summary["settings"])
    assert (settings.count, settings.seed, settings.steps) == (6, 40, 6)
    assert summary["digest"] == settings.digest
    assert (summary["drawn"], summary["complete"]) == (6, True)
    assert summary["model"] == {"name": settings.model, "fingerprint": open_denoiser(settings.model).fingerprint}
    for name, source in (("data", run.data), ("control", run.control)):
        opened = open_training_set(source)
        rows = len(opened)
        compared = {"compared_with_control": rows} if name == "data" else {}
        about = {"source": source, "rows": rows, "fingerprint": opened.fingerprint, "searched": rows} | {
            "exact_copies": 0,
            "near_duplicates": 0,
        }
        assert summary[name] == about | compared
    assert summary["encoder"]["name"] == "pixel" and len(summary["encoder"]["fingerprint"]) == 64
    assert summary["versions"]["torch"] == torch.__version__.split("+")[0]
    packages = {"torch", "diffusers", "numpy", "safetensors", "pillow"}
    assert set(summary["versions"]) == {"side_core", "python", *packages}


@pytest.mark.parametrize("name", ["l2", "nl2", "ratio"])
def test_the_summary_counts_what_the_table_holds(run: Run, name: str) -> None:
    found = run.summary["scores"][name]
    for part, column in (("training", name), ("control", f"control_{name}")):
        beat = int((run.column(column) < found["threshold"]).sum())
        assert (found[part]["beat"], found[part]["count"]) == (beat, 6)
        assert found[part]["low"] <= found[part]["share"] <= found[part]["high"]
        median = found["median" if part == "training" else "control_median"]
        assert median == pytest.approx(np.median(run.column(column)), rel=1e-4)


def test_the_ideal_denoiser_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*IDEAL, "--out", str(tmp_path), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((tmp_path / "run.json").read_text())
    assert summary["scores"]["ratio"]["training"]["beat"] == 6
    assert summary["scores"]["ratio"]["control"]["beat"] == 0


def test_without_json_the_headline_is_printed_with_its_control(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*IDEAL, "--out", str(tmp_path)]) == 0
    compared, sentence, first, second, place = capsys.readouterr().out.splitlines()
    assert compared == "Compared by colours as they are, scaled to 0..1, no resizing"
    assert sentence == "All of these 6 look copied; by chance we would expect none."
    assert first.startswith("d₁/d₂ < 0.333: 6 of 6 (100.0 %, 95 % interval ") and "against the control 0 of 6" in first
    assert second.startswith("d₁/d₂ < 0.603 (set by 0.5 % of the control): 6 of 6 (") and "; control 0 of 6 (" in second
    assert str(tmp_path) in place


def test_batches_do_not_change_the_files(tmp_path: Path) -> None:
    for size in ("1", "5", "6"):
        out = str(tmp_path / size)
        assert main([*IDEAL, "--batch-size", size, "--eta", "1", "--no-history", "--out", out]) == 0
    for file in [
        "samples.csv",
        "neighbors.csv",
        "training.csv",
        "grid.png",
        *(f"images/{seed}.png" for seed in range(40, 46)),
    ]:
        first, *others = ((tmp_path / size / file).read_bytes() for size in ("1", "5", "6"))
        assert all(other == first for other in others), file


def test_interrupting_keeps_and_scores_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_at(monkeypatch, fraction=0.8)
    assert main([*IDEAL, "--out", str(tmp_path)]) == 130
    summary = json.loads((tmp_path / "run.json").read_text())
    assert (summary["drawn"], summary["complete"]) == (4, False)
    assert len(list((tmp_path / "images").iterdir())) == 4
    assert len((tmp_path / "samples.csv").read_text().splitlines()) == 1 + 4
    assert "interrupted" in capsys.readouterr().err


def test_interrupting_before_anything_is_finished_leaves_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, fraction=0.1)
    assert main([*IDEAL, "--out", str(tmp_path)]) == 130
    begun = json.loads((tmp_path / "run.json").read_text())
    assert begun["drawn"] == 0 and not begun["complete"] and "scores" not in begun


def interrupt_at(monkeypatch: pytest.MonkeyPatch, fraction: float) -> None:
    """Press Ctrl+C when so much is done."""

    def show(self: Progress, done: float, *arguments: object) -> None:
        if done > fraction and self.what == "drawing":
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "show", show)


def complaint(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on stderr of a command that fails with exit code 2."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("side_core: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "quoted"),
    [
        (["--model", "pixel-cats"], "'pixel-cats'"),
        (["--data", "pixel-faces[0:40000]"], "0:40000"),
        (["--data", "cats"], "'cats'"),
        (["--control", "pixel-faces[7:7]"], "7:7"),
        (["--data", "pixel-faces[7:8]"], "[7:8]"),
        (["--steps", "0"], "'0'"),
        (["--steps", "1001"], "'1001'"),
        (["--steps", "60", "--first-timestep", "50"], "60 steps"),
        (["--first-timestep", "1000"], "1000"),
        (["--first-timestep", "10", "--last-timestep", "11"], "11"),
        (["--eta", "1.5"], "'1.5'"),
        (["--eta", "nan"], "'nan'"),
        (["--eta", "0.5", "--solver", "multistep"], "0.5"),
        (["--count", "-3"], "'-3'"),
        (["--spacing", "wavy"], "'wavy'"),
        (["--encoder", "dpm"], "'dpm'"),
        (["--device", "abacus"], "'abacus'"),
        (["--label", "3"], "3"),
    ],
    ids=" ".join,
)
def test_mistakes_get_one_sentence_that_quotes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], quoted: str
) -> None:
    assert quoted in complaint([*IDEAL, *arguments, "--out", str(tmp_path)], capsys)
    assert not (tmp_path / "run.json").exists()


def test_a_model_with_broken_numbers_gets_one_sentence(
    tmp_path: Path, pipeline: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = open_denoiser(str(pipeline))
    broken.unet.conv_in.weight.fill_(float("nan"))
    monkeypatch.setattr("side_core.extraction.subject.open_denoiser", lambda *arguments: broken)
    sources = ["--data", "pixel-faces[0:9]", "--control", "pixel-faces[9:19]"]
    line = complaint(["extract", "--model", str(pipeline), *sources, "--out", str(tmp_path)], capsys)
    assert "NaN or infinity at timestep 960" in line


def test_a_folder_that_cannot_be_written_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")  # stops root as well
    out = tmp_path / "file" / "run"
    assert f"'{out}'" in complaint([*IDEAL, "--out", str(out)], capsys)
    train = ["train", "dpm", "--data", "pixel-faces[0:9]", "--steps", "1", "--out", str(out)]
    assert f"'{out}'" in complaint(train, capsys)


def test_a_disk_that_fills_up_keeps_the_images_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, images = Path.write_bytes, []

    def write_bytes(self: Path, content: bytes) -> int:
        if self.parent.name == "images":
            images.append(self)
            if len(images) == 2:
                real(self, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    assert main([*IDEAL, "--out", str(tmp_path)]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"side_core: '{tmp_path}/images/41.png' cannot be written (No space left on device)")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"run.json", "40.png"}
    assert Image.open(tmp_path / "images" / "40.png").convert("RGB").size == (16, 16)


def in_a_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh interpreter, as a person would."""
    command = [sys.executable, "-B", "-W", "error::ResourceWarning", "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_real_limit_on_file_size_keeps_what_fits(tmp_path: Path) -> None:
    """Pictures and tables fit below 9,000 bytes, the animation does not."""
    code = (
        "import resource, sys; from side_core.commands.main import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); sys.exit(main(sys.argv[1:]))"
    )
    done = in_a_process(code, *IDEAL, "--out", str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        f"side_core: '{tmp_path}/path.gif' cannot be written (File too large)"
    )
    assert "Traceback" not in done.stderr
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"run.json", *(f"{seed}.png" for seed in range(40, 46))}


def test_every_broken_model_gets_one_line_on_the_real_stderr(
    broken: Callable[[str], Path], broken_kinds: list[str], tmp_path: Path
) -> None:
    """In one fresh process, so that whatever the libraries log is seen as well."""
    folders = [str(broken(kind)) for kind in broken_kinds]
    code = (
        "import sys; from side_core.commands.main import main\n"
        "for model in sys.argv[2:]:\n"
        "    sources = ['--data', 'pixel-faces[0:9]', '--control', 'pixel-faces[9:19]']\n"
        "    code = main(['extract', '--model', model, *sources, '--out', sys.argv[1]])\n"
        "    print('exit code', code, file=sys.stderr)\n"
    )
    done = in_a_process(code, str(tmp_path / "out"), *folders)
    expected = [start for _ in folders for start in ("side_core: ", "exit code 2")]
    lines = done.stderr.splitlines()
    assert len(lines) == len(expected), done.stderr
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True)), done.stderr
    quotes_nothing = [line for line, folder in zip(lines[::2], folders, strict=True) if Path(folder).name not in line]
    assert all("'wind'" in line for line in quotes_nothing)


def test_the_module_itself_fails_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "side_core", "extract", "--out", "/dev/null/x", "--steps", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "side_core: steps cannot be '0': choose 1 or more.\n"


def test_training_from_the_command_line_can_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    train = ["train", "dpm", "--data", "pixel-faces[0:20]", "--out", str(out), "--device", "cpu"]
    train += ["--channels", "16", "32", "--batch-size", "4", "--no-bfloat16"]
    assert main([*train, "--steps", "2"]) == 0
    assert main([*train, "--steps", "3", "--resume"]) == 0
    card = json.loads((out / "card.json").read_text())
    assert card["steps"] == 3
    assert TrainDpmSettings.model_validate(card["settings"]).channels == (16, 32)
    assert capsys.readouterr().out.splitlines() == [f"The model is in {out}"] * 2
    control = ["--control", "pixel-faces[20:40]", "--count", "2", "--steps", "2"]
    assert main(["extract", "--model", str(out), *control, "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["data"]["source"] == "pixel-faces[0:20]"


@pytest.mark.parametrize(
    ("arguments", "quoted"),
    [
        ([], "give steps or minutes"),
        (["--steps", "1", "--resume"], "nothing to resume"),
        (["--steps", "1", "--channels", "10"], "10"),
        (["--steps", "1", "--channels", "32", "16"], "16 channels"),
        (["--steps", "1", "--beta-schedule", "wavy"], "'wavy'"),
        (["--steps", "1", "--init", "/nowhere"], "/nowhere"),
        (["--steps", "1", "--device", "abacus"], "abacus"),
    ],
    ids=" ".join,
)
def test_training_mistakes_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], quoted: str
) -> None:
    train = ["train", "dpm", "--data", "pixel-faces[0:20]", "--out", str(tmp_path / "model"), *arguments]
    assert quoted in complaint(train, capsys)


def test_training_from_a_broken_model_gets_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: Callable[[str], Path]
) -> None:
    for kind in ("truncated", "other width"):
        folder = broken(kind)
        train = ["train", "dpm", "--data", "pixel-faces[0:20]", "--out", str(tmp_path / "out"), "--steps", "1"]
        assert str(folder) in complaint([*train, "--init", str(folder)], capsys)


@pytest.mark.parametrize("arguments", [[], ["extract"], ["extract", "--out"], ["fly"], ["extract", "--wings", "2"]])
def test_unknown_commands_and_options_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m side_core" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.strip().count(".") == 2
