"""A mistake names its setting; the command line adds the option, a page the widget's title."""

from pathlib import Path

import pytest

from pages._parts.show.text import title_of
from side_core.commands.main import main
from side_core.settings import SettingError


def test_the_command_line_adds_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompts", "detect", "--model", "pixel-faces", "--evaluate", "--out", str(tmp_path)]) == 2
    assert main(["search", "a hat", "--data", "pixel-faces[0:9]", "--weights", "x"]) == 2
    assert main(["extract", "--model", "ideal", "--encoder", "sscd", "--out", str(tmp_path / "x")]) == 2
    assert "torchscript.pt (--encoder-weights).\n" in capsys.readouterr().err


def test_a_page_adds_the_widget() -> None:
    error = SettingError("Nobody knows: name it.", "data")
    assert error.placed(title_of(error.setting)) == "Nobody knows: name it (Training images)."
    assert title_of("foreign_surrogate") and title_of("no_such_thing") == "no such thing"


def test_describe_adds_it_to_its_note(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--model", str(pipeline)]) == 0
    assert "are not known: name a folder or an array file (--data).\n" in capsys.readouterr().out
