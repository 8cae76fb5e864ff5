"""The app in a process of its own, with an empty workspace; its memory and its steps can be seen."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.speed import running_app


@dataclass(frozen=True)
class Server:
    """A running app.

    Attributes:
        address: where it answers.
        pid: of its process.
        home: its folder: workspace, cache, log of steps.
    """

    address: str
    pid: int
    home: Path

    @property
    def steps(self) -> list[float]:
        """When each denoising step was taken, seconds of the machine's monotonic clock."""
        return [float(line) for line in (self.home / "steps.log").read_text().split()]

    def mib(self, what: str = "VmRSS") -> float:
        """Memory of the process: VmRSS now, VmHWM at its peak."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(float(line.split()[1]) for line in status.splitlines() if line.startswith(f"{what}:")) / 1024


@contextlib.contextmanager
def server(**environment: str) -> Iterator[Server]:
    """Start one and stop it at the end."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "steps.log").touch()
        own = {"SIDE_WORKSPACE": str(home / "workspace"), "SIDE_SOAK_LOG": str(home / "steps.log")} | environment
        before = {key: os.environ.get(key) for key in own}
        os.environ.update(own)
        try:
            with running_app(entry="soak/logged_app.py") as (address, pid):
                yield Server(address, pid, home)
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value
