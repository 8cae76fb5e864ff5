"""The other sign of a rate of zero: pictures that lie far from all that they are compared with."""

import numpy as np

from side_core.extraction.matching import Match
from side_core.extraction.references import References
from side_core.stats.rate import rate_of

_FAR = 0.75  # share of training images that have another one nearer than what counts as far
_MOST = 0.5  # share of pictures that may be far without a word; of such as the training images it is a quarter


def mismatch(match: Match, references: References) -> tuple[str, ...]:
    """A sentence where most pictures are farther from training and control images than these are from each other.

    Then they are likely of another kind, and that none of them counts as a copy says nothing; or the model draws badly.
    """
    limit = float(np.quantile(references.within, _FAR))
    far = match.compared.neighbours.distances[:, 0] > limit
    if match.control is not None:
        far &= match.control.neighbours.distances[:, 0] > limit
    found = rate_of(far)
    if found.share <= _MOST or found.low <= 1 - _FAR:  # the latter where there are few
        return ()
    and_control = "" if match.control is None else " and every control image"
    return (
        f"{found.beat:,} of {found.count:,} pictures are farther from every training image{and_control} than "
        f"{100 * _FAR:.0f} % of the training images are from their nearest other one: these may not be the images that "
        "the model was trained on, or it draws badly. That few pictures count as copies is no all-clear.",
    )
