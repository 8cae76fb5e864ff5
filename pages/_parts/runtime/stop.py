"""How long work notices that it is to end: Stop, another widget, a closed tab."""

import threading
from collections.abc import Callable

import streamlit as st


class Ended(BaseException):
    """Work in a thread of its own was told to end; no Exception, so that nobody takes it for one and goes on."""


class Orders(threading.local):
    """Whom a thread listens to; None where it is the run of a page, which listens to its browser."""

    heed: Callable[[], None] | None = None


ORDERS = Orders()


def heed_stop() -> None:
    """End this work if the person has done anything that ends it; sends nothing to the browser.

    Streamlit asks at each message whether the run is to go on, and also each time that session state is read (a
    SafeSessionState calls its `yield_callback` first). A message makes the browser work, on the very cores that
    compute; reading a key, even one that is not there, takes microseconds and may be done at every step.

    Raises:
        Ended: work in a thread of its own is to end.
    """
    if ORDERS.heed is not None:
        ORDERS.heed()
    else:
        st.session_state.get("stopped")
