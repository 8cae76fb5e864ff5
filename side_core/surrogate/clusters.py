"""Pseudo-labels: clusters of synthetic images in feature space, and which of them are cohesive enough to keep."""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from side_core.settings import SurrogateSettings
from side_core.surrogate.duplicates import duplicate_groups

_ROUNDS = 12  # between which a k-means can be watched and stopped
_ITERATIONS = 4  # of Lloyd's algorithm in a round
_DIRECTIONS = 256  # of largest variance that features are reduced to; near-duplicates need more than k-means does
_NEARLY = 1e-4  # of the inertia: less progress in a round ends it
_EMPTY = -1.0  # cohesion of a cluster without images; that of any other is 0 or more
_DECIMALS = 3  # to which features are compared where different images are counted


@dataclass(frozen=True)
class Clustering:
    """How far a k-means is: `done` of at most `total` rounds."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Clusters:
    """Images in groups of like features.

    Attributes:
        features: (n, d) float32 of length 1, centred before: `centred`.
        centroids: (K, d) float32 of length 1.
        members: (n,) the cluster each image was put in, 0..K-1; -1 where it is in none, see `duplicate_groups`.
        cohesion: (K,) mean cosine of a cluster's images to its centroid; -1 of an empty one.
        kept: (k,) sorted numbers of the clusters that are cohesive enough.
        labels: (n,) position in `kept` of the kept centroid nearest to each image; see `relabel`.
    """

    features: np.ndarray
    centroids: np.ndarray
    members: np.ndarray
    cohesion: np.ndarray
    kept: np.ndarray
    labels: np.ndarray

    def nearest_members(self, cluster: int, count: int) -> np.ndarray:
        """Positions of the images of one cluster, nearest to its centroid first, at most `count`."""
        rows = np.flatnonzero(self.members == cluster)
        order = np.argsort(-(self.features[rows] @ self.centroids[cluster]), kind="stable")
        return rows[order[:count]]


def centred(vectors: np.ndarray) -> np.ndarray:
    """(n, d) features less their mean, at length 1: networks' own lie in a narrow cone, where all cosines are high.

    Of more than 256 dimensions, the 256 directions of largest variance are kept. A vector that is the mean stays 0.
    """
    away = vectors.astype(np.float32) - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    if away.shape[1] > _DIRECTIONS and away.any():
        from sklearn.decomposition import PCA  # a second to import

        most = min(_DIRECTIONS, len(away))
        away = PCA(most, svd_solver="randomized", random_state=0).fit_transform(away)
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    return np.divide(away, lengths, out=np.zeros_like(away), where=lengths > 0)


def cluster(vectors: np.ndarray, settings: SurrogateSettings) -> Generator[Clustering, None, Clusters]:
    """Group images by the settings' label source (SIDE, arXiv 2410.02467, section 4), handing out the progress.

    `duplicates` are groups of near-duplicates, at most K; `clusters` is k-means on centred features of length 1;
    `cells` are the cells around K random images; `random` puts every image anywhere. Where fewer than K images differ,
    the clusters without images are dropped.

    Args:
        vectors: (n, d) features as the encoder gives them.
        settings: K, tau, label source, seed.

    Raises:
        ValueError: K is larger than the number of images, there are no near-duplicates, or no cluster is cohesive
            enough.
    """
    count, wanted = len(vectors), settings.clusters
    check_clusters(settings, count)
    features = centred(vectors)
    random = np.random.default_rng(settings.seed)
    if settings.label_source == "random":
        members = random.permutation(np.arange(count) % wanted)
        return with_cohesion(features, members, wanted, settings.cohesion, relabelled=False)
    if settings.label_source == "cells":
        members = _nearest_of(features, features[random.choice(count, wanted, replace=False)])
        return with_cohesion(features, members, wanted, settings.cohesion)
    if settings.label_source == "duplicates":
        yield Clustering(0, 1)
        members = duplicate_groups(features, settings.likeness, settings.smallest, wanted)
        yield Clustering(1, 1)
        if not (found := int(members.max()) + 1):
            raise ValueError(
                f"No {settings.smallest} of {count:,} synthetic images are as like each other as {settings.likeness:g}:"
                " choose a smaller likeness or smaller groups, draw more images, or take labels from clusters."
            )
        return with_cohesion(features, members, found, settings.cohesion)
    members = yield from _k_means(features, wanted, settings.seed)
    return with_cohesion(features, members, wanted, settings.cohesion)


def _k_means(features: np.ndarray, count: int, seed: int) -> Generator[Clustering, None, np.ndarray]:
    """(n,) clusters 0..count-1, or fewer, by k-means++ and Lloyd's algorithm, a few iterations at a time."""
    from sklearn.cluster import KMeans, kmeans_plusplus  # a second to import

    count = min(count, len(np.unique(features.round(_DECIMALS), axis=0)))  # of equal images there may be many
    centres, _ = kmeans_plusplus(features, count, random_state=seed)
    before = np.inf
    for done in range(_ROUNDS):
        found = KMeans(count, init=centres, n_init=1, max_iter=_ITERATIONS, tol=0, random_state=seed).fit(features)
        centres = found.cluster_centers_
        yield Clustering(done + 1, _ROUNDS)
        if before - found.inertia_ <= _NEARLY * found.inertia_:
            break
        before = found.inertia_
    return found.labels_


def with_cohesion(
    features: np.ndarray, members: np.ndarray, count: int, least: float, relabelled: bool = True
) -> Clusters:
    """Centroids and cohesion of given clusters, then the labels that `least` leaves."""
    inside = np.flatnonzero(members >= 0)
    chosen, own = features[inside], members[inside]
    sums = np.zeros((count, features.shape[1]), np.float32)
    np.add.at(sums, own, chosen)
    sizes = np.bincount(own, minlength=count)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    centroids = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
    cosines = np.bincount(own, (chosen * centroids[own]).sum(axis=1), minlength=count)
    cohesion = np.divide(cosines, sizes, out=np.full(count, _EMPTY), where=sizes > 0)
    whole = Clusters(features, centroids, members, cohesion, np.arange(count), members)
    return relabel(whole, least) if relabelled else whole


def relabel(clusters: Clusters, least: float) -> Clusters:
    """Keep the clusters whose cohesion is at least `least` (tau) and give every image the nearest kept centroid.

    Raises:
        ValueError: none is kept.
    """
    kept = np.flatnonzero((clusters.cohesion >= least) & (clusters.cohesion > _EMPTY))
    if not len(kept):
        raise ValueError(
            f"All {len(clusters.cohesion):,} clusters are dropped: the most cohesive has {clusters.cohesion.max():.2f},"
            f" less than tau {least:g}; choose {np.floor(100 * clusters.cohesion.max()) / 100:.2f} or less."
        )
    return replace(clusters, kept=kept, labels=_nearest_of(clusters.features, clusters.centroids[kept]))


def _nearest_of(features: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """(n,) position of the centroid with the largest cosine to each feature."""
    return np.argmax(features @ centroids.T, axis=1)


def check_clusters(settings: SurrogateSettings, images: int) -> None:
    """Raise ValueError for more clusters than images; of near-duplicates, K is only a limit."""
    if settings.clusters > images and settings.label_source != "duplicates":
        raise ValueError(
            f"{settings.clusters:,} clusters cannot be made of {images:,} synthetic images: choose {images:,} or fewer,"
            " or draw more images."
        )
