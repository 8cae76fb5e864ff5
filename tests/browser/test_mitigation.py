"""Mitigation, as a class sees it: a memorised prompt without and with a method, then a general one."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PATIENCE = 300_000
COUNT = 4


def test_a_copy_dissolves_and_a_general_prompt_had_none(page: Page, address: str) -> None:
    page.goto(f"{address}/mitigation?count={COUNT}&method=wen&strength=1&seed=6000")
    page.get_by_role("button", name="Start").click(timeout=PATIENCE)
    dissolved = page.get_by_role("heading", name=re.compile(f"^The copies dissolve: {COUNT} of {COUNT} without"))
    expect(dissolved).to_be_visible(timeout=PATIENCE)
    pictures = page.locator(".sides img")
    expect(pictures).to_have_count(3 * COUNT)  # without, with, and the nearest training pictures
    expect(page.locator(".sides .copy")).to_have_count(COUNT)

    page.get_by_role("button", name="A general one").click()
    expect(page.get_by_role("heading", name=re.compile("^Nothing looks copied"))).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".sides .copy")).to_have_count(0)
    expect(page).to_have_url(re.compile("prompt="))
    expect(page.get_by_test_id("stException")).to_have_count(0)
