"""A sweep in a real browser: it fills in, can be stopped, and a point leads to Extract."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, ended, looking_copied

pytestmark = pytest.mark.browser


def test_a_sweep_fills_in_and_a_point_leads_to_extract(page: Page, address: str) -> None:
    page.goto(f"{address}/sweep?model=ideal&surrogates=none&count=16&x=steps&x_steps=2,4&y=eta&y_eta=0,1")
    page.get_by_role("button", name="Start").click(timeout=PATIENCE)
    leads_on = page.get_by_role("link", name="Open on Extract")
    expect(leads_on).to_be_visible(timeout=PATIENCE)
    ended(page)
    assert page.get_by_alt_text(re.compile("^Seed 0 at steps ")).count() == 4
    field = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert field is not None
    page.mouse.click(field["x"] + 0.75 * field["width"], field["y"] + 0.25 * field["height"])
    cell = page.get_by_role("combobox", name="Cell")
    expect(cell).to_have_value(re.compile("^steps 4, eta 1: "), timeout=PATIENCE)
    expect(leads_on).to_have_attribute("href", re.compile("steps=4"), timeout=PATIENCE)  # it follows the list
    with page.context.expect_page() as opened:
        leads_on.click()
    expect(opened.value.get_by_role("heading", name=looking_copied(16))).to_be_visible(timeout=PATIENCE)
    assert "steps=4" in opened.value.url and "eta=1" in opened.value.url
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_stop_keeps_the_cells_that_are_finished(page: Page, address: str) -> None:
    page.goto(f"{address}/sweep?surrogates=none&count=16&seed=7000&x=steps&x_steps=2,100,101&mode=exact")
    page.get_by_role("button", name="Start").click(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"^Cell 2 of 3, steps 100\."))).to_be_visible(timeout=PATIENCE)
    page.locator(".stMain").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped: 1 of 3 cells are finished.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    expect(page.get_by_role("link", name="Open on Extract")).to_be_visible(timeout=PATIENCE)
