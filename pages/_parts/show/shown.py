"""What a page shows of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from side_core.extraction.run import Extraction
from side_core.sampling.picture import Picture
from side_core.sampling.strips import Strips


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page shows.

    Attributes:
        extraction: the pictures with their scores.
        noun: what a picture's name is: a seed, or a picture.
        paths: of drawn pictures, from noise to image, by name.
        drawn: the same with those that nothing steered, by what they depend on, then by seed.
        note: a line below the sentence.
        strips: shipped pictures that take their place while lambda is moved.
    """

    extraction: Extraction
    noun: str
    paths: Mapping[str, Picture]
    drawn: Mapping[str, Mapping[int, Picture]] = field(default_factory=dict)
    note: str = ""
    strips: Strips | None = None
