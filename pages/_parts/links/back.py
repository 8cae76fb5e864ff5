"""Back and Forward in the browser: each visit of a page is one step, and a page comes back as its address says."""

from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages._parts.links.request import SEEN

OPENED, COMPARED = "run", "compare"  # of the history
_OPENS = (OPENED, COMPARED, "step")  # in the link: what opens a view within a page, which is a step of its own

# Streamlit adds a step for each widget that a script sets, and one more for the page that is left, without the
# settings that were there. Here those change the address of the step they belong to, and a page that is left keeps
# the address that it had when the person last did something.
_JS = """
export default function ({ data }) {
  if (window.oneStepAVisit) return;
  window.oneStepAVisit = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let kept = location.href;
  const keep = () => { kept = location.href; };
  for (const act of ["pointerdown", "keydown", "click", "popstate"]) window.addEventListener(act, keep, true);
  history.replaceState = (...step) => {
    replace(...step);
    keep();
  };
  history.pushState = (state, title, address) => {
    const [from, to] = [location.href, address].map((each) => new URL(each, location.href));
    const opens = (name) => to.searchParams.has(name) && to.searchParams.get(name) !== from.searchParams.get(name);
    if (from.pathname === to.pathname && !data.opens.some(opens)) {
      replace(state, title, address);
      return;
    }
    if (from.pathname !== to.pathname) replace(history.state, "", kept);
    push(state, title, address);
    keep();
  };
}
"""

_KEEPER = st.components.v2.component("one_step_a_visit", js=_JS)


def one_step_a_visit() -> None:
    """Keep the browser's history tidy; nothing of it is seen."""
    _KEEPER(key="one-step-a-visit", data={"opens": list(_OPENS)})


def come_back() -> None:
    """After Back or Forward, put into the link again what Streamlit has taken out of it; before any widget is made.

    From one page to another it drops every setting that the page which is left has a widget for, too.
    """
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return
    for name in st.session_state.pop(SEEN, {}):  # what is not in the link is a default again
        st.session_state.pop(name, None)
    asked = parse_qs(context.query_string, keep_blank_values=True)
    dropped = {name: texts for name, texts in asked.items() if name not in st.query_params}
    if dropped:
        st.query_params.update(dropped)
        with context.session_state.query_params() as link:
            link.set_initial_query_params_from_current()
