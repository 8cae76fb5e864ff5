"""The Extract page, through the router, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from side_core.extraction.run import extract, open_subject
from side_core.settings import ExtractSettings

ROUTER = Path(__file__).parents[2] / "pages" / "_navigation.py"


def opened(**link: str) -> AppTest:
    """The page as a link opens it."""
    app = AppTest.from_file(ROUTER, default_timeout=120)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    """Everything the page says in words."""
    return "\n".join(
        element.value for kind in ("title", "subheader", "markdown", "caption") for element in app.get(kind)
    )


@pytest.fixture(scope="module")
def ideal() -> AppTest:
    return opened(model="ideal")


def test_first_visit_shows_pairs_headline_control_and_interval_without_a_click(ideal: AppTest) -> None:
    assert not ideal.exception and not ideal.error
    assert "16 of 16 pictures beat the threshold d₁/d₂ < 0.33" in text_of(ideal)
    assert [metric.label for metric in ideal.metric][:2] == [
        "Against the training images",
        "Same pictures against the control",
    ]
    assert "16 of 16; 95 % interval 80.6 to 100.0 %" in text_of(ideal)
    assert len([button for button in ideal.button if str(button.key).startswith("pair-")]) == 16


def test_every_setting_of_the_page_is_named_by_its_field(ideal: AppTest) -> None:
    keys = {widget.key for kind in ("slider", "selectbox", "number_input") for widget in ideal.get(kind)}
    shown = {key.split("_ratio")[0] for key in keys if key}
    assert shown <= set(ExtractSettings.model_fields)
    assert {
        "count",
        "steps",
        "spacing",
        "first_timestep",
        "last_timestep",
        "eta",
        "seed",
        "score",
        "threshold",
    } <= shown


def test_moving_a_slider_redraws_without_a_click() -> None:
    app = opened(model="ideal")
    app.slider(key="count").set_value(5).run()
    assert "5 of 5 pictures" in text_of(app)


def test_threshold_of_zero_lets_nothing_pass(ideal: AppTest) -> None:
    app = opened(model="ideal", threshold_ratio="0")
    assert "0 of 16 pictures beat the threshold" in text_of(app)


def test_page_draws_what_the_library_draws() -> None:
    app = opened(model="ideal", count="3", seed="40", spacing="karras", steps="12")
    settings = ExtractSettings(model="ideal", count=3, seed=40, spacing="karras", steps=12)
    *_, result = extract(settings, open_subject(settings))
    order = result.match.order("ratio")
    labels = [button.label for button in app.button if str(button.key).startswith("pair-")]
    assert labels == [f"d₁/d₂ **{result.match.scores.ratio[i]:.2f}** · seed {result.match.seeds[i]}" for i in order]


def test_choosing_a_pair_shows_it_in_detail() -> None:
    app = opened(model="ideal", count="4")
    app.button(key="pair-2").click().run()
    assert "Seed 2 in detail" in text_of(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"steps": "9999"}, "The link asks for Steps = '9999', not 1 to 250: 25 is used."),
        ({"eta": "much"}, "The link asks for Noise added back (eta) = 'much', not 0 to 1: 0 is used."),
        ({"spacing": "foo"}, "The link asks for Spacing = 'foo', not one of leading"),
    ],
)
def test_a_link_out_of_bounds_says_what_is_used_instead(link: dict[str, str], sentence: str) -> None:
    app = opened(model="ideal", count="2", **link)
    assert any(sentence in warning.value for warning in app.warning)
    assert "2 of 2 pictures" in text_of(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"last_timestep": "600", "first_timestep": "500"}, "Last timestep 600 does not come after first timestep 500"),
        ({"first_timestep": "10"}, "25 steps do not fit between timesteps 10 and 0"),
        ({"eta": "0.5", "solver": "multistep"}, "The multistep solver adds no noise, but eta is 0.5"),
        ({"encoder": "dpm"}, "the ideal denoiser has none: choose encoder pixel"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_traceback(link: dict[str, str], sentence: str) -> None:
    app = opened(model="ideal", **link)
    assert not app.exception
    assert [sentence in error.value for error in app.error] == [True]
