"""How long work notices that it is to end: Stop, another widget, a closed tab."""

import streamlit as st


def heed_stop() -> None:
    """End this script run if the person has done anything that ends it; sends nothing to the browser.

    Streamlit asks at each message whether the run is to go on, and also each time that session state is read (a
    SafeSessionState calls its `yield_callback` first). A message makes the browser work, on the very cores that
    compute; reading a key, even one that is not there, takes microseconds and may be done at every step.
    """
    st.session_state.get("stopped")
