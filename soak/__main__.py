"""`python -m soak`: everything, or the parts that are named; one line a figure, or JSON."""

import argparse
import json
from collections.abc import Callable

from playwright.sync_api import Browser

from soak.accessibility import accessibility_figures
from soak.browser import chromium
from soak.cancel import cancel_figures
from soak.fairness import fairness_figures
from soak.growth import growth_figures
from soak.kills import kill_figures
from soak.listing import listing_figures
from soak.sessions import sessions_figures

PARTS: dict[str, Callable[[Browser], dict[str, float]]] = {
    "sessions": sessions_figures,
    "fairness": fairness_figures,
    "cancel": cancel_figures,
    "kills": lambda browser: kill_figures(),
    "listing": listing_figures,
    "accessibility": accessibility_figures,
    "growth": growth_figures,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part '{sorted(unknown)[0]}': choose some of {', '.join(PARTS)}")
    figures: dict[str, float] = {}
    with chromium() as browser:
        for name in options.parts or PARTS:
            found = PARTS[name](browser)
            figures |= {key: round(value, 3) for key, value in found.items()}
            if not options.json:
                for key in found:
                    print(f"{key:32} {figures[key]:g}", flush=True)
    if options.json:
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
