"""The blind baseline: how well two sets are told apart by someone who never asks the model (Das et al. 2024)."""

from dataclasses import dataclass

import numpy as np
from torch.nn.functional import adaptive_avg_pool2d

from side_core.dpm.denoiser import from_uint8

_SIDE = 16  # pixels; larger pictures are made as small
_PARTS = 64  # principal components at most
_FOLDS, _SHUFFLES, _SEED = 5, 999, 0


@dataclass(frozen=True, eq=False)
class Blind:
    """What somebody sees who never asks the model.

    Attributes:
        members: (m,) scores; `others` (n,).
        p: exact, one-sided, that labels drawn at random are told apart as well; never 0 (Phipson & Smyth 2010).
    """

    members: np.ndarray
    others: np.ndarray
    p: float


def blind(members: np.ndarray, others: np.ndarray) -> Blind:
    """Tell two sets apart by ridge regression on their pixels; each picture's score is of a fit that did not see it.

    Where this succeeds, any score that does may only see how the sets differ. Principal components of the pixels, 5
    folds. Scores of folds are no independent draws, so whether they succeed is judged by shuffled labels: the whole of
    it is done for 999 of them at once.

    Args:
        members: (m, H, W, 3) uint8, as `others` (n, H, W, 3); 10 of each or more.
    """
    from scipy.stats import rankdata
    from sklearn.decomposition import PCA
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pixels = np.concatenate([_small(members), _small(others)])
    count = len(members)
    truth, random = np.repeat([1.0, 0.0], [count, len(others)]), np.random.default_rng(_SEED)
    labels = np.stack([truth, *(random.permutation(truth) for _ in range(_SHUFFLES))], axis=1)
    parts = min(_PARTS, len(pixels) // _FOLDS, pixels.shape[1])
    judge = make_pipeline(PCA(parts, svd_solver="full"), StandardScaler(), Ridge(alpha=float(parts)))
    folds = KFold(_FOLDS, shuffle=True, random_state=_SEED)
    scores = cross_val_predict(judge, pixels, labels, cv=folds)
    ranks = (rankdata(scores, axis=0) * labels).sum(0)  # as the AUC orders them
    p = float((ranks >= ranks[0]).mean())
    return Blind(scores[:count, 0], scores[count:, 0], p)


def _small(images: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) uint8 to (n, d) float64 in 0..1, at most 16 x 16 by means over areas."""
    pixels = from_uint8(images)
    sides = min(_SIDE, pixels.shape[2]), min(_SIDE, pixels.shape[3])
    return adaptive_avg_pool2d(pixels, sides).flatten(1).double().numpy()
