"""What a sweep varies, as it is written: ranges, lists, choices, and one sentence for every mistake."""

import pytest

from side_core.settings import Settings, SweepSettings, read_axis
from side_core.settings.axis import SWEEPABLE, choices

STEERED = {"surrogate": "some"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("guidance-scale=0:50:5", tuple(float(5 * k) for k in range(11))),
        ("steps=10,25,50", (10, 25, 50)),
        ("spacing=leading,karras", ("leading", "karras")),
        ("eta=0:1:0.1", tuple(k / 10 for k in range(11))),  # 3 * 0.1 would not be 0.3
        ("steps=10:34:10", (10, 20, 30)),
        ("label=uniform,2", ("uniform", 2)),
        ("--first_timestep = 700 , 999", (700, 999)),
        ("threshold=0.5", (0.5,)),
    ],
)
def test_values_are_of_the_settings_own_type(text: str, values: tuple[object, ...]) -> None:
    axis = read_axis(text)
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]
    assert read_axis(str(axis)) == axis


@pytest.mark.parametrize("name", SWEEPABLE)
def test_every_setting_that_varies_is_one_of_an_extraction_and_reaches_its_cell(name: str) -> None:
    known = {"eta": "0.5", "threshold": "0.5", "control_rate": "0.5", "label": "balanced"}
    value = known.get(name) or next(iter(reversed(choices(name))), "1")
    value = "dpm" if name == "encoder" else "l2" if name == "score" else value
    prompt = {"prompt": "a hat"} if name == "text_scale" else {}
    settings = SweepSettings.read(STEERED | prompt | {"x": f"{name}={value}"})
    assert str(getattr(settings.cell("some", settings.axes[0].values), name)) in (value, f"{value}.0")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"x": "lambda=0:5:1"},
            "x cannot be 'lambda=0:5:1': there is no setting 'lambda' to sweep, choose",
        ),
        ({"x": "model=a,b"}, "there is no setting 'model' to sweep"),
        ({"x": "steps"}, "it names no values, write for example steps=first:last:step."),
        ({"x": "spacing="}, "write for example spacing=leading,trailing."),
        ({"x": "steps=50:10:5"}, "the range '50:10:5' runs backwards"),
        ({"x": "steps=10:50:-5"}, "the range '10:50:-5' runs backwards"),
        ({"x": "steps=10:50:0"}, "the step of '10:50:0' is 0"),
        ({"x": "steps=10:50"}, "the range '10:50' has 2 numbers, write first:last:step"),
        ({"x": "steps=10:many:1"}, "'many' of the range '10:many:1' is no number"),
        ({"x": "eta=0:inf:1"}, "'inf' of the range '0:inf:1' is no number"),
        ({"x": "seed=0:1000000:1"}, "has 1,000,001 values, 200 or fewer"),
        ({"x": "steps=0,10"}, "steps cannot be '0': choose 1 or more."),
        ({"x": "steps=1:2:0.5"}, "steps cannot be '1.5': give a whole number."),
        ({"x": "eta=0:2:0.5"}, "eta cannot be '1.5': choose 1 or less."),
        ({"x": "solver=ddim,euler"}, "solver cannot be 'euler': choose 'ddim' or 'multistep'."),
        ({"x": "solver=0:1:1"}, "solver takes no numbers"),
        ({"x": "steps=10,,20"}, "a value before or after a comma is missing"),
        ({"x": "steps=10,20,10"}, "the value 10 is named twice"),
        ({"x": "steps=10,20", "y": "steps=5"}, "X and y are both steps: choose two different settings"),
        (
            {"x": "guidance-scale=0:5:1", "surrogate": None},
            "Guidance-scale varies, but nothing steers: name a surrogate.",
        ),
        ({"x": "steps=5", "guide_to": 3, "surrogate": None}, "Guide-to is 3, but nothing steers: name a surrogate."),
        ({"x": "steps=5", "surrogates": ["a"]}, "Surrogate is some and surrogates are a: give one of the two."),
        ({"x": "steps=5", "surrogate": None, "surrogates": ["a", "a"]}, "a is named twice"),
        ({"x": "steps=5", "surrogate": None, "surrogates": []}, "name one surrogate or more"),
        ({"x": "steps=5", "metric": "fid"}, "metric cannot be 'fid': choose 'ams', 'ums'"),
        ({"x": "steps=5", "metric": "ums-published"}, "score ratio is about the nearest alone"),
        ({"x": "score=nl2,ratio", "metric": "ums-published"}, "score ratio is about the nearest alone"),
        ({"x": "steps=5", "metric": "effect", "surrogate": None}, "Metric effect compares steered runs with plain"),
        ({"x": "threshold=0.1,0.2", "control_rate": 0.1}, "Threshold and control-rate are two ways to say the same"),
        ({"x": "steps=5", "minutes": 0}, "minutes cannot be 0: choose more than 0."),
        ({}, "x is missing: give a value."),
    ],
)
def test_a_mistake_gets_its_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        SweepSettings.read(STEERED | changes)
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_a_score_that_is_swept_takes_the_place_of_the_other() -> None:
    settings = SweepSettings.read({"x": "score=nl2,l2", "metric": "ums-published"})
    assert [settings.cell("none", [value]).score for value in settings.axes[0].values] == ["nl2", "l2"]


def test_the_plain_curve_has_neither_guidance_nor_the_surrogates_label() -> None:
    settings = SweepSettings.read({"x": "guidance-scale=0:5:5", "surrogates": ["a", "none"], "label": 3})
    steered, plain = (settings.cell(curve, [5.0]) for curve in settings.curves)
    assert (steered.surrogate, steered.guidance_scale, steered.label) == ("a", 5, 3)
    assert (plain.surrogate, plain.guidance_scale, plain.label) == (None, None, None)
    alone = SweepSettings.read({"x": "steps=5", "label": 3})
    assert alone.cell("none", [5]).label == 3  # of the model's classes


def test_settings_round_trip() -> None:
    settings: Settings = SweepSettings.read({"x": "steps=5,6", "y": "eta=0:1:0.5", "surrogates": ["a", "none"]})
    assert SweepSettings.model_validate_json(settings.model_dump_json()) == settings
