"""Lambda, a slider of its own: it stands above the pictures, and is there before torch is imported."""

import streamlit as st

from pages._parts.inputs import controls

_STEP = 0.5


def scale_input(start: float = 0.0, most: float = 0.0) -> float:
    """How hard it steers: lambda, above the pictures that it changes.

    Args:
        start: what it begins with.
        most: a value that it must reach, beyond the usual ones.
    """
    low, live = controls.bounds(controls.FIELDS["guidance_scale"])
    scale: float = controls.slider("guidance_scale", low=low, high=max(live, most), default=start, step=_STEP)
    st.caption("At λ = 0 the model draws by itself; further right, towards copies.")
    return scale
