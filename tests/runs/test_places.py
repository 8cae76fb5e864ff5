"""Nothing that leaves this machine tells where things lie on it; what was used is still named, and found again here."""

import io
import json
import shlex
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from pages._parts.surrogate.saving import zipped
from side_core.data.training_set import TrainingSet
from side_core.extraction.run import Extraction, extract, score
from side_core.extraction.subject import open_subject, references_of
from side_core.files.images import png
from side_core.progress import finish
from side_core.runs.comparison import compare_runs
from side_core.runs.comparison_text import comparison_json
from side_core.runs.exchange.export import export_zip
from side_core.runs.exchange.finding import found_again
from side_core.runs.exchange.places import is_place, name_of, names_in, report_without_places, without_places
from side_core.runs.exchange.reopen import read_exported
from side_core.runs.exchange.tagged_png import text_of_png
from side_core.runs.opening import open_workspace
from side_core.runs.recording import keep
from side_core.runs.report.page import report_html
from side_core.runs.result import Result, result_of
from side_core.sampling.store import MemoryStore, in_memory
from side_core.settings import ExtractSettings, ScoreSettings, SweepSettings
from side_core.surrogate.folder import load_surrogate
from side_core.sweep.plan import make_plan, sharing
from side_core.sweep.report import Sweep
from side_core.sweep.sweep import sweep

USER = "zaphod"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of somebody whose name nobody shall read."""
    folder = tmp_path / "home" / USER
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USER", USER)
    return folder


@pytest.fixture
def mine(home: Path, faces: TrainingSet, pipeline: Path, make_surrogate: Callable[..., Path]) -> Path:
    """Own pictures with captions, strangers of the same folder name, an own model and a surrogate of it."""
    for name, images in (("photos", faces.images[:12]), ("other/photos", faces.images[12:24])):
        (home / name).mkdir(parents=True)
        for number, image in enumerate(images):
            (home / name / f"{number}.png").write_bytes(png(image))
    (home / "photos" / "broken.png").write_bytes(b"no picture")
    (home / "photos" / "metadata.csv").write_text(f"file_name,text\n0.png,scanned from {home}/album/0.png\n")
    np.savez(home / "made.npz", images=faces.images[:3], ids=np.array([f"{home}/made/{n}.png" for n in range(3)]))
    shutil.copytree(pipeline, home / "models" / "tiny")
    shutil.copytree(make_surrogate(), home / "surrogates" / "first")
    card = json.loads((home / "surrogates" / "first" / "card.json").read_text())
    card["model"]["name"] = f"{home}/models/before"
    card["synthetic"] = {"source": "~/synthetic/first.npz"}
    (home / "surrogates" / "first" / "card.json").write_text(json.dumps(card))
    return home


def drawn(**changes: object) -> Extraction:
    """A small run of settings."""
    settings = ExtractSettings.read({"count": 2, "steps": 2} | changes)
    subject = open_subject(settings)
    *_, found = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    assert isinstance(found, Extraction)
    return found


def everything(mine: Path) -> dict[str, Extraction]:
    """A run of every kind that is exported, made of what lies in the home folder, named in several ways."""
    photos, strangers = str(mine / "photos"), "~/other/photos[0:9]"
    settings = ScoreSettings(samples=str(mine / "made.npz"), data=f"{photos}[0:10]", control=strangers)
    scored = finish(score(settings))
    return {
        "own model": drawn(model="~/models/tiny", data=photos, control=strangers),
        "steered": drawn(
            model="ideal", surrogate=str(mine / "surrogates" / "first"), guidance_scale=2.0, data=photos,
            control=f"{mine}/photos/../other/photos",
        ),
        "scored": scored,
    }  # fmt: skip


def texts_of(content: bytes) -> dict[str, str]:
    """All text of a zip, also inside pictures, by file."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    found = {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    own = [name for name in found if name.startswith(("pictures/", "plain/"))]
    return found | {f"{name} says": text_of_png(archive.read(name)) for name in own} | {"names": " ".join(found)}


def check_nameless(texts: Mapping[str, str], home: Path) -> None:
    """Neither the folder, nor the home, nor the person is in any text."""
    for name, text in texts.items():
        for told in (str(home.parents[1]), str(home), USER):
            assert told not in text, f"{name} tells {told}"


def test_no_file_of_any_export_tells_where_things_lie(mine: Path) -> None:
    for kind, extraction in everything(mine).items():
        result = result_of(extraction)
        assert str(mine) in json.dumps(result.summary), kind  # here it is known
        texts = texts_of(export_zip(result)) | {"page": report_html(result)}
        check_nameless(texts, mine)
        assert "photos" in texts["run.json"] and "photos-2" in texts["run.json"], kind  # two folders, two names
        assert "'photos" in texts["README.txt"] and "give their paths instead" in texts["README.txt"]
        assert "give their paths instead" in texts["page"]
        assert export_zip(without_places(result)) == export_zip(result)


def test_the_command_of_an_export_names_what_was_used(mine: Path) -> None:
    result = result_of(everything(mine)["own model"])
    text = texts_of(export_zip(result))["README.txt"]
    command = next(line for line in text.splitlines() if "python -m side_core" in line)
    words = shlex.split(command)
    assert words[words.index("--model") + 1] == "tiny"
    assert words[words.index("--data") + 1] == "photos" and words[words.index("--control") + 1] == "photos-2[0:9]"
    assert "'tiny' (model) and 'photos' (data) and 'photos-2[0:9]' (control) are what own folders" in text


def test_an_export_finds_its_own_folders_again_on_this_machine(mine: Path, tmp_path: Path) -> None:
    extraction = everything(mine)["own model"]
    workspace = open_workspace(tmp_path / "workspace")
    content = export_zip(result_of(extraction))
    picture = zipfile.ZipFile(io.BytesIO(content)).read("pictures/0.png")
    for name, file in (("run.zip", content), ("0.png", picture)):
        opened = read_exported(name, file)
        assert opened.settings.data == "photos" and opened.places == ("model", "data", "control") and not opened.notes
        lost = found_again(opened, workspace)
        assert lost.settings == opened.settings and len(lost.notes) == 3
        assert "The training images 'photos': an own folder or file of whoever made this" in lost.notes[1]
        assert found_again(opened, None) == lost  # a public app has no history
    keep(workspace, extraction)
    found = found_again(opened, workspace)
    assert found.settings == extraction.settings
    assert f"The training images 'photos': taken from '{mine}/photos'" in found.notes[1]


def test_the_same_name_with_other_contents_is_not_taken(mine: Path, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    opened = read_exported("run.zip", export_zip(result_of(drawn(model="ideal", data=str(mine / "photos")))))
    keep(workspace, drawn(model="ideal", data=str(mine / "other" / "photos")))
    assert opened.places == ("data",) and found_again(opened, workspace).settings == opened.settings


def test_what_lies_nowhere_in_particular_is_exported_as_it_is(results: Mapping[str, Result]) -> None:
    for kind in ("plain", "scored"):
        found = without_places(results[kind])
        assert found.summary == results[kind].summary and found.names == results[kind].names


def test_a_prompt_stays_to_the_letter() -> None:
    about = {"prompt": "/etc/passwd of ~/me", "data": "/srv/etc/passwd"}
    assert names_in(about).value(about) == {"prompt": "/etc/passwd of ~/me", "data": "passwd"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/data/photos", "photos"),
        ("/srv/data/photos/", "photos"),
        ("~/my photos", "my photos"),
        ("../outside/photos", "photos"),
        ("a/../../photos", "photos"),
        ("C:\\Users\\me\\photos", "photos"),
        ("/", "folder"),
        ("~", "home"),
        ("/srv/a\nb", "a\nb"),
        (str(Path(__file__).parents[2] / "assets" / "models"), "assets/models"),
    ],
)
def test_places_have_names(path: str, name: str, home: Path) -> None:
    assert is_place(path) and name_of(path) == name


@pytest.mark.parametrize("value", ["pixel-faces[0:1000]", "runs/photos", "google/ddpm-cifar10-32", "a..b", "", None, 7])
def test_what_is_no_place_has_none(value: object) -> None:
    assert not is_place(value)


def test_a_folder_of_the_workspace_is_named_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", "/srv/kept")
    assert name_of("/srv/kept/runs/12") == "workspace/runs/12"


def test_only_whole_paths_are_replaced() -> None:
    names = names_in({"data": "/srv/a", "control": "/"})
    assert names.value({"control": "/"}) == {"control": "folder"}
    assert names.text("1/srv/a, /srv/ab, /srv/a-b, x/srv/a; '/srv/a/0.png', /srv/a.") == (
        "1/srv/a, /srv/ab, /srv/a-b, x/srv/a; 'a/0.png', a."
    )


def test_a_comparison_tells_no_places(mine: Path, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    runs = [keep(workspace, drawn(model="ideal", data=str(mine / name))).run for name in ("photos", "other/photos")]
    about = comparison_json(compare_runs(workspace, runs))
    check_nameless({"comparison": json.dumps(about)}, mine)
    assert {"title": "Training images", "values": ["photos", "photos-2"]} in about["settings"]


def test_the_table_and_the_chart_of_a_sweep_tell_no_places(mine: Path) -> None:
    first, last = str(mine / "surrogates" / "first"), "~/surrogates/last"
    shutil.copytree(first, mine / "surrogates" / "last")
    asked = {"model": "ideal", "mode": "exact", "count": 2, "x": "steps=2,3", "surrogates": [first, last]}
    settings = SweepSettings.read(asked)
    made = finish(sweep(make_plan(settings, finish(sharing(settings))), in_memory()))
    assert str(mine) in made.table()
    nameless = report_without_places(made, settings.model_dump(mode="json"))
    assert isinstance(nameless, Sweep)
    check_nameless({"sweep.csv": nameless.table()}, mine)
    assert [cell.curve for cell in nameless.cells] == ["first", "first", "last", "last"]
    assert [len(image) for image in nameless.pictures().values()] == [len(image) for image in made.pictures().values()]


def test_a_surrogate_that_is_downloaded_tells_no_places(mine: Path, tmp_path: Path) -> None:
    content = zipped(load_surrogate(str(mine / "surrogates" / "first")), "first")
    texts = {name: text for name, text in texts_of(content).items() if not name.endswith("safetensors")}
    check_nameless(texts, mine)
    card = json.loads(texts["first/card.json"])
    assert card["model"]["name"] == "before" and card["synthetic"]["source"] == "first.npz"
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "taken")
    taken = load_surrogate(str(tmp_path / "taken" / "first"))
    assert taken.fingerprint == load_surrogate(str(mine / "surrogates" / "first")).fingerprint
