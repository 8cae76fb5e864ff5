"""Step 3: the surrogate looks at a noisy picture and says which of its clusters it is."""

import numpy as np
import streamlit as st
import torch

from pages._parts.show.clusters import known_pictures
from pages._parts.show.figures import figure
from pages._parts.show.levels import curve_of
from pages._parts.tour import look
from pages._parts.tour.nearest import choose_face
from pages._parts.tour.stage import FACES, MODEL, network, paths, subject, surrogate
from side_core.dpm.denoiser import from_uint8, to_uint8
from side_core.surrogate.classifier import probabilities
from side_core.surrogate.noise import noised

_LIKELIEST = 4  # clusters that are shown
_FIRST = 400  # timestep a visit begins with
_PICTURES = 2  # of each cluster


def show() -> None:
    """A drawn face with a little or much noise, and the surrogate's likeliest clusters."""
    place = choose_face()
    denoiser = subject().denoiser
    assert denoiser is not None  # it was opened with a model
    timesteps = len(denoiser.alphas_cumprod)
    t = st.slider("Noise, as a timestep", 0, timesteps - 1, _FIRST, key="noise", bind="query-params")
    clean = denoiser.encode(from_uint8(paths().images[place : place + 1]))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    noisy = noised(clean, denoiser.alphas_cumprod[t : t + 1], noise)
    answers = probabilities(network(), noisy, t, timesteps)[0].numpy()
    seen = to_uint8(denoiser.decode(noisy))[0]
    percent = 100 * float(1 - denoiser.alphas_cumprod[t]) ** 0.5
    own = figure(seen, f"Seed {FACES[place]} with noise of timestep {t}", f"seed {FACES[place]}, {percent:.0f} % noise")
    look.show(f'<div class="beside">{own}<div class="lanes">{"".join(lanes(answers))}</div></div>')
    st.caption(_how_good(t))


def lanes(answers: np.ndarray) -> list[str]:
    """The likeliest clusters as bars with their pictures.

    Args:
        answers: (labels,) probabilities.
    """
    known, found = surrogate(), []
    for rank, label in enumerate(np.argsort(-answers, kind="stable")[:_LIKELIEST].tolist()):
        number, share = int(known.kept[label]), float(answers[label])
        pictures = known_pictures(known, label)[:_PICTURES]
        figures = [figure(image, f"Cluster {number}, image {i} from its centre") for i, image in enumerate(pictures, 1)]
        words = f"{100 * share:.0f} %" if share >= 0.01 else "below 1 %"
        found.append(look.lane(share, "first" if rank == 0 else "", words, f"cluster {number}", figures))
    return found


def _how_good(t: int) -> str:
    """How often it was right at the nearest noise level that was measured, and what guessing would reach."""
    curve = curve_of(surrogate(), MODEL)
    level = min(curve.levels, key=lambda level: abs(level.timestep - t))
    return (
        f"Of {len(surrogate().kept):,} clusters. At timestep {level.timestep} the surrogate was right about "
        f"{level.accuracy} pictures it had not learned from; always guessing the commonest cluster: "
        f"{100 * curve.chance:.1f} %."
    )
