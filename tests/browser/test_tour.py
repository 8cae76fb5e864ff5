"""The tour by keyboard alone, definitions on focus, and what a class sees of the app."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from pages._parts.inputs.view import LARGER
from pages._parts.show.glossary import TERMS
from pages._parts.tour.steps import STEPS
from tests.browser.waiting import PATIENCE, ended, looking_copied, open_sidebar, settled

pytestmark = pytest.mark.browser
LARGE = f"{16 * LARGER:g}px"
HIDDEN = ("Spacing", "First timestep", "Noise added back (eta)", "Compare by", "Arithmetic", "Other training images")


def press_until(page: Page, key: str, target: Locator, most: int = 60) -> None:
    """Press a key until an element has the focus, as a person without a mouse does."""
    for _ in range(most):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} was not reached by {key}")


def test_the_whole_tour_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/tour")
    noise = "Noise, as a timestep"
    controls = ("Step from noise to face", None, None, noise, "Guidance scale λ", "Threshold", noise)
    for number, (step, control) in enumerate(zip(STEPS, controls, strict=True), 1):
        settled(page, step.title)
        expect(page.locator(".tour img, .row-of-figures img").first).to_be_visible(timeout=PATIENCE)
        if step.name == "2":
            press_until(page, "Tab", page.locator(".st-key-face button").first)
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Enter")
            expect(page.get_by_text("generated, seed 47")).to_be_visible(timeout=PATIENCE)
        elif control is not None:
            slider = page.get_by_role("slider", name=control)
            press_until(page, "Tab", slider)
            before = slider.get_attribute("aria-valuetext")
            page.keyboard.press("ArrowRight")  # moves the slider, not the tour
            expect(slider).not_to_have_attribute("aria-valuetext", str(before), timeout=PATIENCE)
            expect(page).to_have_url(re.compile(r"[?&](at|noise|lam|limit|buried)="), timeout=PATIENCE)
            ended(page)
            expect(page.get_by_role("heading", name=step.title)).to_be_visible()
        if step.name == "5":
            flip = page.get_by_label("Flip the picture")
            press_until(page, "Tab", flip)
            page.keyboard.press("Space")
            expect(page.get_by_text("The same face to us.")).to_be_visible(timeout=PATIENCE)
        if number < len(STEPS):
            page.evaluate("document.activeElement.blur()")
            page.keyboard.press("ArrowRight")
            expect(page).to_have_url(re.compile(rf"step={STEPS[number].name}"), timeout=PATIENCE)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowLeft")
    settled(page, STEPS[-2].title)


BELOW = "() => { const e = document.querySelector('[data-testid=stMain]'); return e.scrollHeight - e.clientHeight; }"
ON_STAGE = [
    *(f"tour?step={step.name}&size=true" for step in STEPS),
    *("?view=demo&size=true", "?view=demo", "prompts?view=demo&size=true"),
]


@pytest.mark.parametrize("path", ON_STAGE)
def test_nothing_lies_below_the_fold_of_a_projector(page: Page, address: str, path: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{address}/{path}")
    expect(page.locator(".tour img, .row-of-figures img, .cards img").first).to_be_visible(timeout=PATIENCE)
    ended(page)
    page.wait_for_function(f"() => ({BELOW})() <= 0", timeout=20_000)
    assert page.get_by_test_id("stSidebar").evaluate("e => e.getBoundingClientRect().right") <= 0


def test_play_goes_from_noise_to_face(page: Page, address: str) -> None:
    page.goto(f"{address}/tour?at=1")
    settled(page, STEPS[0].title)
    expect(page.locator(".st-key-play button")).to_be_visible(timeout=PATIENCE)
    ended(page)
    page.keyboard.press("p")
    expect(page.get_by_text("after step 25 of 25")).to_be_visible(timeout=PATIENCE)


def test_a_definition_shows_on_focus_and_on_hover_within_the_window(page: Page, address: str) -> None:
    page.goto(f"{address}/tour?size=true")
    settled(page, STEPS[0].title)
    for name in ("diffusion model", "estimate"):  # at the left and at the right end of the line
        term = page.locator(".term", has_text=re.compile(f"^{name}"))
        tip = term.get_by_role("tooltip", include_hidden=True)
        expect(tip).to_be_hidden()
        term.focus()
        expect(tip).to_be_visible()
        expect(tip).to_have_text(TERMS[name])
        expect(term).to_have_attribute("aria-describedby", str(tip.get_attribute("id")))
        box = tip.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 1440
        page.keyboard.press("Tab")
        expect(tip).to_be_hidden()
        term.hover()
        expect(tip).to_be_visible()
        page.mouse.move(0, 0)
        expect(tip).to_be_hidden()


def test_demo_hides_what_a_class_need_not_see_and_changes_no_setting(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=4&steps=12&spacing=karras&view=demo")
    settled(page, looking_copied(4))
    expect(page.locator(".cards button")).to_have_count(4)
    settings = page.get_by_text(re.compile("^Settings "))
    digest = settings.text_content()
    for label in HIDDEN:
        hidden = page.get_by_text(label).first
        expect(hidden).to_be_attached()
        expect(hidden).to_be_hidden()
    page.get_by_role("button", name="How sure?").click()
    for text in (settings, page.get_by_text("How near the pictures come"), page.get_by_text("AMS and UMS by band")):
        expect(text).to_be_attached(timeout=PATIENCE)
        expect(text).to_be_hidden()
    open_sidebar(page)
    for label in ("Model", "Images"):
        expect(page.get_by_test_id("stSidebar").get_by_text(label, exact=True).first).to_be_visible()
    for _ in range(60):  # nothing hidden takes the focus
        page.keyboard.press("Tab")
        assert not page.evaluate("document.activeElement.closest('[class*=\"st-key-detail-\"]') !== null")
    page.get_by_role("radio", name="everything").or_(page.get_by_role("button", name="everything")).first.click()
    expect(settings).to_be_visible(timeout=PATIENCE)
    assert settings.text_content() == digest
    chart = page.locator(".js-plotly-plot .main-svg").first
    expect(chart).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("spacing=karras"), timeout=PATIENCE)


def test_view_and_size_stay_from_page_to_page(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=2&view=demo&size=true")
    settled(page, looking_copied(2))
    open_sidebar(page)
    expect(page.get_by_role("switch", name="Projector size")).to_be_checked()
    text = page.locator("html")
    expect(text).to_have_css("font-size", LARGE, timeout=PATIENCE)  # styles come after what they are about
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Tour").click()
    settled(page, STEPS[0].title)
    open_sidebar(page)
    expect(page).to_have_url(re.compile(r"/tour\?(?=.*view=demo)(?=.*size=true)"), timeout=PATIENCE)
    expect(page.get_by_role("switch", name="Projector size")).to_be_checked()
    expect(text).to_have_css("font-size", LARGE, timeout=PATIENCE)
    page.get_by_text("Projector size").click()
    expect(page).not_to_have_url(re.compile("size="), timeout=PATIENCE)
    expect(text).to_have_css("font-size", "16px", timeout=PATIENCE)
