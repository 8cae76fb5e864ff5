"""What the container installs: pinned, hashed, in step with requirements.txt, and from nowhere in particular."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# One entry of the lock: name==version, for some platforms only perhaps, then its hashes, a line each.
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; .+?)? \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.M,
)
HOSTS = re.compile(r"(pypi|pythonhosted|download\.pytorch|registry\.npmjs|deb\.debian)\.org|docker\.io")


def wanted() -> list[Requirement]:
    """What requirements.txt asks for."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def lock() -> str:
    return (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_the_lock_pins_what_is_required(lock: str, requirement: Requirement) -> None:
    pinned = [
        entry["version"] for entry in ENTRY.finditer(lock) if entry["name"] == canonicalize_name(requirement.name)
    ]
    assert pinned, f"'{requirement.name}' is not in requirements.lock: run `make lock`."
    assert all(requirement.specifier.contains(version) for version in pinned), "Run `make lock`."


def test_the_lock_holds_hashed_entries_and_nothing_else(lock: str) -> None:
    rest = [line for line in ENTRY.sub("", lock).splitlines() if line and not line.lstrip().startswith("#")]
    assert not rest
    assert "://" not in lock


def test_the_container_installs_the_lock_on_a_base_named_by_its_digest() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^ARG BASE=python:3\.12\S*@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}
    assert 'ARG INSTALL="--require-hashes -r requirements.lock"' in text
    assert "!requirements.lock" in (ROOT / ".dockerignore").read_text().splitlines()


def test_no_file_names_the_host_of_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.is_file() and b"\0" not in (content := file.read_bytes())[:1024]:
            found += [name for _ in HOSTS.finditer(content.decode(errors="replace"))]
    assert not found
