"""How browser tests wait: for what a person would see, and for the script to end."""

import re
import time

from playwright.sync_api import Locator, Page, expect

PATIENCE = 300_000  # milliseconds; a busy machine is many times slower
REST = 0.3  # seconds


def looking_copied(count: int) -> re.Pattern[str]:
    """What Extract says of so many pictures in its heading."""
    return re.compile("^This picture" if count == 1 else f"of these {count:,} look")


def open_sidebar(page: Page) -> None:
    """Open the sidebar where it is closed, as it is on the stage."""
    if (opener := page.get_by_test_id("stExpandSidebarButton")).is_visible():
        opener.click()


def ended(page: Page, patience: float = PATIENCE) -> None:
    """Wait until the script has ended: what is set before that can be missing from the URL.

    A script that no longer shows a widget of the URL writes the URL anew when it ends. Streamlit's root element says
    whether one runs; its status widget comes late and tells only of a script that takes long.
    """
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=patience)


def settled(page: Page, heading: str | re.Pattern[str]) -> None:
    """Wait until a heading is there and the script has ended, without an exception."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE)
    ended(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def press(button: Locator) -> None:
    """Click where a button has come to rest, as a person does.

    What comes above it moves it away, also after the script has ended, and a click whose begin and end lie on different
    elements is none.
    """
    expect(button).to_be_visible(timeout=PATIENCE)
    ended(button.page)
    deadline, before = time.monotonic() + PATIENCE / 1000, None
    while (place := button.bounding_box(timeout=PATIENCE)) != before:
        assert time.monotonic() < deadline, "it never comes to rest"
        before = place
        button.page.wait_for_timeout(1000 * REST)
    button.click(timeout=PATIENCE)
