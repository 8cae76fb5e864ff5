"""One run of the history: what came out, what it was, and what can be done with it."""

from contextlib import suppress
from html import escape

import streamlit as st

from pages._parts.history.actions import show_actions
from pages._parts.history.pictures import show_files, show_finished, show_pairs
from pages._parts.history.state import bring_back, go_to
from pages._parts.history.style import KINDS, facts_html, icon, state_html, table_html
from pages._parts.show.headline import effect_in_words, show_effect, show_headline, show_second
from pages._parts.show.text import plain, say_error, show_notes, show_warnings
from side_core.runs import store
from side_core.runs.database.row import DamagedRunError
from side_core.runs.exchange.python import python_of
from side_core.runs.figures import Summary, effect_in, headline_in, second_in, withheld_in
from side_core.runs.reading import summary_in
from side_core.runs.run import SETTINGS, Run, settings_of
from side_core.runs.wording import progress_in_words, value_in_words, when
from side_core.runs.workspace import Workspace

_UNSCORED = {
    "running": "It is still at work, here or in another process; look again in a while.",
    "cancelled": "It was stopped before it was scored; what was finished is here. Go on draws the rest and scores all.",
    "interrupted": "Its process ended before it was scored; what was finished is here. Go on draws the rest.",
    "finished": "Its result is not there any more.",
}


def show_run(here: Workspace, text: str) -> None:
    """The run that the link names.

    Raises:
        ValueError: there is none of that number.
    """
    st.button("All runs", key="back", icon=":material/arrow_back:", type="tertiary", on_click=go_to)
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"The link names run '{text}': choose one that is listed.")
    run = store.find(here, int(text))
    st.title(plain(run.title), anchor=False)
    st.html(facts_html(_about(run)))
    if run.deleted is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/delete: **This run is in the bin.**", width="content")
            st.button("Restore", icon=":material/restore_from_trash:", on_click=bring_back, args=([run.id],))
    show_actions(here, run)
    if run.note:
        st.html(f'<div class="history note">{escape(run.note)}</div>')
    try:
        _show_result(here, run, summary_in(here, run))
    except DamagedRunError as error:
        say_error(error)
    _show_settings(run)
    _show_python(run)
    _show_origin(run)


def _about(run: Run) -> list[str]:
    """What a run is, as HTML."""
    parts = [state_html(run), f"{icon(KINDS[run.kind])}{run.kind} {run.id}", escape(run.model), progress_in_words(run)]
    took = "" if run.ended is None or run.ended - run.created < 1 else f", ended {when(run.ended)}"
    parts.append(f"begun {when(run.created)}{took}")
    return [f'<span class="tag">{icon("keep")}pinned</span>', *parts] if run.pinned else parts


def _show_result(here: Workspace, run: Run, summary: Summary | None) -> None:
    """Headline and pictures; of an unscored run its finished pictures; of others the files they wrote."""
    if run.kind not in ("extract", "score"):
        st.subheader(plain(run.headline or "No result yet", 300), anchor=False)
        show_files(here, run)
        return
    if summary is None:
        st.info(_UNSCORED[run.state], icon=":material/hourglass_empty:")
        show_finished(here, run)
        return
    _show_figures(summary, drawn=run.kind == "extract")
    show_warnings(summary.get("warnings", ()))
    show_notes(tuple(summary.get("notes", ())))
    try:
        show_pairs(here, run)
    except ValueError as error:
        say_error(error)


def _show_figures(summary: Summary, drawn: bool) -> None:
    """How many beat the threshold, with the control; of a steered run what steering changed."""
    line, effect = headline_in(summary), effect_in(summary)
    if effect is not None and effect.guided.full is None:
        show_effect(effect)
        show_second(second_in(summary))
        return
    noun = "picture" if summary.get("surrogate") is None else "steered picture"
    show_headline(line, drawn, noun, withheld_in(summary))
    show_second(second_in(summary))
    if effect is not None:
        st.markdown(effect_in_words(effect))


def _show_settings(run: Run) -> None:
    """All settings that are set, with what they are called; those that are not as by default stand out."""
    st.subheader("Settings", anchor=False)
    fields, rows, usual = SETTINGS[run.kind].model_fields, [], []
    for name, value in run.settings.items():
        field = fields.get(name)
        title = escape(str(field.title or name) if field is not None else name)
        said = escape(value_in_words(value))
        if field is not None and value == field.default and name != "model":
            usual.append(f"{title} {said}")
        else:
            rows.append((title, said))
    if rows:
        st.html(table_html(("Setting", "Value"), rows, "What is not as usual"), width=720)
    if usual:
        with st.expander(f"{len(usual)} more are as usual"):
            st.html(facts_html(usual))


def _show_python(run: Run) -> None:
    """A cell of a notebook that reproduces it; nothing where another version wrote its settings."""
    with suppress(ValueError):
        if (code := python_of(settings_of(run))) is not None:
            with st.expander("Copy as Python", icon=":material/code:"):
                st.caption("A cell of a notebook that does the same; it needs this package and these files.")
                st.code(code, language="python")


def _show_origin(run: Run) -> None:
    """Fingerprints and versions: what the result depends on."""
    with st.expander("Fingerprints and versions", icon=":material/fingerprint:"):
        rows = [(escape(name), escape(str(value))) for name, value in run.fingerprints.items()]
        st.html(table_html(("Of", "Fingerprint"), rows, "Equal fingerprints are equal contents"))
        if run.versions:
            rows = [(escape(name), escape(str(value))) for name, value in run.versions.items()]
            st.html(table_html(("Of", "Version"), rows, "It was made with"), width=420)
