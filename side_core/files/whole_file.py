"""Files that are there whole or not at all."""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(file: Path, content: bytes) -> None:
    """Write a file under another name, sync it and rename it: nobody ever sees half of it, also after a power cut.

    Raises:
        ValueError: it cannot be written, for example because the disk is full.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        partial.write_bytes(content)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
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


def make_folder(out: Path) -> None:
    """Make a folder that was named to be written to, before anything is done for it.

    Raises:
        ValueError: it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None
