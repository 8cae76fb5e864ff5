"""The sidebar of Prompts: which model, how it draws, and what is held against what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages._parts.inputs import controls, sidebar, view
from pages._parts.inputs.steering import follow_model
from pages._parts.links import checks, loans
from pages._parts.links.link_values import DEFAULTS_OF_PROMPTS, NOT_OF_PROMPTS, match_values
from pages._parts.prompts.subject import Examined, draws_texts, reason_against_text
from side_core.dpm.description import describe
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.files.assets import BUILT_INS
from side_core.files.public import limit_of, listed_models
from side_core.prompts.held_out import held_out_prompts
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import ExtractSettings, PromptSettings

_PICTURES = int(DEFAULTS_OF_PROMPTS["count"])  # that are drawn unless told otherwise
_IMAGES = int(DEFAULTS_OF_PROMPTS["score_images"])  # one alone says less: its noise counts as well
_MOST_PICTURES, _MOST_STEPS = 64, 250  # that a page draws
_MOST_IMAGES = 16  # that a score is averaged over
_PERCENT = (0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Choices:
    """What the sidebar asks for, besides the prompt.

    Attributes:
        prompts: how a prompt is scored.
        matching: how its pictures are drawn and what they are compared with.
        held_out: a file of prompts that the model was never trained on; empty: its own.
    """

    prompts: PromptSettings
    matching: ExtractSettings
    held_out: str

    @property
    def digest(self) -> str:
        """Names everything but the prompt, so that what was tried with other settings is not put beside it."""
        return f"{self.prompts.digest}-{self.matching.digest}-{self.held_out}"

    def drawing(self, prompt: str) -> ExtractSettings:
        """How the pictures of a prompt are drawn, and what they are compared with."""
        changes = {"prompt": prompt, "text_scale": self.prompts.text_scale}
        return ExtractSettings.read(self.matching.model_dump() | changes)


def _text_models() -> list[str]:
    """What is offered: built-in models that draw what a text says, and those that `SIDE_MODELS` names."""
    own = str(PromptSettings.model_fields["model"].default)
    return list(dict.fromkeys([own, *(name for name in BUILT_INS if draws_texts(name)), *listed_models()]))


def model_input() -> dict[str, Any]:
    """Which model, and which training images and control take the place of its own."""
    own, first = (str(of.model_fields["model"].default) for of in (PromptSettings, ExtractSettings))
    title = str(PromptSettings.model_fields["model"].title)
    loans.bring_there("model", title, own, reason_against_text, quiet=first)
    model = controls.open_choice("model", _text_models(), of=PromptSettings, check=describe, on_change=follow_model)
    return {"model": model, **sidebar.set_inputs(model)}


def drawing_inputs() -> dict[str, Any]:
    """How many pictures, how hard they follow the text, and from which seeds."""
    of = PromptSettings
    return {
        "count": controls.slider("count", title="Pictures", high=_MOST_PICTURES, default=_PICTURES),
        "text_scale": controls.slider("text_scale", of=of, step=0.5),
        "seed": controls.number("seed", of=of),
    }


def more_inputs(model: str) -> dict[str, Any]:
    """What few people change: the steps, what the score is taken of and held against, arithmetic."""
    of = PromptSettings
    most = int(min(_MOST_STEPS, limit_of("steps") or _MOST_STEPS))
    chosen: dict[str, Any] = {
        "steps": controls.slider("steps", high=most, of=of),
        "first_steps": controls.slider("first_steps", high=most, of=of),
        "score_images": controls.slider(
            "score_images", title="Images of the score", high=_MOST_IMAGES, default=_IMAGES, of=of
        ),
    }
    checks.one_of("false_percent", "False-positive bound, in %", _PERCENT, 1.0)
    percent = st.select_slider(
        "False-positive bound, in %",
        _PERCENT,
        1.0,
        key="false_percent",
        bind="query-params",
        help="The threshold lets through less than this share of the held-out prompts.",
    )
    return chosen | {
        "false_positives": percent / 100,
        "held_out": _held_out_input(model),
        "mode": controls.choice("mode", of=of),
    }


def _held_out_input(model: str) -> str:
    """A file of prompts that the model was never trained on; empty: its own."""
    own = held_out_prompts(model)
    checks.opened("held_out", "Held-out prompts", "", lambda path: read_prompts(Path(path)), "the model's own")
    written = st.text_input(
        "Held-out prompts",
        "",
        key="held_out",
        bind="query-params",
        placeholder="a file, one prompt a line" if own is None else f"the model's own {len(own)}",
        help="Prompts of the same kind that the model was never trained on: what a score is held against.",
    )
    return (written or "").strip()


def choices_for(chosen: dict[str, Any], examined: Examined) -> Choices:
    """All settings, after the inputs of how pictures are compared.

    Args:
        chosen: what was asked for before.
        examined: the model.

    Raises:
        ValueError: settings contradict each other.
    """
    compared: dict[str, Any] = {}
    if not examined.unknown:
        with view.detail("encoder"):
            st.divider()
            compared = sidebar.encoder_inputs(has_model=True)
            compared |= sidebar.threshold_inputs(compared, examined.subject)
    prompts = PromptSettings.read({name: chosen[name] for name in PromptSettings.model_fields if name in chosen})
    own = {name: chosen[name] for name in ("model", "data", "control", "count", "seed", "mode") if name in chosen}
    matching = ExtractSettings.read(own | compared | {"steps": prompts.steps})
    return Choices(prompts, matching, chosen["held_out"])


def values_of(choices: Choices, prompt: str, edited: str = "") -> dict[str, Any]:
    """The widgets of the page by their keys, as a link has them."""
    own = choices.prompts.model_dump(exclude=set(NOT_OF_PROMPTS))
    return {
        "prompt": prompt,
        "edited": edited,
        **own,
        "count": choices.matching.count,
        "score_images": choices.prompts.score_images,
        "false_percent": round(100 * choices.prompts.false_positives, 6),
        "held_out": choices.held_out,
        **match_values(choices.matching),
    }


@dataclass(frozen=True, eq=False)
class Inquiry:
    """A prompt, the model it is for, and how both are looked at.

    Attributes:
        prompt: the text.
        examined: the model with its pictures.
        choices: the settings.
        held_out: prompts that the model has never seen; None where there are none.
    """

    prompt: str
    examined: Examined
    choices: Choices
    held_out: tuple[str, ...] | None

    @property
    def denoiser(self) -> TextDenoiser:
        """The model."""
        return self.examined.denoiser

    @property
    def settings(self) -> PromptSettings:
        """How the prompt is scored."""
        return self.choices.prompts

    @property
    def drawing(self) -> ExtractSettings:
        """How its pictures are drawn, and what they are compared with."""
        return self.choices.drawing(self.prompt)
