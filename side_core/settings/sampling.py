"""What is drawn, and how a surrogate steers it."""

from typing import Any, Literal

from pydantic import Field, field_validator

from side_core.settings.base import Settings

Spacing = Literal["leading", "trailing", "linspace", "quadratic", "karras"]
Solver = Literal["ddim", "multistep"]
Clip = Literal["off", "clip", "clip-recompute"]
Mode = Literal["exact", "fast"]
GuidanceShape = Literal["constant", "ramp", "cosine"]
Label = int | Literal["uniform", "balanced"]

_MOST_LABEL = 99_999
OF_A_PROMPT = ("prompt", "text_scale")  # the fields that only a text-to-image model heeds
_LONGEST_PROMPT = 2000  # characters; CLIP's 77 tokens are about 300

EXACT_MODE: Any = Field(  # of settings that are exact unless told otherwise
    "exact",
    title="Arithmetic",
    description="exact: float32, reproducible. fast: half precision where a short probe finds it faster.",
)


class SamplingSettings(Settings):
    """What is drawn, image by image: everything the pictures depend on besides the model."""

    count: int = Field(
        16,
        ge=1,
        le=1_000_000,
        title="Images",
        description="How many images to draw.",
        json_schema_extra={"live_max": 256},
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="First seed",
        description="Image k starts from noise with seed S + k and is the same picture in any batch.",
    )
    steps: int = Field(
        25,
        ge=1,
        le=1000,
        title="Steps",
        description="Denoising steps a picture. More steps, finer pictures, longer wait.",
        json_schema_extra={"live_max": 250},
    )
    spacing: Spacing | None = Field(
        None,
        title="Spacing",
        description="How the steps are spread over the timesteps of the noise schedule. Left out: as the model's own "
        "scheduler says.",
    )
    first_timestep: int | None = Field(
        None, ge=0, le=9999, title="First timestep", description="Where denoising starts. Left out: at pure noise."
    )
    last_timestep: int = Field(
        0,
        ge=0,
        le=9999,
        title="Last timestep",
        description="The last timestep the model is asked about; then it jumps to the image.",
    )
    eta: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        title="Noise added back (eta)",
        description="0 is DDIM (deterministic), 1 is DDPM.",
    )
    solver: Solver = Field(
        "ddim",
        title="Solver",
        description="DDIM, or DPM-Solver++ of second order, which needs fewer steps (eta must be 0).",
    )
    clip: Clip | None = Field(
        None,
        title="Clip the estimate",
        description="Keep the estimate of the clean image within -1..1 (or the scheduler's own range) at every step, "
        "as diffusers does; 'clip-recompute' also corrects the noise to fit. Left out: as the model's own scheduler "
        "says.",
    )
    mode: Mode = EXACT_MODE
    label: Label | None = Field(
        None,
        title="Label",
        description="A number, or uniform (drawn from each image's seed; what leaving it out means), or balanced (each "
        "label in turn). Of the surrogate's clusters, or without one of the model's classes.",
    )
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Images drawn at once; does not change them."
    )
    prompt: str | None = Field(
        None,
        max_length=_LONGEST_PROMPT,
        title="Prompt",
        description="What a text-to-image model shall show. Left out: whatever it draws for the empty prompt.",
    )
    text_scale: float = Field(
        3.0,
        ge=1,
        le=20,
        allow_inf_nan=False,
        title="Text guidance",
        description="Scale of classifier-free guidance. 1 follows the prompt as it was learned, more exaggerates it.",
    )

    @property
    def unsaid(self) -> frozenset[str]:
        """A prompt's own settings where there is none."""
        return super().unsaid | (frozenset(OF_A_PROMPT) if self.prompt is None else frozenset())

    @field_validator("prompt")
    @classmethod
    def none_if_empty(cls, value: str | None) -> str | None:
        """Without the space around it, which no vocabulary reads."""
        return (value or "").strip() or None

    @field_validator("label", mode="before")
    @classmethod
    def known_label(cls, value: Any) -> Any:
        """A whole number, or one of the two ways to draw one."""
        if value in (None, "uniform", "balanced"):
            return value
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if not 0 <= number <= _MOST_LABEL:
            raise ValueError(f"give uniform, balanced, or a whole number from 0 to {_MOST_LABEL:,}")
        return number

    @property
    def seeds(self) -> range:
        """One seed for each image."""
        return range(self.seed, self.seed + self.count)

    @property
    def evaluations(self) -> int:
        """How often the model is asked about an image at each step: also without its text where it is guided by it."""
        return 1 if self.prompt is None or self.text_scale == 1 else 2

    @property
    def sampling(self) -> "SamplingSettings":
        """These settings alone, also of an extraction that has more."""
        return SamplingSettings.model_validate(self.model_dump(include=set(SamplingSettings.model_fields)))

    @property
    def picture_digest(self) -> str:
        """Names what one picture depends on besides model and seed, so that equal pictures are drawn once.

        What is left to the model is not filled in: see `side_core.sampling.picture_key`.
        """
        one = self.sampling.model_copy(update={"count": 1, "seed": 0, "batch_size": 1})
        return one.digest


class GuidanceSettings(Settings):
    """How hard, when and how evenly a surrogate steers. What is left out is what the surrogate's card says."""

    guidance_scale: float | None = Field(
        None,
        ge=0,
        le=1000,
        allow_inf_nan=False,
        title="Guidance scale λ",
        description="How hard the surrogate steers. 0 leaves the model alone; copies rise with it, then fall.",
        json_schema_extra={"live_max": 50},
    )
    guide_from: int | None = Field(
        None,
        ge=0,
        le=9999,
        title="Guide from timestep",
        description="Where steering begins, on the noisy side: where the surrogate can tell its labels apart.",
    )
    guide_to: int | None = Field(
        None, ge=0, le=9999, title="Guide to timestep", description="The last timestep that is steered; 0 is the image."
    )
    guidance_shape: GuidanceShape | None = Field(
        None,
        title="Shape of λ(t)",
        description="Within the window. constant; ramp: rises evenly towards the image; cosine: rises and falls again.",
    )

    def over(self, best: "GuidanceSettings") -> "GuidanceSettings":
        """These settings, with `best` in place of what was left out.

        Raises:
            ValueError: the window is empty.
        """
        own = {name: getattr(self, name) for name in GuidanceSettings.model_fields}
        filled = {name: getattr(best, name) if value is None else value for name, value in own.items()}
        result = GuidanceSettings.model_validate(filled)
        first, last = result.guide_from, result.guide_to
        if first is not None and last is not None and last > first:
            raise ValueError(
                f"The guidance window from {first} to {last} is empty: guide-from must not be below guide-to."
            )
        return result

    @property
    def guidance(self) -> "GuidanceSettings":
        """These settings alone, also of an extraction that has more."""
        return GuidanceSettings.model_validate(self.model_dump(include=set(GuidanceSettings.model_fields)))
