"""The Mitigation page, through the router, without a browser."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.mitigation import chart
from pages._parts.runtime.job import STORE
from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.mitigation.sentences import in_words
from tests.pages import app
from tests.pages.app import button, html_of, text_of

MEMORISED = max((face for face in captioned_faces() if face.group == "many"), key=lambda face: face.repeats).caption
SMALL = {"prompt": MEMORISED, "count": "2", "steps": "6", "mode": "exact"}


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test draws for itself."""
    STORE.parts.parts.clear()


def drawn(**link: Any) -> AppTest:
    """The page after Start."""
    page = app.opened("mitigation", **SMALL | link)
    assert not page.exception and not page.error and not page.warning, text_of(page)
    button(page, "Start").click().run()
    assert not page.exception and not page.error, text_of(page)
    return page


def answer(page: AppTest) -> str:
    (said,) = [item.value for item in page.subheader]
    return said


def test_a_copy_dissolves_and_the_answer_says_what_it_costs() -> None:
    page = drawn(strength="1.0")
    assert answer(page).startswith("The copies dissolve: 2 of 2 without, none with it; the CLIP score falls from 0.")
    shown = html_of(page)
    assert shown.count("looks copied") == 2 and shown.count('alt="Training picture ') == 2
    assert "control 0 of 2" in text_of(page) and len(page.dataframe[0].value) == 4


def test_after_the_first_start_each_change_draws_by_itself() -> None:
    page = drawn(method="words")
    button(page, "A general one").click().run()
    assert not page.exception and not [item for item in page.button if item.label == "Start"]
    assert answer(page).startswith("Nothing looks copied here in the first place")
    page.selectbox(key="method").set_value("tokens").run()
    assert "Random tokens (4)" in text_of(page), "another method begins with its own strength"
    page.checkbox(key="gated").check().run()
    assert answer(page).startswith("This prompt does not stand out, so the gate leaves it alone")


def test_a_search_shows_its_finds_and_one_can_be_taken_over(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\n".join((*in_words(MEMORISED).words, "with", "old", "smiling")))
    page = drawn(task="triggers", rounds="1", iterations="4", sentence=MEMORISED, words=str(words))
    assert "found that bring training pictures back" in answer(page), answer(page)
    assert html_of(page).count("look copied") >= 1
    found = next(item for item in page.selectbox if item.label.startswith("See what helps"))
    found.set_value(found.options[0]).run()
    assert not button(page, "Mitigate it").disabled


def test_another_method_begins_with_its_own_strength_also_where_a_link_named_one() -> None:
    page = app.opened("mitigation", **SMALL, method="wen", strength="1")
    assert page.slider(key="strength").value == 1
    page.selectbox(key="method").set_value("tokens").run()
    assert page.slider(key="strength").value == 4 and "strength" not in page.query_params
    page.slider(key="strength").set_value(8).run()
    assert "8" in page.query_params["strength"] and not page.exception


@pytest.mark.skipif(not chart.shipped_rows(), reason="the app came without its table")
def test_the_shipped_table_has_a_curve_for_each_method_and_marks_the_chosen_one() -> None:
    rows = chart.shipped_rows()
    figure = chart.curves_figure(rows, False, ("wen", 1.5))
    assert len(figure.data) == len({row["method"] for row in rows})
    sizes = {curve.name: list(curve.marker.size) for curve in figure.data}
    assert sizes["Prompt embedding optimised"].count(15) == 1 and 15 not in sizes["Random tokens"]
    assert "copies, CLIP score" in chart.in_words(rows, True)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"model": "pixel-faces"}, "draws without a text"),
        ({"strength": "99"}, "99"),
        ({"held_out": "/nowhere/prompts.txt"}, "/nowhere/prompts.txt"),
        ({"task": "triggers", "sentence": "..."}, "has no word that could change"),
    ],
)
def test_what_cannot_be_done_gets_a_sentence(link: dict[str, str], sentence: str) -> None:
    page = app.opened("mitigation", **SMALL | link)
    assert not page.exception and sentence in text_of(page).replace("\\", ""), text_of(page)


def test_a_general_prompt_is_one_the_model_never_saw() -> None:
    page = app.opened("mitigation", **SMALL)
    button(page, "A general one").click().run()
    assert page.text_input(key="prompt").value in held_out_captions()
