"""How much of the app is seen, and how large: everything or what a class needs; a screen or a projector."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

EVERYTHING, DEMO = "everything", "demo"
_SEEN = "seen_as"  # in the session: the last page, and how it was seen
LARGER = 1.3  # times as large on a projector
# Details stay where they are and are not drawn: their widgets keep their values, so that a link still draws what it
# says, and neither keyboard nor screen reader comes upon them.
HIDE_DETAILS = '<style>[class*="st-key-detail-"] { display: none !important; }</style>'
# All of Streamlit measures in rem; charts are told by `scale`.
ENLARGE = f"""<style>
:root {{ font-size: {100 * LARGER:.0f}% !important; }}
.stApp [data-testid="stMainBlockContainer"] {{ padding: 4.5rem 2.5rem 2rem; }}
</style>"""
# All of a step on one screen: the bar at the top lies over the page, without hiding what is below it.
STAGE = """<style>
.stApp [data-testid="stHeader"] { background: transparent; pointer-events: none; }
.stApp [data-testid="stHeader"] * { pointer-events: auto; }
.stApp [data-testid="stMainBlockContainer"] { padding: 0.6rem 3.5rem 0.5rem !important; }
.stApp h1, .stApp .st-key-heading h1 { font-size: 1.35rem; padding: 0; }
.stApp .sentence { font-size: 1.35rem; min-height: 2.5em; }
.stApp [data-testid="stMetricValue"] { font-size: 1.4rem; }
.stApp .stMain [data-testid="stVerticalBlock"] { gap: 0.6rem; }
.st-key-walk { gap: 0.4rem !important; }
.st-key-walk button { padding: 0.25rem 0.6rem; }
.stApp .cards .small { display: none; }
.stApp .st-key-prompt-words { min-height: 3.4rem; }
.stApp .st-key-large, .stApp .st-key-said, .stApp .st-key-intro, .stApp [class*="st-key-rows-"] { min-height: 0; }
.stApp .st-key-prompt-results h3 { font-size: 1.2rem; padding: 0 0 0.9rem; }
.stApp .st-key-score-row { gap: 0.2rem; }
/* The walk through the tour: what a button does is told by its icon, and by its tip. */
.st-key-walk .stButton p, .st-key-walk .stPopover p, .st-key-walk kbd, .st-key-walk [data-testid="stButtonShortcut"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
</style>"""
_OWN = "<style>.st-key-view button p::first-letter { text-transform: uppercase; }</style>"


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
    st.html(_OWN + (HIDE_DETAILS + STAGE if is_demo() else "") + (ENLARGE if is_projected() else ""))


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
