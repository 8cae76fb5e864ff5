"""What imports what: one way only, nothing of the interface, and nothing heavy until it is needed."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import side_core
from side_core.methods import METHODS

CORE = Path(side_core.__file__).parent
HEAVY = {"torch", "diffusers", "streamlit", "open_clip"}
DOCS = CORE.parent / "docs" / "architecture.md"


def rank() -> dict[str, int]:
    """A part may import parts of a lower rank, and itself: as docs/architecture.md says, in one list."""
    found = re.search(r"^## Who may import whom\n(.*?)\.\s", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return {part: rank for rank, parts in enumerate(found[1].split("→")) for part in re.findall(r"`(\w+)`", parts)}


RANK = rank()
RANK |= {method.module.split(".")[1]: RANK["sweep"] for method in METHODS.values()}


def imports(file: Path) -> Iterator[str]:
    """Full names of all that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield from (f"{node.module}.{name.name}" for name in node.names)


FILES = sorted(CORE.rglob("*.py"))


def test_every_part_has_a_rank() -> None:
    parts = {file.relative_to(CORE).parts[0].removesuffix(".py") for file in FILES}
    assert parts - {"__init__"} <= set(RANK)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CORE)))
def test_imports_go_one_way_and_never_to_the_interface(file: Path) -> None:
    own = file.relative_to(CORE).parts[0].removesuffix(".py")
    for name in imports(file):
        first, *rest = name.split(".")
        assert first not in ("streamlit", "pages", "app")
        if first == "side_core" and rest[0] in RANK and rest[0] != own:
            assert RANK[rest[0]] < RANK[own], f"{own} imports {name}"


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages that a fresh interpreter loads for this command, from its own import log."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=CORE.parent, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 50
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import side_core, side_core.commands.main, side_core.settings, side_core.files.assets"),
        ("-c", "import pages._parts.show.first_look, pages._parts.show.heading, pages._parts.links.arrival"),
        ("-c", "import pages._parts.links.reopening, pages._parts.links.back, pages._parts.inputs.needs"),
        ("-m", "side_core", "--help"),
        ("-m", "side_core", "extract", "--help"),
        ("-m", "side_core", "runs", "list", "--help"),
        ("-m", "side_core", "prompts", "detect", "--help"),
        ("-m", "side_core", "extract", "--out", "/dev/null/x", "--steps", "0"),
    ],
    ids=" ".join,
)
def test_what_needs_no_model_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(*arguments)
    assert "side_core" in loaded
    assert not loaded & HEAVY - ({"streamlit"} if "pages" in loaded else set())


def test_the_library_names_no_option_and_prints_nothing() -> None:
    """An error carries its setting (`SettingError`): the command line adds the option, a page its widget."""
    for file in FILES:
        if file.relative_to(CORE).parts[0] in ("commands", "__main__.py") or file.name == "command.py":  # it writes one
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{file}:{node.lineno} prints"
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_style(node.value):
                assert not re.search(r"(^|[\s('`])--[a-z]{3}", node.value), f"{file}:{node.lineno} names an option"


def is_style(text: str) -> bool:
    """Whether a text is CSS or of several lines, and no sentence."""
    return "\n" in text or "var(--" in text or "; --" in text
