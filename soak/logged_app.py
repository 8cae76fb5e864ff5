"""The app as it is, but for a line in `SIDE_SOAK_LOG` at each denoising step: those after a click are counted."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from side_core.sampling import drawing
from side_core.sampling.sampler import Step

ROOT = Path(__file__).resolve().parent.parent
real = drawing.sample


def logged(*arguments: Any, **options: Any) -> Iterator[Step]:
    """The sampler's steps; each is told when it has been taken."""
    for step in real(*arguments, **options):
        with Path(os.environ["SIDE_SOAK_LOG"]).open("a") as log:
            log.write(f"{time.monotonic()}\n")
        yield step


if real.__module__ == "side_core.sampling.sampler":  # this file runs once
    drawing.sample = logged

from app import MIDDLEWARE, lifespan  # noqa: E402

app = st.App(str(ROOT / "pages" / "_navigation.py"), lifespan=lifespan, middleware=MIDDLEWARE)
