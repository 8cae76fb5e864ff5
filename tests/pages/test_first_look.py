"""The first look: shipped pictures until there are others; only of what was asked for, and never without a control."""

from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from pages._parts.extract import first_look as on_extract
from pages._parts.prompts import looking
from pages._parts.runtime import warm_up
from pages._parts.show import first_look
from tests.pages.app import opened, pairs_of, parts_of, text_of


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The app before the model is loaded, which it never is; what waits for it."""
    waited: list[str] = []

    def stop(*_: Any) -> None:
        waited.append("waited")
        st.stop()

    monkeypatch.setattr(on_extract, "_await_model", stop)
    monkeypatch.setattr(looking, "look_into", stop)
    monkeypatch.setattr(warm_up, "DONE", type(warm_up.DONE)())
    monkeypatch.setattr(warm_up, "begin", lambda: None)
    return waited


@pytest.mark.parametrize("link", [{}, {"view": "demo"}, {"size": "true"}])
def test_the_defaults_are_seen_at_once(link: dict[str, str], cold: list[str]) -> None:
    app = opened(sure=False, **link)
    assert not app.exception and cold == ["waited"]
    assert "2 of these 16 look copied; by chance we would expect none." in text_of(app)
    assert len(pairs_of(app)) == 16 and len(parts_of(app, "strips")) == 1


def test_lambda_can_be_moved_meanwhile(cold: list[str]) -> None:
    app = opened()
    app.slider(key="guidance_scale").set_value(20.0).run()
    assert "11 of these 16 look copied (2 without the surrogate)" in text_of(app)
    app.slider(key="guidance_scale").set_value(7.0).run()  # the nearest that is shipped, and said so
    assert [part["note"] for part in parts_of(app, "sentence")] == ["λ = 5. Shipped with the app, in exact arithmetic."]


def test_what_is_shipped_has_its_control_count_and_interval(cold: list[str]) -> None:
    assert "against the control 0 of 16 (0.0 %, 95 % interval 0.0 to 19.4 %)" in text_of(opened())


@pytest.mark.parametrize("link", [{"model": "ideal"}, {"steps": "10"}, {"pictures": "Score a folder"}])
def test_nothing_else_is_shown_for_what_was_asked(link: dict[str, str], cold: list[str]) -> None:
    opened(**link)
    assert not cold


def test_once_the_model_is_there_the_page_is_what_it_was(cold: list[str]) -> None:
    before = opened(guidance_scale="20")
    warm_up.DONE.set()
    after = opened(guidance_scale="20")
    for part in ("gallery", "pair", "sentence"):
        assert parts_of(after, part) == parts_of(before, part)  # so nothing jumps
    assert cold == ["waited"] and after.slider(key="count").value == 16


def test_without_strips_the_page_is_as_ever(cold: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(first_look.STRIPS, "extract", tmp_path)
    app = opened()
    assert not cold and not app.exception


def test_prompts_shows_what_its_prompt_draws(cold: list[str]) -> None:
    app = opened("prompts")
    assert cold == ["waited"] and not app.exception
    assert "8 of 8 pictures beat the threshold" in text_of(app) and len(pairs_of(app)) == 8
    assert "against the control 0 of 8" in text_of(app)
