"""`map`: training images in two dimensions, and where drawn pictures land among them."""

import argparse
from pathlib import Path

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress, watch_preparing
from side_core.progress import finish
from side_core.settings import ExtractSettings

ABOUT = "lay the training images out in two dimensions, and land drawn pictures among them"


def add(parser: argparse.ArgumentParser) -> None:
    """The settings, and a folder."""
    add_options(parser, ExtractSettings)
    parser.add_argument("--out", type=Path, required=True, help="folder for map.json, landings.csv and map.png")
    parser.add_argument("--bare", action="store_true", help="write map.json alone; nothing is drawn")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Make the map; draw, land, write."""
    settings = ExtractSettings.read(given(options, ExtractSettings))
    from side_core.charts.static import pixels
    from side_core.extraction.landing import landings_of, map_fingerprint
    from side_core.extraction.map_chart import map_chart
    from side_core.extraction.subject import opening, references_of, sample_sets
    from side_core.extraction.tables import table
    from side_core.files.images import png
    from side_core.files.whole_file import make_folder, write_whole
    from side_core.sampling.missing import draw_missing
    from side_core.sampling.picture import FRAMES
    from side_core.sampling.store import MemoryStore
    from side_core.similarity.plane import plane_of, write_plane

    subject = finish(opening(settings, options.device), Progress("reading pictures").watch)
    references = finish(references_of(settings, subject, options.device), watch_preparing())
    make_folder(options.out)
    fingerprint = map_fingerprint(references)
    plane = plane_of(references.training.vectors, fingerprint)
    write_plane(plane, fingerprint, options.out)
    if plane.note:
        print(plane.note)
    if options.bare:
        print(f"Map: {options.out}")
        return 0
    ways, store = {}, MemoryStore()
    names = ("steered", "plain") if subject.guided_by else ("plain",)
    for name, samples in zip(names, sample_sets(settings, subject), strict=False):
        pictures = finish(draw_missing(samples, store, FRAMES), Progress(f"drawing, {name}").watch)
        ways[name] = landings_of(pictures, references, plane)
    rows = [
        (name, landing.name, timestep, f"{x:.4f}", f"{y:.4f}")
        for name, landings in ways.items()
        for landing in landings
        for timestep, (x, y) in zip(landing.timesteps, landing.path.tolist(), strict=True)
    ]
    write_whole(options.out / "landings.csv", table(("kind", "seed", "timestep", "x", "y"), rows).encode())
    write_whole(options.out / "map.png", png(pixels(map_chart(plane, ways))))
    print(f"Map: {options.out}")
    return 0
