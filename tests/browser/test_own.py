"""A new owner's way through the app: name a model and pictures, look at what was understood, draw; score a folder."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from side_core.data.source import open_training_set
from tests.browser.waiting import PATIENCE, looking_copied

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training images in classes, a control and generated pictures; some names and files are awkward."""
    home = tmp_path_factory.mktemp("own")
    parts = {"train/a": [0, 30], "train/b": [30, 60], "control": [100, 140], "samples": [28, 32]}
    for part, (first, stop) in parts.items():
        (home / part).mkdir(parents=True)
        for i, image in enumerate(open_training_set(f"pixel-faces[{first}:{stop}]").images):
            Image.fromarray(np.ascontiguousarray(image)).save(home / part / f"{i:02} <i>.png")
    (home / "train" / "a" / "broken.png").write_bytes(b"no picture")
    return home


def test_own_model_and_pictures_are_understood_and_drawn(
    page: Page, address: str, own: Path, make_pipeline: Callable[..., Path]
) -> None:
    page.goto(f"{address}/models")
    model, control = str(make_pipeline()), str(own / "control")
    page.get_by_role("combobox", name="Model").fill(model)
    page.keyboard.press("Enter")
    expect(page.get_by_text("are not known: name a folder")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("textbox", name="Training images").fill(str(own / "train"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("a (30), b (30)")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("1 of 61 pictures")).to_be_visible()
    page.get_by_role("textbox", name="Control images").fill(control)
    page.keyboard.press("Enter")
    expect(page.get_by_text("40 of each, so that both have the same chance")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Draw pictures with it").click()
    expect(page.get_by_role("heading", name=looking_copied(16))).to_be_visible(timeout=PATIENCE)
    assert f"model={quote(model, safe='')}" in page.url and f"control={quote(control, safe='')}" in page.url
    page.get_by_role("button", name="How sure?").click()
    expect(page.get_by_text("Against 40 training images, as many as the control has")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_folder_is_scored_and_a_pair_chosen(page: Page, address: str, own: Path) -> None:
    link = {"pictures": "Score a folder"} | {
        name: str(own / part) for name, part in {"samples": "samples", "data": "train", "control": "control"}.items()
    }
    page.goto(f"{address}/?{urlencode(link)}")
    headline = page.get_by_role("heading", name=looking_copied(4))
    expect(headline).to_be_visible(timeout=PATIENCE)  # of those that are compared with: as many as the control has
    page.get_by_role("button", name="02 <i>.png").click()
    expect(page.get_by_role("dialog").get_by_text("Picture 02 <i>.png", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("dialog").get_by_text("Its ten nearest training images")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
