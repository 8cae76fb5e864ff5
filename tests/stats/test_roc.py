"""ROC figures against scikit-learn and by hand; intervals that cover what they should, also of perfect separation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from side_core.stats.roc import calibrated, newcombe, roc, separation, threshold_below


def scores(seed: int, ties: bool, shift: float = 1.0, m: int = 60, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    positives, negatives = random.normal(shift, 1, m), random.normal(0, 1, n)
    return (positives.round(1), negatives.round(1)) if ties else (positives, negatives)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("bound", [0.01, 0.05, 0.007])
@pytest.mark.parametrize("n", [500, 100, 37, 700])
def test_as_scikit_learn(ties: bool, bound: float, n: int) -> None:
    positives, negatives = scores(n, ties, n=n)
    truth = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    all_scores = np.r_[positives, negatives]
    found = separation(positives, negatives, bound)
    assert found.auc.value == pytest.approx(roc_auc_score(truth, all_scores), abs=1e-12)
    alarms, rates, thresholds = roc_curve(truth, all_scores, drop_intermediate=False)
    assert found.tpr.value == pytest.approx(rates[alarms < bound][-1], abs=1e-12)
    assert found.alarms.share == pytest.approx(alarms[alarms < bound][-1], abs=1e-12) and found.alarms.share < bound
    curve = roc(positives, negatives)
    np.testing.assert_allclose(curve.false_positives, alarms, atol=1e-12)
    np.testing.assert_allclose(curve.true_positives, rates, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)


def test_by_hand() -> None:
    """Six pairs: 3 above 1 and 2, 2 above 1 and level with 2, 0 below both."""
    found = separation(np.array([3.0, 2.0, 0.0]), np.array([1.0, 2.0]), bound=0.6)
    assert found.auc.value == (2 + 1.5 + 0) / 6
    assert found.threshold == 1.0  # one of two is 0.5 < 0.6
    assert (found.found.beat, found.found.count, found.alarms.beat) == (2, 3, 1)


@pytest.mark.parametrize(("count", "allowed"), [(500, 4), (100, 0), (99, 0), (101, 1), (700, 6), (1, 0)])
def test_the_share_of_false_alarms_is_strictly_below_one_percent(count: int, allowed: int) -> None:
    negatives = np.random.default_rng(count).permutation(count).astype(float)
    threshold = threshold_below(negatives, 0.01)
    assert (negatives > threshold).sum() == allowed
    lower = negatives[negatives < threshold].max(initial=-np.inf)
    assert np.isinf(lower) or (negatives > lower).mean() >= 0.01  # no lower threshold would do


def test_separation_is_that_of_ranks() -> None:
    positives, negatives = scores(1, False)
    plain, bent = separation(positives, negatives), separation(np.exp(positives), np.exp(negatives))
    assert plain.auc == bent.auc and plain.tpr == bent.tpr and plain.found == bent.found


def test_a_detector_turned_round_has_the_rest_of_the_area() -> None:
    positives, negatives = scores(2, True)
    there, back = separation(positives, negatives).auc, separation(-positives, -negatives).auc
    assert there.value + back.value == pytest.approx(1)
    assert there.low + back.high == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("shift", "m", "n"), [(1.0, 60, 500), (3.3, 60, 500), (2.0, 25, 100)])
def test_the_interval_covers_the_true_area(shift: float, m: int, n: int) -> None:
    """Two normal distributions: the area is Phi(shift / sqrt 2)."""
    from scipy.stats import norm

    truth = norm.cdf(shift / 2**0.5)
    found = [separation(*scores(seed, False, shift, m, n)).auc for seed in range(60)]
    covered = np.mean([item.low <= truth <= item.high for item in found])
    assert covered >= 0.88


def test_the_interval_of_the_rate_covers_the_true_rate() -> None:
    from scipy.stats import norm

    truth = norm.sf(norm.isf(0.01) - 2.5)
    found = [separation(*scores(seed, False, 2.5)).tpr for seed in range(60)]
    assert np.mean([item.low <= truth <= item.high for item in found]) >= 0.88


def test_perfect_separation_still_has_an_interval() -> None:
    found = separation(np.linspace(10, 11, 60), np.linspace(0, 1, 500))
    assert found.auc.value == found.auc.high == found.tpr.value == found.tpr.high == 1
    assert 0.97 < found.auc.low < 0.99
    assert found.tpr.low == pytest.approx(0.9398, abs=1e-4)  # Wilson of 60 of 60
    assert separation(np.linspace(10, 11, 5), np.linspace(0, 1, 500)).auc.low < found.auc.low


def test_nothing_found_still_has_an_interval() -> None:
    found = separation(np.zeros(20), np.ones(100))
    assert found.auc.value == found.auc.low == 0 and 0 < found.auc.high < 0.2
    assert found.tpr.value == 0 and 0.1 < found.tpr.high < 0.2


def test_newcombe_solves_its_own_equation() -> None:
    """The ends are the areas that lie 1.96 standard errors away, by an error written out anew."""
    found = newcombe(0.9, 60, 500)
    for end in (found.low, found.high):
        q1, q2, n = end / (2 - end), 2 * end**2 / (1 + end), (60 + 500) / 2
        variance = (end * (1 - end) + (n - 1) * (q1 - end**2) + (n - 1) * (q2 - end**2)) / (60 * 500)
        assert abs(end - 0.9) / variance**0.5 == pytest.approx(1.96, abs=0.001)


def test_a_threshold_is_chosen_on_one_half_and_tried_on_the_other() -> None:
    positives, negatives = scores(3, False, 3.0, 60, 1000)
    found = calibrated(positives, negatives)
    threshold = found.threshold
    assert threshold.value == threshold_below(negatives[::2], 0.01) and threshold.chosen_on == 500
    assert threshold.alarms.count == 500 and threshold.alarms.beat == (negatives[1::2] > threshold.value).sum()
    assert (negatives[::2] > threshold.value).sum() == 4
    assert found.found.beat == (positives > threshold.value).sum()


@pytest.mark.parametrize(
    ("positives", "negatives", "sentence"),
    [
        ([], [1.0], "The scores of memorised prompts are [0]: give one or more in a row."),
        ([1.0], [], "The scores of other prompts are [0]"),
        ([[1.0]], [1.0], "The scores of memorised prompts are [1, 1]"),
        ([1.0, np.nan], [1.0], "Score 2 of the memorised prompts is nan: leave that prompt out."),
        ([1.0], [np.inf], "Score 1 of the other prompts is inf"),
    ],
)
def test_what_cannot_be_compared_is_refused(positives: list, negatives: list, sentence: str) -> None:
    for work in (separation, roc, calibrated):
        with pytest.raises(ValueError) as error:
            work(np.array(positives), np.array(negatives))
        assert str(error.value).startswith(sentence)


def test_one_prompt_cannot_be_halved() -> None:
    with pytest.raises(ValueError, match="1 held-out prompt cannot be halved: give two or more"):
        calibrated(np.ones(3), np.ones(1))
