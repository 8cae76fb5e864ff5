"""Step 6: training faces and faces never seen are buried in noise; which of them does the model bring back?"""

from functools import partial

import numpy as np
import streamlit as st
import torch

from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.shared_cache import SharedCache
from pages._parts.show.figures import figure
from pages._parts.tour import look
from pages._parts.tour.stage import subject
from side_core.dpm.denoiser import to_uint8
from side_core.progress import finish
from side_core.theory.returning import brought_back
from side_core.theory.sides import CONTROL, TRAINING, Side

TIMESTEPS = tuple(range(300, 951, 50))
_FIRST, _STEPS, _SEED = 600, 10, 0
_ROWS = (15, 262, 508, 760)  # of either set
_SIDES: SharedCache[tuple[Side, Side]] = SharedCache(1)


def show() -> None:
    """A slider over the noise, and both kinds of faces before and after."""
    t = st.select_slider("Noise, as a timestep", TIMESTEPS, _FIRST, key="buried", bind="query-params")
    cells: list[str] = []
    found = [on_computer(partial(_again, side, int(t))) for side in _sides()]
    names = ("Training faces", "Faces it never saw")
    for part, noun in enumerate(("before", "buried", "after")):
        cells.append(f'<div class="row-name">{("It was", "In noise", "Brought back")[part]}</div>')
        for name, (images, back) in zip(names, found, strict=True):
            for number, (image, came) in enumerate(zip(images[part], back, strict=True), 1):
                words = ("seen" if name == names[0] else "never seen", "", "back" if came else "another")
                cells.append(figure(image, f"{name} {number}, {noun}", words[part]))
    counts = [f"{int(back.sum())} of {len(back)} {name.lower()}" for name, (_, back) in zip(names, found, strict=True)]
    look.show(f'<div class="table" style="--columns: 8; --most: 4rem">{"".join(cells)}</div>')
    st.caption(
        f"Back (nearer to itself than half the way to any other face): {counts[0]}, {counts[1]}. Among many, with "
        "intervals: page Theory."
    )


def _sides() -> tuple[Side, Side]:
    """Some training faces and as many of the control."""
    known = subject()
    assert known.control is not None  # the embedded model has one
    denoiser, control = known.denoiser, known.control
    made = (Side(TRAINING, known.data, denoiser, _ROWS), Side(CONTROL, control, denoiser, _ROWS))
    return _SIDES.get_or_make((denoiser.fingerprint, str(denoiser.arithmetic)), lambda: made)


def _again(side: Side, t: int) -> tuple[list[np.ndarray], torch.Tensor]:
    """(n, H, W, 3) uint8 each: clean, with noise, denoised; and (n,) whether it is the same face."""
    denoiser, found = side.denoiser, finish(brought_back(side, t, _STEPS, _SEED))
    parts = (side.clean, found.noisy, found.found)
    return [to_uint8(denoiser.decode(part.to(denoiser.device))) for part in parts], found.back.bool()
