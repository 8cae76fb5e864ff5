"""The same noisy pictures, what the ideal denoiser answers, what the model answers, and their difference."""

from functools import partial

import numpy as np
import streamlit as st
import torch

from pages._parts.runtime.computer import on_computer
from pages._parts.show.figures import figure
from side_core.dpm.denoiser import to_uint8
from side_core.theory.divergence import Divergence, Judged
from side_core.theory.path import noised_rows

_PICTURES = 6
_FIRST = 0.8  # the noise level that is shown first
_STYLE = """<style>
.answers { display: grid; gap: 0.4rem 0.75rem; align-items: center; max-width: 60rem;
  grid-template-columns: minmax(6rem, 11rem) repeat(6, minmax(0, 6rem)); }
.answers p { margin: 0; line-height: 1.3; } .answers small { opacity: 0.85; }
.answers figure { margin: 0; }
.answers img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
@media (max-width: 640px) {
  .answers { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .answers p { grid-column: 1 / -1; }
}
</style>"""


@st.fragment
def show_answers(experiment: Divergence) -> None:
    """A slider over the noise level, and the pictures at it.

    Args:
        experiment: whose model and images these are.
    """
    st.markdown("#### Where it sits, to be seen")
    own, control = experiment.judged[:2]
    known = {f"{experiment.known[t]:.2g}": t for t in experiment.path_at}
    first = min(known, key=lambda text: abs(np.log(float(text) / _FIRST)))
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        level = st.select_slider("Noise level", list(known), first, key="seen_level", help="Of pictures in -1..1.")
    with right:
        seen = st.segmented_control(
            "Pictures", ["Training", "Control"], default="Training", required=True, key="seen_side"
        )
    judged = own if seen == "Training" else control
    rows = on_computer(partial(_answers, experiment, judged, known[str(level)]))
    words = (
        ("Noisy picture", "what both are given"),
        ("Ideal denoiser", "of the training pictures, or of the control"),
        ("Model", "what it answers"),
        ("Difference", "grey: none"),
    )
    cells = []
    for (title, about), images in zip(words, rows, strict=True):
        cells.append(f"<p><b>{title}</b><br><small>{about}</small></p>")
        cells += [figure(image, f"{title} {number}") for number, image in enumerate(images, 1)]
        cells += ["<span></span>"] * (_PICTURES - len(images))
    st.html(f'{_STYLE}<div class="answers">{"".join(cells)}</div>')


@torch.no_grad()
def _answers(experiment: Divergence, judged: Judged, timestep: int) -> list[np.ndarray]:
    """(n, H, W, 3) uint8 each: noisy, of the ideal denoiser, of the model, their difference around grey."""
    side, denoiser, level = judged.side, judged.denoiser, float(experiment.known[timestep])
    some = slice(0, _PICTURES)
    noisy = noised_rows(side.clean[some], side.rows[some], level, timestep, experiment.settings.seed)
    signal = float(denoiser.alphas_cumprod[timestep]) ** 0.5
    noise = denoiser.predict_noise((signal * noisy).to(denoiser.device), timestep, experiment.condition).cpu()
    answers = noisy - level * noise
    ideal = noisy - level * side.set_at.noise(noisy.flatten(1), level).view_as(noisy)
    shown = [denoiser.decode(part.to(denoiser.device)) for part in (noisy, ideal, answers)]
    difference = ((shown[2] - shown[1]) / 2 + 0.5).clamp(0, 1)
    return [to_uint8(part) for part in (*shown, difference)]
