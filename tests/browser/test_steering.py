"""Steering by a surrogate, as a person does it: from lambda 0 upwards, towards a cluster chosen by its pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, looking_copied, settled

pytestmark = pytest.mark.browser


def test_lambda_from_zero_upwards_by_keyboard(page: Page, address: str, make_surrogate: Callable[..., Path]) -> None:
    link = {"model": "ideal", "count": 4, "surrogate": str(make_surrogate()), "guidance_scale": 0}
    page.goto(f"{address}/?{urlencode(link)}")
    settled(page, looking_copied(4))
    page.get_by_role("slider", name="Guidance scale").focus()
    page.keyboard.press("ArrowRight")
    settled(page, re.compile(r"of these 4 looks? copied \(4 without the surrogate\); by chance"))
    for alt in ("Steered with seed", "Its nearest training image"):
        expect(page.locator(f'.cards img[alt^="{alt}"]')).to_have_count(4)
    page.get_by_role("button", name="How sure?").click()
    expect(
        page.get_by_text(re.compile(r"times\*{0,2} as many as without the surrogate \(95 % interval"))
    ).to_be_visible()
    page.get_by_text("How they were drawn").click()
    expect(page.get_by_text("How hard each step is steered")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(r"(?=.*guidance_scale=0\.5)(?=.*surrogate=)"), timeout=PATIENCE)
    steered = page.url
    page.goto("about:blank")
    page.goto(steered)
    settled(page, looking_copied(4))


def test_a_cluster_is_chosen_by_its_pictures(page: Page, address: str, make_surrogate: Callable[..., Path]) -> None:
    page.goto(f"{address}/?{urlencode({'model': 'ideal', 'count': 2, 'surrogate': str(make_surrogate())})}")
    settled(page, looking_copied(2))
    page.get_by_text("Settings", exact=True).click()
    page.get_by_text("Steering", exact=True).click()
    page.get_by_role("button", name="Choose by pictures").click()
    page.get_by_role("button", name="3 · cohesion 0.70").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE)
    expect(page).to_have_url(re.compile("label=3"), timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
