"""Where memorised prompts look: two detectors that read the cross-attention of a finished picture."""

import numpy as np

from side_core.prompts.trajectory import Trajectory

_LATE = 5  # the last fifth of the steps: 10 of 50 (Ren et al. 2024)
_LAYER = 3  # the fourth cross-attention layer (Ren et al. 2024)
_SMALLEST = 1e-12  # keeps the logarithm finite


def attention_entropy(whole: Trajectory) -> float:
    """Entropy of the cross-attention over the tokens, late in the drawing (Ren et al. 2024, the score D).

    D is the mean over the last fifth of the steps (10 of 50) of E_t + E_t^S - E_first^S. E_t is the entropy of
    the attention averaged over layers, heads and pixels; E_t^S takes only the summands of the summary tokens, the
    end-of-text token and the padding behind it. As in the authors' published code, which takes no absolute value.
    Memorised prompts keep their attention spread, so that higher is more memorised. Here also averaged over images.
    """
    mean = whole.attention.mean(axis=1)  # (steps, n, L)
    late = slice(len(mean) - max(1, len(mean) // _LATE), None)
    parts = _summands(mean)
    summary = parts[:, :, whole.end :].sum(axis=2)
    return float((parts.sum(axis=2)[late].mean(axis=0) + summary[late].mean(axis=0) - summary[0]).mean())


def layer_entropy(whole: Trajectory) -> float:
    """Entropy of one layer's attention at the first step (Ren et al. 2024, their variant for one step).

    The fourth cross-attention layer, in the order in which they compute; the last of the way down in SD 1.x is the
    sixth. Where a U-Net has fewer, the last it has.
    """
    layer = min(_LAYER, whole.attention.shape[1] - 1)
    return float(_summands(whole.attention[0, layer]).sum(axis=1).mean())


def _summands(probabilities: np.ndarray) -> np.ndarray:
    """-p log p, elementwise."""
    kept = np.maximum(probabilities.astype(np.float64), _SMALLEST)
    return -kept * np.log(kept)


def bright_ending(whole: Trajectory) -> float:
    """How much the picture looks at the end-of-text token at the last step (Chen et al. 2025).

    Memorised regions attend to that token more than others do. The mean over pixels and images; the paper uses the
    map to find the regions, see `bright_norm`.
    """
    return float(whole.ending.mean())


def bright_norm(whole: Trajectory) -> float:
    """The norm of Wen et al. where the ending is bright (Chen et al. 2025): ||(e_c - e_0) * m||_2 / mean(m).

    m is the map of the end-of-text token, brought to the size of the latents; the mean over all steps and images. Which
    layers the map is averaged over is a choice of ours, see `Trajectory`.
    """
    mask = _enlarged(whole.ending.astype(np.float64), whole.squares.shape[2:])  # (n, h, w)
    norms = np.sqrt((whole.squares * mask**2).sum(axis=(2, 3)))  # (steps, n)
    return float((norms / mask.mean(axis=(1, 2))).mean())


def _enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(n, h', w') maps to (n, h, w): each position takes the value of the nearest one."""
    rows, columns = (np.arange(wide) * narrow // wide for wide, narrow in zip(size, maps.shape[1:], strict=True))
    return maps[:, rows][:, :, columns]
