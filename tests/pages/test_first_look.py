"""The first look: shipped pictures until there are others; only of what was asked for, and never without a control."""

from pathlib import Path
from typing import Any

import pytest

from pages._parts.extract import drawing
from pages._parts.runtime import warm_up
from pages._parts.show import first_look
from tests.pages.app import opened


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page shows when the model has been loaded; it draws nothing."""
    found: list[str] = []

    def stop(*_: Any) -> None:
        raise ValueError("That is all.")

    real = first_look._show

    def show(*about: Any) -> None:
        found.append("shown")
        real(*about)

    monkeypatch.setattr(drawing, "draw_pictures", stop)
    monkeypatch.setattr(first_look, "_show", show)
    monkeypatch.setattr(warm_up, "DONE", type(warm_up.DONE)())
    return found


@pytest.mark.parametrize("link", [{}, {"view": "demo"}, {"size": "true"}])
def test_the_defaults_are_seen_at_once_and_an_error_takes_them_away(link: dict[str, str], seen: list[str]) -> None:
    app = opened(**link)
    assert seen == ["shown"] and not app.exception
    assert [item.value for item in app.error] == ["That is all\\."] and not app.info  # nothing says that it loads


@pytest.mark.parametrize("link", [{"model": "ideal"}, {"steps": "10"}, {"pictures": "Score a folder"}])
def test_nothing_else_is_shown_for_what_was_asked(link: dict[str, str], seen: list[str]) -> None:
    opened(**link)
    assert not seen


def test_once_the_model_is_there_nothing_is_shipped(seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    warm_up.DONE.set()
    opened()
    assert not seen


def test_without_strips_the_page_is_as_ever(seen: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(first_look.STRIPS, "extract", tmp_path)
    app = opened()
    assert not seen and not app.exception


def test_what_is_shipped_has_its_control_count_and_interval(seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "draw_pictures", lambda heading, intro, first: None)
    app = opened()
    said = " ".join(item.value for item in (*app.subheader, *app.markdown, *app.info))
    assert "2 of 16 pictures beat the threshold" in said and "Drawn before" in said
    assert "against the control 0 of 16 (0.0 %, 95 % interval 0.0 to 19.4 %)" in said
    assert len([caption for caption in app.caption if "seed" in caption.value]) == 16
