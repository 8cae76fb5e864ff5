"""Settings as the widgets of their page have them: by the widgets' keys, which are the names in a link.

None stands for a widget's default: what is left out of the settings, such as what a surrogate's card says.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from side_core.method import Method
from side_core.methods import METHODS
from side_core.settings import (
    PRESETS,
    ExtractSettings,
    GuidanceSettings,
    MatchSettings,
    PromptSettings,
    SamplingSettings,
    ScoreSettings,
    Settings,
    SurrogateSettings,
    SweepSettings,
)
from side_core.settings.axis import read_axis
from side_core.settings.sampling import OF_A_PROMPT
from side_core.settings.sweep import PLAIN
from side_core.similarity.scores import SCORES
from side_core.surrogate.strength import strength_of

Values = Mapping[str, Any]

DRAW, SCORE = "Draw", "Score a folder"  # what Extract does
TRAIN, LOAD, COMPARE = "Train a new one", "Load", "Compare two"  # what Surrogate does
QUICK, OWN = "Quick", "Own settings"  # how it trains
BY_SCORE, BY_RATE = "score", "control rate"  # what says the threshold
NO_Y = "none"  # of a sweep
OWN_SCHEDULE = ("spacing", "first_timestep", "last_timestep", "eta", "solver", "clip")

_GUIDANCE = tuple(GuidanceSettings.model_fields)
ASKED_OF_A_SURROGATE = (  # what the page has a widget for
    *("synthetic_count", "steps", "label_source", "encoder", "encoder_weights", "likeness", "smallest"),
    *("clusters", "cohesion"),
    *("objective", "train_steps"),
)
# Without a widget of this key and default.
NOT_OF_PROMPTS = ("prompt", "score_images", "false_positives", "batch_size", "significance_at")
DEFAULTS_OF_PROMPTS = {  # by the widgets' keys
    **{name: field.default for name, field in PromptSettings.model_fields.items() if name not in NOT_OF_PROMPTS},
    **{name: MatchSettings.model_fields[name].default for name in ("encoder", "score")},
    **{"count": 8, "score_images": 4, "false_percent": 1.0, "threshold_by": BY_SCORE},
}
_UNCERTAIN = ("surrogate", "minutes", "encoder", "train_steps")  # here pages or widgets differ
_MOST_TIMESTEPS = 10_000


def extract_values(settings: ExtractSettings) -> Values:
    """The widgets of Extract where it draws."""
    sampling = {name: getattr(settings, name) for name in ("count", "steps", "seed", *OWN_SCHEDULE, "mode")}
    values = {
        "pictures": DRAW,
        "model": settings.model,
        **sampling,
        **_prompt_values(settings),
        **match_values(settings),
        **_view_values(settings),
    }
    if settings.surrogate is None:
        label = None if settings.label is None else str(settings.label)
        return values | {"surrogate": PLAIN, "label": label} | dict.fromkeys(_GUIDANCE)
    return values | {
        "surrogate": settings.surrogate,
        **{name: getattr(settings, name) for name in _GUIDANCE},
        "guidance_scale": _scale_of(settings.surrogate) if settings.guidance_scale is None else settings.guidance_scale,
        "label": None if settings.label is None else str(settings.label),
        "compare_plain": settings.compare_plain,
        "foreign_surrogate": settings.foreign_surrogate,
    }


def _prompt_values(settings: SamplingSettings) -> dict[str, Any]:
    """What a text-to-image model is asked for; nothing where there is no prompt."""
    return {name: None if settings.prompt is None else getattr(settings, name) for name in OF_A_PROMPT}


def _scale_of(surrogate: str) -> float | None:
    """How hard a surrogate steers by its card: at a first visit the page has 0 instead. None where it is missing."""
    from pages._parts.runtime.resources import open_surrogate  # which imports torch: links do without

    try:
        return strength_of(open_surrogate(surrogate).guidance, _MOST_TIMESTEPS).scale
    except ValueError:
        return None


def score_values(settings: ScoreSettings) -> Values:
    """The widgets of Extract where it scores pictures of others."""
    return {"pictures": SCORE, "samples": settings.samples, **match_values(settings), **_view_values(settings)}


def _view_values(settings: MatchSettings) -> dict[str, Any]:
    """Which altered copies are looked for."""
    return {"mirror": settings.mirror, "align": settings.align or None}


def match_values(settings: MatchSettings) -> Values:
    """What pictures are compared with, by what, and which of them count."""
    sets = ("data", "control", "encoder", "encoder_weights", "score")
    values = {name: getattr(settings, name) for name in sets}
    score, rate = settings.score, settings.control_rate
    if score == "l2" and settings.encoder != "pixel":  # distances of features have no common scale
        values |= {"threshold_by_rate": None if rate is None else BY_RATE, f"threshold_{score}": settings.threshold}
    else:
        published = round(SCORES[score].threshold, 2)
        value = published if settings.threshold is None else settings.threshold
        values |= {"threshold_by": BY_SCORE if rate is None else BY_RATE}
        values |= {f"threshold_{score}": value if rate is None else None}
    return values | {"control_percent": None if rate is None else round(100 * rate, 10)}


def method_values(method: Method, settings: Settings) -> Values:
    """The widgets of a method's page: by the names of its fields, unless the page has others."""
    own: dict[str, Callable[[Any], Values]] = {"sweep": _sweep_values}
    if method.name in own:
        return own[method.name](settings)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings
        if name not in method.unused
    }


def _sweep_values(settings: SweepSettings) -> Values:
    """The widgets of Sweep; what varies has none of its own. Fixed guidance and label have none either."""
    axes = {key: read_axis(text) for key in ("x", "y") if (text := getattr(settings, key)) is not None}
    swept = {axis.name for axis in axes.values()}
    values: dict[str, Any] = {"model": settings.model, "surrogates": list(settings.curves), "y": NO_Y}
    for key, axis in axes.items():
        spec = getattr(settings, key).partition("=")[2].strip()
        values |= {key: axis.flag, f"{key}_{axis.name}": spec}
    fixed = ("count", "steps", "seed", *OWN_SCHEDULE, "mode", "metric", "foreign_surrogate", "minutes")
    values |= {name: getattr(settings, name) for name in fixed if name not in swept}
    values |= {name: value for name, value in match_values(settings).items() if name not in swept}
    unheeded = {name: getattr(settings, name) for name in (*_GUIDANCE, "label")} | _prompt_values(settings)
    unheeded |= _view_values(settings)
    return values | {name: value for name, value in unheeded.items() if value is not None}


def surrogate_values(settings: SurrogateSettings, model: str, fields: Collection[str] | None = None) -> Values:
    """The widgets of Surrogate where it trains a new one, and what it has no widget for but differs from its own.

    Args:
        settings: how it is trained.
        model: what it is made of.
        fields: those that have been asked for yet; left out: all.
    """
    quick = PRESETS["quick"]
    asked = [name for name in ASKED_OF_A_SURROGATE if fields is None or name in fields]
    values = {name: getattr(settings, name) for name in asked}
    lesson = ("objective", "train_steps", "evaluate_every")
    if all(getattr(settings, name) == getattr(quick, name) for name in lesson):
        values |= {"lesson": QUICK, "objective": None, "train_steps": None}
    elif "objective" in asked:
        values |= {"lesson": OWN}
    given = settings.model_dump(exclude={*ASKED_OF_A_SURROGATE, "evaluate_every"}, exclude_none=True)
    own = quick.model_dump()
    values |= {name: value for name, value in given.items() if value != own[name]}
    if values.get("lesson") == OWN and settings.evaluate_every != often(settings.train_steps):
        values |= {"evaluate_every": settings.evaluate_every}
    return {"of": model, "way": TRAIN} | values


def often(steps: int) -> int:
    """Steps of a training between two evaluations: a short one is watched as closely as a long one."""
    return min(PRESETS["quick"].evaluate_every, steps // 10)


def model_values(settings: ExtractSettings) -> Values:
    """The widgets of Models."""
    return {"model": settings.model, "data": settings.data, "control": settings.control}


def defaults_of(path: str) -> Values:
    """Defaults that the widgets of a page have for certain, whatever the model and the surrogate.

    Streamlit takes each out of the link by a step of its own in the browser's history.

    Args:
        path: of the page, as `st.Page` has it.
    """
    kinds: dict[str, type[Settings]] = {"": ExtractSettings, "surrogate": SurrogateSettings}
    kinds |= {name: method.settings for name, method in METHODS.items()}
    if path == "prompts":
        return _certain(DEFAULTS_OF_PROMPTS | _published_thresholds())
    if path not in kinds:
        return {}
    fields = {name: field.default for name, field in kinds[path].model_fields.items() if name not in _UNCERTAIN}
    if path == "surrogate":
        asked = {name: fields[name] for name in ASKED_OF_A_SURROGATE if name in fields}
        return _certain(asked | {"way": TRAIN, "lesson": QUICK})
    own = {"": {"pictures": DRAW}, "sweep": {"y": NO_Y}}.get(path, {})
    return _certain(fields | own | _published_thresholds() | {"mode": "fast", "threshold_by": BY_SCORE})


def _published_thresholds() -> dict[str, float]:
    """Where the sliders of the scores' thresholds begin."""
    return {f"threshold_{name}": round(kind.threshold, 2) for name, kind in SCORES.items()}


def _certain(defaults: Values) -> Values:
    """Those that are values."""
    return {name: value for name, value in defaults.items() if isinstance(value, str | int | float)}
