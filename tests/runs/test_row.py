"""A damaged row is named with what is wrong with it, and hides no other; it can be put into the bin like any."""

import json
import re

import pytest

from side_core.runs import store
from side_core.runs.database.row import DamagedRunError
from side_core.runs.opening import mend
from side_core.runs.reading import summary_in
from side_core.runs.run import NewRun
from side_core.runs.wording import damage_in_words
from side_core.runs.workspace import Workspace

ODD = {  # what a column is made to hold, and what is said of it
    "kind": [("dance", "its kind 'dance' is not known here")],
    "state": [(b"\xff", "its state"), ("running\0", "its state")],
    "name": [("x" * 201, "its name has 201 characters"), ("x" * 10_000_000, "its name has 10,000,000 characters")],
    "note": [(b"bytes", "its note is no text")],
    "settings": [
        ("{", "its settings are no JSON"),
        ("[]", "its settings are no JSON object"),
        ('{"seed": NaN}', "its settings are no JSON"),
        ("[" * 100_000, "its settings are no JSON"),
        ('{"seed": 0, "count": 1e9}', "its settings have the count 1000000000.0"),
        ('{"seed": "0"}', "its settings have the seed '0'"),
        ('{"a": "%s"}' % ("x" * 2**20), "its settings has 1,048,58"),
    ],
    "fingerprints": [('{"model": 1}', "its fingerprints are no texts")],
    "pictures": [("../../etc", "its key of pictures cannot be '../../etc'")],
    "asked": [("many", "its number of pictures cannot be 'many'"), (-1, "cannot be -1"), (2**62, "cannot be")],
    "share": [(float("inf"), "its rate cannot be inf")],
    "created": [("once", "its beginning cannot be 'once'"), (1e300, "its beginning cannot be 1e+300")],
    "ended": [(-5.0, "its end cannot be -5.0")],
}
CASES = [(column, value, said) for column, values in ODD.items() for value, said in values]


def damage(workspace: Workspace, id: int, **values: object) -> None:
    """Write into the row of a run what no run has."""
    with workspace.connect() as database:
        for column, value in values.items():
            database.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, id))


@pytest.fixture
def three(workspace: Workspace) -> Workspace:
    """Three finished runs."""
    for number in range(3):
        new = NewRun("extract", "model", {"seed": number, "count": 2}, {"model": "f"}, 2, f"k{number}")
        store.end(workspace, store.begin(workspace, new).id, "finished", 2, {"drawn": 2})
    return workspace


@pytest.mark.parametrize(("column", "value", "said"), CASES)
def test_a_damaged_row_is_named_and_the_others_are_listed(
    three: Workspace, column: str, value: object, said: str
) -> None:
    damage(three, 2, **{column: value})
    for order in ("created", "share", "finished", "model", "name"):
        page = store.page(three, order=order)  # type: ignore[arg-type]
        assert sorted(run.id for run in page.runs) == [1, 3]
        (bad,) = page.damaged
        assert bad.id == 2 and said in bad.what and len(bad.what) < 120
    assert store.counted(three) == 3  # it is not lost
    assert [run.id for run in store.listed(three, "seed=2")] == [3]
    with pytest.raises(DamagedRunError, match=r"Run 2 is damaged \(.*\): its files"):
        store.find(three, 2)
    mend(three)
    new = NewRun("extract", "model", {"seed": 1, "count": 2}, {"model": "f"}, 2, "k1")
    assert store.begin(three, new).id != 2  # what cannot be read cannot go on


def test_text_that_is_no_utf_8_does_not_hide_the_others(three: Workspace) -> None:
    with three.connect() as database:
        database.execute("UPDATE runs SET name = CAST(X'FF41' AS TEXT) WHERE id = 2")
    assert [run.name for run in store.listed(three, ascending=True)] == ["", "\\xffA", ""]


def test_a_damaged_row_goes_into_the_bin_and_comes_back(three: Workspace) -> None:
    damage(three, 2, settings="{")
    store.delete(three, [2])
    assert [item.id for item in store.page(three, deleted=True).damaged] == [2] and store.counted(three) == 2
    store.restore(three, [2])
    assert [item.id for item in store.page(three).damaged] == [2]


def test_a_run_of_a_model_whose_path_is_no_utf_8_is_kept(workspace: Workspace) -> None:
    run = store.begin(workspace, NewRun("sweep", "m\udcff", {"model": "m\udcff"}, {}, 1))
    assert run.model == "m\\udcff" and run.settings["model"] == "m\udcff"


def test_one_sentence_names_all_of_them(three: Workspace) -> None:
    damage(three, 2, settings="{")
    assert damage_in_words(store.page(three).damaged) == (
        "Run 2 is damaged: its settings are no JSON; the others are shown."
    )
    damage(three, 1, kind="dance")
    assert damage_in_words(store.page(three).damaged) == (
        "Runs 2 and 1 are damaged (run 2: its settings are no JSON; run 1: its kind 'dance' is not known here); the "
        "others are shown."
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": {"score": "ratio"}, "scores": 7}', "NaN"])
def test_a_damaged_summary_is_told_of_its_own_run(three: Workspace, text: str) -> None:
    with three.connect() as database:
        database.execute("UPDATE summaries SET json = ? WHERE id = 2", (text,))
    with pytest.raises(DamagedRunError, match="Run 2 is damaged"):
        summary_in(three, store.find(three, 2))


def test_json_that_is_a_bit_odd_is_no_damage(three: Workspace) -> None:
    damage(three, 2, settings=json.dumps({"seed": 1, "count": 2, "new": [None, {"a": 1}]}), name="a\0b")
    assert re.fullmatch("a\0b", store.find(three, 2).name)
