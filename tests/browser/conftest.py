"""A real Chromium and the real app. Without a Chromium these tests are skipped on a laptop, and fail in CI.

`SIDE_SLOWER=4 pytest tests/browser` runs them on models that take four times as long.
"""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.speed import CHROMIUM_OPTIONS, find_chromium, running_app


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    entry = "tests/browser/slow_app.py" if os.environ.get("SIDE_SLOWER") else "app.py"
    with running_app(entry=entry) as (address, _):
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page. Whatever a test does with it, it asks this machine alone and keeps to the policy of the server."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1600})
    context.set_default_timeout(90_000)
    wrong = watched(context)
    yield context.new_page()
    context.close()
    assert not wrong


def watched(context: BrowserContext) -> list[str]:
    """What pages ask of other machines, and what the policy forbids them, as it comes up."""
    wrong: list[str] = []
    context.on("request", lambda request: None if is_local(request.url) else wrong.append(request.url))
    context.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    return wrong


def is_local(url: str) -> bool:
    """Whether a request stays on this machine; data and files have no host."""
    return url.startswith("blob:") or urlsplit(url).hostname in (None, "127.0.0.1")
