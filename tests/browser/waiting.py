"""How browser tests wait: for what a person would see, and for the script to end."""

import re

from playwright.sync_api import Page, expect

PATIENCE = 300_000  # milliseconds; a busy machine is many times slower


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
