"""The workspace of this server, opened once; or why it cannot be, until that is tried again."""

import threading
import time
from pathlib import Path

from side_core.files.public import is_public
from side_core.runs.opening import open_workspace
from side_core.runs.workspace import Workspace, workspace_folder

_RETRY = 30.0  # seconds until a workspace that could not be used is tried again


class Opened:
    """The workspace of this process, opened once; or why it cannot be, until that is tried again."""

    def __init__(self) -> None:
        self.workspace: Workspace | None = None
        self.trouble, self.tried = "", 0.0
        self.lock = threading.Lock()

    def get(self) -> Workspace:
        """The workspace.

        Raises:
            ValueError: it cannot be used.
        """
        with self.lock:
            folder = workspace_folder()
            if self.workspace is not None and self.workspace.folder == folder and folder.is_dir():
                return self.workspace
            if self.trouble and time.monotonic() - self.tried < _RETRY and str(folder) in self.trouble:
                raise ValueError(self.trouble)
            try:
                self.workspace, self.trouble = open_workspace(folder), ""
            except ValueError as error:
                self.workspace, self.trouble, self.tried = None, str(error), time.monotonic()
                raise
            return self.workspace


_OPENED = Opened()


def workspace() -> Workspace | None:
    """Where runs are kept; None in a public app, which keeps none.

    Raises:
        ValueError: the folder cannot be used.
    """
    return None if is_public() else _OPENED.get()


def picture_folder() -> Path | None:
    """Where drawn pictures are kept; None where they cannot be, which `keep_run` tells."""
    try:
        here = workspace()
    except ValueError:
        return None
    return None if here is None else here.pictures
