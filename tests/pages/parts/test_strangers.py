"""Names in a link that no page knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.links.strangers import KNOWN
from tests.pages.app import opened

PAGES = Path(__file__).parents[3] / "pages"


def said(app: AppTest) -> str:
    return "\n".join(warning.value for warning in app.warning).replace("\\", "")


@pytest.mark.parametrize("page", ["tour.py", "models.py", "history.py", "surrogate.py", "sweep.py"])
def test_a_misspelt_name_is_quoted_with_the_one_that_was_meant(page: str) -> None:
    app = opened(page, guidance_scal="3", quux="1", utm_source="mail", fbclid="x", embed="true")
    assert "The link asks for 'guidance_scal', a setting that there is none of: did you mean guidance_scale?" in said(
        app
    )
    assert "'quux', a setting that there is none of: it is left out." in said(app)
    assert said(app).count("The link asks for") == 2 and not app.exception


def bound_keys() -> Iterator[str]:
    """The names in links that pages write out."""
    for file in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and "bind" in [word.arg for word in node.keywords]:
                for word in node.keywords:
                    if word.arg == "key" and isinstance(word.value, ast.Constant):
                        yield word.value.value


def test_every_widget_that_is_in_links_is_known() -> None:
    keys = set(bound_keys())
    assert len(keys) > 15 and keys <= KNOWN
