"""Runs side by side: figures with their controls, settings that differ, the same seeds in a row."""

import json
from html import escape

import streamlit as st

from pages._parts.history.state import go_to
from pages._parts.history.style import facts_html, state_html, table_html, thumb_html
from pages._parts.show.figures import figure, show_row
from pages._parts.show.text import plain, show_notes
from side_core.runs import store
from side_core.runs.compared_metrics import Figure, Metric
from side_core.runs.comparison import Difference, RunComparison, compare_runs
from side_core.runs.comparison_text import comparison_json
from side_core.runs.run import Run
from side_core.runs.wording import NONE, figure_in_words, progress_in_words, ratio_in_words, value_in_words, when
from side_core.runs.workspace import Workspace
from side_core.similarity.scores import SCORES
from side_core.wording import counted, shortened

_DIGITS = 12  # of a fingerprint
_CAPTION = (
    "With 95 % intervals. × is the ratio to the baseline: of the same seeds where it says so, else as if the runs had "
    "different ones."
)
_LONGEST_TITLE, _LONGEST_HELP = 60, 2500  # characters in the head of a column; of what lies behind a title


def show_comparison(here: Workspace, text: str) -> None:
    """The runs that the link names.

    Raises:
        ValueError: one of them is not there, or they are too few or too many.
    """
    st.button("All runs", key="back", icon=":material/arrow_back:", type="tertiary", on_click=go_to)
    numbers = text.split(",")
    if not all(number.isascii() and number.isdigit() and len(number) < 16 for number in numbers):
        raise ValueError(f"The link names runs '{text}': choose some that are listed.")
    found = compare_runs(here, [store.find(here, int(number)) for number in numbers])
    st.title(f"{counted(len(found.runs), 'run')} side by side", anchor=False)
    _show_heads(here, found)
    show_notes(found.notes)
    _show_metrics(found)
    _show_differences(found)
    _show_same_seeds(found)
    st.download_button(
        "Comparison as JSON",
        json.dumps(comparison_json(found), indent=2),
        "comparison.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def _show_heads(here: Workspace, found: RunComparison) -> None:
    """What is compared, the baseline first."""
    thumbnails = store.thumbnails_of(here, [run.id for run in found.runs])
    with st.grid(min(len(found.runs), 4), min_column_width=240, gap="small"):
        for run in found.runs:
            with st.container(border=True, gap="xsmall", height="stretch"):
                st.html(thumb_html(run, thumbnails.get(run.id)))
                st.button(
                    plain(run.title),
                    key=f"open-{run.id}",
                    type="tertiary",
                    help=f"Open this run: {plain(run.whole_title, _LONGEST_HELP)}",
                    on_click=go_to,
                    args=(run.id,),
                )
                base = ['<span class="tag">baseline</span>'] if run is found.baseline else []
                facts = [*base, f"run {run.id}", state_html(run), progress_in_words(run), when(run.created)]
                st.html(facts_html(facts))
    if not found.baseline.pinned:
        st.caption("The baseline is the oldest run: pin another one to compare with that.")


def _show_metrics(found: RunComparison) -> None:
    """All figures; the headline's are seen at once, the others when asked for."""
    if not found.metrics:
        return
    st.subheader("What came out", anchor=False)
    if found.baseline.kind == "sweep":
        st.html(_metrics_html(found, found.metrics, _CAPTION))
        return
    first, more = found.metrics[:1], found.metrics[1:]
    steered = tuple(item for item in more if not item.title.startswith(("AMS", "UMS")) and not item.share)
    st.html(_metrics_html(found, (*first, *steered), _CAPTION))
    rest = tuple(item for item in more if item not in steered)
    if rest:
        with st.expander(f"{len(rest)} more figures: other scores, AMS and UMS by band"):
            st.html(_metrics_html(found, rest, "With 95 % intervals; UMS grows with the number of pictures"))


def _metrics_html(found: RunComparison, metrics: tuple[Metric, ...], caption: str) -> str:
    """A table with a row for each metric and a column for each run."""
    rows = []
    for item in metrics:
        rules = {figure.rule for figure in item.figures if figure is not None}
        rule = f"<small>{escape(rules.pop())}</small>" if len(rules) == 1 else ""
        cells = [_cell(figure, item.share, said=bool(rule)) for figure in item.figures]
        rows.append((f"{escape(item.title)}{rule}", *cells))
    return table_html(("Figure", *(_head(found, run) for run in found.runs)), rows, caption)


def _head(found: RunComparison, run: Run) -> str:
    """The head of a run's column."""
    base = ' <span class="tag">baseline</span>' if run is found.baseline else ""
    whole = escape(run.whole_title, quote=True)
    return f'Run {run.id}{base}<small title="{whole}">{escape(shortened(run.title, _LONGEST_TITLE))}</small>'


def _cell(item: Figure | None, share: bool, said: bool) -> str:
    """One figure: value, count and interval, control, ratio; and what counts, unless that is said for all."""
    if item is None:
        return NONE
    value, small = figure_in_words(item.found, share)
    lines = [small, *([item.rule] if item.rule and not said else [])]
    if item.control is not None:
        control, counts = figure_in_words(item.control, share)
        lines.append(f"control {control}, {counts}")
    if item.ratio is not None:
        lines.append(ratio_in_words(item.ratio) + (", same seeds" if item.paired else ""))
    return f'<span class="value">{escape(value)}</span>' + "".join(f"<small>{escape(line)}</small>" for line in lines)


def _show_differences(found: RunComparison) -> None:
    """The settings and fingerprints that the runs do not share."""
    st.subheader("Settings that differ", anchor=False)
    if not found.settings:
        st.caption("None: all settings are equal.")
    else:
        st.html(_differences_html(found, found.settings, "Equal ones are left out", 0))
    if found.fingerprints:
        with st.expander("Fingerprints and versions that differ", icon=":material/fingerprint:"):
            st.html(_differences_html(found, found.fingerprints, "Equal ones are left out", _DIGITS))


def _differences_html(found: RunComparison, rows: tuple[Difference, ...], caption: str, digits: int) -> str:
    """A table with a row for each difference; values of `digits` at most are shown whole on hover."""
    cells = [(escape(row.title), *(_value_html(value, digits) for value in row.values)) for row in rows]
    return table_html(("Setting" if not digits else "Of", *(_head(found, run) for run in found.runs)), cells, caption)


def _value_html(value: object, digits: int) -> str:
    """A value, shortened if it has more than so many digits; 0: never."""
    text = value_in_words(value)
    if not digits or len(text) <= 2 * digits:
        return escape(text)
    return f'<span title="{escape(text, quote=True)}">{escape(text[:digits])}…</span>'


def _show_same_seeds(found: RunComparison) -> None:
    """Pictures of the same seed beside each other."""
    if not found.pictures:
        return
    same = "seeds" if all(run.kind == "extract" for run in found.runs) else "pictures"
    st.subheader(f"The same {same}", anchor=False)
    st.caption("Those nearest to a copy in the baseline first; at the right its nearest training image.")
    symbols = [SCORES[run.settings["score"]].symbol for run in found.runs]
    with st.grid(2, min_column_width=360, gap="small"):
        for row in found.pictures:
            pictures = [
                figure(image, f"Run {run.id}, {row.name}, {symbol} {value:.2f}", f"run {run.id}: {symbol} {value:.2f}")
                for run, image, value, symbol in zip(found.runs, row.images, row.values, symbols, strict=True)
            ]
            nearest = figure(row.training, f"Nearest training image of run {found.baseline.id}, {row.training_id}",
                             "training")  # fmt: skip
            with st.container(border=True, gap="xsmall"):
                st.caption(f"{'Seed ' if same == 'seeds' else ''}{plain(row.name, 60)}")
                show_row([*pictures, nearest], least="4.5rem", most="9rem")
