"""What is left out of the settings is what the model's own scheduler says: filled in, named, and told apart."""

from dataclasses import dataclass
from typing import Literal, TypeVar

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.formats.own_sampling import own_sampling_of
from side_core.settings import Clip, SamplingSettings, Spacing

Chosen = TypeVar("Chosen", bound=SamplingSettings)


@dataclass(frozen=True)
class Origin:
    """One value that pictures are drawn with, and who said so: the settings, or the model's own scheduler."""

    value: str | float | None
    source: Literal["settings", "model"]


def completed(settings: Chosen, denoiser: Denoiser) -> Chosen:
    """The settings with what is left out filled in from the model: what they draw is the same.

    Where the model's space is not bounded nothing is clipped, whatever the settings say; what is left out is then
    written as `clip`, as before it could be left out.
    """
    unset: Clip = own_sampling_of(denoiser).clip if denoiser.bounded else "clip"
    return settings.model_copy(update={"spacing": spacing_of(settings, denoiser), "clip": settings.clip or unset})


def spacing_of(settings: SamplingSettings, denoiser: Denoiser) -> Spacing:
    """How the steps are spread: as the settings say, or else the model's own scheduler."""
    return settings.spacing or own_sampling_of(denoiser).spacing


def clip_of(settings: SamplingSettings, denoiser: Denoiser) -> Clip:
    """How estimates are clipped: as the settings say, or else the model's own scheduler; latents have no bounds."""
    return (settings.clip or own_sampling_of(denoiser).clip) if denoiser.bounded else "off"


def offset_of(settings: SamplingSettings, denoiser: Denoiser) -> int:
    """What is added to each timestep: the model's own offset, where they are spaced as it is meant for."""
    return own_sampling_of(denoiser).steps_offset if spacing_of(settings, denoiser) == "leading" else 0


def stride_of(settings: SamplingSettings, denoiser: Denoiser) -> int | None:
    """How many timesteps one step leads down, where the model's scheduler says so; None: to the next one visited.

    Only where all timesteps are spread as that scheduler does it.
    """
    own, total = own_sampling_of(denoiser), len(denoiser.alphas_cumprod)
    whole = settings.first_timestep in (None, total - 1) and settings.last_timestep == 0
    same = own.fixed_stride and whole and spacing_of(settings, denoiser) == own.spacing
    return total // settings.steps if same else None


def ends_clean(settings: SamplingSettings, denoiser: Denoiser) -> bool:
    """Whether the last step ends at the clean image; DPM-Solver++ always does (Lu et al. 2022)."""
    return settings.solver == "multistep" or own_sampling_of(denoiser).ends_clean


def origins(settings: SamplingSettings, denoiser: Denoiser) -> dict[str, Origin]:
    """What pictures are drawn with, by name, of all that the settings may leave to the model.

    `clip_range` is None where nothing is clipped; `final_alpha` is the signal's share of variance at the end.
    """
    clip = clip_of(settings, denoiser)
    reach = None if clip == "off" else own_sampling_of(denoiser).clip_range
    final = 1.0 if ends_clean(settings, denoiser) else float(denoiser.alphas_cumprod[0])
    leading = settings.spacing in (None, "leading")  # the only spacing that has an offset
    clip_chosen = settings.clip is not None and denoiser.bounded
    return {
        "spacing": Origin(spacing_of(settings, denoiser), "model" if settings.spacing is None else "settings"),
        "clip": Origin(clip, "settings" if clip_chosen else "model"),
        "clip_range": Origin(reach, "settings" if reach is None and clip_chosen else "model"),
        "steps_offset": Origin(offset_of(settings, denoiser), "model" if leading else "settings"),
        "final_alpha": Origin(final, "settings" if settings.solver == "multistep" else "model"),
    }
