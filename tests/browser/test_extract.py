"""The main ways through the app, as a person goes them."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import PATIENCE, ended, looking_copied, settled

pytestmark = pytest.mark.browser


def pairs(page: Page) -> Locator:
    """The pairs that the gallery shows."""
    return page.locator(".cards button")


def test_first_visit_shows_real_faces_beside_training_faces(page: Page, address: str) -> None:
    page.goto(address)
    settled(page, looking_copied(16))
    expect(pairs(page)).to_have_count(16, timeout=PATIENCE)
    image = page.locator('.cards img[alt^="Generated with seed 0, d₁/d₂ 0."]')
    assert image.evaluate("e => [e.naturalWidth, e.clientWidth > 50]") == [16, True]
    expect(page.locator('.cards img[alt^="Its nearest training image, face-"]')).to_have_count(16, timeout=PATIENCE)
    expect(page.locator('.pair img[alt^="Generated with seed"]')).to_have_count(1)
    assert page.get_by_text("95 % interval").count() == 0  # the answer in words comes first
    page.get_by_role("button", name="How sure?").click()
    figures = page.locator(".st-key-figures").get_by_text("95 % interval")
    expect(figures).to_have_count(4, timeout=PATIENCE)  # three tiles, the second figure
    expect(page.get_by_text("Same pictures against the control")).to_be_visible()
    expect(page.get_by_text("4,096 plain pictures against the control")).to_be_visible()


def test_lambda_is_followed_while_it_is_dragged(page: Page, address: str) -> None:
    page.goto(address)
    settled(page, looking_copied(16))
    expect(page.locator(".sentence")).to_have_text("2 of these 16 look copied; by chance we would expect none.")
    expect(page.get_by_role("slider", name="Images")).to_be_visible(timeout=PATIENCE)  # the model is there
    ended(page)
    track = page.locator(".st-key-guidance_scale [role=group]").bounding_box()
    thumb = page.locator(".st-key-guidance_scale [data-testid=stSliderThumbValue]").locator("xpath=..").bounding_box()
    assert track is not None and thumb is not None
    middle = thumb["y"] + thumb["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(track["x"] + 0.4 * track["width"], middle)
    steered = re.compile(r"11 of these 16 look copied \(2 without the surrogate\)")
    expect(page.locator(".sentence")).to_have_text(steered)  # the server knows nothing of it yet
    expect(page.locator('.cards img[alt^="Steered with seed"]')).to_have_count(16)
    assert "guidance_scale" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile("guidance_scale="), timeout=PATIENCE)
    ended(page)
    expect(page.locator(".sentence")).to_have_text(steered)


def test_a_pair_is_compared_by_blinking_and_swiping(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=4")
    settled(page, looking_copied(4))
    training = page.locator(".pair .pictures .training")
    page.get_by_role("button", name="Blink").click()
    expect(training).to_be_hidden()
    expect(training).to_be_visible()  # the other one's turn
    page.get_by_role("button", name="Swipe").click()
    handle = page.get_by_role("slider", name="How much of the training picture")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "55%" in training.evaluate("e => getComputedStyle(e).clipPath")
    page.get_by_role("button", name="Side by side").click()
    expect(handle).to_be_hidden()


def test_slider_redraws_and_stands_in_the_link(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal")
    settled(page, looking_copied(16))
    page.get_by_role("slider", name="Images").focus()
    page.keyboard.press("ArrowRight")
    settled(page, looking_copied(17))
    expect(page).to_have_url(re.compile("count=17"), timeout=PATIENCE)
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    settled(page, looking_copied(17))


def test_choosing_a_pair_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=4")
    settled(page, looking_copied(4))
    pairs(page).nth(3).focus()
    page.keyboard.press("Enter")
    detail = page.get_by_role("dialog")
    expect(detail.get_by_text("Its ten nearest training images")).to_be_visible(timeout=PATIENCE)
    expect(detail.get_by_text("drawn by the model, seed 3")).to_be_visible()
    expect(detail.get_by_text("From noise to image")).to_be_visible()
    page.keyboard.press("Escape")
    expect(detail).to_have_count(0)


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
    settled(page, looking_copied(16))
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_a_mistake_in_a_link_gets_a_sentence(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&first_timestep=10")
    expect(page.get_by_text("25 steps do not fit between timesteps 10 and 0")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
