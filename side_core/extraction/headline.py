"""The one line of a run: how many images beat the threshold, and what that threshold is worth."""

from dataclasses import dataclass

from side_core.extraction.calibration import Calibration
from side_core.extraction.matching import Match
from side_core.extraction.references import Side
from side_core.rate import Rate, rate_of
from side_core.settings import MatchSettings, ScoreName
from side_core.similarity.scores import SCORES

WITHHELD = (
    "The headline is withheld: without a control nobody can tell what these scores are worth. "
    "Name images of the same kind that the model never saw as control."
)


@dataclass(frozen=True)
class Headline:
    """How many images beat the threshold, never without the control.

    Attributes:
        score: which score.
        threshold: images nearer than it count.
        training: against the training images, as many as the control has.
        control: the same images against the control.
        full: against all training images, where these are more than the control has.
        searched: how many training images `training` and how many `full` compare with.
        calibrated: plain images of the model against the control; None where the model has no calibration.
    """

    score: ScoreName
    threshold: float
    training: Rate
    control: Rate
    full: Rate | None
    searched: tuple[int, int]
    calibrated: Rate | None

    def __str__(self) -> str:
        kind = SCORES[self.score]
        text = f"{kind.symbol} {kind.sign} {self.threshold:.3g}: {self.training}; against the control {self.control}"
        if self.full is not None:
            text += (
                f" (both of {self.searched[0]:,} images); against all {self.searched[1]:,} training images {self.full}"
            )
        return text if self.calibrated is None else f"{text}; plain images against the control {self.calibrated}"


def threshold_of(
    match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None = None
) -> float:
    """The threshold of a score: the settings' own, the one their control rate asks for, or the published one.

    A control rate is that of the model's calibration where there is one, else of these very images.

    Raises:
        ValueError: a control rate without a control.
    """
    kind = SCORES[score]
    if settings.control_rate is not None:
        plain = None if calibration is None else calibration.control_values(settings.encoder, score)
        if plain is not None:
            return kind.threshold_at(plain, settings.control_rate)
        if match.control is None:
            raise ValueError(f"A control rate of {settings.control_rate:g} needs a control: name one, or a threshold.")
        return kind.threshold_at(match.control.scores.by_name(score), settings.control_rate)
    own = settings.threshold if score == settings.score else None
    return kind.threshold if own is None else own


def headline(
    match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None
) -> Headline | None:
    """Count the images that beat the threshold; None without a control: see `WITHHELD`."""
    if match.control is None:
        return None
    kind, threshold = SCORES[score], threshold_of(match, settings, score, calibration)

    def rate_against(side: Side) -> Rate:
        return rate_of(kind.beats(side.scores.by_name(score), threshold))

    return Headline(
        score,
        threshold,
        rate_against(match.compared),
        rate_against(match.control),
        None if match.compared is match.training else rate_against(match.training),
        (match.compared.searched, match.training.searched),
        calibration.control_rate(settings.encoder, score, threshold) if calibration else None,
    )
