"""How much of the app is seen, and how large: everything or what a class needs; a screen or a projector."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TOUR = "tour"  # in the address: a page that is always seen as on a stage
EVERYTHING, DEMO = "everything", "demo"
_SEEN = "seen_as"  # in the session: the last page, and how it was seen
LARGER = 1.3  # times as large on a projector
# All of Streamlit measures in rem; charts are told by `scale`.
_ENLARGE = f"""
:root {{ font-size: {100 * LARGER:.0f}% !important; }}
.stApp [data-testid="stMainBlockContainer"] {{ padding: 4.5rem 2.5rem 2rem; }}
"""
_STAGE = (Path(__file__).parents[1] / "show" / "browser" / "stage.css").read_text("utf-8")


def switch(path: str) -> None:
    """The two widgets, kept in the URL as `view` and `size` on every page, and what they do to the page.

    Args:
        path: of the page; where it is another one than before, both stay as they were.
    """
    before, seen = st.session_state.get(_SEEN, (path, {}))
    if before != path:  # a browser that is busy may leave one of them behind
        for key, value in seen.items():
            if key not in st.query_params:
                st.session_state[key] = value
    with st.container(key="view-switch", gap="small"):
        st.segmented_control(
            "View",
            [EVERYTHING, DEMO],
            default=EVERYTHING,
            required=True,
            key="view",
            bind="query-params",
            width="stretch",
            label_visibility="collapsed",
            help="Demo hides what a class need not see. No setting changes.",
        )
        st.toggle("Projector size", key="size", bind="query-params", help="Larger text and pictures.")
    st.session_state[_SEEN] = (path, {key: st.session_state[key] for key in ("view", "size")})
    staged = is_demo() or path == TOUR
    look = (_STAGE if staged else "") + (_ENLARGE if is_projected() else "")
    st.html(f'<span class="seen-as"></span><style>{look}</style>')  # in the place of what first_paint took for granted


def is_demo() -> bool:
    """Whether only what a class needs is shown."""
    return st.session_state.get("view") == DEMO


def is_asked_for() -> bool:
    """Whether it is, before the widget is made."""
    return DEMO in (st.query_params.get("view"), st.session_state.get("view"))


def is_projected() -> bool:
    """Whether text and pictures are larger."""
    return bool(st.session_state.get("size"))


def scale() -> float:
    """How many times as large as usual, for what does not measure in rem."""
    return LARGER if is_projected() else 1.0


def detail(name: str) -> DeltaGenerator:
    """A container for what a class need not see; its widgets keep their values while it is hidden.

    Args:
        name: unique on the page.
    """
    return st.container(key=f"detail-{name}")
