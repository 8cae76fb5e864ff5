"""A public app's pages: sliders end at its limits, a link cannot pass them, other models are refused in a sentence."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.show.text import plain
from side_core.files.public import Limits
from tests.pages.app import opened

MOST = Limits()


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.delenv("SIDE_MODELS", raising=False)


def said(app: AppTest) -> str:
    """All that the page warns of, without the marks that keep it from being markup."""
    return " ".join(warning.value for warning in app.warning).replace("\\", "")


def ends(app: AppTest) -> dict[str, float]:
    """Where sliders end, by their key."""
    return {str(slider.key): slider.max for slider in app.slider}


def test_extract_draws_no_more_than_allowed() -> None:
    app = opened("", model="ideal", count="65", steps="10")
    assert not app.exception and not app.error
    assert ends(app)["count"] == MOST.count and ends(app)["steps"] == MOST.steps
    assert "The link asks for Images = '65', not 1 to 64: 64 is used." in said(app)


def test_surrogates_are_small() -> None:
    app = opened("surrogate.py", of="ideal")
    assert not app.exception and not app.error
    assert ends(app)["synthetic_count"] == MOST.synthetic_count >= app.slider(key="synthetic_count").value


def test_sweeps_are_small_and_short() -> None:
    app = opened("sweep.py", model="ideal", surrogates="none", x="seed", x_seed="1:100:1", count="16")
    assert not app.exception
    assert ends(app)["count"] == MOST.count
    assert app.number_input(key="minutes").max == MOST.minutes
    assert [error.value for error in app.error] == [
        plain(
            "cells cannot be 100: this app is public and allows 64 or less; run the app on your own machine for more.",
            1000,
        )
    ]


def test_a_listed_model_is_offered_and_another_refused(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("", model=str(pipeline))
    assert "cannot be opened here: this app is public and opens its own models only" in said(app)
    assert app.selectbox(key="model").value == "pixel-faces"
    monkeypatch.setenv("SIDE_MODELS", str(pipeline))
    app = opened("", model="ideal", count="1", steps="1")
    assert not app.exception and str(pipeline) in app.selectbox(key="model").options
