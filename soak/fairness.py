"""Twenty sessions that all draw new pictures, again and again: what each of them gets, and how long it waits."""

import asyncio
import statistics
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Browser

from soak.client import Client, Visit
from soak.server import Server, server

SESSIONS, SECONDS = 20, 120.0
APART = 1000  # seeds from one run of a session to its next: no picture is drawn twice


def fairness_figures(browser: Browser) -> dict[str, float]:
    """Without browsers, which would share the cores: what the server gives.

    `fairness_least_of_median` is what the least served session finished over what the middle one did;
    `fairness_p95_of_p50` compares the slow runs with the usual one; `fairness_failed` runs showed no new pictures.
    """
    with server() as busy, ThreadPoolExecutor(1) as aside:  # the browser's own loop runs in this thread
        rounds = aside.submit(lambda: asyncio.run(all_at_once(busy))).result()
    counts = [len(visits) for visits in rounds]
    visits = [visit for own in rounds for visit in own]
    seconds = sorted(visit.seconds for visit in visits)
    p50, p95 = (statistics.quantiles(seconds, n=100)[percent - 1] for percent in (50, 95))
    return {
        "fairness_sessions": SESSIONS,
        "fairness_runs": len(visits),
        "fairness_failed": sum(not visit.shown for visit in visits),
        "fairness_least": min(counts),
        "fairness_most": max(counts),
        "fairness_least_of_median": min(counts) / statistics.median(counts),
        "fairness_p50_seconds": p50,
        "fairness_p95_seconds": p95,
        "fairness_p95_of_p50": p95 / p50,
    }


async def all_at_once(server: Server) -> list[list[Visit]]:
    """What each session finished within the time, once all have opened the page."""
    opened = asyncio.Barrier(SESSIONS)
    return await asyncio.gather(*(session(server, number, opened) for number in range(SESSIONS)))


async def session(server: Server, number: int, opened: asyncio.Barrier) -> list[Visit]:
    """One that moves its seed as soon as its pictures are there."""
    async with Client(server) as client:
        first = number * 10**7
        found: list[Visit] = []
        await client.visit(first)
        await opened.wait()
        end = asyncio.get_running_loop().time() + SECONDS
        while asyncio.get_running_loop().time() < end:
            found.append(await client.visit(first + APART * (len(found) + 1)))
        return found
