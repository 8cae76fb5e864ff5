"""Settings as the shell command that does the same without a browser."""

import shlex
from typing import Any

from side_core.settings import ScoreSettings, Settings

_NAMED = ("model", "count", "seed")  # said even where they are the defaults, so that a reader sees them


def command_of(settings: Settings) -> str:
    """The command line of an extraction, or of scored pictures: what differs from the defaults, quoted for a shell.

    Args:
        settings: ExtractSettings or ScoreSettings.
    """
    words = ["python", "-m", "side_core", "score" if isinstance(settings, ScoreSettings) else "extract"]
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is not None and (name in _NAMED or field.is_required() or value != field.default):
            words += _option(name, value)
    return shlex.join([*words, "--out", f"runs/{settings.digest}"])


def _option(name: str, value: Any) -> list[str]:
    """One setting as the words of an option."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if str(value).startswith("-"):
        return [f"--{flag}={value}"]
    return [f"--{flag}", str(value)]
