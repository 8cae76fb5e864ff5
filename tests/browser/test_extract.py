"""The main ways through the app, as a person goes them."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import PATIENCE, settled

pytestmark = pytest.mark.browser


def pairs(page: Page) -> Locator:
    """The pairs that the gallery shows."""
    return page.locator('[class*="st-key-pair-"]')


def test_first_visit_shows_real_faces_beside_training_faces(page: Page, address: str) -> None:
    page.goto(address)
    settled(page, re.compile(r"\d+ of 16 pictures beat the threshold"))
    expect(pairs(page)).to_have_count(16, timeout=PATIENCE)
    expect(page.get_by_text("95 % interval")).to_have_count(4, timeout=PATIENCE)  # three tiles, the second figure
    expect(page.get_by_text("Same pictures against the control")).to_be_visible()
    expect(page.get_by_text("4,096 plain pictures against the control")).to_be_visible()
    expect(page.get_by_text("From noise to image", exact=True)).to_be_visible(timeout=PATIENCE)
    image = page.locator('img[alt^="Generated with seed 0, d₁/d₂ 0."]')
    assert image.evaluate("e => [e.naturalWidth, e.clientWidth > 60]") == [16, True]
    expect(page.get_by_alt_text(re.compile("Its nearest training image, face-"))).to_have_count(16, timeout=PATIENCE)


def test_slider_redraws_and_stands_in_the_link(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal")
    settled(page, re.compile(r"16 of 16 pictures"))
    page.get_by_role("slider", name="Images").focus()
    page.keyboard.press("ArrowRight")
    settled(page, re.compile(r"17 of 17 pictures"))
    expect(page).to_have_url(re.compile("count=17"), timeout=PATIENCE)
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    settled(page, re.compile(r"17 of 17 pictures"))


def test_choosing_a_pair_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=4")
    settled(page, "4 of 4 pictures")
    page.locator(".st-key-pair-3 button").first.focus()
    page.keyboard.press("Enter")
    settled(page, "Seed 3 in detail")


def test_stop_keeps_what_is_finished_and_go_on_finishes(page: Page, address: str) -> None:
    page.goto(f"{address}/?count=48&steps=100&mode=exact")
    stop, begin = (page.get_by_role("button", name=name) for name in ("Stop drawing", "Draw them"))
    expect(stop.or_(begin)).to_be_visible(timeout=PATIENCE)
    if begin.is_visible():  # a slow machine asks first
        begin.click()
    expect(stop).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"about \d+ (s|min) left"))).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(
        "() => document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') >= 35", timeout=PATIENCE
    )
    stop.click()
    expect(page.get_by_text("Stopped: 16 of 48 pictures are finished.")).to_be_visible(timeout=PATIENCE)
    settled(page, re.compile(r"\d+ of 16 pictures beat the threshold"))
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_a_mistake_in_a_link_gets_a_sentence(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&first_timestep=10")
    expect(page.get_by_text("25 steps do not fit between timesteps 10 and 0")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
