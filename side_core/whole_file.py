"""Files that are there whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(file: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that nobody ever sees half of it.

    Raises:
        ValueError: it cannot be written, for example because the disk is full.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as error:
        raise ValueError(
            f"'{file}' cannot be written ({error.strerror}): free some space or choose another folder; "
            "what was written before is kept."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file."""
    write_whole(file, (json.dumps(content, indent=2) + "\n").encode())
