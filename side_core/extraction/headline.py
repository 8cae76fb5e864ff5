"""The one line of a run: how many images beat the threshold, and what that threshold is worth."""

from dataclasses import dataclass

from side_core.extraction.calibration import Calibration
from side_core.extraction.matching import Match
from side_core.extraction.rate import Rate, rate_below
from side_core.settings import EncoderName, ScoreName
from side_core.similarity.scores import SCORES


@dataclass(frozen=True)
class Headline:
    """How many images beat the threshold, never without the control.

    Attributes:
        score: which score.
        threshold: images below it count.
        training: against the training images.
        control: the same images against the control.
        calibrated: plain images of the model against the control; None where the model has no calibration.
    """

    score: ScoreName
    threshold: float
    training: Rate
    control: Rate
    calibrated: Rate | None

    def __str__(self) -> str:
        symbol = SCORES[self.score].symbol
        text = f"{symbol} < {self.threshold:.3g}: {self.training}; against the control {self.control}"
        return text if self.calibrated is None else f"{text}; plain images against the control {self.calibrated}"


def headline(
    match: Match, encoder: EncoderName, score: ScoreName, threshold: float | None, calibration: Calibration | None
) -> Headline:
    """Count the images below the threshold (left out: the score's published one)."""
    threshold = SCORES[score].threshold if threshold is None else threshold
    return Headline(
        score,
        threshold,
        rate_below(match.scores.by_name(score), threshold),
        rate_below(match.control_scores.by_name(score), threshold),
        calibration.control_rate(encoder, score, threshold) if calibration else None,
    )
