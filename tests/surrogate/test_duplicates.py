"""Groups of near-duplicates: all that is there, nothing else, whatever the number of copies."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from side_core.surrogate.duplicates import ALONE, duplicate_groups


def directions(count: int, width: int = 30, seed: int = 0) -> np.ndarray:
    """(count, width) of length 1, far from each other."""
    found = np.random.default_rng(seed).normal(size=(count, width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def near(features: np.ndarray, noise: float) -> np.ndarray:
    """The same, each turned a little."""
    turned = features + noise * directions(len(features), features.shape[1], seed=1)
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("copies", [2, 5, 40])  # also more than the neighbours that are looked at
def test_copies_are_found_among_images_without_copies(copies: int, noise: float) -> None:
    random = np.random.default_rng(2)
    truth = np.concatenate([np.repeat(np.arange(12), copies), np.arange(12, 50)])
    truth = random.permutation(truth)
    found = duplicate_groups(near(directions(50)[truth], noise), likeness=0.97, smallest=2, most=100)
    copied = truth < 12
    assert (found[~copied] == ALONE).all()
    assert adjusted_rand_score(truth[copied], found[copied]) == 1.0


@pytest.mark.parametrize("likeness", [0.9, 0.97, 0.995])
def test_every_member_has_a_near_duplicate_in_its_group(likeness: float) -> None:
    features = np.concatenate([near(directions(30).repeat(3, axis=0), noise) for noise in (0.1, 0.2, 0.4)])
    found = duplicate_groups(features, likeness, smallest=2, most=100)
    assert 2 < found.max() < 100
    cosines = features @ features.T - 2 * np.eye(len(features))
    for group in range(found.max() + 1):
        own = np.flatnonzero(found == group)
        assert cosines[np.ix_(own, own)].max(axis=1).min() > likeness - 1e-5


def test_one_likely_pair_does_not_join_two_groups() -> None:
    """Five images at 0 degrees and five at 17, one of each leaning 3 degrees to the other: the mean cosine counts."""
    angles = np.array([0, 0, 0, 0, 0.05, 0.25, 0.3, 0.3, 0.3, 0.3])
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert features[4] @ features[5] > 0.97
    found = duplicate_groups(features, likeness=0.97, smallest=2, most=100)
    assert len(set(found[:5])) == len(set(found[5:])) == 1 and found[0] != found[5]


def test_the_largest_groups_come_first_and_small_ones_are_left_out() -> None:
    sizes = [2, 7, 4, 3, 9]
    features = directions(5)[np.repeat(np.arange(5), sizes)]
    groups = duplicate_groups(features, likeness=0.97, smallest=3, most=3)
    assert np.bincount(groups[groups != ALONE]).tolist() == [9, 7, 4]
    assert (groups == ALONE).sum() == 2 + 3
    every = duplicate_groups(features, likeness=0.97, smallest=2, most=100)
    assert np.bincount(every).tolist() == sorted(sizes, reverse=True)


def test_likeness_1_joins_equal_images_and_no_others() -> None:
    features = directions(20).repeat(3, axis=0)
    assert np.bincount(duplicate_groups(features, 1.0, 2, 100)).tolist() == [3] * 20
    assert (duplicate_groups(near(features, 0.05), 1.0, 2, 100) == ALONE).all()


def test_a_smaller_likeness_joins_more() -> None:
    features = near(directions(10).repeat(4, axis=0), 0.4)
    alone = [(duplicate_groups(features, likeness, 2, 100) == ALONE).sum() for likeness in (0.999, 0.9, 0.8, 0.5)]
    assert alone == sorted(alone, reverse=True)
    assert alone[0] == 40 and alone[-1] == 0


def test_images_without_a_direction_are_alone() -> None:
    """Those that are the mean of all, or all of them where all are equal."""
    features = np.concatenate([directions(3).repeat(2, axis=0), np.zeros((4, 30), np.float32)])
    assert duplicate_groups(features, 0.97, 2, 100).tolist()[6:] == [ALONE] * 4
    assert duplicate_groups(features, 0.97, 2, 100).max() == 2
    assert (duplicate_groups(np.zeros((9, 30), np.float32), 0.97, 2, 100) == ALONE).all()
