"""Long work that goes on while another page is looked at, in a browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_sessions import LONG, PATIENCE, begin
from tests.browser.waiting import looking_copied, press

pytestmark = pytest.mark.browser
VERY_LONG = "count=64&steps=250&mode=exact"  # so that one may want to leave it alone


def test_drawing_goes_on_while_another_page_is_looked_at(page: Page, address: str) -> None:
    begin(page, f"{address}/?{LONG}&seed=750000")
    page.get_by_role("link", name="Models").click()
    row = page.locator(".st-key-works")
    expect(row).to_contain_text("Extract · 32 pictures", timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Bring your own model")).to_be_visible(timeout=PATIENCE)
    before = row.get_by_role("progressbar").get_attribute("aria-valuenow", timeout=PATIENCE)
    moved = "before => document.querySelector('.st-key-works [role=progressbar]')?.ariaValueNow !== before"
    page.wait_for_function(moved, arg=before, timeout=PATIENCE)
    press(row.get_by_test_id("stButton").get_by_role("button", name="Open"))
    expect(page.get_by_role("heading", name=looking_copied(32))).to_be_visible(timeout=PATIENCE)
    assert "seed=750000" in page.url and "count=32" in page.url


def test_work_is_stopped_from_another_page_and_what_is_finished_is_kept(page: Page, address: str) -> None:
    begin(page, f"{address}/?{VERY_LONG}&seed=760000")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="Every run so far")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Models").click()
    row = page.locator(".st-key-works")
    expect(row.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    press(row.get_by_role("button", name="Stop"))
    expect(row).to_contain_text("stopped, what is finished is kept", timeout=PATIENCE)
    press(row.get_by_test_id("stButton").get_by_role("button", name="Open"))
    expect(page.get_by_text(re.compile(r"Stopped: \d+ of 64 pictures are finished"))).to_be_visible(timeout=PATIENCE)


def test_a_closed_tab_ends_its_work_unless_it_was_told_to_go_on(chromium: Browser, address: str) -> None:
    left, later = (chromium.new_context(viewport={"width": 1440, "height": 1600}) for _ in range(2))
    try:
        first, second = left.new_page(), left.new_page()
        begin(first, f"{address}/?{VERY_LONG}&seed=770000")
        begin(second, f"{address}/?{VERY_LONG}&seed=780000")
        first.get_by_test_id("stMain").get_by_text("Go on without me").click()
        expect(first.get_by_text("You can close this tab")).to_be_visible(timeout=PATIENCE)
        left.close()
        third = later.new_page()
        third.goto(f"{address}/models")
        row = third.locator(".st-key-works")
        expect(row.get_by_role("progressbar")).to_have_count(1, timeout=PATIENCE)
        press(row.get_by_test_id("stButton").get_by_role("button", name="Open"))
        expect(third.get_by_role("button", name="Stop drawing")).to_be_visible(timeout=PATIENCE)
        assert "seed=770000" in third.url
        third.get_by_role("button", name="Stop drawing").click()
        expect(third.get_by_text(re.compile(r"Stopped: \d+ of 64"))).to_be_visible(timeout=PATIENCE)
    finally:
        later.close()
