"""`strips`: the first seeds at several lambdas, into the few files that an app shows before anything is drawn."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress
from side_core.progress import finish
from side_core.settings import ExtractSettings

ABOUT = "draw the same seeds at several lambdas, as pictures that an app can ship"
_FIXED = frozenset({"guidance_scale", "compare_plain"})


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, the lambdas, and a folder."""
    add_options(parser, ExtractSettings, leave_out=_FIXED)
    parser.add_argument("--scales", nargs="+", default=["0:50:5"], help="the lambdas (default: 0:50:5, or a list)")
    parser.add_argument("--out", type=Path, required=True, help="folder for strips.json and three pictures")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Draw, match, score, write."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.extraction.strips import draw_strips
    from side_core.sampling.store import MemoryStore
    from side_core.sampling.strips import write_strips
    from side_core.settings import read_axis

    scales = [float(value) for value in read_axis(f"guidance-scale={','.join(options.scales)}").values]
    work = draw_strips(settings, scales, MemoryStore(), options.device)
    strips, paths = finish(work, Progress("drawing and comparing").watch)
    write_strips(strips, paths, options.out)
    for strip in strips.strips:
        print(f"lambda {strip.scale:g}: {strip.training}; control {strip.control}")
    print(f"Strips: {options.out}")
    return 0
