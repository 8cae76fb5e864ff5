"""The app's entry: `streamlit run app.py`. The router is pages/_navigation.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages._parts.runtime import warm_up
from pages._parts.runtime.first_paint import first_paint
from pages._parts.runtime.front_door import front_door
from pages._parts.runtime.uploads import upload_limits


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Start the imports with the server."""
    warm_up.start()
    yield


MIDDLEWARE = [*front_door(), *first_paint(), *upload_limits()]
app = st.App("pages/_navigation.py", lifespan=lifespan, middleware=MIDDLEWARE)
