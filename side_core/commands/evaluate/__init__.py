"""`evaluate ...`: a method against its baselines."""

import argparse

from side_core.commands.evaluate import mitigation, side
from side_core.commands.options import add_commands

ABOUT = "measure a method against its baselines"
COMMANDS = {"side": side, "mitigation": mitigation}


def add(parser: argparse.ArgumentParser) -> None:
    """Its commands."""
    add_commands(parser, COMMANDS)
