"""`app`: the pages, in a browser."""

import argparse
import os
import sys

from side_core.files.assets import BUILT_INS, PIXEL_FACES, ROOT

ABOUT = "start the app in the browser"


def add(parser: argparse.ArgumentParser) -> None:
    """What is not known here is Streamlit's: `main` leaves it in `rest`."""
    parser.usage = "%(prog)s [-h] [option of `streamlit run` ...]"
    parser.epilog = "Streamlit's options are passed on: `--server.port 8502`; `streamlit run --help` lists them."


def run(options: argparse.Namespace) -> int:
    """`app`: become Streamlit, so that Ctrl-C and the exit code are its own; it finds its config beside app.py."""
    script = ROOT / "app.py"
    for path in (script, PIXEL_FACES, *(model.folder for model in BUILT_INS.values())):
        if not path.exists():
            raise ValueError(f"'{path}' is missing, which the app needs: install SIDE Explorer again.")
    safely = "-P"  # what lies in the folder where the command is given is not imported
    os.execv(sys.executable, [sys.executable, safely, "-m", "streamlit", "run", str(script), *options.rest])
