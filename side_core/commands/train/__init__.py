"""`train ...`: a model, or a surrogate of one."""

import argparse

from side_core.commands.options import add_commands
from side_core.commands.train import clip, dpm, growth, surrogate, text

ABOUT = "train a model, or a surrogate of one"
COMMANDS = {"dpm": dpm, "growth": growth, "text": text, "clip": clip, "surrogate": surrogate}


def add(parser: argparse.ArgumentParser) -> None:
    """Its commands."""
    add_commands(parser, COMMANDS, "KIND")
