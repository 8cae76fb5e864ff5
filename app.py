"""The app's entry: `streamlit run app.py`. The router is pages/_navigation.py."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages._parts.runtime.front_door import front_door
from pages._parts.runtime.uploads import upload_limits


def warm_up() -> None:
    """Import what the first page needs (seconds of torch and diffusers) while the browser still connects."""
    import plotly.graph_objects  # noqa: F401
    import scipy.stats  # noqa: F401

    from pages._parts.runtime.resources import keep_subject
    from side_core.extraction.subject import open_subject
    from side_core.settings import ExtractSettings

    settings = ExtractSettings(mode="fast")
    keep_subject(settings, lambda: open_subject(settings))  # also finds the fastest arithmetic


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Start the imports with the server."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    yield


app = st.App("pages/_navigation.py", lifespan=lifespan, middleware=[*front_door(), *upload_limits()])
