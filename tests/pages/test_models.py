"""The Models page, through the router, without a browser."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROUTER = Path(__file__).parents[2] / "pages" / "_navigation.py"


def opened(**link: str) -> AppTest:
    """The page as a link opens it."""
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.switch_page("models.py")
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    """Everything the page says in words."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error")
    found = [element.value for kind in kinds for element in app.get(kind)]
    found += [f"{name} {value}" for table in app.table for name, value in table.value.iloc[:, 0].items()]
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", "\n".join(found))


def test_a_built_in_model_is_described_with_its_data_and_control() -> None:
    app = opened()
    text = text_of(app)
    assert not app.exception and not app.error
    for part in ("unconditional pixel DPM (U-Net)", "16 x 16 pixels", "1,000 timesteps", "epsilon", "of weights"):
        assert part in text
    assert "Trained on pixel-faces[0:1000]" in text and "pixel-faces[2000:3000]" in text
    assert "Model fingerprint (SHA-256" in text


def test_overlap_of_training_images_and_control_is_said() -> None:
    text = text_of(opened(model="ideal", control="pixel-faces[990:1990]"))
    assert "Also among the training images 10" in text


def test_a_model_without_data_is_described_and_asks_for_them(pipeline: Path) -> None:
    app = opened(model=str(pipeline))
    text = text_of(app)
    assert "Kind unconditional pixel DPM (U-Net)" in text
    assert f"The training images of '{pipeline}' are not known" in text
    assert not app.exception


def test_without_a_control_it_says_what_that_costs(pipeline: Path) -> None:
    text = text_of(opened(model=str(pipeline), data="pixel-faces[0:60]"))
    assert "There is no control: pictures get their scores, but the headline is withheld" in text


def test_broken_models_get_one_sentence(broken: object, how: str) -> None:
    folder = broken(how)  # type: ignore[operator]
    app = opened(model=str(folder), data="pixel-faces[0:60]", control="pixel-faces[60:120]")
    assert not app.exception
    assert app.error and all("\n" not in error.value for error in app.error)


@pytest.mark.parametrize("source", ["/no/such/folder", "pixel-faces[7:7]"])
def test_wrong_data_get_one_sentence(source: str) -> None:
    app = opened(model="ideal", data=source)
    assert not app.exception and len(app.error) >= 1
