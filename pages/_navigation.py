"""The router: which pages there are, and what all of them share in the sidebar."""

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from pages._parts.inputs import view
from pages._parts.inputs.needs import icon_of
from pages._parts.links import arrival, back, reopening
from pages._parts.runtime import background
from pages._parts.runtime.work_list import show_works
from side_core.files.assets import ASSETS
from side_core.methods import METHODS

# A Material icon by its name would be asked from a server elsewhere here, and only here.
on_stage = view.is_asked_for() or urlsplit(st.context.url or "").path.rstrip("/").endswith("/tour")
st.set_page_config(
    page_title="SIDE Explorer",
    page_icon=ASSETS / "icon.svg",
    layout="wide",
    initial_sidebar_state="collapsed" if on_stage else "auto",  # nothing beside what a class is to see
)
PAGES = Path(__file__).parent
paged = [method for method in METHODS.values() if (PAGES / f"{method.name}.py").is_file()]
page = st.navigation(  # a plain list: with sections, lists lie within lists in a way that screen readers trip over
    [
        st.Page("extract.py", title="Extract", icon=":material/image_search:", default=True),
        st.Page("tour.py", title="Tour", icon=":material/explore:"),
        st.Page("prompts.py", title="Prompts", icon=":material/text_fields:"),
        st.Page("surrogate.py", title="Surrogate", icon=":material/school:"),
        *(st.Page(f"{method.name}.py", title=method.title, icon=icon_of(method)) for method in paged),
        st.Page("models.py", title="Models", icon=":material/model_training:"),
        st.Page("history.py", title="History", icon=":material/history:"),
    ]
)
back.come_back()
arrival.arrive(page.url_path)
background.arrive(page.url_path)
with st.sidebar:
    view.switch(page.url_path)
    back.one_step_a_visit()
    show_works()
page.run()
background.leave()
with st.sidebar:
    for method in METHODS.values():
        if method not in paged:
            st.warning(
                f"{method.title} has no page here: use `python -m side_core {method.name}`.",
                icon=":material/web_asset_off:",
            )
    reopening.reopen_input()
