"""Every page before axe-core, in both themes."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from soak.browser import PATIENCE, tab
from soak.server import server

PAGES = (
    "/",
    "/?guidance_scale=20",
    "/?pictures=Score+a+folder",
    "/?view=demo",
    "/surrogate",
    "/surrogate?way=Load",
    "/sweep",
    "/theory",
    "/theory?experiment=growth",
    "/prompts",
    "/tour",
    *(f"/tour?step={step}" for step in range(2, 7)),
    "/history",
    "/models",
)
GRAVE = ("serious", "critical")
SETTLED = """() => !document.querySelector('[data-testid="stStatusWidget"]')
                && !document.querySelector('[data-testid="stSkeleton"]')
                && !!document.querySelector('h1')"""


def accessibility_figures(browser: Browser) -> dict[str, float]:
    """How many serious or critical findings there are on all pages, each named on stderr by the caller."""
    found = findings(browser)
    for line in found:
        print(line)
    return {"axe_pages": 2 * len(PAGES), "axe_serious": len(found)}


def findings(browser: Browser) -> list[str]:
    """One line for each serious or critical finding."""
    found = []
    with server() as app:
        for theme in ("light", "dark"):
            for path in PAGES:
                page = tab(browser, color_scheme=theme)
                page.goto(app.address + path)
                settle(page)
                for item in Axe().run(page).response["violations"]:
                    if item["impact"] in GRAVE:
                        nodes = "; ".join(node["html"][:120] for node in item["nodes"][:3])
                        found.append(f"{theme} {path}: {item['id']} ({len(item['nodes'])}): {nodes}")
                page.context.close()
    return found


def settle(page: Page) -> None:
    """Until the script has ended and what it has drawn has faded in."""
    page.wait_for_function(SETTLED, timeout=PATIENCE)
    page.wait_for_timeout(800)
    page.wait_for_function(SETTLED, timeout=PATIENCE)
    page.wait_for_timeout(800)
