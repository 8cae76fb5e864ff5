"""AMS, UMS and rarefaction: against counting by hand and by drawing lots."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from side_core.extraction.matching import Match
from side_core.extraction.metrics import Band, band_metrics, bands, metrics_of_band, rarefied, unique
from side_core.extraction.references import Side
from side_core.similarity.neighbours import Neighbours
from side_core.similarity.scores import SCORES, scores_of


def side(distances: list[list[float]], rows: list[list[int]], searched: int = 100) -> Side:
    """A set whose neighbours are known."""
    found = Neighbours(np.array(rows), np.array(distances, np.float32))
    return Side(found, scores_of(found), searched)


def match_of(training: Side, control: Side | None) -> Match:
    count = len(training.neighbours.rows)
    return Match(np.zeros((count, 2, 2, 3), np.uint8), tuple("abc"[:count]), training, training, control, None)


KNOWN = side([[0.01, 0.12, 0.9], [0.04, 0.06, 0.9], [0.3, 0.4, 0.9]], [[7, 8, 9], [7, 5, 1], [2, 3, 4]])


def test_ams_counts_samples_and_ums_different_images() -> None:
    found = band_metrics(KNOWN, "l2", Band("high", 0.05, None), None)
    assert (found.ams.beat, found.ams.count) == (2, 3)
    assert found.nearest.count.value == 1  # both samples bring row 7 back
    assert found.published is not None and found.published.count.value == 1


def test_ums_as_published_takes_all_neighbours_in_the_band() -> None:
    found = band_metrics(KNOWN, "l2", Band("low", 0.15, 0.05), None)
    assert found.ams.beat == 0
    assert found.nearest.count.value == 0
    assert found.published is not None and found.published.count.value == 2  # rows 8 and 5


def test_normalised_l2_of_a_neighbour_is_over_half_the_mean() -> None:
    """l(x, j) / (alpha * mean of x's nearest): by hand for the first sample, whose mean is 0.3433."""
    found = band_metrics(
        KNOWN, "nl2", Band("one", 0.12 / (0.5 * 0.34334) + 0.001, 0.12 / (0.5 * 0.34334) - 0.001), None
    )
    assert found.published is not None and found.published.count.value == 1


def test_a_band_that_the_last_neighbour_still_reaches_is_a_lower_bound() -> None:
    near = side([[0.01, 0.02]], [[1, 2]], searched=100)
    whole = side([[0.01, 0.02]], [[1, 2]], searched=2)
    band = Band("high", 0.05, None)
    for known, expected in ((near, True), (whole, False)):
        published = band_metrics(known, "l2", band, None).published
        assert published is not None and published.at_least is expected


def test_the_ratio_has_no_published_ums() -> None:
    assert band_metrics(KNOWN, "ratio", bands("ratio")[0], None).published is None


@pytest.mark.parametrize("score", SCORES)
def test_bands_are_apart_and_cumulative_ones_are_their_sums(score: str) -> None:
    values = np.linspace(-1, 2, 4001)
    low, mid, high, low_plus, mid_plus = (band.holds(values, SCORES[score]) for band in bands(score))
    assert not (low & mid).any() and not (mid & high).any() and not (low & high).any()
    assert np.array_equal(low_plus, low | mid | high) and np.array_equal(mid_plus, mid | high)
    assert low.any() and mid.any() and high.any()


def test_without_a_control_there_is_no_ratio() -> None:
    band = Band("high", 0.05, None)
    alone = metrics_of_band(match_of(KNOWN, None), "l2", band)
    assert alone.control is None and alone.ratio is None
    both = metrics_of_band(match_of(KNOWN, side([[0.5, 0.6]] * 3, [[1, 2]] * 3)), "l2", band)
    assert both.control is not None and both.control.ams.beat == 0
    assert both.ratio is not None and both.ratio.value == np.inf


def test_rarefaction_is_the_mean_over_all_choices_of_samples() -> None:
    brought = [{0}, {0, 1}, {2}, set(), {0}, {3}]
    times = np.array([sum(row in rows for rows in brought) for row in range(4)])
    for fewer in range(7):
        exact = np.mean([len(set().union(*choice)) for choice in combinations(brought, fewer)])
        assert rarefied(times, len(brought), fewer) == pytest.approx(exact)


def test_rarefying_to_more_samples_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^6 samples cannot be rarefied to 7: choose 0 to 6\.$"):
        rarefied(np.array([1]), 6, 7)


def test_rarefied_numbers_rise_to_the_full_count() -> None:
    random = np.random.default_rng(0)
    known = side([[0.1, 0.2]] * 500, random.integers(0, 60, (500, 2)).tolist())
    found = unique(known, np.arange(500), np.zeros(500, int), 1000, 1000, at_least=False)
    curve = [*found.rarefied.values(), found.count.value]
    assert list(found.rarefied) == [64, 128, 256, 512]
    assert all(a < b for a, b in pairwise(curve))
