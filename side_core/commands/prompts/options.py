"""What the commands of `prompts` share: the prompts they are given, the model, and how they say what was found."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_core.commands.options import add_device, add_options
from side_core.settings import PromptSettings

if TYPE_CHECKING:
    from side_core.dpm.text.denoiser import TextDenoiser
    from side_core.prompts.prompt_file import PromptFile

_OWN = frozenset({"prompt"})  # an option that is written otherwise here


def asked_prompts(options: argparse.Namespace) -> "PromptFile":
    """The prompts of --prompt and of the file of --prompts.

    Raises:
        ValueError: there is none, or one of --prompt cannot be used.
    """
    from side_core.prompts.prompt_file import PromptFile, prompt_of, read_prompts

    if not options.typed and options.prompts is None:
        raise ValueError("No prompt was given: give one with --prompt, or a file of them with --prompts.")
    typed = []
    for number, text in enumerate(options.typed or (), 1):
        try:
            typed.append(prompt_of(text))
        except ValueError as error:
            raise ValueError(f"Prompt {number} cannot be used ({error}): type what the picture shall show.") from None
    if options.prompts is None:
        return PromptFile(tuple(typed), (0,) * len(typed), ())
    read = read_prompts(options.prompts)
    return PromptFile((*typed, *read.prompts), (*(0 for _ in typed), *read.lines), read.broken)


def opened(settings: PromptSettings, device: str | None) -> "TextDenoiser":
    """The text-to-image model.

    Raises:
        ValueError: it cannot be opened, or draws without a text.
    """
    from side_core.dpm.folder import open_denoiser
    from side_core.dpm.text.denoiser import need_text

    return need_text(open_denoiser(settings.model, settings.mode, device))


def say(about: Any) -> None:
    """Print lines, or JSON."""
    if isinstance(about, dict):
        print(json.dumps(about, indent=2))
        return
    from side_core.files.paths import printable

    for line in about:
        print(printable(line))


def add_model(parser: argparse.ArgumentParser) -> None:
    """The model whose folder gets a file, and where it computes."""
    parser.add_argument("--model", required=True, help=PromptSettings.model_fields["model"].description)
    add_device(parser)


def add_subject(parser: argparse.ArgumentParser, settings: type[PromptSettings]) -> None:
    """The options that `detect` and `explain` share."""
    parser.add_argument(
        "--prompt",
        dest="typed",
        metavar="PROMPT",
        action="extend",
        nargs="+",
        default=None,
        help="one prompt or several, each in quotes",
    )
    parser.add_argument(
        "--prompts",
        type=Path,
        metavar="FILE",
        help="one prompt a line, or a .csv, .tsv or .jsonl file with a column prompt, text or caption",
    )
    add_options(parser, settings, leave_out=_OWN)
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
