"""Step 1: from noise to image."""

import streamlit as st

from pages._parts.show.figures import figure
from pages._parts.tour import look
from pages._parts.tour.stage import FACES, paths

_SHOWN = 4  # faces, the first of FACES
_FIRST = 12  # the step a visit begins with


def show() -> None:
    """The noisy picture and the model's estimate of it after one step."""
    path = paths()
    total = len(path.timesteps)
    step = st.slider("Step from noise to face", 1, total, _FIRST, key="at", bind="query-params")
    here = step - 1
    percent = 100 * path.noise[here]
    meter = (
        f'<div class="meter"><div><div style="width: {percent:.1f}%"></div></div>'
        f"<span><b>{percent:.0f} % noise</b> after step {step} of {total}</span></div>"
    )
    seeds = FACES[:_SHOWN]
    noisy = [
        figure(image, f"Seed {seed} after step {step}, {percent:.0f} % noise")
        for seed, image in zip(seeds, path.noisy[here], strict=False)
    ]
    clear = [
        figure(image, f"What the model takes seed {seed} to be at step {step}", f"seed {seed}")
        for seed, image in zip(seeds, path.estimates[here], strict=False)
    ]
    rows = [("Noisy picture", "what there is", noisy), ("Estimate", "the model’s guess", clear)]
    look.show(meter + look.table(rows, most="8.6rem"))
