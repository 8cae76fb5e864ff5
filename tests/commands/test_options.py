"""Options made from settings: every field has one, what is given arrives, and what is left out keeps its default."""

import argparse
import re
import shlex

import pytest

from side_core.commands.main import COMMANDS
from side_core.commands.options import add_options, given
from side_core.settings import ExtractSettings, Settings, TrainDpmSettings


def parse(settings: type[Settings], line: str) -> Settings:
    """The settings that a command line stands for."""
    parser = argparse.ArgumentParser()
    add_options(parser, settings)
    return settings.read(given(parser.parse_args(shlex.split(line)), settings))


@pytest.mark.parametrize("settings", [ExtractSettings, TrainDpmSettings])
def test_nothing_given_is_the_default(settings: type[Settings]) -> None:
    assert parse(settings, "") == settings()


def test_options_arrive_with_their_types() -> None:
    line = "--model m --steps 7 --eta 0.5 --threshold 0.2 --spacing karras --batch-size 3 --first-timestep 12"
    assert parse(ExtractSettings, line) == ExtractSettings(
        model="m", steps=7, eta=0.5, threshold=0.2, spacing="karras", batch_size=3, first_timestep=12
    )


def test_lists_and_switches() -> None:
    settings = parse(TrainDpmSettings, "--channels 16 32 --no-bfloat16 --compile --minutes 1.5")
    assert settings == TrainDpmSettings(channels=(16, 32), bfloat16=False, compile=True, minutes=1.5)


@pytest.mark.parametrize("settings", [ExtractSettings, TrainDpmSettings])
def test_the_help_text_names_every_field_and_its_default(settings: type[Settings]) -> None:
    parser = argparse.ArgumentParser(
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=1000, max_help_position=200)
    )
    add_options(parser, settings)
    lines = parser.format_help().splitlines()
    for name, field in settings.model_fields.items():
        (line,) = [line for line in lines if re.match(rf" +--{name.replace('_', '-')}[ ,]", line)]
        assert field.title in line
        if isinstance(field.default, str | int | float):
            assert f"(default: {field.default})" in line


def test_choices_stand_in_the_help_text() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, ExtractSettings, leave_out=frozenset({"solver"}))
    text = parser.format_help()
    assert "off|clip|clip-recompute" in text
    assert "--solver" not in text


def test_help_names_the_files_that_sweep_writes() -> None:
    parser = argparse.ArgumentParser()
    COMMANDS["sweep"].add(parser)
    text = " ".join(parser.format_help().split())
    assert (
        "folder for sweep.csv, sweep.json, sweep.png, grid.png and what is finished" in text
        and "print sweep.json on stdout" in text
    )
