"""The one line of a run: how many images beat the threshold, and what that threshold is worth."""

from dataclasses import dataclass

from side_core.extraction.calibration import Calibration
from side_core.extraction.matching import Match
from side_core.extraction.references import Side
from side_core.settings import EncoderName, MatchSettings, ScoreName
from side_core.similarity.scores import SCORES
from side_core.stats.rate import Rate, rate_of
from side_core.wording import counted, rounded

WITHHELD = (
    "The headline is withheld: without a control nobody can tell what these scores are worth. "
    "Name images of the same kind that the model never saw as control."
)

_MOST_OF_CONTROL = 0.5  # share of the control above which a threshold tells nothing
_USUAL_RATE = 0.005  # of the control, at which the second figure's threshold lies


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
        text = (
            f"{kind.symbol} {kind.sign} {rounded(self.threshold)}: {self.training}; against the control {self.control}"
        )
        if self.full is not None:
            text += (
                f" (both of {counted(self.searched[0], 'image')}); against all "
                f"{counted(self.searched[1], 'training image')} {self.full}"
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


@dataclass(frozen=True)
class Second:
    """The same pictures by another threshold: the one that the control sets, or where that leads, the published one.

    A copy that was mirrored, shifted, cropped or made brighter keeps its original as the nearest image, but seldom
    beats a published threshold.

    Attributes:
        score: which score.
        rate: the share of the control that sets the threshold; None: it is the published one.
        threshold: images nearer than it count.
        training: against the training images, as many as the control has.
        control: the same images against the control.
        first: the threshold of the headline.
        missed: how many of the pictures that count here miss the headline's threshold.
    """

    score: ScoreName
    rate: float | None
    threshold: float
    training: Rate
    control: Rate
    first: float
    missed: int

    def __str__(self) -> str:
        kind = SCORES[self.score]
        whose = "as published" if self.rate is None else f"set by {100 * self.rate:g} % of the control"
        text = f"{kind.symbol} {kind.sign} {rounded(self.threshold)} ({whose}): {self.training}; control {self.control}"
        return text if not self.missed else f"{text}; {self.missed_in_words}"

    @property
    def missed_in_words(self) -> str:
        """How many have an image as their nearest here that does not count by the headline."""
        kind, one = SCORES[self.score], self.missed == 1
        return (
            f"{self.missed:,} of these {'has' if one else 'have'} the same nearest picture and "
            f"{'misses' if one else 'miss'} the threshold {kind.symbol} {kind.sign} {rounded(self.first)}"
        )


def second_figure(
    match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None
) -> Second | None:
    """Count by the other threshold; None without a control, where the headline is withheld, or where both are one."""
    line = headline(match, settings, score, calibration)
    if line is None or match.control is None:
        return None
    kind, rate = SCORES[score], _USUAL_RATE if settings.control_rate is None else None
    plain = None if calibration is None else calibration.control_values(settings.encoder, score)
    against = match.control.scores.by_name(score)
    threshold = kind.threshold if rate is None else kind.threshold_at(against if plain is None else plain, rate)
    hits = kind.beats(match.compared.scores.by_name(score), threshold)
    control = rate_of(kind.beats(against, threshold))
    if threshold == line.threshold or control.share > _MOST_OF_CONTROL:
        return None
    missed = int((hits & ~kind.beats(match.compared.scores.by_name(score), line.threshold)).sum())
    return Second(score, rate, threshold, rate_of(hits), control, line.threshold, missed)


def withheld(match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None) -> str | None:
    """Why there is no headline; None where there is one."""
    if match.control is None:
        return WITHHELD
    threshold = threshold_of(match, settings, score, calibration)
    control = rate_of(SCORES[score].beats(match.control.scores.by_name(score), threshold))
    return _useless(control, score, threshold, settings.encoder) if control.share > _MOST_OF_CONTROL else None


def _useless(control: Rate, score: ScoreName, threshold: float, encoder: EncoderName) -> str:
    """What to say where the control beats the threshold more often than not, and what to choose instead."""
    kind = SCORES[score]
    other = "a stricter threshold or a control rate"
    if encoder not in ("pixel", "dpm"):
        other = f"encoder pixel, other weights than these for {encoder}, or a control rate"
    return (
        f"The headline is withheld: {control.beat:,} of {counted(control.count, 'picture')} beat {kind.symbol} "
        f"{kind.sign} {rounded(threshold)} against images that the model never saw, too, so that it tells nothing by "
        f"encoder {encoder}. "
        f"Choose {other}."
    )


def headline(
    match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None
) -> Headline | None:
    """Count the images that beat the threshold; None where that tells nothing: see `withheld`."""
    if withheld(match, settings, score, calibration) is not None:
        return None
    return at_threshold(match, settings, score, calibration)


def at_threshold(
    match: Match, settings: MatchSettings, score: ScoreName, calibration: Calibration | None
) -> Headline | None:
    """The same whatever the control says; None without one."""
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
