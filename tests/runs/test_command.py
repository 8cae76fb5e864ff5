"""The command that is shown does what the settings say."""

import random
import shlex

import pytest

from side_core.commands.main import make_parser
from side_core.commands.options import given
from side_core.runs.exchange.command import command_of
from side_core.settings import ExtractSettings, ScoreSettings


def understood(command: str) -> ExtractSettings | ScoreSettings:
    """The settings that the command line makes of a command."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "side_core"]
    options = make_parser().parse_args(words[3:])
    assert str(options.out).startswith("runs/")
    kind = ScoreSettings if words[3] == "score" else ExtractSettings
    return kind.read(given(options, kind))


@pytest.mark.parametrize(
    "settings",
    [
        ExtractSettings(),
        ExtractSettings(model="a b'; rm -rf $HOME #", count=3, threshold=0.1 + 0.2, eta=1e-7, label=None),
        ExtractSettings(model="-m", data="--out", surrogate="x", compare_plain=False, foreign_surrogate=True, label=7),
        ExtractSettings(label="balanced", control_rate=0.005, first_timestep=0, guidance_scale=None),
        ExtractSettings(surrogate="s", guidance_scale=0.0, guide_from=0, guidance_shape="cosine"),
        ScoreSettings(samples="a\nb", data="λ", score="cosine", encoder="clip", encoder_weights="local-dir:/x y"),
    ],
    ids=lambda settings: settings.digest,
)
def test_the_command_means_the_settings(settings: ExtractSettings | ScoreSettings) -> None:
    assert understood(command_of(settings)) == settings


def test_any_numbers_survive() -> None:
    dice = random.Random(1)
    for _ in range(50):
        settings = ExtractSettings(
            count=dice.randrange(1, 10**6), seed=dice.randrange(2**31), eta=dice.random(), threshold=100 * dice.random()
        )
        assert understood(command_of(settings)) == settings


def test_model_count_and_seeds_are_always_named() -> None:
    assert command_of(ExtractSettings()).startswith(
        "python -m side_core extract --count 16 --seed 0 --model pixel-faces --out runs/"
    )
