"""`python -m bench`: speed on this machine."""

import argparse
import json

from bench.speed import measure

parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed on this machine.")
parser.add_argument("--json", action="store_true", help="print the figures as JSON on stdout")
parser.add_argument("--skip-browser", action="store_true", help="leave out what needs Chromium")
parser.add_argument("--large", action="store_true", help="also score against a folder of 200,000 pictures (minutes)")

if __name__ == "__main__":
    options = parser.parse_args()
    figures = measure(browser=not options.skip_browser, large=options.large)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value}")
