"""Stop, and a closed tab: how many denoising steps are still taken."""

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page

from soak.browser import tab
from soak.server import Server, server

ROUNDS = 5
LONG = "/?count=200&steps=200&mode=exact&seed={seed}"


def cancel_figures(browser: Browser) -> dict[str, float]:
    """The most and the median steps taken after Stop was pressed, and after the tab was closed."""
    figures = {}
    with server() as app:
        for name, end in (("stop", press_stop), ("closed_tab", close)):
            counts = [steps_after(browser, app, end, number) for number in range(ROUNDS)]
            figures[f"{name}_steps_after"] = statistics.median(counts)
            figures[f"{name}_steps_after_most"] = max(counts)
    return figures


def steps_after(browser: Browser, app: Server, end: Callable[[Page], float], number: int) -> int:
    """Begin a long run, end it, and count the steps that were taken from the click on."""
    page = tab(browser)
    page.goto(app.address + LONG.format(seed=10_000 * number + (5_000_000 if end is close else 0)))
    stop, begin = (page.get_by_role("button", name=name) for name in ("Stop drawing", "Draw them"))
    stop.or_(begin).wait_for()
    if begin.is_visible():
        begin.click()
    stop.wait_for()
    before = len(app.steps)
    while len(app.steps) < before + 10:
        page.wait_for_timeout(50)
    clicked = end(page)
    time.sleep(6)
    taken = sum(step > clicked for step in app.steps)
    if end is press_stop:
        page.get_by_role("button", name="Go on").or_(begin).first.wait_for()
        page.context.close()
    return taken


def press_stop(page: Page) -> float:
    """Press Stop; when that was."""
    when = time.monotonic()
    page.get_by_role("button", name="Stop drawing").click(no_wait_after=True)
    return when


def close(page: Page) -> float:
    """Close the tab; when that was."""
    when = time.monotonic()
    page.context.close()
    return when
