"""Image quality beside extraction: how far images are from those the model never saw, and how many they cover."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from side_core.similarity.neighbours import nearest
from side_core.wording import counted

DIRECTIONS = 64  # of the control's features: enough samples for a covariance of full rank
_NEAR = 5  # Naeem et al. 2020, section 4: k = 5


@dataclass(frozen=True)
class Quality:
    """How good and how varied images are.

    Attributes:
        frechet: squared Fréchet distance to the control (Heusel et al. 2017, eq. 6) in the 64 leading directions of its
            features; 0 is best. It grows when images are poor, and when they are a few copies.
        kernel: squared maximum mean discrepancy to the control with the kernel (x . y / k + 1)^3 (Binkowski et al.
            2018, section 4.2), unbiased, of the same features at unit variance; it may lie a little below 0.
        coverage: share of control images with a generated image within the distance of their fifth neighbour among the
            control (Naeem et al. 2020, eq. 5), 0..1.
    """

    frechet: float
    kernel: float
    coverage: float


@dataclass(frozen=True, eq=False)
class QualityReference:
    """The control's features, prepared once.

    Attributes:
        mean, directions: (d,) and (d, k) of the projection.
        features: (m, k) projected control.
        radii: (m,) distance of each to its fifth neighbour among them.
    """

    mean: np.ndarray
    directions: np.ndarray
    features: np.ndarray
    radii: np.ndarray

    def judge(self, vectors: np.ndarray) -> Quality:
        """Quality of generated images by their (n, d) features."""
        features = (vectors - self.mean) @ self.directions
        found = nearest(self.features.astype(np.float32), features.astype(np.float32), 1)
        covered = found.distances[:, 0] <= self.radii
        spread = float(self.features.std())
        kernel = kernel_distance(features / spread, self.features / spread)
        return Quality(frechet_distance(features, self.features), kernel, float(covered.mean()))


def quality_reference(control: np.ndarray) -> QualityReference:
    """Prepare (m, d) features of the control.

    Raises:
        ValueError: there are too few for their fifth neighbours.
    """
    if len(control) <= _NEAR:
        raise ValueError(
            f"Quality is judged by {_NEAR} neighbours, but the control has {counted(len(control), 'image')}: give more."
        )
    mean = control.mean(axis=0)
    _, _, rows = np.linalg.svd(control - mean, full_matrices=False)
    directions = rows[: min(DIRECTIONS, len(control) - 1)].T
    features = ((control - mean) @ directions).astype(np.float32)
    radii = nearest(features, features, _NEAR + 1).distances[:, _NEAR]  # the first is the image itself
    return QualityReference(mean, directions, features, radii)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of (n, k) and (m, k) features (Heusel et al. 2017, eq. 6)."""
    one, two = first.astype(np.float64), second.astype(np.float64)
    gap = one.mean(axis=0) - two.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(part, rowvar=False)) for part in (one, two)]
    half = linalg.sqrtm(covariances[0])
    root = linalg.sqrtm(half @ covariances[1] @ half)
    return float(gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root.real))


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy of (n, k) and (m, k) features (Binkowski et al. 2018, eq. 4)."""

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        found: np.ndarray = (a @ b.T / a.shape[1] + 1) ** 3
        return found

    one, two = first.astype(np.float64), second.astype(np.float64)
    within = 0.0
    for part in (one, two):
        table = kernel(part, part)
        within += (table.sum() - np.trace(table)) / (len(part) * (len(part) - 1))
    return float(within - 2 * kernel(one, two).mean())
