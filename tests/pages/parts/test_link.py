"""Links that reopen a page, settings that are taken over, and links with rubbish in them; without a browser."""

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages._parts import method_page
from pages._parts.extract import drawing as own
from pages._parts.extract import scoring
from pages._parts.links import link
from pages._parts.links.link import absolute, link_of, take_over
from pages._parts.links.link_values import defaults_of, often
from pages._parts.surrogate import grouping, synthetic
from side_core.data.training_set import TrainingSet
from side_core.settings import PRESETS, ExtractSettings, ScoreSettings, Settings, SurrogateSettings, SweepSettings
from tests.pages.app import ROUTER
from tests.pages.app import followed as opened

KINDS = ("slider", "selectbox", "number_input", "checkbox", "text_input", "select_slider", "button_group")
ROUNDS = 6  # random settings of each kind
SEEN: list[Settings] = []
REAL = link.opening_of


def text_of(app: AppTest) -> str:
    """What the page warns of, without the marks that keep it from being markup."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", "\n".join(warning.value for warning in app.warning))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, faces: TrainingSet) -> list[Settings]:
    """The settings that the page has made of its widgets; it draws, sweeps and trains nothing."""

    def note(settings: Settings, *model: str, **about: Any) -> link.Opening:
        if sys._getframe(1).f_globals["__name__"] == link.__name__:  # no page asks
            return REAL(settings, *model, **about)
        SEEN.append(settings)
        if set(about.get("fields", ())) >= {"synthetic_count", "objective"} or not isinstance(
            settings, SurrogateSettings
        ):
            raise ValueError("That is all.")
        return REAL(settings, **about)  # type: ignore[arg-type]

    SEEN.clear()
    monkeypatch.setattr(link, "opening_of", note)
    for module in (method_page, own, scoring):
        monkeypatch.setattr(module, "opening_of", note)
    monkeypatch.setattr(synthetic, "draw_live", lambda *_: faces)
    monkeypatch.setattr(grouping, "group", lambda *_: None)
    monkeypatch.setattr("pages._parts.show.clusters.show_clusters", lambda *_: None)
    return SEEN


def matching(rng: random.Random) -> dict[str, Any]:
    """What pictures are compared by."""
    score = rng.choice(["ratio", "nl2", "l2"])
    if rng.random() < 0.5:
        return {"score": score, "control_rate": rng.choice([0.001, 0.002, 0.005, 0.01, 0.02, 0.05])}
    step = {"ratio": 0.01, "nl2": 0.02, "l2": 0.005}[score]
    return {"score": score, "threshold": round(step * rng.randrange(100), 10)}


def looking(rng: random.Random) -> dict[str, Any]:
    """Which altered copies are looked for."""
    return {"mirror": rng.choice([None, True]), "align": rng.choice([0, 1, 2])}


def drawing(rng: random.Random, most: int) -> dict[str, Any]:
    """How pictures are drawn."""
    return {
        "count": 16 * rng.randrange(1, most // 16),
        "steps": rng.randrange(1, 100),
        "seed": rng.choice([0, 7, rng.randrange(2**31)]),
        "spacing": rng.choice([None, "leading", "trailing", "linspace", "quadratic", "karras"]),
        "first_timestep": rng.randrange(500, 999),
        "last_timestep": rng.randrange(400),
        "eta": round(0.05 * rng.randrange(21), 10),
        "solver": rng.choice(["ddim", "multistep"]),
        "clip": rng.choice([None, "off", "clip", "clip-recompute"]),
        "mode": rng.choice(["exact", "fast"]),
    }


def guiding(rng: random.Random, surrogate: str) -> dict[str, Any]:
    """How they are steered, if they are."""
    if rng.random() < 0.3:
        return {}
    return {
        "surrogate": surrogate,
        "guidance_scale": 0.5 * rng.randrange(101),
        "guide_from": rng.randrange(500, 1000),
        "guide_to": rng.randrange(500),
        "guidance_shape": rng.choice(["constant", "ramp", "cosine"]),
        "label": rng.choice(["uniform", "balanced", 0, 2, 3]),
        "compare_plain": rng.random() < 0.5,
    }


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_link_reopens_extract_with_every_setting(
    round_: int, seen: list[Settings], make_surrogate: Callable[..., Path]
) -> None:
    rng = random.Random(round_)
    control = {"control": "pixel-faces[3000:3100]"} if rng.random() < 0.3 else {}
    chosen = drawing(rng, 256) | matching(rng) | guiding(rng, str(make_surrogate())) | looking(rng)
    settings = ExtractSettings(model="ideal", **control, **chosen)
    app = opened(link_of(settings))
    assert not app.exception and text_of(app) == ""
    assert seen[-1] == settings and [error.value for error in app.error] == ["That is all\\."]


def test_what_is_left_out_is_what_the_card_says(seen: list[Settings], make_surrogate: Callable[..., Path]) -> None:
    settings = ExtractSettings(model="ideal", surrogate=str(make_surrogate()))
    opened(link_of(settings))
    card = {"guidance_scale": 20.0, "guide_from": 900, "guide_to": 0, "guidance_shape": "constant", "label": "balanced"}
    found = seen[-1].model_dump()
    assert {name: found[name] for name in card} == card
    opened(link_of(ExtractSettings(surrogate="pixel-faces")))  # that of the first visit, where λ is 0
    assert seen[-1].model_dump()["guidance_scale"] > 0


@pytest.mark.parametrize("round_", range(3))
def test_a_link_reopens_the_scoring_of_a_folder(round_: int, seen: list[Settings]) -> None:
    rng = random.Random(round_)
    settings = ScoreSettings(
        samples="pixel-faces[0:8]",
        data="pixel-faces[0:40]",
        control="pixel-faces[50:90]",
        **matching(rng),
        **looking(rng),
    )
    app = opened(link_of(settings))
    assert seen[-1] == settings and not app.warning


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_link_reopens_sweep_with_every_setting(
    round_: int, seen: list[Settings], make_surrogate: Callable[..., Path]
) -> None:
    rng = random.Random(round_)
    surrogate, about = str(make_surrogate()), drawing(rng, 512) | matching(rng)
    axes = rng.choice([("steps=2,3", None), ("guidance-scale=0:20:5", "eta=0,0.5"), ("spacing=leading,karras", None)])
    curves = (surrogate, "none") if axes[0].startswith("guidance") else ("none",)
    for axis in filter(None, axes):
        about.pop(axis.partition("=")[0].replace("-", "_"), None)
    settings = SweepSettings(
        model="ideal", x=axes[0], y=axes[1], surrogates=curves, metric=rng.choice(["ams", "control"]), **about
    )
    settings = settings.model_copy(update={"minutes": rng.randrange(1, 600)})
    app = opened(link_of(settings))
    assert not app.exception and text_of(app) == ""
    assert seen[-1] == settings


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_link_reopens_surrogate_with_every_setting(round_: int, seen: list[Settings]) -> None:
    rng = random.Random(round_)
    own = {"objective": rng.choice(["labels", "distilled"]), "train_steps": 10 * rng.randrange(1, 500)}
    asked = {
        "synthetic_count": 64 * rng.randrange(4, 65),
        "steps": rng.randrange(1, 51),
        "label_source": rng.choice(["duplicates", "clusters", "random"]),
        "encoder": "pixel",
        "clusters": rng.randrange(2, 1001),
        "cohesion": round(0.01 * rng.randrange(101), 10),
    }
    if asked["label_source"] == "duplicates":
        asked |= {"likeness": round(0.01 * rng.randrange(50, 101), 10), "smallest": rng.randrange(2, 21)}
    if rng.random() < 0.7:
        asked |= own | {"evaluate_every": often(own["train_steps"])}
    settings = SurrogateSettings(**PRESETS["quick"].model_dump(exclude_unset=True) | asked)
    app = opened(link_of(settings, model="ideal"))
    assert not app.exception and text_of(app) == ""
    assert seen[-1] == settings
    assert app.selectbox(key="of").value == "ideal"


def test_what_a_page_has_no_widget_for_is_said(make_surrogate: Callable[..., Path]) -> None:
    curve = str(make_surrogate())
    sweep = SweepSettings(model="ideal", x="steps=2,3", surrogates=(curve,), guidance_scale=7.5, label=2)
    told = text_of(opened(link_of(sweep)))
    assert "Guidance scale λ = '7.5', not a setting of this page: what the surrogate's card says is used." in told
    assert "Label = '2'" in told
    made = PRESETS["quick"].model_copy(update={"width": 64, "synthetic_count": 256})
    assert "Width = '64', not a setting of this page" in text_of(opened(link_of(made, model="ideal")))


@pytest.mark.parametrize(
    ("settings", "sentence", "found"),
    [
        ({"count": 1000}, "Images = '1000', not 1 to 256: 256 is used.", {"count": 256}),
        ({"eta": 0.37}, "(eta) = '0.37', not 0 to 1 in steps of 0.05: 0.35 is used.", {"eta": 0.35}),
        ({"first_timestep": 5000}, "First timestep = '5000', not 0 to 999: 999 is used.", {"first_timestep": None}),
        (
            {"control_rate": 0.004},
            "Control rate, in % = '0.4', not one of 0.1, 0.2, 0.5, 1.0, 2.0, 5.0: 0.5 is used.",
            {"control_rate": 0.005},
        ),
        ({"control_rate": 0.9}, "Control rate, in % = '90.0'", {"control_rate": 0.05}),
        ({"threshold": 0.336}, "Threshold = '0.336', not 0 to 1 in steps of 0.01: 0.34 is used.", {"threshold": 0.34}),
    ],
)
def test_what_a_widget_cannot_have_becomes_the_nearest(
    settings: dict[str, Any], sentence: str, found: dict[str, Any], seen: list[Settings]
) -> None:
    app = opened(link_of(ExtractSettings(model="ideal", **settings)))
    assert sentence in text_of(app) and not app.exception
    assert {name: getattr(seen[-1], name) for name in found} == found
    app.selectbox(key="solver").select("multistep").run()  # it stays, and so does the sentence
    assert sentence in text_of(app) and {name: getattr(seen[-1], name) for name in found} == found


def test_the_sentence_goes_when_the_person_chooses(seen: list[Settings]) -> None:
    app = opened("/?model=ideal&count=1000")
    assert app.warning
    app.slider(key="count").set_value(100).run()
    assert not app.warning and seen[-1].model_dump()["count"] == 100
    app.slider(key="count").set_value(256).run()
    assert not app.warning


@pytest.mark.parametrize(
    ("link", "sentences", "found"),
    [
        (
            "/?model=/no/such&data=pixel-faces[0:9]&surrogate=pixel-faces-twin&count=2",
            [
                "Model = '/no/such', which cannot be used: pixel-faces is. There is no model folder",
                "go with that model",
            ],
            {"model": "pixel-faces", "data": None, "surrogate": None, "count": 2},
        ),
        (
            "/?model=ideal&data=/no/such&control=/no/other",
            ["Training images = '/no/such', which cannot be used: what the model was trained on is.", "'/no/other'"],
            {"model": "ideal", "data": None, "control": None},
        ),
        (
            "/?surrogate=/no/such&guidance_scale=20",
            ["Surrogate = '/no/such', which cannot be used: none is. There is no surrogate '/no/such'"],
            {"model": "pixel-faces", "surrogate": None},
        ),
        (
            "/sweep?model=ideal&x=steps&x_steps=2&surrogates=/no/such&surrogates=none",
            ["Surrogates = '/no/such', which cannot be used: none is."],
            {"surrogates": ("none",)},
        ),
        ("/surrogate?of=/no/such", ["Model = '/no/such', which cannot be used: pixel-faces is."], {}),
        ("/surrogate?way=Load&load=/no/such", ["Surrogate = '/no/such', which cannot be used: pixel-faces is."], {}),
    ],
)
def test_the_page_goes_on_without_what_is_not_there(
    link: str, sentences: list[str], found: dict[str, Any], seen: list[Settings]
) -> None:
    app = opened(link)
    assert not app.exception and all("\n" in text_of(app) or sentence in text_of(app) for sentence in sentences)
    assert all(sentence in text_of(app) for sentence in sentences)
    if found:
        assert {name: getattr(seen[-1], name) for name in found} == found


RUBBISH = ["much", "NaN", "1e999", "-1e999", "9" * 400, "-5", "<b>*x*</b>", "", "\x00", "1;2", "true", "0x10"]
NUMBERS = ["count", "steps", "seed", "eta", "first_timestep", "last_timestep", "threshold_ratio", "guidance_scale"]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_in_every_number_gets_a_sentence_and_a_page(
    rubbish: str, seen: list[Settings], make_surrogate: Callable[..., Path]
) -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    for name in NUMBERS:
        app.query_params[name] = rubbish
    app.query_params["model"], app.query_params["surrogate"] = "ideal", str(make_surrogate())
    app.run()
    assert not app.exception and isinstance(seen[-1], ExtractSettings)
    told = text_of(app)
    assert rubbish == "" or all(title in told for title in ("Images", "First seed", "Threshold", "Guidance scale"))
    assert "<b>" not in "".join(warning.value.replace("\\<", "") for warning in app.warning)


@pytest.mark.parametrize("rubbish", ["much", "<img src=x onerror=alert(1)>", "\x00", "9" * 400])
@pytest.mark.parametrize("page", ["/", "/sweep", "/surrogate", "/models", "/tour", "/history"])
def test_rubbish_in_every_name_gets_no_exception(page: str, rubbish: str, seen: list[Settings]) -> None:
    names = ["pictures", "spacing", "solver", "clip", "mode", "encoder", "score", "threshold_by", "label", "surrogate"]
    names += ["compare_plain", "way", "lesson", "label_source", "encoder", "objective", "x", "y", "metric", "minutes"]
    names += [
        "x_steps",
        "surrogates",
        "view",
        "size",
        "step",
        "nothing",
        "synthetic_count",
        "steps",
        "control_percent",
    ]
    app = AppTest.from_file(ROUTER, default_timeout=120)
    if page != "/":
        app.switch_page(f"{page.strip('/')}.py")
    for name in names:
        app.query_params[name] = rubbish
    app.run()
    assert not app.exception
    assert all("\n" not in error.value for error in app.error)


def test_a_key_that_stands_twice_is_its_last_value(seen: list[Settings]) -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.query_params["model"] = "ideal"
    app.query_params["count"], app.query_params["spacing"] = ["3", "5"], ["karras", "trailing"]
    app.run()
    assert seen[-1].model_dump(include={"count", "spacing"}) == {"count": 5, "spacing": "trailing"}
    assert "Images = '3 and 5', not one value: 5 is used." in text_of(app)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, Settings], AppTest]:
    """Take settings over on the page that an app shows."""
    wanted: list[Settings] = []

    def offer() -> None:
        if st.button("Take over", key="take"):
            take_over(wanted[-1])  # type: ignore[arg-type]

    monkeypatch.setattr("pages._parts.links.reopening.reopen_input", offer)

    def act(app: AppTest, settings: Settings) -> AppTest:
        wanted.append(settings)
        return app.button(key="take").click().run()

    return act


@pytest.mark.parametrize("start", ["/models", "/sweep?model=ideal&count=64", "/?model=ideal&count=3&spacing=karras"])
def test_settings_are_taken_over_from_any_page(
    start: str,
    seen: list[Settings],
    press: Callable[[AppTest, Settings], AppTest],
    make_surrogate: Callable[..., Path],
) -> None:
    rng = random.Random(1)
    first, second = (
        ExtractSettings(model="ideal", **drawing(rng, 256), **matching(rng), **guiding(rng, str(make_surrogate())))
        for _ in range(2)
    )
    app = press(opened(start), first)
    assert not app.exception and text_of(app) == "" and seen[-1] == first
    app = press(app, second)  # over other values, on the page itself
    assert not app.exception and text_of(app) == "" and seen[-1] == second
    plain = ExtractSettings(model="ideal", count=5)
    app = press(app, plain)  # what is left out is a default again
    explicit = {
        "count": 5,
        "spacing": None,
        "clip": None,
        "eta": 0.0,
        "first_timestep": None,
        "surrogate": None,
        "score": "ratio",
    }
    assert not app.exception and {name: getattr(seen[-1], name) for name in explicit} == explicit


def test_what_is_taken_over_becomes_the_nearest_on_the_page_itself(
    seen: list[Settings], press: Callable[[AppTest, Settings], AppTest]
) -> None:
    app = press(opened("/?model=ideal&count=3"), ExtractSettings(model="ideal", count=5000, control_rate=0.3))
    assert not app.exception and "Images = '5000', not 1 to 256: 256 is used." in text_of(app)
    assert seen[-1].model_dump(include={"count", "control_rate"}) == {"count": 256, "control_rate": 0.05}


def test_a_sweep_and_a_surrogate_are_taken_over_too(
    seen: list[Settings], press: Callable[[AppTest, Settings], AppTest]
) -> None:
    sweep = SweepSettings(
        model="ideal",
        x="eta=0,0.5",
        y="steps=2,3",
        surrogates=("none",),
        threshold=0.5,
        mode="exact",
    )
    app = press(opened("/?model=ideal&count=3"), sweep)
    assert not app.exception and seen[-1] == sweep
    made = SurrogateSettings(
        **PRESETS["quick"].model_dump(exclude_unset=True) | {"synthetic_count": 512, "encoder": "pixel"}
    )
    app = press(app, made)
    assert not app.exception and seen[-1] == made and app.title[0].value == "Teach a surrogate"


@pytest.mark.parametrize("page", ["", "sweep", "surrogate"])
def test_defaults_are_those_of_the_widgets(
    page: str, make_surrogate: Callable[..., Path], seen: list[Settings]
) -> None:
    curve = str(make_surrogate())
    about = {"": f"surrogate={curve}", "sweep": f"surrogates={curve}", "surrogate": "lesson=Own settings"}[page]
    app = opened(f"/{page}?model=ideal&of=ideal&{about}")
    defaults = defaults_of(page)
    widgets = {
        widget.key: widget.value
        for widget in (found for kind in KINDS for found in app.get(kind))
        if widget.key in defaults
    }
    for chosen in ("model", "lesson"):
        widgets.pop(chosen, None)
    assert len(widgets) > 5 and widgets == {key: defaults[key] for key in widgets}


def test_links_are_paths_with_queries_and_carry_the_view() -> None:
    link = link_of(ExtractSettings(model="my/model & more", control_rate=0.02), view="demo", projector=True)
    query = parse_qs(urlsplit(link).query)
    assert link.startswith("/?pictures=Draw&model=my%2Fmodel+%26+more&count=16&")
    assert query["control_percent"] == ["2.0"] and query["threshold_by"] == ["control rate"]
    assert query["view"] == ["demo"] and query["size"] == ["true"] and query["surrogate"] == ["none"]
    assert set(ExtractSettings.model_fields) >= {"count", "steps"} <= set(query)


@pytest.mark.parametrize(
    ("here", "whole"),
    [
        ("http://host:8501/", "http://host:8501/sweep?x=1"),
        ("https://host/lab/surrogate", "https://host/lab/sweep?x=1"),
        ("https://host/lab", "https://host/lab/sweep?x=1"),
        ("https://host/lab/sweep/", "https://host/lab/sweep?x=1"),
        ("", "/sweep?x=1"),
    ],
)
def test_a_link_gets_the_address_of_the_app(here: str, whole: str) -> None:
    assert absolute("/sweep?x=1", here) == whole


def test_a_link_of_a_version_before_opens_by_the_names_of_today() -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.switch_page("surrogate.py")
    for name, value in {"of": "ideal", "images": "320"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and app.slider(key="synthetic_count").value == 320
    assert app.query_params["synthetic_count"] == "320" and "images" not in app.query_params
