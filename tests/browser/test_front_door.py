"""No page asks another machine or breaks the policy: the fixture `page` sees to that, here it meets every page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, ended, open_sidebar

pytestmark = pytest.mark.browser
CLOSED = '[data-testid="stExpander"] details:not([open]) > summary'
PAGES = (
    "?model=ideal&count=4&steps=5",
    "tour?step=5",
    "prompts?count=1&steps=10",
    "surrogate?way=Load",
    "sweep",
    "models?model=ideal",
    "history",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_everything_opened(page: Page, address: str, path: str) -> None:
    page.goto(f"{address}/{path}")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
    ended(page)
    open_sidebar(page)
    while page.locator(CLOSED).count():  # what lies in one may lie in another
        page.locator(CLOSED).first.click()
        ended(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_chart_can_be_saved_as_a_picture(page: Page, address: str) -> None:
    page.goto(f"{address}/tour?step=5")
    page.locator(".js-plotly-plot .main-svg").first.hover(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as saved:
        page.locator('.modebar-btn[data-title^="Download"]').first.click()
    assert saved.value.suggested_filename.endswith(".png")


def test_icons_are_drawn(page: Page, address: str) -> None:
    page.goto(f"{address}/models?model=ideal")
    tab = page.locator('link[rel~="icon"]')
    expect(tab).to_have_attribute("href", re.compile("^data:image/svg"), timeout=PATIENCE)
    size = "async href => { const i = new Image(); i.src = href; await i.decode(); return i.naturalWidth }"
    assert page.evaluate(size, tab.get_attribute("href")) > 0
    icon = page.get_by_test_id("stSidebarNav").get_by_test_id("stIconMaterial").first
    expect(icon).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("() => document.fonts.check('16px \"Material Symbols Rounded\"')")
    box = icon.bounding_box()
    assert box is not None and box["width"] < 1.5 * box["height"]  # its name in letters would be far wider
