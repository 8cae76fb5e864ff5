"""What a mitigation needs, opened: model, what its pictures are compared with, what prompts are held against."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from side_core.dpm.denoiser import encoded
from side_core.dpm.folder import model_folder
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.extraction.references import References
from side_core.extraction.subject import Subject, opening, references_of
from side_core.mitigation.treatment import Known, Treatment, make_treatment
from side_core.progress import Part
from side_core.prompts.held_out import CAPTIONED, HeldOut, held_out_norms, held_out_prompts
from side_core.prompts.norms import norms_of, score_of
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import ExtractSettings, PromptSettings, SettingError
from side_core.settings.mitigation import TreatedSettings
from side_core.settings.mitigation_methods import MITIGATIONS, MitigationName
from side_core.similarity.text import TextEncoder, open_text_encoder
from side_core.stats.roc import Threshold

GATE = PromptSettings(score_images=4, first_steps=1)  # how a prompt is scored before a gated method is applied
_USUAL_OF = 100  # held-out prompts whose median norm is the usual one
_ENCODED = 64  # training images brought into the model's space at once


def extract_settings(settings: TreatedSettings) -> ExtractSettings:
    """What is opened and compared with, as an extraction says it."""
    said = settings.model_dump(include={"model", "data", "control", "mode"})
    return ExtractSettings(**said, steps=1)


def held_out_of(settings: TreatedSettings) -> tuple[str, ...] | None:
    """Prompts that the model never saw: of the file that is named, or its own; None where there are neither.

    Raises:
        ValueError: the file cannot be read, or has fewer than two.
    """
    if settings.held_out is None:
        return held_out_prompts(settings.model)
    found = read_prompts(Path(settings.held_out)).prompts
    if len(found) < 2:
        raise SettingError(
            f"'{settings.held_out}' holds 1 prompt, which makes no control: give two or more, some hundred if you can.",
            "held_out",
        )
    return found


@dataclass(frozen=True, eq=False)
class Gate:
    """When a prompt is treated.

    Attributes:
        held_out: norms of prompts that the model never saw.
        threshold: what less than the wanted share of one half of them exceed, tried on the other half.
    """

    held_out: HeldOut
    threshold: Threshold

    def opens(self, scores: np.ndarray) -> np.ndarray:
        """(n,) which prompts are treated, by their scores."""
        return scores > self.threshold.value


@dataclass(frozen=True, eq=False)
class Opened:
    """All of it.

    Attributes:
        subject: the model with its training images and control.
        references: these, encoded for comparison.
        clip: says how well a picture fits its prompt; None where no model for such pictures is named.
        gate: None where no held-out prompts are known.
        usual_norm: median norm of held-out prompts at the first step that is drawn; None likewise.
    """

    subject: Subject
    references: References
    clip: TextEncoder | None
    gate: Gate | None
    usual_norm: float | None

    @property
    def denoiser(self) -> TextDenoiser:
        """The model."""
        return need_text(self.subject.denoiser)


def clip_weights(settings: TreatedSettings, subject: Subject) -> str | None:
    """Which CLIP model is opened; None where none is named and the built-in one knows nothing of such pictures."""
    own = "pixel-faces-clip" if subject.data.name == CAPTIONED else None
    return settings.clip_model or own


def gating(settings: TreatedSettings, denoiser: TextDenoiser) -> Generator[Part, None, Gate | None]:
    """The gate, by norms that are shipped, cached, or measured now."""
    prompts = held_out_of(settings)
    if prompts is None:
        return None
    folder = None if settings.held_out else model_folder(settings.model)
    held_out = yield from held_out_norms(denoiser, prompts, GATE, "held-out prompts", folder)
    return Gate(held_out, held_out.threshold(settings.false_positives))


def measuring_usual(settings: TreatedSettings, denoiser: TextDenoiser) -> Generator[Part, None, float | None]:
    """The usual norm at the first step of the settings' schedule, from the cache or measured now."""
    prompts = held_out_of(settings)
    if prompts is None:
        return None
    asked = PromptSettings(steps=settings.steps, score_images=1, first_steps=1)
    held_out = yield from held_out_norms(denoiser, prompts[:_USUAL_OF], asked)
    return float(np.median(held_out.scores))


def gate_scores(denoiser: TextDenoiser, prompts: Sequence[str]) -> Generator[Part, None, np.ndarray]:
    """(n,) scores of prompts, as the gate looks at them: each alone, from the same noise."""
    return score_of((yield from norms_of(denoiser, prompts, GATE)))


def training_latents(subject: Subject) -> Tensor:
    """(N, C, H, W) float32 on the CPU, the training images in the model's space."""
    images = subject.data.images
    starts = range(0, len(images), _ENCODED)
    return torch.cat([encoded(subject.denoiser, images[start : start + _ENCODED]) for start in starts])


def treatment_of(
    method: MitigationName, strength: float | None, opened: Opened, latents: Tensor | None = None
) -> Treatment | None:
    """A method for an opened model; None where it is none.

    Args:
        method: which.
        strength: left out: its usual one.
        opened: the model and what it is held against.
        latents: `training_latents`, where they are there already.

    Raises:
        ValueError: something that it needs is missing, or the model cannot take it.
    """
    known = Known(opened.usual_norm)
    if MITIGATIONS[method].training_images:
        own = training_latents(opened.subject) if latents is None else latents
        known = Known(opened.usual_norm, own, opened.subject.data.fingerprint)
    return make_treatment(method, strength, known, opened.denoiser)


@dataclass(frozen=True, eq=False)
class OpenedJob:
    """What all jobs of mitigation have in common.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
    """

    settings: Any
    opened: Opened

    @property
    def denoiser(self) -> TextDenoiser:
        """The model."""
        return self.opened.denoiser

    @property
    def fingerprints(self) -> dict[str, str]:
        """Of all that a result depends on."""
        subject, clip, gate = self.opened.subject, self.opened.clip, self.opened.gate
        prints = subject.fingerprints
        if clip is not None:
            prints["clip"] = clip.model.digest
        if gate is not None:
            prints["held_out"] = gate.held_out.digest
        return prints

    def about(self) -> dict[str, Any]:
        """Whose results a folder holds."""
        return {
            **self.opened.subject.about(self.settings),
            "fingerprints": self.fingerprints,
            "clip": self.opened.clip and self.opened.clip.description,
        }

    def check(self, estimate: Any) -> None:
        """It may take as long as it takes."""


def opening_all(
    settings: TreatedSettings, device: str | None = None, recorded: str | None = None
) -> Generator[Part, None, Opened]:
    """Open model, images, CLIP model and held-out prompts.

    Raises:
        ValueError: something cannot be opened, or there is no control.
    """
    asked = extract_settings(settings)
    subject = yield from opening(asked, device, recorded)
    references = yield from references_of(asked, subject, device)
    weights = clip_weights(settings, subject)
    clip = None if weights is None else open_text_encoder(weights, device)
    return (yield from holding(settings, subject, references, clip))


def holding(
    settings: TreatedSettings, subject: Subject, references: References, clip: TextEncoder | None
) -> Generator[Part, None, Opened]:
    """The same with what was opened before.

    Raises:
        ValueError: the model draws without a text, there is no control, or the held-out prompts cannot be read.
    """
    denoiser = need_text(subject.denoiser)
    if subject.control is None:
        raise SettingError("Copies need control images, which the model never saw: name some.", "control")
    gate = yield from gating(settings, denoiser)
    usual = yield from measuring_usual(settings, denoiser)
    return Opened(subject, references, clip, gate, usual)
