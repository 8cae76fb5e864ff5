"""Mitigation: a prompt without and with a method, the search for triggers, and the table of all methods."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from side_core.settings.base import Settings
from side_core.settings.mitigation_methods import NAMES, MitigationName, strength_of
from side_core.settings.sampling import EXACT_MODE, Mode

Task = Literal["prompt", "triggers"]


class TreatedSettings(Settings):
    """What all mitigation has in common: the model, how it draws, and what prompts are held against."""

    model: str = Field(
        "pixel-faces-text", title="Model", description="A text-to-image model: built-in, folder, Hub id."
    )
    data: str | None = Field(
        None, title="Training images", description="Left out: those that the model says it was trained on."
    )
    control: str | None = Field(
        None, title="Control images", description="Of the same kind, never seen by the model. Left out: its own."
    )
    held_out: str | None = Field(
        None,
        title="Held-out prompts",
        description="A file of prompts that the model was never trained on: what is usual, and from where on a method "
        "is applied. Left out: the model's own.",
    )
    clip_model: str | None = Field(
        None,
        title="CLIP model",
        description="Says how well a picture fits its prompt: local-dir:FOLDER or hf-hub:ORG/NAME of open_clip. Left "
        "out: the built-in one, for the model it was made for.",
    )
    text_scale: float = Field(
        3.0,
        ge=1,
        le=20,
        allow_inf_nan=False,
        title="Text guidance",
        description="Scale of classifier-free guidance. 1 follows the text as it was learned; more follows it harder.",
    )
    steps: int = Field(
        12,
        ge=2,
        le=1000,
        title="Steps",
        description="Denoising steps a picture.",
        json_schema_extra={"live_max": 100},
    )
    seed: int = Field(
        0, ge=0, le=2**31 - 1, title="First seed", description="Image k starts from noise with seed S + k."
    )
    mode: Mode = EXACT_MODE
    false_positives: float = Field(
        0.01,
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        title="False-positive bound",
        description="Of a gated method: it is applied to less than this share of prompts the model never saw.",
    )


class MitigationSettings(TreatedSettings):
    """One prompt without and with a method; or a search for prompts that bring pictures back."""

    task: Task = Field(
        "prompt",
        title="Task",
        description="prompt: the same seeds without and with a method. triggers: search for prompts that bring "
        "training pictures back.",
        json_schema_extra={"positional": True},
    )
    prompt: str = Field("", max_length=2000, title="Prompt", description="What the picture shall show.")
    method: MitigationName = Field(
        "wen", title="Method", description="What is done against copies while the pictures are drawn."
    )
    strength: float | None = Field(
        None,
        allow_inf_nan=False,
        title="Strength",
        description="Of the method, in its own unit, see docs/methods/mitigation.md. Left out: its usual one.",
    )
    gated: bool = Field(
        False,
        title="Only where the prompt stands out",
        description="Leave prompts alone that pull no harder than prompts the model never saw.",
    )
    count: int = Field(
        8,
        ge=1,
        le=4096,
        title="Pictures",
        description="Drawn without the method, and as many with it.",
        json_schema_extra={"live_max": 64},
    )
    rounds: int = Field(
        100,
        ge=1,
        le=10_000,
        title="Rounds",
        description="Of the search: after each, what was found is drawn.",
        json_schema_extra={"live_max": 400},
    )
    iterations: int = Field(
        50,
        ge=1,
        le=100_000,
        title="Iterations",
        description="Of the search, in each round: how often words are drawn anew.",
        json_schema_extra={"live_max": 500},
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=10_000,
        title="Minutes",
        description="The search stops after about so long, between two rounds; what is found is kept.",
    )
    sentence: str | None = Field(
        None,
        max_length=2000,
        title="Sentence",
        description="Of the search: how it begins; each word of it may change. Left out: a held-out prompt of the "
        "model.",
    )
    words: str | None = Field(
        None,
        title="Words",
        description="Of the search: a file with one word a line to draw from. Left out: all whole words that the "
        "model's vocabulary has.",
    )

    @field_validator("prompt")
    @classmethod
    def without_space(cls, value: str) -> str:
        """Without the space around it, which no vocabulary reads."""
        return value.strip()

    @model_validator(mode="after")
    def within_bounds(self) -> Self:
        """The strength is one that the method takes."""
        strength_of(self.method, self.strength)
        return self

    @property
    def seeds(self) -> range:
        """One seed for each picture."""
        return range(self.seed, self.seed + self.count)


class EvaluateMitigationSettings(TreatedSettings):
    """The table: methods by strengths, on prompts that bring pictures back and on prompts that do not."""

    methods: tuple[MitigationName, ...] = Field(
        NAMES, title="Methods", description=f"all, or some of {', '.join(NAMES)}; none is always among them."
    )
    triggers: int = Field(
        60, ge=2, le=100_000, title="Triggers", description="How many prompts of each kind that bring pictures back."
    )
    general: int = Field(
        500,
        ge=8,
        le=100_000,
        title="General prompts",
        description="How many, a picture each; the model never saw them.",
    )
    count: int = Field(4, ge=1, le=64, title="Pictures", description="Of each trigger.")
    prompts: str | None = Field(
        None,
        title="File of triggers",
        description="Prompts that are known to bring pictures back, one a line. Left out: those of the model.",
    )
    attacked: int = Field(
        8,
        ge=0,
        le=1000,
        title="Attacked pictures",
        description="Of the work curve: how many memorised pictures, and as many control images; 0: no work curve.",
    )

    @field_validator("methods", mode="before")
    @classmethod
    def each_once(cls, value: object) -> object:
        """One or more names, each once, after `none`; `all` is all of them."""
        if value == "all" or (isinstance(value, list | tuple) and list(value) == ["all"]):
            return NAMES
        if isinstance(value, list | tuple):
            twice = next((name for place, name in enumerate(value) if name in value[:place]), None)
            if twice is not None:
                raise ValueError(f"{twice} is named twice, name each method once")
            return ("none", *(name for name in value if name != "none"))
        return value
