"""The methods against copies while a picture is drawn: what everybody may know of them without computing anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

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
