"""The Theory page, through the router, without a browser."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.runtime.job import STORE
from tests.pages import app
from tests.pages.app import button, html_of, text_of

SMALL = {"model": "ideal", "images": "8", "noise_levels": "0.1,0.8"}


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test measures for itself."""
    STORE.parts.parts.clear()


def measured(**link: Any) -> AppTest:
    """The page after Start."""
    page = app.opened("theory", **SMALL | link)
    assert not page.exception and not page.error and not page.warning, text_of(page)
    button(page, "Start").click().run()
    assert not page.exception and not page.error, text_of(page)
    return page


def test_the_answer_comes_in_words_before_its_figures() -> None:
    page = measured()
    (said,) = [item.value for item in page.subheader]
    assert said.startswith("This model is nothing but its training pictures: no distance from these")
    assert "0 nats (0 to 0) from 8 training images; control" in text_of(page)
    table = page.dataframe[0].value
    assert set(zip(table["model"], table["data"], strict=True)) == {("model", "training"), ("model", "control")}
    assert len(page.get("plotly_chart")) == 1


def test_the_slider_shows_what_both_denoisers_answer_there() -> None:
    page = measured()
    before = html_of(page)
    assert all(f"<b>{name}</b>" in before for name in ("Noisy picture", "Ideal denoiser", "Model", "Difference"))
    assert before.count('alt="Model ') == 6
    page.select_slider(key="seen_level").set_value(page.select_slider(key="seen_level").options[0]).run()
    assert not page.exception and html_of(page) != before
    page.segmented_control(key="seen_side").set_value("Control").run()
    assert not page.exception and html_of(page).count('alt="Model ') == 6


def test_the_return_curve_has_a_page_of_its_own_settings() -> None:
    page = measured(experiment="return", draws="1", steps="3")
    (said,) = [item.value for item in page.subheader]
    assert (
        said == "Noised to timestep 400, 100 % of training pictures come back, and 0 % of pictures the model never saw."
    )
    assert not [item.key for item in page.text_input if item.key == "noise_levels"]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"noise_levels": "2,1"}, "noise levels grow"),
        ({"noise_levels": "0.0001"}, "Noise level 0.0001 lies outside what this model knows"),
        ({"model": "pixel-faces-text", "noise_levels": ""}, "each text is another distribution: give a prompt"),
    ],
)
def test_what_cannot_be_measured_gets_a_sentence(link: dict[str, str], sentence: str) -> None:
    page = app.opened("theory", **SMALL | link)
    assert not page.exception and sentence in text_of(page), text_of(page)


def test_growth_is_there_at_once_and_its_two_ends_are_told() -> None:
    page = app.opened("theory", experiment="growth")
    assert not page.exception and not page.error and not page.warning, text_of(page)
    assert not [item for item in page.button if item.label == "Start"]  # what was measured is shipped
    assert len(page.get("plotly_chart")) == 2 and html_of(page).count("Nearest training face") == 16
    (said,) = [item.value for item in page.subheader]
    assert said == "It copies; two models that share no training picture draw different pictures from one noise."
    page.select_slider(key="seen_size").set_value(10_000).run()
    (said,) = [item.value for item in page.subheader]
    assert said == "It invents; two models that share no training picture draw much the same from one noise."
    page.select_slider(key="seen_size").set_value(100).run()
    page.select_slider(key="seen_steps_100").set_value(250).run()
    assert [item.value for item in page.subheader] == ["It invents."] and "Its twin draws" not in html_of(page)
    assert html_of(page).count("Nearest training face") == 8


def test_labels_are_those_of_the_shipped_surrogates_unless_others_are_chosen() -> None:
    page = app.opened("theory", experiment="labels")
    assert not page.exception and not page.error and not page.warning, text_of(page)
    names = page.multiselect(key="surrogates").value
    assert names[:2] == ["pixel-faces", "pixel-faces-random"] and "pixel-faces-time-independent" not in names
    assert "measurements are to be made" in text_of(page)
    page = app.opened("theory", experiment="labels", model="ideal")
    assert not page.exception and "No surrogate of 'ideal' is shipped" in text_of(page)
