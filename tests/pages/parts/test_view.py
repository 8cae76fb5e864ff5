"""Demo view and projector size: what is hidden keeps its value, and both are on every page."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.inputs import view
from tests.pages import app
from tests.pages.app import pairs_of

LINK = {"model": "ideal", "count": "2", "steps": "12", "spacing": "karras", "eta": "0.2", "clip": "off", "score": "nl2"}
HIDDEN = '[class*="st-key-detail-"] { display: none'


def opened(page: str, **link: str) -> AppTest:
    """A page as a link opens it."""
    found = app.opened(page, **link)
    assert not found.exception and not [item.value for item in found.error]
    return found


def styles_of(app: AppTest) -> str:
    """All of the page's CSS."""
    return "\n".join(element.proto.body for element in app.get("html"))


def pictures_and_settings(app: AppTest) -> list[str]:
    """The scores of the gallery, and the digest of the settings."""
    (digest,) = [found for caption in app.caption for found in re.findall(r"Settings \w+", caption.value)]
    return [digest, *pairs_of(app)]


def test_a_link_draws_the_same_in_both_views() -> None:
    full, demo = opened("extract.py", **LINK), opened("extract.py", view="demo", **LINK)
    assert pictures_and_settings(demo) == pictures_and_settings(full)
    assert len(pictures_and_settings(demo)) == 3
    assert HIDDEN in styles_of(demo) and HIDDEN not in styles_of(full)


def test_switching_to_demo_and_back_changes_no_setting() -> None:
    app = opened("extract.py", **LINK)
    before = pictures_and_settings(app)
    for chosen in (view.DEMO, view.EVERYTHING):
        app.segmented_control(key="view").set_value(chosen).run()
        assert pictures_and_settings(app) == before


@pytest.mark.parametrize("page", ["extract.py", "surrogate.py", "sweep.py", "tour.py", "models.py"])
def test_every_page_has_both_switches(page: str) -> None:
    app = opened(page, view="demo", size="true", **({"model": "ideal", "count": "2"} if page == "extract.py" else {}))
    assert app.segmented_control(key="view").value == view.DEMO and app.toggle(key="size").value
    assert "font-size: 130%" in styles_of(app) and HIDDEN in styles_of(app)
