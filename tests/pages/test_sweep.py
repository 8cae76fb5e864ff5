"""The Sweep page, through the router, without a browser."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.links.link import link_of
from pages._parts.runtime.job import STORE
from pages._parts.runtime.pictures import MEMORY
from side_core.files.assets import BASELINES
from side_core.settings import ExtractSettings
from tests.pages import app
from tests.pages.app import ROUTER, button, text_of

SMALL = {"model": "ideal", "count": "16", "x": "steps", "x_steps": "2,3", "surrogates": "none"}


def opened(**link: str | list[str]) -> AppTest:
    """The page as a link opens it."""
    return app.opened("sweep", **SMALL | link)


def target(app: AppTest) -> dict[str, list[str]]:
    """Where the link to Extract leads."""
    (link,) = app.get("link_button")
    return parse_qs(urlsplit(link.proto.url).query)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test measures for itself."""
    STORE.parts.parts.clear()
    MEMORY.clear()


def test_first_the_estimate_and_after_start_every_cell() -> None:
    app = opened()
    assert not app.exception
    assert re.search(r"2 of 2 cells are to be measured: 32 pictures, about \d+ s", text_of(app))
    assert not app.selectbox(key="metric").options.count("effect") and not app.get("plotly_chart")
    button(app, "Start").click().run()
    assert not app.exception and not app.error, text_of(app)
    chart, _ = app.get("plotly_chart")
    cells = app.selectbox(key="sweep_cell").options
    assert [cell.split(":")[0] for cell in cells] == ["steps 2", "steps 3"]
    assert "16 of 16" not in cells[0] and "of 16 pictures; control 0.0 %" in cells[0]
    assert "Start" not in [item.label for item in app.button]
    assert "The same seeds in every row" in text_of(app) and chart is not None


def test_the_list_chooses_what_is_opened_on_extract() -> None:
    app = opened(threshold_ratio="0.5")
    button(app, "Start").click().run()
    assert target(app)["steps"] == ["2"] and target(app)["threshold_ratio"] == ["0.5"]
    app.selectbox(key="sweep_cell").select_index(1).run()
    assert target(app)["steps"] == ["3"] and target(app)["model"] == ["ideal"]
    app.text_input(key="x_steps").set_value("3").run()  # one cell is left, and it is measured already
    assert not app.exception and app.selectbox(key="sweep_cell").options[0].startswith("steps 3")


def test_two_settings_make_a_heat_map_and_more_values_measure_only_those() -> None:
    app = opened(y="spacing", y_spacing="leading,karras")
    button(app, "Start").click().run()
    assert len(app.selectbox(key="sweep_cell").options) == 4
    app.text_input(key="x_steps").set_value("2,3,4").run()
    assert "2 of 6 cells are to be measured: 32 pictures" in text_of(app)
    button(app, "Go on").click().run()
    assert not app.exception and len(app.selectbox(key="sweep_cell").options) == 6


def test_surrogates_are_curves_and_guidance_can_vary(make_surrogate: Callable[..., Path]) -> None:
    name = str(make_surrogate())
    app = opened(surrogates=[name, "none"], x="guidance-scale", x_guidance_scale="0:20:20", steps="3")
    assert "guide-from" in app.selectbox(key="x").options
    assert "4 of 4 cells are to be measured: 32 pictures" in text_of(app)
    assert "a steered step takes" in text_of(app)
    button(app, "Start").click().run()
    assert not app.exception and not app.error, text_of(app)
    cells = app.selectbox(key="sweep_cell").options
    assert len(cells) == 4 and all(cell.startswith(f"{name}: guidance-scale ") for cell in cells[:2])
    assert cells[2].startswith("none: ") and target(app)["surrogate"] == [name]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"x_steps": "9:3:1"}, "the range '9:3:1' runs backwards"),
        ({"x_steps": ""}, "it names no values"),
        ({"y": "steps", "y_steps": "4"}, "X and y are both steps"),
        ({"surrogates": "/no/such"}, "There is no surrogate '/no/such'"),
        ({"model": "/no/such"}, "'/no/such'"),
        ({"metric": "ums-published"}, "score ratio is about the nearest alone"),
        ({"x": "guidance-scale"}, "The link asks for Varies along x = 'guidance-scale'"),
        ({"x_steps": "900,950", "count": "512", "minutes": "1", "model": "pixel-faces"}, "more than the 1 it may"),
    ],
)
def test_a_mistake_gets_one_sentence(link: dict[str, str], sentence: str) -> None:
    app = opened(**link)
    assert not app.exception
    told = [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", item.value) for item in (*app.error, *app.warning)]
    assert len(told) == 1 and sentence in told[0] and "\n" not in told[0]


def test_links_carry_what_extract_has_widgets_for() -> None:
    settings = ExtractSettings(
        model="ideal", count=512, steps=7, surrogate="some", guidance_scale=5, label=3, control_rate=0.004, eta=0.5
    )
    link = {name: values[-1] for name, values in parse_qs(urlsplit(link_of(settings)).query).items()}
    wanted = {
        "model": "ideal",
        "count": "512",  # Extract says that it draws 256
        "steps": "7",
        "surrogate": "some",
        "guidance_scale": "5.0",
        "label": "3",
        "eta": "0.5",
        "mode": "exact",
        "threshold_by": "control rate",
        "control_percent": "0.4",  # and that 0.5 % is the nearest
    }
    assert wanted.items() <= link.items()
    assert "surrogate=none" in link_of(ExtractSettings(model="ideal"))


def test_ams_and_ums_stand_below_each_other() -> None:
    """The same pictures by both, whichever was asked for; none where the figure is about something else."""
    app = opened()
    button(app, "Start").click().run()
    ams, ums = app.get("plotly_chart")
    assert "AMS" in ams.proto.spec and "UMS" in ums.proto.spec and "UMS" not in ams.proto.spec
    app.selectbox(key="metric").select("ums").run()
    assert "Start" not in [item.label for item in app.button]  # measured already
    assert "UMS" in app.get("plotly_chart")[0].proto.spec
    app.selectbox(key="metric").select("median").run()
    button(app, "Start").click().run()
    assert len(app.get("plotly_chart")) == 1


def test_all_methods_become_curves_at_a_click() -> None:
    app = opened(model="pixel-faces", x="guidance-scale", x_guidance_scale="0,20", surrogates="pixel-faces")
    button(app, "Compare all methods").click().run()
    assert not app.exception and not app.error, text_of(app)
    chosen = app.multiselect(key="surrogates").value
    assert chosen == ["none", "pixel-faces", *BASELINES["pixel-faces"]]


def test_a_number_chosen_on_another_page_is_brought_inside_the_bounds_of_this_one() -> None:
    """Extract draws eight pictures if asked to; a cell has sixteen at least."""
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.query_params["model"] = "ideal"
    app.run()
    app.slider(key="count").set_value(8).run()
    assert not app.exception
    app.switch_page("sweep.py")
    app.run()
    assert not app.exception and not app.error, text_of(app)
    assert app.slider(key="count").value >= 16


def test_choosing_another_model_brings_the_curve_of_its_own_surrogate_or_plain_sampling() -> None:
    app = opened(model="pixel-faces", surrogates="pixel-faces", x="steps")
    for model, curve in {"pixel-faces-twin": "pixel-faces-twin", "ideal": "none"}.items():
        app.selectbox(key="model").set_value(model).run()
        assert not app.exception and not app.error, text_of(app)
        assert app.multiselect(key="surrogates").value == [curve]


def test_a_pinned_sweep_stays_in_sight_and_is_compared_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path))
    app = opened()
    button(app, "Start").click().run()
    button(app, "Pin this one").click().run()
    assert not app.exception and "Unpin" in [item.label for item in app.button]
    assert not any("pinned" in str(chart.proto.spec) for chart in app.get("plotly_chart"))  # it is the same one
    app = opened(seed="50")
    button(app, "Start").click().run()
    chart = app.get("plotly_chart")[0]
    assert "pinned run 1: plain sampling" in chart.proto.spec and not app.exception
    (link,) = (item for item in app.get("page_link") if "Compare with run 1" in item.proto.label)
    assert link.proto.query_string == "compare=1%2C2" or "compare" in str(link.proto)
