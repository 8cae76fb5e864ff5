"""What pip installs: `side-explorer` works from anywhere, out of the wheel alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
NOTING = """
import atexit, os, sys

def note():
    with open(os.environ["LOADED"], "w") as file:
        file.write("\\n".join(str(getattr(module, "__file__", "")) for module in list(sys.modules.values())))

atexit.register(note)
"""  # as sitecustomize.py: writes down what a process has imported when it ends


@dataclass(frozen=True)
class Installed:
    """A wheel in a folder of its own, and another folder to work in.

    Attributes:
        site: what stands for site-packages.
        work: where commands are given; `home` and `loaded.txt` lie in it.
    """

    site: Path
    work: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run `side-explorer` as somebody who knows nothing of the repository."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SIDE_", "XDG_"))}
        environment |= {"HOME": str(self.work / "home"), "LOADED": str(self.work / "loaded.txt")}
        environment |= {"PYTHONPATH": str(self.site)}
        command = [self.site / "bin" / "side-explorer", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.work, env=environment, text=True, **pipes)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def loaded(self) -> list[Path]:
        """The files that the last command imported, but for those of Python and its packages."""
        files = [Path(line) for line in (self.work / "loaded.txt").read_text().splitlines() if line.startswith("/")]
        return [file for file in files if file.is_relative_to(self.site) or in_repository(file)]


def in_repository(file: Path) -> bool:
    """Whether a file is the repository's own; its environment may lie there, too."""
    return file.is_relative_to(REPOSITORY) and not file.is_relative_to(sys.prefix)


def copy_tracked(folder: Path) -> None:
    """The repository as a fresh clone has it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What `pip install .` makes of a fresh clone."""
    folder = tmp_path_factory.mktemp("wheel")
    clone, site, work = (folder / name for name in ("clone", "site", "work"))
    copy_tracked(clone)
    offline = ["--no-index", "--no-deps"]
    subprocess.run([*PIP, "wheel", *offline, "--no-build-isolation", "--wheel-dir", folder, clone], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*PIP, "install", *offline, "--target", site, wheel], check=True)
    shutil.rmtree(clone)
    wheel.unlink()
    (site / "sitecustomize.py").write_text(NOTING)
    (work / "home").mkdir(parents=True)
    (work / "pages").mkdir()  # somebody else's, and so is:
    (work / "streamlit.py").write_text("raise SystemExit('imported from the folder where the command was given')")
    return Installed(site, work)


def test_nothing_but_side_explorer_is_put_beside_other_packages(installed: Installed) -> None:
    tops = {path.name for path in installed.site.iterdir() if path.suffix != ".dist-info"}
    assert tops - {"sitecustomize.py", "__pycache__"} == {"bin", "side_core", "side_explorer"}
    app = {path.name for path in (installed.site / "side_explorer").iterdir()}
    assert app - {"__pycache__"} == {".streamlit", "app.py", "assets", "pages"}


def test_every_requirement_is_asked_for(installed: Installed) -> None:
    (metadata,) = installed.site.glob("side_explorer-*.dist-info/METADATA")
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert metadata.read_text().count("\nRequires-Dist: ") == len(wanted)


def test_what_builds_it_is_installed_for_tests() -> None:
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["build-system"]["requires"]
    assert set(wanted) <= set((REPOSITORY / "requirements-dev.txt").read_text().splitlines())


def test_help_lists_the_app_among_the_commands(installed: Installed) -> None:
    code, out, _ = installed.run("--help")
    assert code == 0
    assert out.startswith("usage: side-explorer ")
    assert {"app", "extract", "runs"} <= {line.split()[0] for line in out.splitlines() if line.startswith("    ")}
    assert installed.loaded()
    assert not [file for file in installed.loaded() if in_repository(file)]


def test_a_command_finds_the_shipped_models(installed: Installed) -> None:
    code, out, err = installed.run("describe", "--model", "ideal")
    assert code == 0, err
    assert "pixel-faces[0:1000]" in out
    assert not [file for file in installed.loaded() if in_repository(file)]


def test_runs_are_kept_in_the_home_folder_and_not_among_the_packages(installed: Installed) -> None:
    code, out, err = installed.run("runs", "folder")
    assert code == 0, err
    assert out.splitlines()[0] == str(installed.work / "home" / ".local" / "share" / "side-explorer")


def test_the_app_starts_with_its_own_configuration_and_stops(installed: Installed) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = installed.start("app", "--server.headless", "true", f"--server.port={port}")
    try:
        wait_until_healthy(port, process)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert f"URL: http://localhost:{port}" in out
    assert "Network URL" not in out  # as .streamlit/config.toml has it
    assert "Traceback" not in err
    loaded = installed.loaded()
    assert installed.site / "side_explorer" / "app.py" in loaded
    assert not [file for file in loaded if in_repository(file)]


def wait_until_healthy(port: int, process: subprocess.Popen[str]) -> None:
    """Return when the app says ok."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                assert answer.read() == b"ok"
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The app did not start: exit code {process.poll()}.")


@pytest.mark.parametrize(
    "words",
    [("app",), ("describe", "--model", "ideal"), ("search", "hat", "--data", "captioned-faces")],
    ids=lambda words: words[0],
)
def test_without_assets_there_is_one_sentence(installed: Installed, words: tuple[str, ...]) -> None:
    assets = installed.site / "side_explorer" / "assets"
    away = assets.rename(installed.work / "away")
    try:
        code, out, err = installed.run(*words)
    finally:
        away.rename(assets)
    assert (code, out) == (2, "")
    assert err.startswith("side_core: ")
    assert str(assets) in err
    assert err.count("\n") == 1
