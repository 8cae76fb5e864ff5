"""`data ...`: the built-in data."""

import argparse

from side_core.commands.data import build
from side_core.commands.options import add_commands

ABOUT = "built-in data"
COMMANDS = {"build": build}


def add(parser: argparse.ArgumentParser) -> None:
    """Its commands."""
    add_commands(parser, COMMANDS)
