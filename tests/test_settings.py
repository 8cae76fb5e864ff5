"""Settings: JSON keeps them whole, digests differ when they should, and bad values get a sentence."""

import pytest

from side_core.settings import ExtractSettings, SamplingSettings, ScoreSettings, Settings, TrainDpmSettings

CHANGED = {
    "count": 3,
    "seed": 7,
    "steps": 10,
    "spacing": "karras",
    "first_timestep": 900,
    "last_timestep": 5,
    "eta": 0.25,
    "solver": "multistep",
    "clip": "off",
    "mode": "fast",
    "label": 3,
    "batch_size": 8,
}
ABOUT_EXTRACTION = {
    "model": "ideal",
    "data": "pixel-faces[0:9]",
    "control": "pixel-faces[10:19]",
    "encoder": "dpm",
    "encoder_weights": "local-dir:clip",
    "score": "nl2",
    "threshold": 0.5,
}


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(**CHANGED),
        ExtractSettings(),
        ExtractSettings(**CHANGED, **ABOUT_EXTRACTION),
        TrainDpmSettings(channels=(16, 32), steps=9, learning_rate=1e-4),
    ],
    ids=repr,
)
def test_json_keeps_settings_and_digest(settings: Settings) -> None:
    again = type(settings).model_validate_json(settings.model_dump_json())
    assert again == settings
    assert again.digest == settings.digest


def test_every_field_changes_the_digest() -> None:
    changes = CHANGED | ABOUT_EXTRACTION | {"control_rate": 0.01}
    assert set(changes) == set(ExtractSettings.model_fields)
    digests = {ExtractSettings(**{name: value}).digest for name, value in changes.items()}
    assert len(digests | {ExtractSettings().digest}) == len(changes) + 1


def test_the_picture_digest_ignores_how_many_which_seed_and_how_many_at_once() -> None:
    plain = SamplingSettings().picture_digest
    same = {"count", "seed", "batch_size"}
    for name, value in CHANGED.items():
        changed = SamplingSettings(**{name: value}).picture_digest
        assert (changed == plain) is (name in same), name


def test_what_is_asked_about_a_picture_does_not_change_how_it_is_drawn() -> None:
    about = ExtractSettings(**CHANGED, **ABOUT_EXTRACTION)
    assert about.sampling == SamplingSettings(**CHANGED)
    assert about.picture_digest == ExtractSettings(**CHANGED).picture_digest


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        SamplingSettings().steps = 3


def test_seeds_are_one_for_each_image() -> None:
    assert list(SamplingSettings(seed=5, count=3).seeds) == [5, 6, 7]


def test_text_from_a_command_line_is_read() -> None:
    settings = ExtractSettings.read({"steps": "7", "eta": "0.5", "threshold": "0.25", "first_timestep": "900"})
    assert (settings.steps, settings.eta, settings.threshold, settings.first_timestep) == (7, 0.5, 0.25, 900)
    assert TrainDpmSettings.read({"channels": ["16", "32"]}).channels == (16, 32)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": "0"}, "steps cannot be '0': choose 1 or more."),
        ({"steps": 1001}, "steps cannot be 1001: choose 1000 or less."),
        ({"steps": "many"}, "steps cannot be 'many': give a whole number."),
        ({"steps": 2.5}, "steps cannot be 2.5: give a whole number."),
        ({"count": "0"}, "count cannot be '0': choose 1 or more."),
        ({"seed": "-1"}, "seed cannot be '-1': choose 0 or more."),
        ({"batch_size": "0"}, "batch-size cannot be '0': choose 1 or more."),
        ({"eta": "1.5"}, "eta cannot be '1.5': choose 1 or less."),
        ({"eta": "-0.1"}, "eta cannot be '-0.1': choose 0 or more."),
        ({"eta": "nan"}, "eta cannot be 'nan': give a finite number."),
        ({"eta": "lots"}, "eta cannot be 'lots': give a number."),
        ({"threshold": "inf"}, "threshold cannot be 'inf': give a finite number."),
        ({"first_timestep": "x"}, "first-timestep cannot be 'x': give a whole number."),
        (
            {"spacing": "log"},
            "spacing cannot be 'log': choose 'leading', 'trailing', 'linspace', 'quadratic' or 'karras'.",
        ),
        ({"stpes": 3}, "stpes cannot be 3: there is no such setting, leave it out."),
    ],
    ids=str,
)
def test_bad_values_get_one_sentence_that_quotes_them(values: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        ExtractSettings.read(values)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"learning_rate": "0"}, "learning-rate cannot be '0': choose more than 0"),
        ({"ema_decay": "1"}, "ema-decay cannot be '1': choose less than 1"),
        ({"channels": ["16", "wide"]}, "channels-1 cannot be 'wide': give a whole number."),
        ({"beta_schedule": "wavy"}, "beta-schedule cannot be 'wavy': choose 'linear', 'scaled_linear' or"),
    ],
    ids=str,
)
def test_bad_training_values_get_one_sentence(values: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        TrainDpmSettings.read(values)
    assert str(error.value).startswith(sentence)


def test_what_is_missing_and_what_excludes_each_other_get_their_sentences() -> None:
    with pytest.raises(ValueError, match=r"^samples is missing: give a value\.$"):
        ScoreSettings.read({"data": "x"})
    with pytest.raises(ValueError, match=r"^Threshold is 0\.5 and control-rate is 0\.01: give one of the two\.$"):
        ExtractSettings.read({"threshold": "0.5", "control_rate": "0.01"})
