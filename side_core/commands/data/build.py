"""`data build`: the pixel faces."""

import argparse
from pathlib import Path

from side_core.commands.terminal import Progress

ABOUT = "render the pixel faces anew (needs requirements-dev.txt)"


def add(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("--out", type=Path, default=None, help="the file to write (default: the shipped one)")


def run(options: argparse.Namespace) -> int:
    """`data build`: the pixel faces."""
    from side_core.data.render import render_pixel_faces
    from side_core.files.assets import PIXEL_FACES

    out = options.out or PIXEL_FACES
    progress = Progress("rendering")
    for step in render_pixel_faces(out):
        progress.show(step.done / step.total)
    print(f"The faces are in {out}")
    return 0
