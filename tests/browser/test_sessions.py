"""Two people at once on one small machine, each in a browser of their own."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.waiting import looking_copied

pytestmark = pytest.mark.browser
PATIENCE = 120_000
LONG = "count=32&steps=90&mode=exact"  # two batches of 16


@pytest.fixture
def people(chromium: Browser) -> Iterator[Callable[[], Page]]:
    """Makes pages that share no cookie and no session."""
    contexts = []

    def another() -> Page:
        contexts.append(chromium.new_context(viewport={"width": 1440, "height": 1600}))
        return contexts[-1].new_page()

    yield another
    for context in contexts:
        context.close()


def begin(page: Page, address: str) -> None:
    """Open a link of pictures that are not drawn yet, and draw."""
    page.goto(address)
    stop, draw = (page.get_by_role("button", name=name) for name in ("Stop drawing", "Draw them"))
    expect(stop.or_(draw).first).to_be_visible(timeout=PATIENCE)
    if draw.is_visible():  # a slow machine asks first
        draw.click()
    expect(stop).to_be_visible(timeout=PATIENCE)


def bar_of(page: Page, least: int) -> None:
    """Wait until a bar stands at `least` percent."""
    there = "least => document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') >= least"
    page.wait_for_function(there, arg=least, timeout=PATIENCE)


def test_both_get_their_pictures_and_see_that_they_share(people: Callable[[], Page], address: str) -> None:
    first, second = people(), people()
    begin(first, f"{address}/?{LONG}&seed=700000")
    begin(second, f"{address}/?count=16&steps=60&mode=exact&seed=710000")
    expect(second.get_by_text(re.compile("left, shared with 1 other$"))).to_be_visible(timeout=PATIENCE)
    expect(first.get_by_text(re.compile("left, shared with 1 other$"))).to_be_visible(timeout=PATIENCE)
    expect(second.get_by_role("heading", name=looking_copied(16))).to_be_visible(timeout=PATIENCE)
    expect(first.get_by_role("heading", name=looking_copied(32))).to_be_visible(timeout=PATIENCE)
    for page, seeds in ((first, "7000"), (second, "7100")):
        drawn = page.get_by_alt_text(re.compile(f"^Generated with seed {seeds}"))
        expect(drawn.first).to_be_visible(timeout=PATIENCE)  # the gallery comes after its heading


def test_stop_of_one_leaves_the_other_and_a_closed_tab_frees_the_device(
    people: Callable[[], Page], address: str
) -> None:
    first, second, third = people(), people(), people()
    begin(first, f"{address}/?{LONG}&seed=720000")
    begin(second, f"{address}/?{LONG}&seed=730000")
    begin(third, f"{address}/?{LONG}&seed=740000")
    expect(first.get_by_text(re.compile("left, shared with 2 others$"))).to_be_visible(timeout=PATIENCE)
    second.get_by_role("button", name="Stop drawing").click()
    expect(second.get_by_text(re.compile(r"Stopped: \d+ of 32 pictures are finished"))).to_be_visible(timeout=PATIENCE)
    third.close()
    bar_of(first, 60)
    expect(first.get_by_text(re.compile(r" left$"))).to_be_visible(timeout=PATIENCE)  # it has the device for itself
    expect(first.get_by_role("heading", name=looking_copied(32))).to_be_visible(timeout=PATIENCE)
    expect(second.get_by_role("button", name="Go on")).to_be_visible()
