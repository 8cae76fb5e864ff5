"""Extract with a prompt: offered for text-to-image models alone, drawn as the library draws, kept in link and run."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.links.link import link_of
from side_core.extraction.run import extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings, SweepSettings
from tests.dpm.text.small_folders import save_small
from tests.pages import app
from tests.pages.app import ROUTER, pairs_of, parts_of, text_of

SETS = {"data": "pixel-faces[0:20]", "control": "pixel-faces[20:40]"}
PROMPT = "portrait of Ada Novak, glasses"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an untrained text-to-image model."""
    return str(save_small(tmp_path_factory.mktemp("text"), "sd1"))


@pytest.fixture
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history without the runs of other tests."""
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path))


def opened(**link: object) -> AppTest:
    """The page as a link opens it, with few quick pictures."""
    return app.opened(**{"count": 2, "steps": 3, "mode": "exact"} | link)


def scores_of(**settings: object) -> list[str]:
    """What the cards of the gallery say if it is drawn as the library draws."""
    read = ExtractSettings.read({"count": 2, "steps": 3} | SETS | settings)
    subject = open_subject(read)
    *_, result = extract(read, subject, finish(references_of(read, subject)), MemoryStore())
    scores = result.match.training.scores.ratio
    return [f"d₁/d₂ {score:.2f} · seed {name}" for name, score in zip(result.match.names, scores, strict=True)]


def pictures_of(app: AppTest) -> frozenset[str]:
    """The pictures that are shown, as the page has them."""
    (gallery,) = parts_of(app, "gallery")
    return frozenset(card["drawn"]["src"] for card in gallery["cards"])


def keys_of(app: AppTest) -> set[str]:
    """Of all inputs and sliders."""
    return {str(widget.key) for kind in ("text_input", "slider") for widget in app.get(kind)}


def test_a_prompt_is_typed_and_its_guidance_moved(model: str) -> None:
    app = opened(model=model, **SETS)
    assert not app.exception and not app.error
    assert "prompt" in keys_of(app) and "text_scale" not in keys_of(app)
    assert pairs_of(app) == scores_of(model=model)
    seen = {pictures_of(app)}
    app.text_input(key="prompt").set_value(PROMPT).run()
    assert not app.exception and app.slider(key="text_scale").value == 3.0
    assert pairs_of(app) == scores_of(model=model, prompt=PROMPT)
    seen.add(pictures_of(app))
    app.slider(key="text_scale").set_value(12.0).run()
    assert pairs_of(app) == scores_of(model=model, prompt=PROMPT, text_scale=12)
    seen.add(pictures_of(app))
    assert len(seen) == 3 and all(seen)


def test_a_link_carries_both(model: str) -> None:
    settings = ExtractSettings(model=model, prompt="a <b>hat</b> & more", text_scale=5, **SETS)
    query = {name: values[-1] for name, values in parse_qs(urlsplit(link_of(settings)).query).items()}
    assert (query["prompt"], query["text_scale"]) == (settings.prompt, "5.0")
    app = opened(**query | {"count": 2, "steps": 3})
    assert not app.exception and not app.error and not app.warning
    assert app.text_input(key="prompt").value == settings.prompt
    assert app.slider(key="text_scale").value == 5
    assert pairs_of(app) == scores_of(model=model, prompt=settings.prompt, text_scale=5)
    assert not {"prompt", "text_scale"} & set(parse_qs(urlsplit(link_of(ExtractSettings(model=model))).query))


def test_what_of_a_prompt_is_not_read_is_said(model: str) -> None:
    told = text_of(opened(model=model, prompt="hat " * 18 + "<i>Zoë</i> *Novak*", **SETS))
    assert "The model reads 18 tokens at most. Cut off, and without any effect: **<i>Zoë</i> *Novak***" in told
    assert "Not a word of its vocabulary, so read in pieces: Zoë" in told


def test_a_model_without_text_offers_none_and_says_so_of_a_link() -> None:
    app = opened(model="ideal")
    assert not {"prompt", "text_scale"} & keys_of(app) and "Prompt" not in text_of(app)
    told = opened(model="ideal", prompt="a *hat*", text_scale=5)
    assert not told.exception and not told.error
    assert (
        "The link asks for Prompt = 'a *hat*', which cannot be used: none is. This model draws without a text."
        in text_of(told)
    )
    assert pairs_of(told) == pairs_of(app)


def test_models_says_what_reads_a_prompt(model: str) -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.switch_page("models.py")
    for name, value in ({"model": model} | SETS).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    told = re.sub(r"\\", "", app.table[0].value.to_string())
    assert "CLIP text encoder (2 layers, width 32), vocabulary of 553, context of 20 tokens" in told


def test_sweep_says_that_it_has_no_prompt() -> None:
    link = link_of(SweepSettings(model="ideal", x="steps=2,3", count=16, prompt="a hat"))
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.switch_page("sweep.py")
    for name, values in parse_qs(urlsplit(link).query).items():
        app.query_params[name] = values
    assert "Prompt = 'a hat', not a setting of this page: the empty prompt is used." in text_of(app.run())
    assert "text-scale" not in app.selectbox(key="x").options


def test_a_public_app_says_how_long_a_prompt_may_be(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", model)
    app = opened(model=model, prompt="hat " * 130, data="pixel-faces", control="pixel-faces[20:40]")
    assert "prompt-characters cannot be 519: this app is public and allows 500 or less" in text_of(app)


@pytest.mark.usefixtures("own_workspace")
def test_the_history_shows_the_prompt(model: str) -> None:
    app = opened(model=model, prompt=PROMPT, text_scale=4, **SETS)
    assert not app.exception
    app.switch_page("history.py").run()
    (button,) = [button for button in app.button if re.fullmatch(r"open-\d+", str(button.key))]
    button.click().run()
    html = "\n".join(element.proto.body for element in app.get("html"))
    assert f">Prompt</th><td>{PROMPT}</td>" in html
    assert ">Text guidance</th><td>4</td>" in html
