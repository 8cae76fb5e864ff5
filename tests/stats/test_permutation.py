"""The permutation test against exact counting and under the null; Benjamini and Hochberg against scipy."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from side_core.stats.permutation import false_discovery, fewer


def test_few_pairs_are_counted_exactly() -> None:
    before, after = np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0])
    assert fewer(before, after) == pytest.approx(2 / 8)  # both signs as they are, the third does not matter
    assert fewer(after, before) == pytest.approx(1.0)
    assert fewer(before, before) == 1.0


def test_under_the_null_small_p_values_are_as_rare_as_they_say() -> None:
    random = np.random.default_rng(1)
    found = [fewer(*random.random((2, 12))) for _ in range(400)]
    assert 0.01 < np.mean(np.array(found) < 0.05) < 0.09


def test_many_pairs_agree_with_the_normal_approximation_and_never_give_nothing() -> None:
    random = np.random.default_rng(2)
    before = random.random(60)
    after = before + random.normal(-0.03, 0.1, 60)
    gains = before - after
    z = gains.sum() / np.sqrt((gains**2).sum())
    from scipy.stats import norm

    assert fewer(before, after) == pytest.approx(norm.sf(z), abs=0.01)
    assert 0 < fewer(np.ones(60), np.zeros(60)) < 1e-4


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="are no pairs"):
        fewer(np.ones(3), np.ones(2))


def test_false_discovery_rates_are_those_of_scipy() -> None:
    values = [0.001, 0.2, 0.03, 0.03, 0.9, 0.04]
    np.testing.assert_allclose(false_discovery(values), false_discovery_control(values))
    assert false_discovery([]) == []
