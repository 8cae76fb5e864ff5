"""The table on the shipped model: rows, gates, stops, the attacker; what cannot be done is said."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.job import Advance, Estimate, run_job
from side_core.mitigation.judged import Judged
from side_core.mitigation.opened import Opened, opening_all
from side_core.mitigation.table import TableJob, make_table_job
from side_core.mitigation.table_report import Table, chart, markdown
from side_core.progress import finish
from side_core.sampling.store import Store, in_memory
from side_core.settings import SettingError
from side_core.settings.mitigation import EvaluateMitigationSettings

SMALL = {"methods": ["wen", "tokens"], "triggers": 3, "general": 8, "count": 2, "steps": 3, "attacked": 1}


def settings(**changes: object) -> EvaluateMitigationSettings:
    return EvaluateMitigationSettings.read({**SMALL, **changes})


@pytest.fixture(scope="module")
def opened() -> Opened:
    return finish(opening_all(settings()))


@pytest.fixture(scope="module")
def finished(opened: Opened) -> tuple[TableJob, Store, Table]:
    job, store = make_table_job(settings(), opened), in_memory()
    return job, store, finish(run_job(job, store))  # type: ignore[return-value]


def test_every_method_has_a_row_for_each_strength_and_one_that_is_gated(
    finished: tuple[TableJob, Store, Table],
) -> None:
    _, _, table = finished
    named = [(row["method"], row["strength"], row["gated"]) for row in table.rows]
    assert named[0] == ("none", None, False)
    assert named[1:] == [
        (method, strength, gated)
        for method, swept in (("wen", (2.0, 1.5, 1.0)), ("tokens", (2, 4, 8)))
        for strength in swept
        for gated in (False, True)
    ]
    for row in table.rows:
        assert 0 <= row["copies_low"] <= row["copies"] <= row["copies_high"] <= 1 and row["control"] is not None
        assert row["clip_triggers_low"] <= row["clip_triggers"] <= row["clip_triggers_high"]
        assert row["count"] == 6 and row["seconds_a_picture"] > 0 and row["failed"] is None
        assert (row["q"] is None) == (row["method"] == "none")
        assert row["q"] is None or row["q"] >= row["p"] > 0


def test_a_gated_row_is_the_treated_one_where_the_gate_opens_and_else_the_plain_one(
    finished: tuple[TableJob, Store, Table],
) -> None:
    _, _, table = finished
    scores = table.scores | {"general": [0.0] * 7 + [99.0], "verbatim": [99.0, 0.0, 99.0], "template": [0.0] * 3}
    mixed = dataclasses.replace(table, scores=scores)
    assert mixed.opens("general").tolist() == [False] * 7 + [True]
    tokens = next(row for row in mixed.measured if row.method == "tokens")
    treated, plain = mixed.judged(tokens, "verbatim", False), mixed.judged(mixed.measured[0], "verbatim", False)
    found = mixed.judged(tokens, "verbatim", True)
    assert found.ratios == (*treated.ratios[:2], *plain.ratios[2:4], *treated.ratios[4:])
    assert found.fits == (*treated.fits[:2], *plain.fits[2:4], *treated.fits[4:])
    assert mixed.same(tokens, True).beat >= 7 and mixed.same(tokens, False).beat <= 1


def test_the_attacker_is_tried_once_a_method_and_words_do_not_stop_an_embedding(
    finished: tuple[TableJob, Store, Table],
) -> None:
    _, _, table = finished
    curves = {(row["method"], row["strength"]): row["work"] for row in table.rows if row["work"] is not None}
    assert set(curves) == {("none", None), ("wen", 1.5), ("tokens", 4)}
    for curve in curves.values():
        assert [at["steps"] for at in curve] == [0, 10, 25, 50, 100]
        assert all(
            at[side]["count"] == 1 and at[side]["beat"] in (0, 1) for at in curve for side in ("memorised", "control")
        )
    assert curves["tokens", 4] == curves["none", None]


def test_it_stops_and_goes_on_and_comes_to_the_same(opened: Opened) -> None:
    job, store = make_table_job(settings(methods=["tokens"], attacked=0), opened), in_memory()
    whole = finish(run_job(job, in_memory()))
    parts = run_job(job, store)
    estimate = next(parts)
    assert isinstance(estimate, Estimate) and str(estimate).startswith("4 of 4 rounds")
    for part in parts:
        if isinstance(part, Advance):
            assert part.done <= part.total == estimate.steps
        elif isinstance(part, Table) and part.done == 2:
            break
    parts.close()
    assert job.found(store).done == 2
    again = finish(run_job(job, store))

    def figures(table: Table) -> list[dict[str, object]]:
        return [{name: value for name, value in row.items() if name != "seconds_a_picture"} for row in table.rows]

    assert json.dumps(figures(again)) == json.dumps(figures(whole))  # type: ignore[arg-type]


def test_a_method_that_fails_keeps_its_row_with_the_reason(
    opened: Opened, finished: tuple[TableJob, Store, Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("The optimisation of method 'noise' returned NaN or infinity at step 3: choose another.")

    monkeypatch.setattr("side_core.mitigation.condition.noised", broken)
    job, store = make_table_job(settings(methods=["noise"]), opened), finished[1]
    table = finish(run_job(job, store))
    assert isinstance(table, Table) and table.done == 4
    failed = [row for row in table.rows if row["failed"]]
    assert len(failed) == 6 and all(row["copies"] is None for row in failed)
    assert "at step 3" in markdown(table) and any("noise" in note for note in table.notes)
    assert chart(table.rows).ndim == 3 and "," in table.table()


def test_what_is_lacking_is_said(opened: Opened, tmp_path: Path) -> None:
    one = tmp_path / "one.txt"
    one.write_text("portrait of somebody\n")
    with pytest.raises(SettingError, match="holds 1 prompt, which makes no control"):
        finish(opening_all(settings(held_out=str(one))))
    both = tmp_path / "both.txt"
    both.write_text("portrait of A B\nportrait of C D\nportrait of E F\n")
    with pytest.raises(ValueError, match=r"'portrait of C D' stands among the triggers and among the held-out prompts"):
        make_table_job(settings(prompts=str(both), held_out=str(both)), opened)
    with pytest.raises(ValueError, match="wen is named twice"):
        settings(methods=["wen", "wen"])
    bare = dataclasses.replace(opened, gate=None, usual_norm=None)
    with pytest.raises(SettingError, match="'wen' is measured by prompts that the model never saw"):
        make_table_job(settings(methods=["wen"]), bare)


def test_its_command_writes_table_chart_and_markdown_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--methods",
        "numbers",
        "--triggers",
        "2",
        "--general",
        "8",
        "--count",
        "1",
        "--steps",
        "2",
        "--attacked",
        "0",
    ]
    for _ in range(2):  # the second time nothing is drawn
        assert main(["evaluate", "mitigation", *words, "--out", str(tmp_path), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["complete"] and [row["method"] for row in found["rows"]][:2] == ["none", "numbers"]
    for name in ("table.csv", "table.json", "table.md", "mitigation.png"):
        assert (tmp_path / name).is_file()
    assert main(["evaluate", "mitigation", "--methods", "magic", "--out", str(tmp_path)]) == 2
    assert "'magic'" in capsys.readouterr().err


def test_no_copy_is_none_and_the_rest_is_counted() -> None:
    judged = Judged((0.1, 0.9, 0.2), (0.8, 0.9, 0.3), (1, 2, 3), ())
    assert (judged.copies.beat, judged.of_control.beat) == (2, 1) and judged.hits.tolist() == [True, False, True]
    assert np.isclose(judged.copies.share, 2 / 3)
