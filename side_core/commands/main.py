"""The command line: everything the pages do, without a browser.

Exit codes: 0 done, 2 a mistake in what was asked for (one sentence on stderr), 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from side_core import __version__
from side_core.commands import (
    app,
    calibrate,
    data,
    describe,
    evaluate,
    extract,
    prompts,
    runs,
    score,
    search,
    strips,
    train,
)
from side_core.commands import map as map_command
from side_core.commands.method import MethodCommand
from side_core.commands.options import Command, add_commands, with_option
from side_core.commands.terminal import INTERRUPTED, complain
from side_core.methods import METHODS

_WRONG = 2
_SCRIPT = "side-explorer"  # what pip installs
COMMANDS: dict[str, Command] = {
    "app": app,
    "extract": extract,
    "describe": describe,
    "score": score,
    "evaluate": evaluate,
    **{name: MethodCommand(method) for name, method in METHODS.items()},
    "train": train,
    "runs": runs,
    "prompts": prompts,
    "search": search,
    "strips": strips,
    "map": map_command,
    "data": data,
    "calibrate": calibrate,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = make_parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not app.run:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        return options.run(options)
    except ValueError as error:
        complain(with_option(error))
        return _WRONG
    except OSError as error:
        place = f"'{error.filename}' cannot be used ({error.strerror}): choose another place."
        complain(place if error.filename else " ".join(str(error).split()))
        return _WRONG
    except KeyboardInterrupt:
        complain("interrupted; what was finished is kept.")
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options; imports nothing heavy."""
    prog = _SCRIPT if Path(sys.argv[0]).name == _SCRIPT else "python -m side_core"
    parser = argparse.ArgumentParser(prog=prog, description="Show what a diffusion model has memorised.")
    parser.add_argument("--version", action="version", version=__version__)
    add_commands(parser, COMMANDS, "COMMAND")
    return parser
