"""The papers name what there is: files, headings, commands with their options, make targets, imports."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAPERS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "assets" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
FOLLOWED = "adding-a-method.md"  # by test_methods, in a copy that has its modules
MOST_LINES = 150  # of README.md
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = "python -m side_core"

every_paper = pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))


def anchors(text: str) -> list[str]:
    """What GitHub calls the headings of a paper: small letters, hyphens for blanks, no punctuation, twins numbered."""
    seen: Counter[str] = Counter()
    names = []
    for heading in HEADING.findall(FENCE.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names.append(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def dead_links(paper: Path) -> list[str]:
    """The relative links of a paper that lead to no file, or to no heading of one."""
    dead = []
    for link in LINK.findall(SPAN.sub("", FENCE.sub("", paper.read_text()))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (paper.parent / place).resolve() if place else paper
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            dead.append(link)
    return dead


def code_lines(paper: Path) -> Iterator[list[str]]:
    """The words of each line of shell in a paper, those of code within a sentence too."""
    text = paper.read_text()
    for kind, block in FENCE.findall(text):
        if kind == "sh":
            yield from (shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines())
    for span in SPAN.findall(FENCE.sub("", text)):
        if span.startswith((COMMAND, "make ")):
            yield shlex.split(span)


@cache
def help_of(*command: str) -> str:
    """What a command says of itself; empty where there is no such command."""
    words = [sys.executable, *COMMAND.split()[1:], *command, "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def commands(*group: str) -> set[str]:
    """The commands that the help lists, or those of a group such as `train`; none of what is no group."""
    listed = help_of(*group).partition("positional arguments:")[2].partition("options:")[0]
    return set(re.findall(r"^    ([a-z][a-z-]*)(?= |$)", listed, re.MULTILINE))


def unknown_words(words: list[str]) -> list[str]:
    """What of a line that runs `python -m side_core` does not exist: a command, or options of it."""
    command: list[str] = []
    rest = words[len(COMMAND.split()) :]
    while rest and (known := commands(*command)):
        if re.fullmatch("[A-Z]+", rest[0]):  # COMMAND, in place of any
            return []
        if rest[0] not in known:
            return [] if rest[0].startswith("--") else [rest[0]]
        command.append(rest.pop(0))
    options = set(re.findall(r"--[a-z][a-z0-9-]*", help_of(*command)))
    return [word for word in rest if word.startswith("--") and word not in options]


def test_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES


def test_anchors_are_those_of_github() -> None:
    text = "# What's *new*?\n## `score`: d₁/d₂\n```sh\n# no heading\n```\n## [A link](x.md)\n## a-b c_d\n## A link\n"
    assert anchors(text) == ["whats-new", "score-d₁d₂", "a-link", "a-b-c_d", "a-link-1"]


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text(
        "# One\n[a](#one) [b](#two) [c](gone.md) [`d`](paper.md#one) `[e](f.md)` [g](https://example.org/h)"
    )
    assert dead_links(paper) == ["#two", "gone.md"]


@every_paper
def test_every_link_leads_somewhere(paper: Path) -> None:
    assert dead_links(paper) == []


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("python -m side_core extract --out x --resume", []),
        ("python -m side_core extrct --out x", ["extrct"]),
        ("python -m side_core train nothing", ["nothing"]),
        ("python -m side_core runs list --sort share --sideways", ["--sideways"]),
        ("python -m side_core COMMAND --help", []),
    ],
)
def test_an_unknown_command_is_found(line: str, unknown: list[str]) -> None:
    assert unknown_words(line.split()) == unknown


def test_every_named_command_exists() -> None:
    named = {tuple(words) for paper in PAPERS for words in code_lines(paper) if words[:3] == COMMAND.split()}
    assert len(named) > 10
    assert {line: wrong for line in named if (wrong := unknown_words(list(line)))} == {}


def test_the_command_line_has_a_row_for_each_command() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text()
    told = set(re.findall(r"^\| \[`([a-z-]+)`\]", text, re.MULTILINE))
    assert commands() - {"bench"} == told - {"bench"}  # a measure of ours: `make bench`


def test_every_named_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word for paper in PAPERS for first, *rest in filter(None, code_lines(paper)) if first == "make" for word in rest
    }
    hook = re.search(r"^ +entry: make (\S+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hook and len(named) > 5
    assert {hook[1], *named} - targets == set()


@pytest.mark.parametrize("paper", [paper for paper in PAPERS if paper.name != FOLLOWED], ids=lambda paper: paper.name)
def test_what_python_examples_import_is_there(paper: Path) -> None:
    for kind, block in FENCE.findall(paper.read_text()):
        nodes = ast.walk(ast.parse(block)) if kind == "python" else ()
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module or "")
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []
