"""What steering changes: a guided run against the same seeds drawn without the surrogate."""

from dataclasses import dataclass

import numpy as np

from side_core.extraction.headline import Headline, at_threshold, threshold_of
from side_core.extraction.matching import Match
from side_core.extraction.metrics import Band, band_metrics
from side_core.extraction.run import Extraction
from side_core.settings import ScoreName
from side_core.similarity.scores import SCORES
from side_core.stats.bootstrap import Interval, ratio_interval


@dataclass(frozen=True)
class Effect:
    """A guided run beside its plain twin, by one score and threshold.

    Attributes:
        guided: how many guided images beat the threshold, with their control.
        plain: the same of the plain images; their threshold is that of the guided ones.
        ratio: AMS of guided over plain images, by a paired bootstrap over the seeds that both have.
        different: different training images that came back as somebody's nearest, with and
        different_plain: without the surrogate (UMS by the nearest image, times the number of images).
    """

    guided: Headline
    plain: Headline
    ratio: Interval
    different: Interval
    different_plain: Interval

    def __str__(self) -> str:
        new, old = self.different, self.different_plain
        return (
            f"steered over plain, with 95 % intervals: {self.ratio.as_ratio}; different "
            f"training images {new.value:,.0f} ({new.low:,.0f} to {new.high:,.0f}), plain {old.value:,.0f} "
            f"({old.low:,.0f} to {old.high:,.0f})"
        )


def effect_of(extraction: Extraction, score: ScoreName | None = None) -> Effect | None:
    """What steering changed; None of a run that was not steered, has no plain twin, or no control."""
    name = score or extraction.settings.score
    guided, plain = extraction.headline(name), _plain_headline(extraction, name)
    if guided is None or plain is None or extraction.plain is None:
        return None
    kind = SCORES[name]
    both = sorted(set(extraction.match.names) & set(extraction.plain.names), key=int)
    hits = [
        kind.beats(match.compared.scores.by_name(name)[positions(match, both)], guided.threshold)
        for match in (extraction.match, extraction.plain)
    ]
    band = Band("threshold", guided.threshold, None)
    different = [
        band_metrics(match.compared, name, band, match.dimensions).nearest.count
        for match in (extraction.match, extraction.plain)
    ]
    return Effect(guided, plain, ratio_interval(hits[0], hits[1]), *different)


def _plain_headline(extraction: Extraction, score: ScoreName) -> Headline | None:
    """The headline of the plain twin, by the threshold of the guided run."""
    if extraction.plain is None:
        return None
    settings, calibration = extraction.settings, extraction.calibration
    threshold = threshold_of(extraction.match, settings, score, calibration)
    own = settings.model_copy(update={"score": score, "threshold": threshold, "control_rate": None})
    return at_threshold(extraction.plain, own, score, calibration)


def positions(match: Match, names: list[str]) -> np.ndarray:
    """Positions of images by their names."""
    known = {name: position for position, name in enumerate(match.names)}
    return np.array([known[name] for name in names], int)
