"""The History page, through the router, without a browser."""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import Subject, open_subject, references_of
from side_core.progress import finish
from side_core.runs import store
from side_core.runs.database.connection import DATABASE
from side_core.runs.identity import new_run
from side_core.runs.opening import open_workspace
from side_core.runs.reading import result_in
from side_core.runs.recording import begin_run, keep, leave_run
from side_core.runs.run import NewRun, Run
from side_core.runs.workspace import Workspace
from side_core.sampling.picture import alone
from side_core.sampling.picture_files import PngStore, write_picture
from side_core.settings import ExtractSettings
from tests.pages import app
from tests.pages.app import html_of, text_of

MARKUP = "<script>alert(1)</script> **bold** :material/star: [x](http://x) $y$ #h"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    return open_workspace()


@pytest.fixture(scope="module")
def subject() -> Subject:
    return open_subject(ExtractSettings(model="ideal"))


@pytest.fixture
def kept(here: Workspace, subject: Subject) -> Callable[..., Run]:
    """Draw a few pictures and keep the run."""

    def make(**changes: object) -> Run:
        settings = ExtractSettings.read({"model": "ideal", "count": 4, "steps": 3} | changes)
        references = finish(references_of(settings, subject))
        *_, found = extract(settings, subject, references, PngStore(here.pictures))
        assert isinstance(found, Extraction)
        return keep(here, found).run

    return make


opened = partial(app.opened, "history")


def choose(app: AppTest, *runs: Run) -> AppTest:
    """Tick some runs."""
    for run in runs:
        app.checkbox(key=f"choose-{run.id}").check().run()
    return app


def titles(app: AppTest) -> list[str]:
    """What is listed, from top to bottom, without what tells them apart."""
    return [label.partition(" · ")[0] for label in labels(app)]


def labels(app: AppTest) -> list[str]:
    """The same with it."""
    buttons = [item for item in app.button if re.fullmatch(r"open-\d+", str(item.key))]
    return [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", item.label) for item in buttons]


def test_an_empty_history_says_what_will_be_here(here: Workspace) -> None:
    app = opened()
    assert not app.exception and "Nothing is kept yet" in text_of(app) and not app.button


def test_a_public_app_keeps_none(here: Workspace, kept: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    kept()
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    for link in ({}, {"run": "1"}, {"compare": "1,2"}):
        app = opened(**link)
        assert not app.exception and not titles(app)
        assert "This app is public and keeps no history" in text_of(app) and "Export" in text_of(app)


def test_a_workspace_that_cannot_be_used_gets_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "file" / "workspace"))
    app = opened()
    assert not app.exception and "cannot be used (Not a directory)" in text_of(app)


def test_runs_are_listed_with_state_count_and_control(here: Workspace, kept: Callable[..., Run]) -> None:
    kept()
    kept(steps=4)
    app = opened()
    assert not app.exception and labels(app) == ["extract 2: ideal · 4 steps", "extract 1: ideal · 3 steps"]
    html = html_of(app)
    assert html.count("4 of 4 pictures") == 2 and html.count("control 0 of 4") == 2
    assert html.count("check_circle</span>finished") == 2  # a word with its icon
    assert html.count('alt="The pairs of run') == 2


def test_search_and_sort(here: Workspace, kept: Callable[..., Run]) -> None:
    for steps in (3, 4, 5):
        kept(steps=steps)
    app = opened()
    app.text_input(key="history_search").set_value("steps=4").run()
    assert titles(app) == ["extract 2: ideal"]
    app.text_input(key="history_search").set_value("<b>no</b>").run()
    assert "No run has all of '<b>no</b>'." in text_of(app) and not titles(app)
    app.button(key="show-all").click().run()
    app.selectbox(key="history_order").select("Oldest first").run()
    assert titles(app) == [f"extract {number}: ideal" for number in (1, 2, 3)]


def test_what_people_typed_is_shown_as_text(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept()
    store.rename(here, run.id, MARKUP)
    store.annotate(here, run.id, MARKUP)
    other = store.rename(here, kept(steps=5).id, MARKUP)
    for link in ({}, {"run": str(run.id)}, {"compare": f"{run.id},{other.id}"}):
        app = opened(**link)
        assert not app.exception and "<script>" not in html_of(app) and "&lt;script&gt;" in html_of(app)
        for kind in ("title", "markdown", "caption", "button", "checkbox"):
            for element in app.get(kind):
                said = str(getattr(element, "value", "")) + str(getattr(element, "label", ""))
                assert "**bold**" not in said and ":material/star:" not in said and "[x](" not in said
    app = opened()
    choose(app, run).button(key="delete").click().run()
    assert MARKUP in text_of(app) and r"\*\*bold" in "".join(item.value for item in app.markdown)


def test_open_shows_pictures_headline_and_settings(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept(count=14)
    app = opened()
    app.button(key=f"open-{run.id}").click().run()
    assert app.query_params["run"] == str(run.id) and not app.exception
    assert "14 of 14 pictures beat the threshold" in text_of(app)
    assert [metric.label for metric in app.metric][1] == "Same pictures against the control"
    result = result_in(here, run)
    shown = re.findall(r"Generated, seed (\d+),", html_of(app))
    assert shown == [result.names[place] for place in result.order()][:12]  # nearest first
    assert ">Steps</th><td>3</td>" in html_of(app) and run.fingerprints["model"] in html_of(app)
    app.button(key="back").click().run()
    assert titles(app) == ["extract 1: ideal"] and "run" not in app.query_params


def test_the_last_page_of_pairs_has_the_rest(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept(count=14)
    app = opened(run=str(run.id))
    app.session_state["history_pairs"] = 2
    app.run()
    result = result_in(here, run)
    shown = re.findall(r"Generated, seed (\d+),", html_of(app))
    assert shown == [result.names[place] for place in result.order()][12:]


def test_a_run_whose_pictures_are_gone_says_so(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept()
    for file in (here.pictures / run.pictures).iterdir():
        file.unlink()
    app = opened(run=str(run.id))
    assert not app.exception and "are gone: draw them again" in text_of(app)
    assert "4 of 4 pictures beat the threshold" in text_of(app)  # what was counted stays


@pytest.mark.parametrize(
    "link", [{"run": "99"}, {"run": "x"}, {"compare": "1,99"}, {"compare": "1"}, {"compare": "<b>"}]
)
def test_a_link_to_nothing_gets_one_sentence(here: Workspace, kept: Callable[..., Run], link: dict[str, str]) -> None:
    kept()
    app = opened(**link)
    assert not app.exception and len(app.error) == 1
    app.button(key="back").click().run()
    assert titles(app) == ["extract 1: ideal"]


def test_a_damaged_run_is_named_the_others_are_shown_and_it_goes_into_the_bin(
    here: Workspace, kept: Callable[..., Run]
) -> None:
    runs = [kept(steps=steps) for steps in (3, 4, 5)]
    with here.connect() as database:
        database.execute("UPDATE runs SET settings = '<b>' WHERE id = 2")
        database.execute("UPDATE summaries SET json = '{}' WHERE id = 3")
    app = opened()
    assert not app.exception and titles(app) == ["extract 3: ideal", "extract 1: ideal"]
    assert "Run 2 is damaged: its settings are no JSON; the others are shown." in text_of(app)
    for link in ({"run": "2"}, {"compare": "1,2"}, {"compare": "1,3"}):
        damaged = opened(**link)
        assert not damaged.exception and "is damaged (" in text_of(damaged)
    damaged = opened(run="3")  # what came out is lost, what was asked for is not
    assert not damaged.exception and "Run 3 is damaged (what came out of it cannot" in text_of(damaged)
    assert ">Steps</th><td>5</td>" in html_of(damaged)
    app.button(key="damaged").click().run()
    assert not app.exception and "Run 2 went into the bin." in text_of(app) and "is damaged" not in text_of(app)
    app.button(key="undo").click().run()
    assert "Run 2 is damaged" in text_of(app) and len(titles(app)) == len(runs) - 1


def test_a_list_that_was_damaged_is_told_with_what_took_its_place(here: Workspace, kept: Callable[..., Run]) -> None:
    kept()
    (here.folder / DATABASE).write_bytes(b"no database" * 1000)
    open_workspace()  # as the next start of the app does
    app = opened()
    assert not app.exception and titles(app) == ["extract 1: ideal"]
    assert "The list of runs was damaged (file is not a database): it is set aside in" in text_of(app)


def test_prompts_that_differ_at_their_end_are_told_apart(here: Workspace) -> None:
    stem = "a portrait in soft light, " * 7
    for name in ("Rosa Kaplan", "Rosa Kapoor"):
        settings = {"seed": 0, "count": 1, "prompt": stem + name}
        store.end(here, store.begin(here, NewRun("extract", "m", settings, {}, 1)).id, "finished", 1)
    store.annotate(here, 1, stem + "noted")
    app = opened()
    assert [title[-12:] for title in titles(app)] == ['Rosa Kapoor"', 'Rosa Kaplan"']
    helps = [str(item.help).replace("\\", "") for item in app.button if str(item.key).startswith("open-")]
    assert all(f'"{stem}{name}"' in said for name, said in zip(("Rosa Kapoor", "Rosa Kaplan"), helps, strict=True))
    assert "light, noted" in html_of(app)
    heads = re.findall(r"<small title=[^>]*>([^<]*)</small>", html_of(opened(compare="1,2")))
    assert {head[-16:] for head in heads} == {"Rosa Kaplan&quot;"[-16:], "Rosa Kapoor&quot;"[-16:]}


def test_delete_undo_and_the_bin(here: Workspace, kept: Callable[..., Run]) -> None:
    runs = [kept(steps=steps) for steps in (3, 4, 5)]
    app = choose(opened(), runs[0], runs[2])
    assert "2 chosen" in text_of(app)
    app.button(key="delete").click().run()
    assert titles(app) == ["extract 2: ideal"] and "2 runs went into the bin" in text_of(app)
    app.button(key="undo").click().run()
    assert len(titles(app)) == 3 and "came back from the bin" in text_of(app) and not app.exception
    assert "undo" not in {item.key for item in app.button}
    choose(app, runs[1]).button(key="delete").click().run()
    app.segmented_control(key="history_which").set_value("bin").run()
    assert titles(app) == ["extract 2: ideal"]
    choose(app, runs[1]).button(key="restore").click().run()
    assert "The bin is empty" in text_of(app)
    app.segmented_control(key="history_which").set_value("runs").run()
    assert len(titles(app)) == 3 and store.counted(here) == 3


def test_deleting_an_opened_run_leads_back_to_the_list_with_undo(here: Workspace, kept: Callable[..., Run]) -> None:
    run, _ = kept(), kept(steps=5)
    app = opened(run=str(run.id))
    app.button(key="delete").click().run()
    assert titles(app) == ["extract 2: ideal"] and not app.exception
    app.button(key="undo").click().run()
    assert len(titles(app)) == 2


def test_pin_puts_on_top(here: Workspace, kept: Callable[..., Run]) -> None:
    first = kept()
    kept(steps=5)
    app = choose(opened(), first)
    app.button(key="pin").click().run()
    assert titles(app)[0] == "extract 1: ideal" and store.find(here, first.id).pinned
    assert app.button(key="pin").label == "Unpin"
    app.button(key="pin").click().run()
    assert titles(app)[0] == "extract 2: ideal"


def test_rename_and_note(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept()
    app = opened(run=str(run.id))
    app.button(key="rename").click().run()
    app.text_input(key=f"name-of-{run.id}").set_value("another")
    next(item for item in app.button if item.label == "Save").click().run()
    assert store.find(here, run.id).name == "another"
    app = opened(run=str(run.id))
    app.button(key="note").click().run()
    app.text_area(key=f"note-of-{run.id}").set_value("two\nlines <b>")
    next(item for item in app.button if item.label == "Save").click().run()
    assert store.find(here, run.id).note == "two\nlines <b>"
    assert "two\nlines &lt;b&gt;" in html_of(opened(run=str(run.id)))


def test_another_tab_renamed_it_meanwhile(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept()
    app = opened(run=str(run.id))
    app.button(key="rename").click().run()
    store.rename(here, run.id, "theirs")
    app.text_input(key=f"name-of-{run.id}").set_value("mine")
    next(item for item in app.button if item.label == "Save").click().run()
    assert not app.exception and store.find(here, run.id).name == "theirs"


def test_another_tab_deleted_it_meanwhile(here: Workspace, kept: Callable[..., Run]) -> None:
    runs = [kept(steps=steps) for steps in (3, 4, 5)]
    app = choose(opened(), *runs)
    store.delete(here, [runs[0].id])
    app.run()
    assert not app.exception and "extract 1: ideal went into the bin in another tab." in text_of(app)
    store.forget(here, [runs[1].id])
    app.button(key="pin").click().run()
    assert not app.exception and f"There is no run {runs[1].id}: it was deleted for good" in text_of(app)
    assert titles(app) == ["extract 3: ideal"]
    app = opened(run=str(runs[0].id))
    assert "This run is in the bin" in text_of(app) and "Restore" in [item.label for item in app.button]


def test_compare_shows_what_differs_and_the_same_seeds(here: Workspace, kept: Callable[..., Run]) -> None:
    runs = [kept(), kept(steps=6)]
    app = choose(opened(), *runs)
    app.button(key="compare").click().run()
    assert not app.exception and "2 runs side by side" in text_of(app)
    html = html_of(app)
    assert ">Steps</th><td>3</td><td>6</td>" in html and ">Model<" not in html
    assert html.count("Run 1, ") == html.count("Run 2, ") == 4 and "control 0.0 %" in html
    assert app.query_params["compare"] == "1,2"


def test_compare_and_open_wait_for_enough_runs(here: Workspace, kept: Callable[..., Run]) -> None:
    runs = [kept(), kept(steps=6)]
    app = opened()
    known = {key: app.button(key=key).disabled for key in ("open", "compare", "pin", "delete")}
    assert all(known.values())
    choose(app, runs[0])
    assert not app.button(key="open").disabled and app.button(key="compare").disabled
    choose(app, runs[1])
    assert app.button(key="open").disabled and not app.button(key="compare").disabled
    app.button(key="choose-none").click().run()
    assert app.button(key="delete").disabled and not any(box.value for box in app.checkbox)


def test_a_cancelled_run_shows_its_pictures_and_goes_on(here: Workspace, subject: Subject) -> None:
    settings = ExtractSettings(model="ideal", count=6, steps=3)
    run = begin_run(here, new_run(settings, subject, finish(references_of(settings, subject))))
    for seed in (0, 4):
        image = np.full((16, 16, 3), 40 * seed, np.uint8)
        write_picture(here.pictures / run.pictures, seed, alone(image))
    leave_run(here, run.id)
    app = opened()
    assert "cancel</span>cancelled" in html_of(app) and "2 of 6 pictures" in html_of(app)
    app.button(key=f"open-{run.id}").click().run()
    assert not app.exception and re.findall(r"Generated with seed (\d+)", html_of(app)) == ["0", "4"]
    assert app.button(key="take-over").label == "Go on"


def test_a_sweep_shows_where_its_files_are(here: Workspace) -> None:
    run = store.begin(here, NewRun("sweep", "ideal", {"x": "steps=2,3", "model": "ideal"}, {"data": "d"}, 2))
    store.end(here, run.id, "finished", 2, {"versions": {}, "cells": []}, "ams by steps, 1 curve")
    app = opened(run=str(run.id))
    assert not app.exception and "ams by steps" in text_of(app) and f"runs/{run.id}" in text_of(app)
    assert ">x</th><td>steps=2,3</td>" in html_of(app)


def test_cleaning_up_says_what_it_frees_asks_and_does_it(here: Workspace, kept: Callable[..., Run]) -> None:
    runs = [kept(), kept(steps=6)]
    store.delete(here, [runs[0].id])
    app = opened()
    app.session_state["space"] = True
    app.run()
    assert "1 run in the bin" in text_of(app) and str(here.folder) in text_of(app)
    app.button(key="clean").click().run()
    assert store.counted(here, deleted=True) == 1  # it asks first
    app.button(key="clean-up").click().run()
    assert not app.exception and store.counted(here, deleted=True) == 0
    assert not (here.pictures / runs[0].pictures).exists() and (here.pictures / runs[1].pictures).exists()


def test_ten_thousand_runs_are_a_page_of_fifty_in_a_second(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept()
    names = "kind, digest, state, owner, model, settings, fingerprints, versions, asked, created"
    with here.connect() as database:
        for number in range(10_000):
            database.execute(
                f"INSERT INTO runs ({names}) SELECT kind, digest || ?, state, owner, model, settings, fingerprints, "
                "versions, asked, created FROM runs WHERE id = ?",
                (number, run.id),
            )
    app = opened()
    start = time.thread_time()
    app.run()
    assert time.thread_time() - start < 1 and len(titles(app)) == 50
    start = time.process_time()
    app.text_input(key="history_search").set_value("ideal steps=3").run()
    assert time.process_time() - start < 2 and len(titles(app)) == 50
    app.session_state["history_page"] = 201
    app.run()
    assert titles(app) == ["extract 1: ideal"]


def test_settings_are_taken_over_without_touching_anything_before(here: Workspace, kept: Callable[..., Run]) -> None:
    run = kept(steps=7, count=5, seed=3)
    app = opened(run=str(run.id))
    assert "steps" not in app.query_params
    app.button(key="take-over").click().run()
    assert not app.exception and app.slider(key="steps").value == 7 and app.slider(key="count").value == 5
    assert app.selectbox(key="model").value == "ideal"
    assert store.counted(here) == 1  # the very same run, which is reused


def test_settings_of_another_version_get_a_sentence(here: Workspace) -> None:
    run = store.begin(here, NewRun("extract", "ideal", {"model": "ideal", "wings": 2, "seed": 0, "count": 1}, {}, 1))
    app = opened(run=str(run.id))
    assert not app.exception and not app.error and ">wings</th><td>2</td>" in html_of(app)
    app.button(key="take-over").click().run()
    assert not app.exception and "wings cannot be 2: there is no such setting, leave it out." in text_of(app)
