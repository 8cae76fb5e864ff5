"""`search`: the pictures of a set that fit a text best, by a CLIP model."""

import argparse
import json
from dataclasses import asdict

from side_core.commands.options import add_device, add_options, given
from side_core.commands.terminal import Progress, complain
from side_core.progress import finish
from side_core.settings import SearchSettings

ABOUT = "find pictures that fit a text, by a CLIP model"


def add(parser: argparse.ArgumentParser) -> None:
    """The text and the settings."""
    parser.add_argument("text", metavar="TEXT", help="what to look for, in quotes: 'red hat and glasses'")
    add_options(parser, SearchSettings)
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")


def run(options: argparse.Namespace) -> int:
    """Print the best pictures with their captions and cosines."""
    settings = SearchSettings.read(given(options, SearchSettings))
    from side_core.data.source import reading
    from side_core.similarity.text import open_text_encoder
    from side_core.similarity.text_search import check_search, search

    check_search(options.text)
    data = finish(reading(settings.data), Progress("reading pictures").watch)
    encoder = open_text_encoder(settings.weights, options.device)
    for sentence in encoder.doubts(options.text):
        complain(sentence)
    hits = finish(search(data, options.text, encoder, settings.top), Progress("encoding").watch)
    if options.json:
        print(json.dumps({"text": options.text, "encoder": encoder.description, "hits": [asdict(hit) for hit in hits]}))
        return 0
    for hit in hits:
        print(f"{hit.cosine:+.3f}  {hit.id}  {hit.caption}".rstrip())
    return 0
