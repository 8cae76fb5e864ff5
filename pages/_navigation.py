"""The router: which pages there are, and nothing else."""

import streamlit as st

st.set_page_config(page_title="SIDE Explorer", page_icon=":material/frame_inspect:", layout="wide")
page = st.navigation(
    [
        st.Page("extract.py", title="Extract", icon=":material/image_search:", default=True),
        st.Page("surrogate.py", title="Surrogate", icon=":material/school:"),
        st.Page("sweep.py", title="Sweep", icon=":material/grid_on:"),
        st.Page("models.py", title="Models", icon=":material/model_training:"),
    ]
)
page.run()
