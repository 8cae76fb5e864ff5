"""A Chromium, and what its pages show."""

import base64
import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.speed import CHROMIUM_OPTIONS, find_chromium

PATIENCE = 120_000  # milliseconds
DONE = """() => !document.querySelector('[data-testid="stStatusWidget"]')
             && !document.querySelector('[data-testid="stSkeleton"]')
             && document.querySelectorAll('.cards img').length > 0"""
SOURCES = """() => [...document.querySelectorAll('.cards img')].map(e => [e.alt, e.src])"""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    path = find_chromium()
    if path is None:
        raise ValueError("No Chromium is installed: install one (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


def tab(browser: Browser, **options: Any) -> Page:
    """A page of a session of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 1200}, **options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def wait_for_gallery(page: Page) -> None:
    """Until all pictures are there and the script has ended."""
    page.wait_for_function(DONE, timeout=PATIENCE)


def gallery(page: Page) -> list[np.ndarray]:
    """(H, W, 3) uint8 pictures of the first page of the gallery, ordered by what they are said to be."""
    shown = sorted((alt.split(",")[0], src) for alt, src in page.evaluate(SOURCES))
    return [picture(src) for _, src in shown]


def picture(source: str) -> np.ndarray:
    """A picture from its data URI."""
    content = base64.b64decode(source.split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
