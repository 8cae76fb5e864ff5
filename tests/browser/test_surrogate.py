"""From nothing but a model to a surrogate that steers it, as a person goes that way."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, press

pytestmark = pytest.mark.browser
SMALL = {
    "of": "ideal",
    "steps": "5",
    "label_source": "clusters",
    "clusters": "6",
    "cohesion": "0",
    "lesson": "Own settings",
    "train_steps": "20",
}


def test_a_surrogate_is_drawn_grouped_trained_saved_and_steers(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/surrogate?{urlencode(SMALL | {'images': 256})}")
    page.get_by_role("button", name="Draw 256 images").click()
    expect(page.get_by_text("6 of 6 clusters are kept")).to_be_visible(timeout=PATIENCE)
    assert page.get_by_alt_text("An image the model drew").count() == 32
    tau = page.get_by_role("slider", name="Least cohesion")
    tau.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("All 6 clusters are dropped")).to_be_visible(timeout=PATIENCE)
    tau.focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="4 · Save")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Stop training")).to_have_count(0)
    page.get_by_role("textbox", name="Folder").fill(str(tmp_path / "mine"))
    page.keyboard.press("Enter")
    press(page.get_by_role("button", name="Save"))
    expect(page.get_by_text(f"Saved in {tmp_path}/mine")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Steer with it on Extract").click()
    expect(page.get_by_text(re.compile(r"· surrogate [0-9a-f]{12} ·"))).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("(?=.*surrogate=)(?=.*model=ideal)"), timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_stop_while_drawing_keeps_what_is_drawn(page: Page, address: str) -> None:
    page.goto(f"{address}/surrogate?{urlencode(SMALL | {'images': 4096, 'steps': 50})}")
    page.get_by_role("button", name="Draw 4,096 images").click()
    expect(page.get_by_alt_text("An image the model drew").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Draw 4,096 images")).to_have_count(0)  # it would be drawn anew
    page.get_by_role("button", name="Stop drawing").click()
    expect(page.get_by_text(re.compile(r"Stopped: [\d,]+ of 4,096 images are drawn and kept"))).to_be_visible(
        timeout=PATIENCE
    )
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
