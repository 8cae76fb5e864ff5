"""Nothing jumps while a page comes: cumulative layout shift (CLS, web.dev/cls) of a first visit."""

import pytest
from playwright.sync_api import Browser

from tests.browser.waiting import ended

pytestmark = pytest.mark.browser
MOST = 0.1  # what counts as good
# Shifts that no input has caused, in windows of five seconds at most that end with a second of rest.
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifts.push([shift.startTime, shift.value]);
}).observe({ type: "layout-shift", buffered: true });
"""


def largest_window(shifts: list[tuple[float, float]]) -> float:
    """CLS of shifts (milliseconds, value)."""
    largest = window = begin = last = 0.0
    for at, value in shifts:
        if at - last > 1000 or at - begin > 5000:
            window, begin = 0.0, at
        window, last = window + value, at
        largest = max(largest, window)
    return largest


@pytest.mark.parametrize(
    "path", ["/", "/?guidance_scale=30", "/tour", "/prompts", "/surrogate", "/sweep", "/models", "/history"]
)
def test_a_page_comes_without_a_jump(chromium: Browser, address: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{address}{path}")
    page.get_by_role("heading").first.wait_for()
    ended(page)
    page.wait_for_timeout(500)  # what the last message has brought is painted
    shifts = page.evaluate("window.shifts")
    context.close()
    assert largest_window(shifts) <= MOST
