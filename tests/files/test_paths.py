"""Which paths a public app may read, and how a path is written on one line."""

import os
from pathlib import Path

import pytest

from side_core.files.assets import ASSETS
from side_core.files.paths import check_allowed, is_allowed, printable


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only root of a public app, besides its assets."""
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path / "root"))
    return tmp_path / "root"


def test_at_home_everything_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDE_PUBLIC", raising=False)
    assert is_allowed(Path("/"))


def test_what_a_public_app_may_read(root: Path) -> None:
    (root / "in").symlink_to(root)
    (root / "out").symlink_to(root.parent)
    (root / "loop").symlink_to(root / "loop")
    (root / "dangling").symlink_to("/nowhere")
    assert is_allowed(root)
    assert is_allowed(root / "a" / "b")
    assert is_allowed(root / "in" / "in" / "a")
    assert is_allowed(ASSETS / "data")
    for path in (
        root.parent,
        Path("/"),
        root.with_name("root-of-another"),
        root / ".." / "x",
        root / "out",
        root / "out" / "x",
        root / "dangling",
        ASSETS.parent,
        Path("\0"),
        Path(),
    ):
        assert not is_allowed(path), path
    is_allowed(root / "loop")  # ends


def test_a_relative_path_is_taken_from_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert is_allowed(Path("a"))
    assert not is_allowed(Path("../a"))


def test_a_root_that_is_a_link(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alias").symlink_to(root)
    monkeypatch.setenv("SIDE_ROOTS", f"{os.pathsep}~nobody-of-this-name{os.pathsep}{tmp_path / 'alias'}")
    assert is_allowed(root / "a")
    assert not is_allowed(tmp_path)


def test_the_sentence_quotes_what_was_named(root: Path) -> None:
    with pytest.raises(ValueError, match=r"^'a\\nb' cannot be read here: this app is public .* your own files\.$"):
        check_allowed(root.parent, "a\nb")
    assert check_allowed(root / "a", "a") == root / "a"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("plain name é 漢.png", "plain name é 漢.png"),
        ("a\nb\r\t\0\x1b", r"a\nb\r\t\x00\x1b"),
        (os.fsdecode(b"a\xff\xe9b"), r"a\xff\xe9b"),
        ("\ud800", r"\ud800"),
        ("\u202e\u2028", r"\u202e\u2028"),
        (Path("a/b"), f"a{os.sep}b"),
    ],
)
def test_printable(path: str | Path, shown: str) -> None:
    assert printable(path) == shown
    assert printable(path).isprintable()
