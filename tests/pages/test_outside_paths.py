"""A public app answers alike whether a path outside exists or not, at every setting of a page and every opening."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from side_core.data.source import check_source, open_training_set
from side_core.dpm.description import describe
from side_core.dpm.folder import model_folder, open_denoiser
from side_core.extraction.run import score
from side_core.extraction.subject import open_subject
from side_core.progress import finish
from side_core.prompts.held_out import held_out_prompts
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import ExtractSettings, ScoreSettings
from side_core.similarity.encoder import open_encoder
from side_core.similarity.text import open_text_encoder
from side_core.surrogate.folder import load_surrogate
from tests.pages.app import ROUTER

FEW = {"model": "ideal", "count": "1", "steps": "1"}
SCORE = {"pictures": "Score a folder", "samples": "pixel-faces[0:2]", "data": "pixel-faces[0:9]"}
PROMPT = {"count": "1", "steps": "2", "score_images": "1", "prompt": "portrait of Ada Abadi"}
# Page, what else its link says, the widget that a path is given to, and how.
ASKED = [
    ("", FEW, "model", "{}"),
    ("", FEW, "data", "{}"),
    ("", FEW, "data", "{}[0:2]"),
    ("", FEW, "control", "{}"),
    ("", FEW, "surrogate", "{}"),
    ("", FEW | {"encoder": "clip"}, "encoder_weights", "local-dir:{}"),
    ("", FEW | {"encoder": "sscd"}, "encoder_weights", "{}"),
    ("", SCORE, "samples", "{}"),
    ("", SCORE, "data", "{}"),
    ("", SCORE, "control", "{}"),
    ("models.py", {}, "model", "{}"),
    ("models.py", {"model": "ideal"}, "data", "{}"),
    ("models.py", {"model": "ideal"}, "control", "{}"),
    ("sweep.py", {"model": "ideal"}, "model", "{}"),
    ("sweep.py", {"model": "ideal"}, "data", "{}"),
    ("sweep.py", {"model": "ideal"}, "control", "{}"),
    ("sweep.py", {"model": "ideal"}, "surrogates", "{}"),
    ("sweep.py", {"model": "ideal", "encoder": "clip"}, "encoder_weights", "local-dir:{}"),
    ("surrogate.py", {"of": "ideal"}, "of", "{}"),
    ("surrogate.py", {"of": "ideal", "way": "Load"}, "load", "{}"),
    ("surrogate.py", {"of": "ideal", "way": "Compare two"}, "one", "{}"),
    ("surrogate.py", {"of": "ideal", "way": "Compare two"}, "other", "{}"),
    ("prompts.py", PROMPT, "model", "{}"),
    ("prompts.py", PROMPT, "data", "{}"),
    ("prompts.py", PROMPT, "control", "{}"),
    ("prompts.py", PROMPT, "held_out", "{}"),
    ("prompts.py", PROMPT | {"encoder": "clip"}, "encoder_weights", "local-dir:{}"),
    ("prompts.py", PROMPT | {"search": "hat"}, "search_weights", "local-dir:{}"),
]
NO_PATHS = {"prompt", "edited", "replacement", "search", "x_steps", "x_guidance_scale"}


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.delenv("SIDE_MODELS", raising=False)
    monkeypatch.delenv("SIDE_ROOTS", raising=False)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, pipeline: Path, make_surrogate: Callable[..., Path]) -> Path:
    """Things that a public app may not tell of, each under a name of four letters."""
    home = tmp_path_factory.mktemp("outside")
    shutil.copytree(pipeline, home / "qqpp")
    shutil.copytree(make_surrogate(), home / "qqss")
    (home / "qqii").mkdir()
    Image.new("RGB", (16, 16)).save(home / "qqii" / "a.png")
    (home / "qqtt").write_text("a prompt\nanother prompt\n")
    np.save(home / "data.npy", np.zeros((3, 16, 16, 3), np.uint8))
    (home / "x[0:1]").mkdir()
    (home / "link").symlink_to(home / "qqii")
    return home


THINGS = {"model": "qqpp", "of": "qqpp", "surrogate": "qqss", "surrogates": "qqss", "load": "qqss", "one": "qqss"}
THINGS |= {"other": "qqss", "held_out": "qqtt"}


def said(page: str, link: dict[str, str]) -> tuple[str, set[str]]:
    """All that a page says, and the keys of the widgets that take what is typed."""
    app = AppTest.from_file(ROUTER, default_timeout=120)
    if page == "models.py":  # its widgets are not bound to the link
        app = app.switch_page(page)
    for name, value in link.items():
        app.query_params[name] = value
    app = app.run() if page in ("", "models.py") else app.switch_page(page).run()
    assert not app.exception
    typed = {str(item.key) for item in app.text_input}
    typed |= {str(item.key) for item in (*app.selectbox, *app.multiselect) if item.proto.accept_new_options}
    kinds = ("warning", "error", "info", "caption", "markdown")
    return "\n".join(item.value for kind in kinds for item in app.get(kind)), typed


@pytest.mark.parametrize(("page", "more", "key", "form"), ASKED, ids=[f"{page}-{key}" for page, _, key, _ in ASKED])
def test_a_page_does_not_tell_what_exists(outside: Path, page: str, more: dict[str, str], key: str, form: str) -> None:
    answers = []
    for name in (THINGS.get(key, "qqii"), "qqnn"):
        answer, typed = said(page, more | {key: form.format(outside / name)})
        assert "this app is public" in answer.replace("\\", "")
        answers.append(re.sub(r"\d[\d.,]*( s| min| h)?\b", "#", answer.replace(name, "NAME")))  # estimates vary
        assert {item.removeprefix("own_") for item in typed} <= {asked for _, _, asked, _ in ASKED} | NO_PATHS
    assert answers[0] == answers[1]


OPENINGS: dict[str, Callable[[str], object]] = {
    "model_folder": model_folder,
    "open_denoiser": open_denoiser,
    "describe": describe,
    "held_out_prompts": held_out_prompts,
    "open_subject, model": lambda name: open_subject(ExtractSettings(model=name)),
    "open_subject, data": lambda name: open_subject(ExtractSettings(model="ideal", data=name)),
    "open_subject, control": lambda name: open_subject(ExtractSettings(model="ideal", control=name)),
    "open_subject, surrogate": lambda name: open_subject(ExtractSettings(model="ideal", surrogate=name)),
    "check_source": check_source,
    "open_training_set": open_training_set,
    "score, samples": lambda name: finish(score(ScoreSettings(samples=name, data="pixel-faces[0:9]"))),
    "score, data": lambda name: finish(score(ScoreSettings(samples="pixel-faces[0:9]", data=name))),
    "load_surrogate": load_surrogate,
    "clip": lambda name: open_encoder("clip", f"local-dir:{name}"),
    "sscd": lambda name: open_encoder("sscd", name),
    "open_text_encoder": lambda name: open_text_encoder(f"local-dir:{name}"),
    "read_prompts": lambda name: read_prompts(Path(name)),
}
PAIRS = {  # two paths of which only the first leads to something
    "a folder": ("{home}/qqii", "{home}/qqnn"),
    "a model": ("{home}/qqpp", "{home}/qqnn"),
    "a surrogate": ("{home}/qqss", "{home}/qqnn"),
    "a file": ("{home}/qqtt", "{home}/qqnn"),
    "an array file": ("{home}/data.npy", "{home}/qqnn.npy"),
    "rows": ("{home}/qqii[0:1]", "{home}/qqnn[0:1]"),
    "a folder that is called like rows": ("{home}/x[0:1]", "{home}/y[0:1]"),
    "a link": ("{home}/link", "{home}/qqnn"),
    "another's home": ("~root/x", "~nobody-of-this-name/x"),
    "one's own home": ("~/", "~/none"),
    "a way back through a folder": ("{home}/qqii/../none", "{home}/gone/../none"),
    "a way back through a link": ("{home}/link/../../../../../../..{home}/qqnn", "{home}/qqnn"),
    "a system file": ("/etc/passwd", "/etc/passwt"),
    "a folder of the system": ("/root", "/toor"),
    "in the app's folder": ("README.md", "README.no"),
    "the code": ("side_core", "side_cure"),
    "the screenshots": ("assets/pictures", "assets/pictured"),
    "a URL of a file": ("file://{home}/qqii", "file://{home}/qqnn"),
    "capital letters": ("/ETC", "/TEC"),
    "two slashes": ("//etc//passwd", "//etc//passwt"),
    "a line break": ("/etc\n/passwd", "/etc\n/passwt"),
    "a NUL": ("/etc/passwd\0", "/etc/passwt\0"),
    "a slash of another script": ("/etc\u2215passwd", "/etc\u2215passwt"),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_no_opening_tells_what_exists(outside: Path, monkeypatch: pytest.MonkeyPatch, pair: str) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    names = [name.format(home=outside) for name in PAIRS[pair]]
    for opening, call in OPENINGS.items():
        answers = []
        for name in names:
            with pytest.raises(ValueError, match=r"cannot be (read|opened) here: this app is public") as error:
                call(name)
            shown = name.strip().removesuffix("[0:1]") if "[" in name else name.strip()
            forms = [repr(form)[1:-1] for form in (name, name.strip(), shown, os.path.normpath(shown))]
            text = str(error.value)
            for form in sorted(forms, key=len, reverse=True):
                text = text.replace(f"'{form}'", "NAME").replace(f"'local-dir:{form}'", "NAME")
            answers.append(text)
        assert answers[0] == answers[1], opening
        assert answers[0].startswith("NAME cannot be"), opening


def test_a_way_to_an_allowed_file_leads_there_whatever_lies_beside_it(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`..` is taken by its text: else this would tell which folders and links there are on the way."""
    roots = outside / "qqii"
    monkeypatch.setenv("SIDE_ROOTS", str(roots))
    monkeypatch.setenv("SIDE_MODELS", str(outside / "qqpp"))
    for way in ("qqpp/..", "qqnn/..", "qqnn/gone/../..", "link/..", "qqtt/.."):
        assert len(open_training_set(f"{outside}/{way}/qqii")) == 1
        assert describe(f"{outside}/{way}/qqpp").image_size == (16, 16)
