"""The tables of a run as text: numbers stay numbers, and nothing is run by whoever opens them."""

import csv
import io

import pytest

from side_core.extraction.tables import table


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+2", "-2+3", "@SUM(A1)", "\tx"])
def test_what_a_spreadsheet_would_run_is_text(name: str) -> None:
    """As names of files, captions and prompts of others may be: in cells and in headings."""
    heading, row = csv.reader(io.StringIO(table(["sample", name], [[0, name]]), newline=""))
    assert heading[1] == row[1] == f"'{name}"


@pytest.mark.parametrize(
    ("value", "text"), [(-0.25, "-0.25"), ("-3", "-3"), ("+0.5", "+0.5"), (7, "7"), ("a=b", "a=b")]
)
def test_numbers_and_plain_names_stay_as_they_are(value: object, text: str) -> None:
    assert table(["value"], [[value]]) == f"value\n{text}\n"
