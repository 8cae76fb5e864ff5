"""Prompts, as a person goes through it: a memorised prompt, its words, another name, and the copy is gone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from side_core.data.captioned import captioned_faces
from side_core.data.names import GIVEN
from side_core.prompts.examples import embedded_examples
from tests.browser.waiting import ended, looking_copied

pytestmark = pytest.mark.browser
PATIENCE = 300_000
START = embedded_examples()[0].prompt
MOST = next(face for face in captioned_faces() if face.caption == START)

# What the page does, whether it draws, and which words are visible, every few milliseconds.
WATCH = """() => {
  window.seen = [];
  const fresh = element => element.closest('[data-stale]')?.dataset.stale === 'false';
  setInterval(() => {
    const words = [...document.querySelectorAll('.st-key-words button')];
    window.seen.push({
      doing: document.querySelector('[data-testid="stSpinner"]')?.innerText ?? '',
      forming: [...document.querySelectorAll('img[alt="An unfinished picture"]')].some(fresh),
      running: document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== 'notRunning',
      words: words.filter(word => word.checkVisibility({visibilityProperty: true})).map(word => word.innerText),
    });
  }, 25);
}"""
# The words have changed, and the new pictures form; a slow machine asks first.
BEGUN = """() => {
  const changed = window.seen.findIndex(one => String(one.words) !== String(window.seen[0].words));
  return changed >= 0 && window.seen.slice(changed).some(one => one.forming || !one.running);
}"""


def settled(page: Page) -> None:
    """Wait until training pictures stand beside pictures, and the script has ended; a slow machine asks before."""
    beside = page.get_by_text(re.compile("^Nearest training picture")).last
    asked = page.get_by_role("button", name="Draw them")
    expect(beside.or_(asked).first).to_be_visible(timeout=PATIENCE)
    ended(page, PATIENCE)
    if asked.is_visible():
        asked.click()
        expect(beside).to_be_visible(timeout=PATIENCE)
        ended(page, PATIENCE)


def begin(page: Page) -> None:
    """Wait until pictures form; a slow machine asks first."""
    forming, button = (
        page.get_by_alt_text("An unfinished picture").first,
        page.get_by_role("button", name="Draw them"),
    )
    expect(forming.or_(button).first).to_be_visible(timeout=PATIENCE)
    if button.is_visible():
        button.click()
    expect(forming).to_be_visible(timeout=PATIENCE)


def field(page: Page) -> Locator:
    """The prompt."""
    return page.get_by_role("textbox", name="Prompt", exact=True)


def edited(page: Page) -> Locator:
    """The edited prompt."""
    return page.get_by_role("textbox", name="Edited prompt")


def score(page: Page) -> Locator:
    """The figure of the score, or of both."""
    return page.locator(".st-key-score-figures").get_by_test_id("stMetricValue")


def test_a_memorised_prompt_its_name_and_how_the_copy_dissolves(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?seed=4000&count=4")
    expect(score(page)).to_be_visible(timeout=PATIENCE)
    settled(page)
    expect(field(page)).to_have_value(MOST.caption)
    drawn = page.locator('.cards.alone img[alt^="Generated with seed "][alt*=", d₁/d₂ "]')
    expect(drawn).to_have_count(4, timeout=PATIENCE)
    nearest = page.locator(".st-key-prompt-results figcaption")
    expect(nearest).to_have_text(f"4 of 4: {MOST.caption} (shown {MOST.repeats} times in training)", timeout=PATIENCE)
    first = page.locator(".st-key-words").get_by_role("button", name=re.compile(" 1$"))
    expect(first).to_have_count(1, timeout=PATIENCE)
    before = score(page).inner_text()
    word = page.locator(".st-key-words").get_by_role("button", name=re.compile(f"^{MOST.family} "))
    word.click()
    without = MOST.caption.replace(f" {MOST.family}", "")
    expect(edited(page)).to_have_value(without, timeout=PATIENCE)
    expect(field(page)).to_have_value(MOST.caption)
    expect(score(page)).to_have_count(2, timeout=PATIENCE)
    expect(score(page).first).to_have_text(before)
    expect(drawn).to_have_count(8, timeout=PATIENCE)  # side by side, from the same noise
    settled(page)
    assert score(page).last.inner_text() != before
    for side in drawn.all()[:4], drawn.all()[4:]:
        assert [re.findall(r"seed (\d+)", image.get_attribute("alt") or "")[0] for image in side] == [
            *("4000", "4001", "4002", "4003")
        ]
    word.click()
    expect(score(page)).to_have_count(1, timeout=PATIENCE)
    expect(edited(page)).to_have_value("")
    rows = page.locator(".tried tbody tr")
    expect(rows).to_have_count(1, timeout=PATIENCE)
    expect(rows.locator("th")).to_have_text(without)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_word_is_replaced_by_typing_and_the_link_reopens_it(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?count=1")
    settled(page)
    page.locator(".st-key-words").get_by_role("button", name=re.compile(f"^{MOST.given} ")).click()
    other = next(name for name in GIVEN if name != MOST.given)
    box = page.get_by_role("combobox", name=f"In place of {MOST.given}")
    expect(box).to_be_visible(timeout=PATIENCE)
    box.fill(other)
    page.keyboard.press("Enter")
    changed = MOST.caption.replace(MOST.given, other)
    expect(edited(page)).to_have_value(changed, timeout=PATIENCE)
    expect(page).to_have_url(re.compile(f"edited=portrait.of.{other}"), timeout=PATIENCE)
    settled(page)
    value, link = score(page).last.inner_text(), page.url
    page.goto("about:blank")
    page.goto(link)
    settled(page)
    expect(edited(page)).to_have_value(changed, timeout=PATIENCE)
    expect(score(page).last).to_have_text(value, timeout=PATIENCE)


def test_stop_keeps_what_there_is_to_see_and_go_on_finishes(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?seed=5000&count=16")
    begin(page)
    page.get_by_role("button", name="Stop drawing").click()
    expect(page.get_by_text("Stopped: 0 of 16 pictures are finished.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text("An unfinished picture").first).to_be_visible(timeout=PATIENCE)
    expect(score(page)).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    settled(page)
    expect(page.get_by_role("heading", name=looking_copied(16))).to_be_visible()


def test_the_words_are_always_those_of_the_prompt_in_the_field(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?count=16&steps=100&score_images=4&first_steps=10")
    words = page.locator(".st-key-words").get_by_role("button")
    expect(words).to_have_count(len(re.findall(r"\w+", START)), timeout=PATIENCE)
    page.evaluate(WATCH)
    field(page).fill("portrait of Zed")
    page.keyboard.press("Enter")
    page.wait_for_function(BEGUN, timeout=PATIENCE)
    seen = page.evaluate("window.seen")
    changed = next(place for place, one in enumerate(seen) if one["words"] != seen[0]["words"])
    sought = [one for one in seen[:changed] if one["doing"].startswith("Explaining")]
    shown = [[word.split()[0] for word in one["words"]] for one in sought + seen[changed:]]
    assert shown[-1] == ["portrait", "of", "Zed"]
    assert not [words for words in shown if words != shown[-1][: len(words)]]  # they may come one after the other


def test_a_model_without_text_has_a_way_out(page: Page, address: str) -> None:
    page.goto(f"{address}/prompts?model=ideal&count=1")
    expect(page.get_by_text("'ideal' draws without a text")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Use pixel-faces-text").click()
    settled(page)
    expect(page).not_to_have_url(re.compile("model="), timeout=PATIENCE)
