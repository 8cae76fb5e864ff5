"""The app as it is on a slower machine: each evaluation of a model takes `SIDE_SLOWER` times as long."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from torch import Tensor

from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.unet import UnetDenoiser

ROOT = Path(__file__).resolve().parents[2]
TIMES = float(os.environ["SIDE_SLOWER"])


def slower(evaluate: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same evaluation, after which time passes."""

    def evaluated(*arguments: object, **options: object) -> Tensor:
        start = time.perf_counter()
        found = evaluate(*arguments, **options)
        time.sleep((TIMES - 1) * (time.perf_counter() - start))
        return found

    return evaluated


for kind, name in ((TextDenoiser, "noise"), (UnetDenoiser, "predict_noise"), (IdealDenoiser, "predict_noise")):
    if (real := getattr(kind, name)).__module__ != __name__:  # this file runs once
        setattr(kind, name, slower(real))

from app import MIDDLEWARE, lifespan  # noqa: E402

app = st.App(str(ROOT / "pages" / "_navigation.py"), lifespan=lifespan, middleware=MIDDLEWARE)
