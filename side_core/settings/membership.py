"""Was it used? Whether a model's answers tell pictures it was trained on from others."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, field_validator

from side_core.settings.base import Settings
from side_core.settings.sampling import EXACT_MODE, Mode
from side_core.wording import listed

LEAST_PICTURES = 20  # of each side; fewer have no interval worth the name
BLIND = "blind"  # the row of the baseline


@dataclass(frozen=True)
class Attack:
    """A membership score.

    Attributes:
        title: for people.
        source: the paper.
        access: what of the model it needs.
    """

    title: str
    source: str
    access: str


ATTACKS: Mapping[str, Attack] = {
    "loss": Attack("Loss", "Matsumoto et al. 2023", "predictions"),
    "pia": Attack("PIA", "Kong et al. 2024", "predictions"),
    "secmi": Attack("SecMI", "Duan et al. 2023", "predictions"),
    "pfami": Attack("PFAMI", "Fu et al. 2024", "predictions"),
    "clid": Attack("CLiD", "Zhai et al. 2024", "predictions under several texts"),
}
TEXT_ONLY = frozenset({"clid"})


class MembershipSettings(Settings):
    """One comparison of two sets of pictures."""

    model: str = Field(
        "pixel-faces", title="Model", description="A built-in name, a diffusers folder or a model of the Hub."
    )
    members: str | None = Field(
        None,
        title="Pictures in question",
        description="A folder or an array file. Left out: what the model says it was trained on.",
    )
    non_members: str | None = Field(
        None,
        title="Pictures it never saw",
        description="Of the same kind and the same source, for certain not used. Left out: the model's own control.",
    )
    scores: tuple[str, ...] | None = Field(
        None,
        title="Scores",
        description=f"Of {listed(list(ATTACKS))}. Left out: all that the model allows.",
    )
    reference: str | None = Field(
        None,
        title="Reference model",
        description="Trained alike without the pictures in question. Left out: the shipped twin, where there is one.",
    )
    images: int = Field(
        256,
        ge=LEAST_PICTURES,
        le=100_000,
        title="Pictures of each side",
        description="Evenly spread over the set.",
        json_schema_extra={"live_max": 1000},
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Of all noise.")
    mode: Mode = EXACT_MODE

    @field_validator("scores", mode="before")
    @classmethod
    def readable(cls, scores: object) -> object:
        """Names of scores, also several in one word with commas between them."""
        if scores is None:
            return None
        given = [scores] if isinstance(scores, str) else scores
        if not isinstance(given, (list, tuple)):
            return scores
        names = tuple(dict.fromkeys(part for word in given for part in str(word).replace(",", " ").split()))
        for name in names:
            check_score(name)
        return names or None


def check_score(name: str) -> None:
    """Raise ValueError where there is no such score."""
    if name not in ATTACKS:
        raise ValueError(f"'{name}' is no score: choose of {listed(list(ATTACKS))}")
