"""Clusters: k-means finds what is there, tau keeps the cohesive, and no image is left without a label."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import cosine_similarity

from side_core.progress import finish
from side_core.settings import SurrogateSettings
from side_core.surrogate.clusters import Clusters, centred, cluster, relabel

TAUS = [-1.0, 0.0, 0.5, 0.8, 0.86, 0.88, 0.9]


def blobs(count: int, each: int, width: int, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Features around `count` centres, far from 0 as a network's own are, and which centre each is of."""
    random = np.random.default_rng(1)
    truth = random.permutation(np.repeat(np.arange(count), each))
    centres = random.normal(size=(count, width))
    return (20 + centres[truth] + spread * random.normal(size=(len(truth), width))).astype(np.float32), truth


@pytest.fixture(scope="module")
def loose(small: Callable[..., SurrogateSettings]) -> Clusters:
    """Twelve clusters of features without structure, of very different cohesion; all are kept."""
    random = np.random.default_rng(2)
    vectors = random.normal(size=(300, 6)) * np.array([3, 2, 1, 1, 0.5, 0.5])
    return finish(cluster(vectors.astype(np.float32), small(clusters=12, cohesion=-1)))


@pytest.mark.parametrize("width", [8, 400])  # 400 are reduced to 256 first
def test_k_means_finds_well_separated_blobs(small: Callable[..., SurrogateSettings], width: int) -> None:
    vectors, truth = blobs(6, 20, width)
    found = finish(cluster(vectors, small(clusters=6, cohesion=0.8)))
    assert adjusted_rand_score(truth, found.labels) == 1.0
    assert found.kept.tolist() == list(range(6))


def test_features_are_directions_from_the_mean() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    vectors[7] = vectors[8:].mean(axis=0)
    vectors[:7] = vectors[7]  # seven rows at the mean of the others, so at the mean of all
    features = centred(vectors)
    np.testing.assert_allclose(np.linalg.norm(features[8:], axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(centred(vectors * 3 + 100)[8:], features[8:], atol=1e-4)
    np.testing.assert_array_equal(centred(np.ones((5, 400), np.float32)), 0)


def test_reducing_to_256_directions_keeps_angles_where_there_are_no_more() -> None:
    random = np.random.default_rng(0)
    few = random.normal(size=(50, 10))
    rotation = np.linalg.qr(random.normal(size=(400, 400)))[0][:10]
    wide = centred((few @ rotation).astype(np.float32))
    assert wide.shape == (50, 50)
    np.testing.assert_allclose(wide @ wide.T, cosine_similarity(few - few.mean(axis=0)), atol=1e-4)


def test_cohesion_is_the_mean_cosine_to_the_centre(loose: Clusters) -> None:
    for number in range(12):
        own = loose.features[loose.members == number]
        expected = cosine_similarity(own, own.mean(axis=0, keepdims=True)).mean()
        assert loose.cohesion[number] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("tau", TAUS)
def test_every_image_gets_the_nearest_kept_centre(loose: Clusters, tau: float) -> None:
    found = relabel(loose, tau)
    cosines = cosine_similarity(loose.features, loose.centroids)
    dropped = np.setdiff1d(np.arange(12), found.kept)
    cosines[:, dropped] = -2
    assert np.array_equal(found.kept[found.labels], cosines.argmax(axis=1))
    assert (loose.cohesion[found.kept] >= tau).all() and (loose.cohesion[dropped] < tau).all()


def test_a_higher_tau_keeps_a_subset(loose: Clusters) -> None:
    kept = [set(relabel(loose, tau).kept) for tau in TAUS]
    assert all(more >= fewer for more, fewer in itertools.pairwise(kept))
    assert len(kept[0]) == 12 and len({len(numbers) for numbers in kept}) > 3


def test_members_shown_are_the_cluster_s_own_nearest_first(loose: Clusters) -> None:
    for number in range(12):
        shown = loose.nearest_members(number, 5)
        cosines = loose.features @ loose.centroids[number]
        assert (loose.members[shown] == number).all()
        assert len(shown) == min(5, (loose.members == number).sum())
        assert np.sort(cosines[loose.members == number])[::-1][:5] == pytest.approx(cosines[shown])


@pytest.mark.parametrize("source", ["clusters", "random", "cells"])
def test_the_seed_decides_the_labels(small: Callable[..., SurrogateSettings], source: str) -> None:
    vectors = np.random.default_rng(3).normal(size=(120, 6)).astype(np.float32)
    first, again, other = (
        finish(cluster(vectors, small(clusters=9, cohesion=0, label_source=source, seed=seed))).labels
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert adjusted_rand_score(first, other) < 0.99


def test_random_labels_are_even_and_tell_nothing_of_the_image(small: Callable[..., SurrogateSettings]) -> None:
    vectors, truth = blobs(5, 60, 8)
    found = finish(cluster(vectors, small(clusters=5, cohesion=0.99, label_source="random")))
    assert np.bincount(found.labels).tolist() == [60] * 5  # all are kept, whatever their cohesion
    assert abs(adjusted_rand_score(truth, found.labels)) < 0.05


def test_cells_are_regions_but_not_found_by_k_means(small: Callable[..., SurrogateSettings]) -> None:
    vectors, truth = blobs(5, 60, 8)
    found = finish(cluster(vectors, small(clusters=5, cohesion=0, label_source="cells")))
    alike = [np.bincount(found.labels[truth == blob], minlength=5) for blob in range(5)]
    assert 0 < adjusted_rand_score(truth, found.labels) < 1
    assert sum(counts.max() == 60 for counts in alike) > 2  # most blobs lie in one cell


@pytest.mark.parametrize("source", ["clusters", "cells"])
def test_clusters_without_images_are_never_kept(small: Callable[..., SurrogateSettings], source: str) -> None:
    """A model that copies draws few different images: fewer than K. Warnings of k-means would fail this test."""
    vectors = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32).repeat(7, axis=0)
    found = finish(cluster(vectors, small(clusters=6, cohesion=-1, label_source=source)))
    assert len(found.kept) <= 3 and len(found.cohesion) == 6
    assert set(found.labels) == set(range(len(found.kept)))
    assert all(len(set(found.labels[first : first + 7])) == 1 for first in (0, 7, 14))


def test_duplicates_are_clusters_and_the_others_get_the_nearest(small: Callable[..., SurrogateSettings]) -> None:
    vectors, truth = blobs(6, 20, 8, spread=0.001)
    strays = np.random.default_rng(5).normal(size=(30, 8)).astype(np.float32) + 20
    found = finish(cluster(np.concatenate([vectors, strays]), small(clusters=50, label_source="duplicates")))
    assert adjusted_rand_score(truth, found.members[:120]) == 1.0
    assert len(found.kept) == len(found.cohesion) == 6 and found.cohesion.min() > 0.97
    cosines = cosine_similarity(found.features, found.centroids)
    assert np.array_equal(found.labels, cosines.argmax(axis=1))


def test_images_without_duplicates_get_a_sentence(small: Callable[..., SurrogateSettings]) -> None:
    with pytest.raises(
        ValueError, match=r"^No 2 of 20 synthetic images are as like each other as 0\.97: choose a smaller likeness"
    ):
        finish(cluster(np.eye(20, dtype=np.float32), small(label_source="duplicates")))


def test_it_can_be_watched_and_stopped(small: Callable[..., SurrogateSettings]) -> None:
    vectors = np.random.default_rng(3).normal(size=(200, 6)).astype(np.float32)
    events = list(cluster(vectors, small(clusters=30, cohesion=0)))
    assert [event.done for event in events] == list(range(1, len(events) + 1))
    assert len(events) > 1 and events[-1].done <= events[-1].total
    stopped = cluster(vectors, small(clusters=30, cohesion=0))
    next(stopped)
    stopped.close()


def test_more_clusters_than_images_get_a_sentence(small: Callable[..., SurrogateSettings]) -> None:
    with pytest.raises(
        ValueError, match=r"^21 clusters cannot be made of 20 synthetic images: choose 20 or fewer, or draw more"
    ):
        finish(cluster(np.eye(20, dtype=np.float32), small(clusters=21)))


def test_dropping_every_cluster_names_the_most_cohesive_and_the_advice_works(loose: Clusters) -> None:
    most = loose.cohesion.max()
    with pytest.raises(
        ValueError, match=rf"^All 12 clusters are dropped: the most cohesive has {most:.2f}, less than tau 0\.999; "
    ) as error:
        relabel(loose, 0.999)
    advised = float(re.search(r"choose (\S+) or less\.$", str(error.value))[1])
    assert loose.cohesion.argmax() in relabel(loose, advised).kept
    assert most - 0.01 < advised <= most


def test_images_that_are_all_alike_are_no_clusters(small: Callable[..., SurrogateSettings]) -> None:
    with pytest.raises(ValueError, match=r"^All 2 clusters are dropped: the most cohesive has 0\.00, less than tau"):
        finish(cluster(np.ones((20, 400), np.float32), small(cohesion=0.5)))
