"""Settings: JSON keeps them whole, digests differ when they should, and bad values get a sentence."""

import pytest

from side_core.settings import (
    PRESETS,
    EvaluateSettings,
    ExtractSettings,
    GuidanceSettings,
    SamplingSettings,
    ScoreSettings,
    Settings,
    SurrogateSettings,
    SweepSettings,
    TrainDpmSettings,
)

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
    "prompt": "a hat",
    "text_scale": 4.5,
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
ABOUT_STEERING = {
    "guidance_scale": 3.5,
    "guide_from": 800,
    "guide_to": 50,
    "guidance_shape": "cosine",
    "surrogate": "pixel-faces",
    "foreign_surrogate": True,
    "compare_plain": False,
}


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(**CHANGED),
        ExtractSettings(),
        ExtractSettings(**CHANGED, **ABOUT_EXTRACTION, **ABOUT_STEERING),
        SamplingSettings(label="balanced"),
        GuidanceSettings(guidance_scale=0, guide_to=3),
        *PRESETS.values(),
        SurrogateSettings(objective="distilled", synthetic="drawn", cohesion=-1, width=64, guide_from=700),
        TrainDpmSettings(channels=(16, 32), steps=9, learning_rate=1e-4),
    ],
    ids=repr,
)
def test_json_keeps_settings_and_digest(settings: Settings) -> None:
    again = type(settings).model_validate_json(settings.model_dump_json())
    assert again == settings
    assert again.digest == settings.digest


def test_every_field_changes_the_digest() -> None:
    looks = {"mirror": False, "align": 1}
    changes = CHANGED | ABOUT_EXTRACTION | ABOUT_STEERING | {"control_rate": 0.01, "prompt": "a beard"} | looks
    assert set(changes) == set(ExtractSettings.model_fields)
    steered = {"surrogate": "another", "prompt": "a hat"}  # without them, guidance is refused
    digests = {ExtractSettings(**steered | {name: value}).digest for name, value in changes.items()}
    assert len(digests | {ExtractSettings(**steered).digest}) == len(changes) + 1


def test_the_picture_digest_ignores_how_many_which_seed_and_how_many_at_once() -> None:
    prompt = {"prompt": "a hat"}  # without one, text guidance means nothing
    plain = SamplingSettings(**prompt).picture_digest
    same = {"count", "seed", "batch_size"}
    for name, value in (CHANGED | {"prompt": "a beard"}).items():
        changed = SamplingSettings(**prompt | {name: value}).picture_digest
        assert (changed == plain) is (name in same), name


def test_settings_without_a_prompt_are_named_as_they_were_before_there_were_prompts() -> None:
    """So that kept pictures, runs and calibrations are still found: the digests of then."""
    said = {"spacing": "leading", "clip": "clip"}  # of then: these could not be left to the model
    steered = ExtractSettings(count=8, steps=10, seed=3, label=2, surrogate="pixel-faces", guidance_scale=5, **said)
    plain = ExtractSettings(**said)
    assert SamplingSettings(**said).digest == "bb4c2df9c220eb0c"
    assert (plain.digest, plain.picture_digest) == ("af68a64ac940559c", "1f905a1cac626c3b")
    assert (steered.digest, steered.picture_digest) == ("5fa4f07f9a917ec7", "266d85e608322781")
    assert SweepSettings(x="steps=10,20", **said).digest == "9372e63238daed63"
    assert EvaluateSettings(**said).digest == "7bae731c979c6528"
    assert not {"prompt", "text_scale", "mirror", "align"} & set(ExtractSettings(prompt="  ").model_dump())


@pytest.mark.parametrize("prompt", ["", "  \n", None])
def test_an_empty_prompt_is_none(prompt: str | None) -> None:
    assert ExtractSettings(prompt=prompt) == ExtractSettings()
    assert ExtractSettings(prompt=" a hat\n").prompt == "a hat"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"text_scale": 4}, "Text-scale is 4, but there is no prompt: give one."),
        ({"prompt": "a hat", "text_scale": 21}, "text-scale cannot be 21: choose 20 or less."),
        ({"prompt": "a hat", "text_scale": 0.5}, "text-scale cannot be 0.5: choose 1 or more."),
        ({"prompt": "a hat", "text_scale": "nan"}, "text-scale cannot be 'nan': give a finite number."),
        ({"prompt": "x" * 2001}, f"prompt cannot be '{'x' * 196}...: give at most 2000 characters."),
    ],
)
def test_a_wrong_prompt_or_text_guidance_gets_a_sentence(values: dict, says: str) -> None:
    with pytest.raises(ValueError) as error:
        ExtractSettings.read(values)
    assert str(error.value) == says


def test_text_guidance_can_be_swept_and_a_prompt_cannot() -> None:
    settings = SweepSettings(x="text-scale=1:3:1", prompt="a hat")
    assert [settings.cell("none", [scale]).text_scale for scale in settings.axes[0].values] == [1, 2, 3]
    with pytest.raises(ValueError, match=r"^Text-scale varies, but there is no prompt: give one\.$"):
        SweepSettings.read({"x": "text-scale=1:3:1"})
    with pytest.raises(ValueError, match="there is no setting 'prompt' to sweep"):
        SweepSettings(x="prompt=hat,beard")


def test_what_is_asked_about_a_picture_does_not_change_how_it_is_drawn() -> None:
    about = ExtractSettings(**CHANGED, **ABOUT_EXTRACTION, **ABOUT_STEERING)
    assert about.sampling == SamplingSettings(**CHANGED)
    assert about.picture_digest == ExtractSettings(**CHANGED).picture_digest
    assert about.guidance == GuidanceSettings(guidance_scale=3.5, guide_from=800, guide_to=50, guidance_shape="cosine")


def test_a_label_is_the_surrogate_s_business_where_there_is_one() -> None:
    assert ExtractSettings(label=3).plain_sampling.label == 3
    steered = ExtractSettings(label=3, steps=7, surrogate="pixel-faces")
    assert steered.plain_sampling == SamplingSettings(steps=7)


@pytest.mark.parametrize(
    ("label", "read"), [("7", 7), (0, 0), ("uniform", "uniform"), ("balanced", "balanced"), (None, None)]
)
def test_a_label_is_a_number_or_a_way_to_draw_one(label: object, read: object) -> None:
    assert SamplingSettings.read({"label": label}).label == read


def test_what_is_left_out_of_guidance_is_filled_in_and_nothing_else() -> None:
    best = GuidanceSettings(guidance_scale=8, guide_from=700, guide_to=100, guidance_shape="ramp")
    assert GuidanceSettings().over(best) == best
    own = GuidanceSettings(guidance_scale=0, guide_to=0)  # 0 is not left out
    assert own.over(best) == GuidanceSettings(guidance_scale=0, guide_from=700, guide_to=0, guidance_shape="ramp")
    assert own.over(GuidanceSettings()) == own
    with pytest.raises(
        ValueError, match=r"^The guidance window from 50 to 100 is empty: guide-from must not be below guide-to\.$"
    ):
        GuidanceSettings(guide_from=50).over(best)


def test_synthetic_images_are_drawn_as_the_settings_say_and_far_from_the_scored_seeds() -> None:
    drawing = SurrogateSettings(synthetic_count=100, steps=7, solver="ddim", mode="exact").drawing
    assert (drawing.count, drawing.steps, drawing.solver, drawing.mode) == (100, 7, "ddim", "exact")
    assert set(drawing.seeds).isdisjoint(range(1_000_000))


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
        ({"label": "some"}, "label cannot be 'some': give uniform, balanced, or a whole number from 0 to 99,999."),
        ({"label": "-1"}, "label cannot be '-1': give uniform, balanced, or a whole number from 0 to 99,999."),
        ({"label": 2.5}, "label cannot be 2.5: give uniform, balanced, or a whole number from 0 to 99,999."),
        ({"guidance_scale": "-1"}, "guidance-scale cannot be '-1': choose 0 or more."),
        ({"guidance_scale": "inf"}, "guidance-scale cannot be 'inf': give a finite number."),
        ({"guide_from": "noise"}, "guide-from cannot be 'noise': give a whole number."),
        ({"guidance_shape": "flat"}, "guidance-shape cannot be 'flat': choose 'constant', 'ramp' or 'cosine'."),
        ({"guidance_scale": "3"}, "Guidance-scale is 3.0, but nothing steers: name a surrogate."),
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


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"cohesion": "1.5"}, "cohesion cannot be '1.5': a mean cosine lies between -1 and 1: choose for example 0.5."),
        ({"cohesion": -1.01}, "cohesion cannot be -1.01: a mean cosine lies between -1 and 1: choose for example 0.5."),
        ({"cohesion": "nan"}, "cohesion cannot be 'nan': give a finite number."),
        ({"likeness": "0"}, "likeness cannot be '0': choose more than 0."),
        ({"likeness": "1.1"}, "likeness cannot be '1.1': choose 1 or less."),
        ({"clusters": "1"}, "clusters cannot be '1': choose 2 or more."),
        ({"synthetic_count": "15"}, "synthetic-count cannot be '15': choose 16 or more."),
        ({"width": "12"}, "width cannot be '12': choose a multiple of 8."),
        ({"held_out": "1"}, "held-out cannot be '1': choose less than 1."),
        ({"weight_decay": "nan"}, "weight-decay cannot be 'nan': choose 1 or less."),
        ({"objective": "x"}, "objective cannot be 'x': choose 'labels', 'distilled' or 'time-independent'."),
        (
            {"objective": "distilled", "train_steps": "1"},
            "Train-steps is 1, but distilled trains two networks: choose 2 or more.",
        ),
    ],
    ids=str,
)
def test_bad_surrogate_values_get_one_sentence(values: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        SurrogateSettings.read(values)
    assert str(error.value) == sentence


def test_what_is_missing_and_what_excludes_each_other_get_their_sentences() -> None:
    with pytest.raises(ValueError, match=r"^samples is missing: give a value\.$"):
        ScoreSettings.read({"data": "x"})
    with pytest.raises(ValueError, match=r"^Threshold is 0\.5 and control-rate is 0\.01: give one of the two\.$"):
        ExtractSettings.read({"threshold": "0.5", "control_rate": "0.01"})
