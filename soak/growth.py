"""One session of forty steps: sliders, other models, a training, cancelling, other pages; how much memory is left."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from soak.browser import PATIENCE, tab
from soak.server import server

ROUND = 8  # steps; five rounds are forty
ROUNDS = 5


def growth_figures(browser: Browser) -> dict[str, float]:
    """MiB that the server holds after forty steps beyond what it held after the first round's warm-up, and in all."""
    with server() as app:
        page = tab(browser)
        page.goto(app.address)
        page.get_by_role("slider", name="Images").wait_for(timeout=PATIENCE)  # the model is loaded
        settled(page)
        before, sizes = app.mib(), []
        for number in range(ROUNDS):
            for step in steps_of(number):
                step(page)
                settled(page)
            sizes.append(app.mib())
        page.context.close()
    return {
        "growth_steps": ROUND * ROUNDS,
        "growth_mib": sizes[-1] - before,
        "growth_last_rounds_mib": sizes[-1] - sizes[1],
        "growth_peak_mib": max(sizes),
    }


def steps_of(number: int) -> list[Callable[[Page], None]]:
    """One round: each is what a person does, and leads to another gallery or page."""
    other = ("pixel-faces-twin", "ideal", "pixel-faces")[number % 3]
    return [
        lambda page: press(page, "Noise added back", "ArrowRight", "Schedule"),
        lambda page: press(page, "Images", "ArrowRight"),
        lambda page: choose(page, "Model", other),
        lambda page: press(page, "Steps", "ArrowRight", "Drawing"),
        lambda page: cancel(page, number),
        train,
        lambda page: page.get_by_role("link", name="Extract").click(),
        lambda page: choose(page, "Model", "pixel-faces"),
    ]


def home(page: Page) -> str:
    """The address of the app."""
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}"


def settled(page: Page) -> None:
    """Until the script has ended."""
    page.wait_for_timeout(1000)  # until it has begun
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)


def press(page: Page, slider: str, key: str, group: str = "") -> None:
    """Move a slider, which may lie in a group of the settings that is closed."""
    found = page.get_by_role("slider", name=slider).first
    label = page.get_by_text(group, exact=True).first if group else found
    for closed, name in ((label, "Settings"), (found, group)) if group else ():
        if not closed.is_visible():
            page.get_by_text(name, exact=True).first.click()
            page.wait_for_timeout(700)
    found.focus()
    page.keyboard.press(key)


def choose(page: Page, label: str, value: str) -> None:
    """Choose from a list."""
    option = page.get_by_role("option").filter(has_text=re.compile(f"^{value}$"))
    for _ in range(10):  # a list that opens while the page still changes closes again
        page.get_by_role("combobox", name=re.compile(label)).first.focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(700)
        if option.is_visible():
            break
    option.click()


def cancel(page: Page, number: int) -> None:
    """Begin a run of 200 pictures and stop it."""
    page.goto(f"{home(page)}/?count=200&steps=200&mode=exact&seed={10_000 * (number + 1)}")
    stop, begin = (page.get_by_role("button", name=name) for name in ("Stop drawing", "Draw them"))
    stop.or_(begin).wait_for()
    if begin.is_visible():
        begin.click()
    stop.wait_for()
    page.wait_for_timeout(1500)
    stop.click()


def train(page: Page) -> None:
    """Make a small surrogate of the ideal model."""
    small = "of=ideal&draw_steps=5&synthetic_count=256&label_source=clusters&clusters=6&cohesion=0&lesson=Own+settings"
    page.goto(f"{home(page)}/surrogate?{small}&train_steps=20")
    draw, train = (page.get_by_role("button", name=name, exact=True) for name in ("Draw 256 images", "Train"))
    heading = page.get_by_role("heading", name="4 · Save")
    draw.or_(train).or_(heading).first.wait_for()
    if draw.is_visible():
        draw.click()
        train.or_(heading).first.wait_for()
    if train.is_visible():
        train.click()
    heading.wait_for()
