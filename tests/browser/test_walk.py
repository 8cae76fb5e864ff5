"""Through every page, with every built-in model, and back: no error box, and nothing that the address said is lost."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from side_core.files.assets import BUILT_INS
from tests.browser.waiting import PATIENCE, ended, open_sidebar

pytestmark = pytest.mark.browser
WALK = ("Sweep", "Prompts", "Surrogate", "Models", "History", "Tour", "Extract")
SETTLING = 60  # seconds
ERRORS = '[data-testid="stException"], [data-testid="stAlertContentError"]'


def said(page: Page) -> tuple[str, dict[str, list[str]]]:
    """The page and its settings, as the address says; a number may be written in two ways."""
    parts = urlsplit(page.url)
    return parts.path, {name: [plain(text) for text in texts] for name, texts in parse_qs(parts.query).items()}


def plain(text: str) -> str:
    """A number without the zeros at its end."""
    return text.removesuffix(".0")


def well(page: Page, path: str) -> None:
    """Wait until a page is there and its script has ended; it shows no error."""
    page.wait_for_function("path => location.pathname === path", arg=path, timeout=PATIENCE)
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
    ended(page)
    expect(page.locator(ERRORS)).to_have_count(0)


def says(page: Page, path: str, settings: dict[str, list[str]]) -> None:
    """Wait until the address says this, and still does when the script has ended.

    The path changes at once, before the script of that page begins; until its widgets are there, Streamlit may leave
    their settings out of the address.
    """
    well(page, path)
    deadline = time.monotonic() + SETTLING
    while said(page) != (path, settings) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    well(page, path)
    assert said(page) == (path, settings)


def path_of(name: str) -> str:
    return "/" if name == "Extract" else f"/{name.lower()}"


def walk(page: Page) -> list[tuple[str, dict[str, list[str]]]]:
    """Every page by the list in the sidebar, and what each address says."""
    seen = [said(page)]
    for name in WALK:
        open_sidebar(page)
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        well(page, path_of(name))
        seen.append(said(page))
    return seen


@pytest.mark.parametrize("model", BUILT_INS)
def test_a_model_goes_through_every_page(model: str, page: Page, address: str) -> None:
    page.goto(f"{address}/?count=2&steps=2&model={model}")
    well(page, "/")
    seen = walk(page)
    assert seen[-1][1].get("model", ["pixel-faces"]) == [model]


def test_back_forward_and_reload_keep_what_every_page_said(page: Page, address: str) -> None:
    page.goto(f"{address}/?count=2&steps=2&model=pixel-faces-twin&guidance_scale=5&seed=7")
    well(page, "/")
    seen = walk(page)
    assert seen[0][1]["guidance_scale"] == ["5"] and seen[-1][1]["seed"] == ["7"]
    for way, states in ((page.go_back, seen[-2::-1]), (page.go_forward, seen[1:])):
        for path, settings in states:
            way()
            says(page, path, settings)
            if way == page.go_back:  # once for each page
                page.reload()
                says(page, path, settings)
