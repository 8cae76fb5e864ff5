"""Mitigation: what is done against copies while a picture is drawn, and how strongly; the search for triggers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from side_core.settings.base import Settings
from side_core.settings.sampling import EXACT_MODE, Mode

Task = Literal["prompt", "triggers"]
MitigationName = Literal[
    "none", "wen", "tokens", "numbers", "words", "noise", "opposite", "mask", "sharp", "batch-noise", "guard", "amg"
]
NAMES: tuple[MitigationName, ...] = get_args(MitigationName)
USUAL = "1 is usual: the median of prompts the model never saw"


@dataclass(frozen=True)
class Strength:
    """How strongly a method works: one number.

    Attributes:
        title: what it is.
        low, high: its bounds, both included.
        step: of a slider.
        swept: three of them, weak to strong, for the table; the second is what is left out stands for.
    """

    title: str
    low: float
    high: float
    step: float
    swept: tuple[float, float, float]

    @property
    def default(self) -> float:
        """What is left out."""
        return self.swept[1]


@dataclass(frozen=True)
class Mitigation:
    """What everybody may know of a method without computing anything.

    Attributes:
        name: for settings and tables.
        title: for people.
        source: who published it.
        about: what it does, in one sentence.
        strength: its one number; None where it has none.
        usual_norm: whether its strength is a multiple of the norm of prompts that the model never saw.
        training_images: whether it needs them.
        prepares: steps that it takes before a batch is drawn, at most.
    """

    name: MitigationName
    title: str
    source: str
    about: str
    strength: Strength | None = None
    usual_norm: bool = False
    training_images: bool = False
    prepares: int = 0


_MORE = Strength("Inserted into the prompt", 1, 12, 1, (2, 4, 8))
MITIGATIONS: Mapping[MitigationName, Mitigation] = MappingProxyType(
    {
        item.name: item
        for item in (
            Mitigation("none", "Nothing", "", "The model as it is: what all others are held against."),
            Mitigation(
                "wen",
                "Prompt embedding optimised",
                "Wen et al. 2024",
                "Changes what the prompt became, until it pulls no harder than usual at the first step.",
                Strength(f"Target norm ({USUAL}; less is stronger)", 0.1, 5, 0.05, (2.0, 1.5, 1.0)),
                usual_norm=True,
                prepares=10,
            ),
            Mitigation(
                "tokens", "Random tokens", "Somepalli et al. 2023", "Inserts tokens of the model's vocabulary.", _MORE
            ),
            Mitigation("numbers", "Random numbers", "Somepalli et al. 2023", "Inserts numbers.", _MORE),
            Mitigation("words", "Repeated words", "Somepalli et al. 2023", "Repeats words of the prompt.", _MORE),
            Mitigation(
                "noise",
                "Noise on the embedding",
                "Somepalli et al. 2023",
                "Adds Gaussian noise to what the prompt became.",
                Strength("Standard deviation", 0, 3, 0.05, (0.1, 1.0, 1.5)),
            ),
            Mitigation(
                "opposite",
                "Opposite guidance",
                "Jain et al. 2025",
                "Guides away from the prompt until its pull has fallen for the first time, then towards it.",
                Strength("Scale of the opposite guidance (0: none until then)", 0, 10, 0.25, (0.0, 3.0, 6.0)),
            ),
            Mitigation(
                "mask",
                "Summary tokens masked",
                "Ren et al. 2024",
                "Looks neither at the end of the prompt nor at what follows, and more at its start.",
                Strength("Factor on the start token's logits", 1, 5, 0.05, (1.0, 1.25, 2.0)),
            ),
            Mitigation(
                "sharp",
                "Noise that is less sharp",
                "Jeon et al. 2025 (SAIL)",
                "Moves the initial noise to where the prompt makes no sharp peak.",
                Strength(f"Target norm beside the noise ({USUAL}; less is stronger)", 0.1, 5, 0.05, (2.0, 1.0, 0.5)),
                usual_norm=True,
                prepares=10,
            ),
            Mitigation(
                "batch-noise",
                "Noise adjusted, guidance later",
                "Han et al. 2025, batch-wise",
                "Moves the initial noise away from where the prompt pulls, and guides only after the first tenth.",
                Strength("Step of the noise (gamma)", 0, 10, 0.1, (0.7, 2.0, 4.0)),
                prepares=2,
            ),
            Mitigation(
                "guard",
                "Attention attenuated, repelled",
                "Zhao et al. 2026 (GUARD)",
                "Weakens words that draw all attention, and guides away from what they would have made.",
                Strength("Scale of the repulsion", 0, 60, 0.5, (3.0, 10.0, 40.0)),
            ),
            Mitigation(
                "amg",
                "Away from the nearest training picture",
                "Chen et al. 2024 (AMG)",
                "Looks up the nearest training picture at every step and guides away from it.",
                Strength("Scale of the guidance", 0, 50, 0.5, (5.0, 15.0, 40.0)),
                training_images=True,
            ),
        )
    }
)


def strength_of(method: MitigationName, strength: float | None) -> float | None:
    """The strength that a method works with: what is given, or its own.

    Raises:
        ValueError: it is outside the method's bounds, or the method has none.
    """
    own = MITIGATIONS[method].strength
    if own is None:
        if strength is not None:
            raise ValueError(f"strength cannot be {strength:g}: method '{method}' has none, leave it out")
        return None
    if strength is None:
        return own.default
    if not own.low <= strength <= own.high:
        what = f"{own.title[0].lower()}{own.title[1:]}"
        raise ValueError(
            f"strength cannot be {strength:g} of method '{method}': choose {own.low:g} to {own.high:g} ({what})"
        )
    return strength


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
