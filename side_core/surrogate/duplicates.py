"""Groups of near-duplicates among synthetic images: what a model draws again and again, it has likely memorised."""

import numpy as np

_NEIGHBOURS = 8  # that an image may be joined with; near-duplicates are among the nearest
ALONE = -1  # the group of an image that has no duplicates
_ROUNDING = 1e-5  # by which the cosine of equal images may miss 1


def duplicate_groups(features: np.ndarray, likeness: float, smallest: int, most: int) -> np.ndarray:
    """(n,) the group of each image, largest groups first, or ALONE.

    Average-linkage clustering by cosine over the graph of nearest neighbours: two groups are joined while the mean
    cosine of their neighbouring images is at least `likeness`; a chain of images, each like the next, is one group, of
    little cohesion. Memorised images come back nearly equal, others do not, so that small
    tight groups find memorised images where k-means, which must share out all images, does not.

    Args:
        features: (n, d) of length 1; those of length 0, which have no direction, are alone.
        likeness: mean cosine from which on groups are joined.
        smallest: images a group has at least.
        most: groups that are made at most.
    """
    from sklearn.cluster import AgglomerativeClustering  # a second to import
    from sklearn.neighbors import kneighbors_graph

    inside = np.flatnonzero(features.any(axis=1))
    groups, features = np.full(len(features), ALONE), features[inside]
    count = len(features)
    if count < max(smallest, 2):
        return groups
    graph = kneighbors_graph(features, min(_NEIGHBOURS, count - 1), include_self=False)
    graph = graph.maximum(graph.T).tolil()
    graph[np.arange(count - 1), np.arange(1, count)] = 1  # in one piece, or scikit-learn joins its pieces slowly
    found = AgglomerativeClustering(
        None,
        metric="cosine",
        linkage="average",
        connectivity=graph.maximum(graph.T).tocsr(),
        distance_threshold=max(1 - likeness, _ROUNDING),
    ).fit(features)
    sizes = np.bincount(found.labels_)
    order = np.argsort(-sizes, kind="stable")
    chosen = order[sizes[order] >= smallest][:most]
    numbers = np.full(len(sizes), ALONE)
    numbers[chosen] = np.arange(len(chosen))
    groups[inside] = numbers[found.labels_]
    return groups
