"""Finished parts of a work as JSON objects, by names that stand for all that they depend on."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from side_core.files.whole_file import make_folder, write_json

_MOST_PARTS = 5000  # in memory


def named(*what: object) -> str:
    """A name for a part by all that it depends on."""
    return hashlib.sha256("\n".join(map(str, what)).encode()).hexdigest()[:32]


class PartStore(Protocol):
    """Where finished parts are kept."""

    def part(self, name: str) -> Mapping[str, Any] | None:
        """A part, if it is there."""
        ...

    def keep_part(self, name: str, part: Mapping[str, Any]) -> None:
        """Keep a part, which JSON can say.

        Raises:
            ValueError: it cannot be written.
        """
        ...


class MemoryParts:
    """Parts in memory; those kept longest go first. Safe to use from several threads at once."""

    def __init__(self, most: int = _MOST_PARTS):
        self.most = most
        self.parts: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self.lock = threading.Lock()

    def part(self, name: str) -> Mapping[str, Any] | None:
        """A part, if it is still there."""
        with self.lock:
            return self.parts.get(name)

    def keep_part(self, name: str, part: Mapping[str, Any]) -> None:
        """Keep a part."""
        with self.lock:
            self.parts[name] = part
            while len(self.parts) > self.most:
                self.parts.popitem(last=False)


class FolderParts:
    """A folder with a file `NAME.json` for each part, there whole or not at all."""

    def __init__(self, folder: Path):
        self.folder = folder

    def part(self, name: str) -> Mapping[str, Any] | None:
        """A part; None where it is missing or damaged."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def keep_part(self, name: str, part: Mapping[str, Any]) -> None:
        """Write a part.

        Raises:
            ValueError: it cannot be written.
        """
        make_folder(self.folder)
        write_json(self.folder / f"{name}.json", part)
