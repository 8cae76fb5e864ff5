"""The weights of encoder clip: the built-in ones are offered, others are typed."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app import ROUTER
from tests.similarity.small_clip import save_small_clip

SCRIPT = """
import streamlit as st
from pages._parts.inputs.encoder_weights import weights_input
kind = st.selectbox("Encoder", ["clip", "sscd"], key="kind")
st.markdown(f"got {weights_input(kind)}")
"""


def got(app: AppTest) -> str:
    assert not app.exception
    return app.markdown[-1].value


def test_the_built_in_weights_are_chosen_until_others_are() -> None:
    app = AppTest.from_string(SCRIPT).run()
    weights = app.selectbox(key="encoder_weights")
    assert weights.options == ["pixel-faces-clip"] and got(app) == "got pixel-faces-clip"


def test_without_a_file_of_sscd_the_sentence_names_the_widget() -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.query_params["encoder"], app.query_params["model"] = "sscd", "ideal"
    app.run()
    (error,) = [element.value.replace("\\", "") for element in app.error]
    assert error.startswith("Encoder sscd has no weights here") and "'Encoder weights'" in error and "--" not in error
    assert app.text_input(key="encoder_weights").label == "Encoder weights"


def test_a_link_may_name_weights_of_ones_own_and_other_encoders_take_a_file() -> None:
    app = AppTest.from_string(SCRIPT)
    app.query_params["encoder_weights"] = "local-dir:/my/clip"
    app.run()
    assert got(app) == "got local-dir:/my/clip"
    app.selectbox(key="kind").set_value("sscd").run()
    app.text_input(key="encoder_weights").set_value("sscd.pt").run()
    assert got(app) == "got sscd.pt"
    app.selectbox(key="kind").set_value("clip").run()
    assert app.selectbox(key="encoder_weights").options[0] == "pixel-faces-clip"


@pytest.mark.parametrize("weights", [None, "own"])
def test_extract_compares_by_clip(weights: str | None, tmp_path: Path) -> None:
    app = AppTest.from_file(ROUTER, default_timeout=120)
    own = f"local-dir:{save_small_clip(tmp_path)}" if weights else "pixel-faces-clip"
    for name, value in {"model": "ideal", "encoder": "clip", "encoder_weights": own, "count": "4"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    assert any(own in element.value.replace("\\", "") for kind in ("caption", "markdown") for element in app.get(kind))
