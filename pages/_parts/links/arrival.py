"""Settings are taken over into the widgets of a page, from any page, also from that one."""

from typing import NoReturn

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages._parts.links.link_values import Values, defaults_of
from pages._parts.links.request import TAKEN, words
from side_core.methods import METHODS
from side_core.settings.former import former_keys, renamed

_SETTINGS_OF = {  # pages whose keys may have changed
    **{"prompts": "PromptSettings", "surrogate": "SurrogateSettings"},
    **{name: method.settings.__name__ for name, method in METHODS.items()},
}
_BROUGHT, _ARRIVED = "link_brought", "link_arrived"  # in the session
_KEPT = ("view", "size")  # widgets of all pages
_BEGUN = ("steered_by", "picked_cluster")  # what would put a surrogate's card in place of what was taken over


def go(page: str, values: Values) -> NoReturn:
    """Go to a page; `arrive` then puts the values into its widgets. In a callback or in a page.

    `st.switch_page` refuses parameters that are bound on the page that is left, so nothing travels in the link.

    Args:
        page: its file.
        values: of its widgets by their keys; None stands for a default.
    """
    seen = {key: st.session_state[key] for key in _KEPT if key in st.session_state}
    st.session_state[_BROUGHT] = {**values, **seen}
    st.switch_page(page, query_params={})


def arrive(path: str) -> None:
    """Put what was brought into the link, and open it; to be called before any widget is made.

    Where a widget of this name is on the screen, the link is its own business: there the value goes into the session.
    So do defaults, also those of a link that is opened.

    Args:
        path: of the page, as `st.Page` has it.
    """
    brought: Values | None = st.session_state.pop(_BROUGHT, None)
    if brought is None:
        _rename_former(path)
    defaults = defaults_of(path)
    if brought is None:
        if not st.session_state.get(_ARRIVED):
            st.session_state[_ARRIVED] = True
            _leave_out(defaults)
        return
    for name in _BEGUN:
        st.session_state.pop(name, None)
    taken = {key: value for key, value in brought.items() if _is_on_screen(key)}
    for key in brought:
        known = brought[key] if key in taken or brought[key] == defaults.get(key) else None
        if known is not None:
            st.session_state[key] = known
        elif key not in taken:
            st.session_state.pop(key, None)
    st.session_state[TAKEN] = taken
    new = {key: value for key, value in brought.items() if key not in taken and value != defaults.get(key)}
    # At once, as each change of the link is a step back in the browser.
    st.query_params.update({key: words(value) for key, value in new.items() if words(value)})
    st.rerun()


def _rename_former(path: str) -> None:
    """Give what an older link asks for its name of today, at once."""
    model = _SETTINGS_OF.get(path, "")
    former = former_keys(model)
    if not former.keys() & set(st.query_params):
        return
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    st.query_params.from_dict(renamed(model, asked, former))
    st.rerun()


def _leave_out(defaults: Values) -> None:
    """Take defaults out of a link that a session begins with, at once; they go into the session."""
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    known = {key: defaults[key] for key, texts in asked.items() if key in defaults and texts == words(defaults[key])}
    if known:
        for key, value in known.items():
            st.session_state[key] = value
        st.query_params.from_dict({key: texts for key, texts in asked.items() if key not in known})
        st.rerun()


def _is_on_screen(key: str) -> bool:
    """Whether a widget is bound to a key: Streamlit then refuses to take it out of the link."""
    try:
        del st.query_params[key]
    except KeyError:
        return False
    except StreamlitAPIException:
        return True
    return False
