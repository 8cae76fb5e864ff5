"""Steering by a surrogate, as a person does it: from lambda 0 upwards, towards a cluster chosen by its pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, settled

pytestmark = pytest.mark.browser


def test_lambda_from_zero_upwards_by_keyboard(page: Page, address: str, make_surrogate: Callable[..., Path]) -> None:
    link = {"model": "ideal", "count": 4, "surrogate": str(make_surrogate()), "guidance_scale": 0}
    page.goto(f"{address}/?{urlencode(link)}")
    settled(page, "4 of 4 pictures beat the threshold")
    page.get_by_role("slider", name="Guidance scale").focus()
    page.keyboard.press("ArrowRight")
    settled(page, re.compile(r"of 4 steered pictures beat the threshold .*; plain: 4 of 4"))
    for alt in ("Steered with seed", "Plain with the same seed", "Its nearest training image"):
        expect(page.locator(f'.st-key-gallery img[alt^="{alt}"]')).to_have_count(4)
    expect(page.get_by_text(re.compile(r"times as many as without the surrogate \(95 % interval"))).to_be_visible()
    expect(page.get_by_text("How hard each step is steered")).to_be_visible()
    expect(page).to_have_url(re.compile(r"(?=.*guidance_scale=0\.5)(?=.*surrogate=)"), timeout=PATIENCE)
    steered = page.url
    page.goto("about:blank")
    page.goto(steered)
    settled(page, re.compile(r"of 4 steered pictures"))


def test_a_cluster_is_chosen_by_its_pictures(page: Page, address: str, make_surrogate: Callable[..., Path]) -> None:
    page.goto(f"{address}/?{urlencode({'model': 'ideal', 'count': 2, 'surrogate': str(make_surrogate())})}")
    settled(page, re.compile(r"of 2 steered pictures"))
    page.get_by_role("button", name="Choose by pictures").click()
    page.get_by_role("button", name="3 · cohesion 0.70").click()
    expect(page.get_by_text("seed 1 · steered to cluster 3")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("label=3"), timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
