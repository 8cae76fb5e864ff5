"""How alike several pictures of one prompt are: the detector of Carlini et al. 2023, which needs no training images."""

import numpy as np

_TILES = 4  # a side: 16 tiles (Carlini et al. 2023, on Stable Diffusion)


def tiled_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The largest root mean square difference of two tiles at the same place (Carlini et al. 2023).

    Taking the worst of 16 tiles keeps pictures apart that share a large plain background.

    Args:
        first: (3, H, W) in 0..1, at least one pixel for each tile.
        second: of the same shape.
    """
    squares = np.square(first.astype(np.float64) - second).mean(axis=0)
    rows = np.array_split(squares, min(_TILES, squares.shape[0]), axis=0)
    tiles = [tile.mean() for row in rows for tile in np.array_split(row, min(_TILES, squares.shape[1]), axis=1)]
    return float(np.sqrt(max(tiles)))


def clique_distance(pictures: np.ndarray) -> float:
    """How near half of the pictures lie to one of them: small where a prompt keeps drawing the same picture.

    Carlini et al. draw 500 pictures, join those nearer than a threshold, and call a prompt memorised where ten of them
    form a clique. The score here is the threshold at which that begins, with half of the pictures (two at least) for
    the clique, which few pictures need, and the ball around one picture for its shape, which no search is needed for:
    a clique lies in such a ball, and the ball in a clique of twice the width.

    Args:
        pictures: (n, 3, H, W) in 0..1, two or more.

    Raises:
        ValueError: there are fewer than two.
    """
    count = len(pictures)
    if count < 2:
        raise ValueError(f"{count} picture cannot be compared with others of its prompt: draw two or more.")
    distances = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            distances[i, j] = distances[j, i] = tiled_distance(pictures[i], pictures[j])
    near = np.sort(distances, axis=1)  # the first of each row is the picture itself
    return float(near[:, max(2, count // 2) - 1].min())
