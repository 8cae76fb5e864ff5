"""What pictures are compared with, and one whole extraction."""

from typing import Literal, Self

from pydantic import Field, model_validator

from side_core.settings.base import Settings
from side_core.settings.sampling import GuidanceSettings, SamplingSettings

EncoderName = Literal["pixel", "dpm", "clip", "sscd"]
ScoreName = Literal["ratio", "nl2", "l2", "cosine"]

A_PROGRAM = "A TorchScript file is a program, which runs with your rights: give none but its authors'."


class MatchSettings(Settings):
    """What pictures are compared with, by what, and which of them count."""

    data: str | None = Field(
        None,
        title="Training images",
        description="A folder, a .npy or .npz file, or pixel-faces; [first:stop] takes some rows. "
        "Left out: what the model was trained on.",
    )
    control: str | None = Field(
        None,
        title="Control images",
        description="Images of the same kind that the model never saw. Left out: the model's own, if it has any.",
    )
    encoder: EncoderName = Field(
        "pixel",
        title="Compare by",
        description="pixel: colours as they are. dpm: features from the model's own bottleneck. "
        "clip, sscd: features of a network you name.",
    )
    encoder_weights: str | None = Field(
        None,
        title="Encoder weights",
        description="For clip: pixel-faces-clip (built in), local-dir:FOLDER or hf-hub:ORG/NAME (open_clip). For sscd: "
        f"the TorchScript file. {A_PROGRAM}",
    )
    score: ScoreName = Field(
        "ratio",
        title="Score",
        description="Distances (ratio, nl2, l2): smaller is nearer to a copy. Cosine: larger is nearer.",
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=100,
        allow_inf_nan=False,
        title="Threshold",
        description="Left out: the score's published threshold.",
    )
    control_rate: float | None = Field(
        None,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        title="Control rate",
        description="Takes the threshold's place: the most generous one at which at most this share of the pictures "
        "beats it against the control, for example 0.005.",
    )

    mirror: bool | None = Field(
        None,
        title="Mirrored copies, too",
        description="Each training and control image is also compared mirrored, left to right, as most models are "
        "trained. Left out: what the model's card says, else no.",
    )
    align: int = Field(
        0,
        ge=0,
        le=4,
        title="Shifted and cropped copies, too",
        description="Compare under shifts of up to so many pixels and crops by as many from each side, training and "
        "control images alike; for small pictures, by their colours. Takes 18 times as long at 1, 59 times at 2.",
    )

    @property
    def unsaid(self) -> frozenset[str]:
        """Ways to look at a picture that are not used."""
        ways = {"mirror": self.mirror is None, "align": self.align == 0}
        return super().unsaid | {name for name, unused in ways.items() if unused}

    @model_validator(mode="after")
    def aligned_by_colours(self) -> Self:
        """Shifted pictures are compared by their colours."""
        if self.align and self.encoder != "pixel":
            raise ValueError(f"align is {self.align}, but shifts are compared by colours: choose encoder pixel")
        return self

    @model_validator(mode="after")
    def one_threshold(self) -> Self:
        """Threshold and control rate are two ways to say the same."""
        if self.threshold is not None and self.control_rate is not None:
            raise ValueError(
                f"threshold is {self.threshold:g} and control-rate is {self.control_rate:g}: give one of the two"
            )
        return self


class ExtractSettings(MatchSettings, GuidanceSettings, SamplingSettings):
    """One extraction: draw, match against training images and control, score."""

    model: str = Field(
        "pixel-faces",
        title="Model",
        description="A built-in model, a diffusers folder, or a Hub id such as google/ddpm-cifar10-32.",
    )
    surrogate: str | None = Field(
        None,
        title="Surrogate",
        description="Steers the model (SIDE): a built-in name or a folder made by train surrogate. Left out: plain "
        "sampling.",
    )
    foreign_surrogate: bool = Field(
        False,
        title="Allow a surrogate of another model",
        description="As in the twin test, where a surrogate must bring back nothing.",
    )
    compare_plain: bool = Field(
        True,
        title="Compare with plain sampling",
        description="Of a steered run: also draw the same seeds without the surrogate.",
    )

    @model_validator(mode="after")
    def steered_by_something(self) -> Self:
        """Guidance needs a surrogate."""
        for name in GuidanceSettings.model_fields:
            if self.surrogate is None and getattr(self, name) is not None:
                flag = name.replace("_", "-")
                raise ValueError(f"{flag} is {getattr(self, name)}, but nothing steers: name a surrogate")
        return self

    @model_validator(mode="after")
    def guided_by_a_text(self) -> Self:
        """Text guidance needs a prompt."""
        if self.prompt is None and self.text_scale != type(self).model_fields["text_scale"].default:
            raise ValueError(f"text-scale is {self.text_scale:g}, but there is no prompt: give one")
        return self

    @property
    def plain_sampling(self) -> SamplingSettings:
        """How the same seeds are drawn without the surrogate, whose business the label is."""
        return self.sampling if self.surrogate is None else self.sampling.model_copy(update={"label": None})


class ScoreSettings(MatchSettings):
    """Score pictures that others generated; no model is needed."""

    samples: str = Field(title="Pictures to score", description="A folder, or a .npy or .npz file.")
    data: str = Field(title="Training images", description="A folder, a .npy or .npz file, or pixel-faces.")
