"""How a model's own pipeline samples, as its scheduler says it: what is followed where nothing else is chosen."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from side_core.dpm.formats.config import finite_number, shown, whole_number
from side_core.dpm.formats.third_party_logs import importing
from side_core.settings import Clip, Spacing

_UNKNOWN = "DDIMScheduler"  # whose defaults take the place of those of a class that is not known
SCHEDULERS = (  # of diffusers: those that have betas
    *("DDIMScheduler", "DDIMParallelScheduler", "DDPMScheduler", "DDPMParallelScheduler", "PNDMScheduler"),
    *("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "LMSDiscreteScheduler"),
    *("KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DEISMultistepScheduler", "LCMScheduler"),
    *("DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "UniPCMultistepScheduler", "TCDScheduler"),
)
_SPACINGS: tuple[Spacing, ...] = ("leading", "trailing", "linspace")  # that diffusers knows, Lin et al. 2024, table 2
_ENTRIES = ("timestep_spacing", "steps_offset", "clip_sample", "clip_sample_range", "set_alpha_to_one")
_FIXED_STRIDE = ("DDIMScheduler", "DDIMParallelScheduler")
CARD_ENTRY = "sampling"  # of card.json


@dataclass(frozen=True)
class OwnSampling:
    """What a scheduler's configuration says of sampling. The defaults are those of diffusers' DDIM.

    Attributes:
        spacing: how steps are spread over the timesteps.
        steps_offset: what is added to each timestep of `leading` spacing.
        clip: `clip` where the estimate of the clean image is kept within +-clip_range, or `off`.
        clip_range: see there; above 0.
        ends_clean: whether the last step ends at the clean image, or (False) at the noise level of timestep 0.
        fixed_stride: whether a step leads T // steps timesteps down even where the next one visited is another, as
            diffusers' DDIM does: with `linspace`, and with `trailing` where T is no multiple of the steps.
        source: the files that say so; empty where there are none.
    """

    spacing: Spacing = "leading"
    steps_offset: int = 0
    clip: Clip = "clip"
    clip_range: float = 1.0
    ends_clean: bool = True
    fixed_stride: bool = False
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        offset = f", offset {self.steps_offset}" if self.spacing == "leading" else ""
        clipped = "not clipped" if self.clip == "off" else f"kept within -{self.clip_range:g}..{self.clip_range:g}"
        end = "the clean image" if self.ends_clean else "the first noise level"
        source = f" ({self.source})" if self.source else ""
        return f"{self.spacing} spacing{offset}, estimate {clipped}, ends at {end}{source}"


def own_sampling_of(denoiser: object) -> OwnSampling:
    """How a denoiser's own pipeline samples; one that says nothing of it samples like diffusers' DDIM."""
    found: OwnSampling = getattr(denoiser, "own_sampling", OwnSampling())
    return found


def read_own_sampling(config: Mapping[str, Any], file: Path, timesteps: int) -> OwnSampling:
    """What a scheduler's configuration says; an entry that is missing has the default of the class that it names.

    Args:
        config: of `scheduler_config.json`.
        file: that it is from.
        timesteps: T of the noise schedule.

    Raises:
        ValueError: a value is of another type, or out of bounds.
    """
    kind = str(config.get("_class_name"))
    known = _defaults_of(kind)
    clips = "clip_sample" in known
    before = OwnSampling(clip="clip" if clips else "off", fixed_stride=kind in _FIXED_STRIDE, source=file.name)
    return _overridden(before, known | {name: config[name] for name in known if name in config}, file, timesteps)


def _defaults_of(kind: str) -> dict[str, Any]:
    """The entries that a scheduler class of diffusers knows, with their defaults."""
    with importing:
        import diffusers

        scheduler = getattr(diffusers, kind if kind in SCHEDULERS else _UNKNOWN)
    parameters = inspect.signature(scheduler.__init__).parameters
    return {name: parameters[name].default for name in _ENTRIES if name in parameters}


def _overridden(own: OwnSampling, said: Mapping[str, Any], file: Path, timesteps: int) -> OwnSampling:
    """The same with what a file says under diffusers' names; what it leaves out stays.

    Args:
        own: what holds otherwise.
        said: some of `_ENTRIES`.
        file: that says it.
        timesteps: T of the noise schedule.

    Raises:
        ValueError: a value is of another type, or out of bounds.
    """
    values = {
        "timestep_spacing": own.spacing,
        "steps_offset": own.steps_offset,
        "clip_sample": own.clip == "clip",
        "clip_sample_range": own.clip_range,
        "set_alpha_to_one": own.ends_clean,
    } | {name: said[name] for name in _ENTRIES if name in said}
    return replace(
        own,
        spacing=_spacing_in(values, file),
        steps_offset=whole_number(values, "steps_offset", file, 0, timesteps - 1),
        clip="clip" if _true_or_false(values, "clip_sample", file) else "off",
        clip_range=_positive(values, "clip_sample_range", file),
        ends_clean=_true_or_false(values, "set_alpha_to_one", file),
    )


def with_card(own: OwnSampling, card: Mapping[str, Any], file: Path, timesteps: int) -> OwnSampling:
    """The same with what `card.json` says under `sampling`, which was measured and so takes precedence.

    Raises:
        ValueError: it is no object, or a value in it is of another type, or out of bounds.
    """
    said = card.get(CARD_ENTRY)
    if said is None:
        return own
    if not isinstance(said, Mapping) or not set(said) <= set(_ENTRIES):
        raise ValueError(f"{CARD_ENTRY} is {shown(said)} in '{file}': give some of {', '.join(_ENTRIES)}, or nothing.")
    return replace(_overridden(own, said, file, timesteps), source=f"{own.source}, {file.name}")


def as_text_pipeline(own: OwnSampling) -> OwnSampling:
    """As diffusers' StableDiffusionPipeline mends the scheduler it is given: offset 1, estimates not clipped."""
    return replace(own, steps_offset=1, clip="off")


def _spacing_in(config: Mapping[str, Any], file: Path) -> Spacing:
    """`timestep_spacing`; ValueError where it is none that diffusers knows."""
    found = next((name for name in _SPACINGS if name == config["timestep_spacing"]), None)
    if found is None:
        raise ValueError(
            f"timestep_spacing is {shown(config['timestep_spacing'])} in '{file}': one of {', '.join(_SPACINGS)} is "
            "needed, save the model again."
        )
    return found


def _true_or_false(config: Mapping[str, Any], name: str, file: Path) -> bool:
    """A yes or no, where null is no; ValueError where it is something else."""
    value = config[name]
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} is {shown(value)} in '{file}': true or false is needed, save the model again.")
    return bool(value)


def _positive(config: dict[str, Any], name: str, file: Path) -> float:
    """A finite number above 0; ValueError where it is something else."""
    value = finite_number(config, name, file, 1.0)
    if value <= 0:
        raise ValueError(f"{name} is {value:g} in '{file}': a number above 0 is needed, save the model again.")
    return value
