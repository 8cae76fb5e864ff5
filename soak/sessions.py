"""Twenty browser sessions at once with different settings: each must get the pictures that it gets alone."""

import time

import numpy as np
from playwright.sync_api import Browser

from soak.browser import gallery, tab, wait_for_gallery
from soak.server import Server, server

SESSIONS = 20


def links() -> list[str]:
    """Different settings: seeds, steps, noise, spacing, solver, steered or not, two models, both arithmetics."""
    found = []
    for number in range(SESSIONS):
        parts = [f"seed={1000 * number}", f"steps={15 + number}", f"count={8 + number % 9}"]
        parts += [["eta=0.5"], ["spacing=karras"], ["solver=multistep"], ["guidance_scale=20"], []][number % 5]
        parts += [["mode=exact"], [], ["model=pixel-faces-twin"], []][number % 4]
        found.append("/?" + "&".join(parts))
    return found


def sessions_figures(browser: Browser) -> dict[str, float]:
    """The same links alone, one after the other, and on another server all at once.

    `sessions_failed` shows no pictures or an error box, `sessions_levels_apart` is the largest difference of any
    8-bit value to the picture that the session gets alone, `sessions_peak_mib` the server's peak memory.
    """
    with server() as alone:
        expected = [alone_at(browser, alone, link) for link in links()]
    with server() as busy:
        start = time.perf_counter()
        pages = [tab(browser) for _ in links()]
        for page, link in zip(pages, links(), strict=True):
            page.goto(busy.address + link, wait_until="commit")
        failed, apart = 0, 0
        for page, wanted in zip(pages, expected, strict=True):
            try:
                wait_for_gallery(page)
            except Exception:  # a session that never shows its pictures is the finding
                failed += 1
                continue
            found = gallery(page)
            same = len(found) == len(wanted) and page.locator('[data-testid="stException"]').count() == 0
            failed += not same
            if same:
                pairs = zip(found, wanted, strict=True)
                apart = max(apart, *(int(np.abs(a.astype(int) - b).max()) for a, b in pairs))
        seconds, peak = time.perf_counter() - start, busy.mib("VmHWM")
        for page in pages:
            page.context.close()
    return {
        "sessions": SESSIONS,
        "sessions_failed": failed,
        "sessions_levels_apart": apart,
        "sessions_all_seconds": seconds,
        "sessions_peak_mib": peak,
    }


def alone_at(browser: Browser, alone: Server, link: str) -> list[np.ndarray]:
    """What a session gets that has the server to itself."""
    page = tab(browser)
    page.goto(alone.address + link)
    wait_for_gallery(page)
    found = gallery(page)
    page.context.close()
    return found
