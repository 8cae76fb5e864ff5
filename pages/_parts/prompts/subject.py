"""What is examined: a text-to-image model, with its training images where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages._parts.inputs.steering import follow_model
from pages._parts.runtime.resources import open_model, open_subject
from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import check_pipeline, ideal_source, model_folder
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.extraction.subject import Subject, data_and_control
from side_core.prompts.examples import Example, embedded_examples, training_examples
from side_core.prompts.held_out import CAPTIONED
from side_core.settings import ExtractSettings, PromptSettings

_OWN = str(PromptSettings.model_fields["model"].default)


@dataclass(frozen=True, eq=False)
class Examined:
    """A text-to-image model.

    Attributes:
        denoiser: the model.
        subject: the model with its training images and control; with none where they are not known.
        unknown: why its training images are not known, and how to mend it; empty where they are.
    """

    denoiser: TextDenoiser
    subject: Subject
    unknown: str = ""

    @property
    def knows_names(self) -> bool:
        """Whether it was trained on the embedded captions."""
        return self.subject.data.name == CAPTIONED

    @property
    def examples(self) -> tuple[Example, ...]:
        """Prompts to begin with."""
        if self.knows_names:
            return embedded_examples()
        captions = self.subject.data.captions
        return () if captions is None else training_examples(captions.tolist())


def draws_texts(model: str) -> bool:
    """Whether a model draws what a text says, as its folder tells; no weight is read.

    Raises:
        ValueError: there is no such model.
    """
    folder = model_folder(model)
    return ideal_source(folder) is None and check_pipeline(folder).text is not None


def reason_against_text(model: str) -> str | None:
    """Why a model has no place here; None where it has."""
    try:
        return None if draws_texts(model) else "It draws without a text."
    except ValueError as error:
        return str(error)


def offer_text(model: str) -> None:
    """Put a button that chooses another model where the model is chosen, if it draws without a text.

    Raises:
        ValueError: it does, or it cannot be read.
    """
    if draws_texts(model):
        return
    st.button(f"Use {_OWN}", icon=":material/edit_note:", type="primary", on_click=_use_own, key="use-own")
    raise ValueError(
        f"'{model}' draws without a text: choose {_OWN}, or a text-to-image model of your own (a "
        "StableDiffusionPipeline folder or Hub id)."
    )


def _use_own() -> None:
    """Choose the embedded text-to-image model."""
    st.session_state["model"] = _OWN
    follow_model()


def examine(chosen: Mapping[str, Any]) -> Examined:
    """Open the model, and its training images if they are known.

    Args:
        chosen: model, data, control, mode.

    Raises:
        ValueError: something cannot be opened.
    """
    settings = ExtractSettings.read(
        {name: chosen[name] for name in ("model", "data", "control", "mode") if name in chosen}
    )
    try:
        data_and_control(settings)
    except ValueError as error:
        alone = open_model(settings.model, settings.mode)
        return Examined(need_text(alone), Subject(_no_images(alone.image_size), None, alone), str(error))
    subject = open_subject(settings)
    return Examined(need_text(subject.denoiser), subject)


def _no_images(size: tuple[int, int]) -> TrainingSet:
    """A set without an image, for a model that draws but has nothing to be compared with."""
    return TrainingSet("none", np.empty((0, *size, 3), np.uint8), np.empty(0, str))
