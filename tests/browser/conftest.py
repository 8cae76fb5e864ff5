"""A real Chromium and the real app; these tests fail, not skip, where Chromium is missing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from side_core.bench import CHROMIUM, CHROMIUM_OPTIONS, running_app


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with running_app() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1600})
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()
