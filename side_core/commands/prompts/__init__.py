"""`prompts ...`: is a prompt memorised, which words carry it, how well detectors do."""

import argparse

from side_core.commands.options import add_commands
from side_core.commands.prompts import calibrate, detect, explain, truth

ABOUT = "text-to-image: is a prompt memorised, and which words carry it"
COMMANDS = {"detect": detect, "explain": explain, "calibrate": calibrate, "truth": truth}


def add(parser: argparse.ArgumentParser) -> None:
    """Its commands."""
    add_commands(parser, COMMANDS, "ACTION")
