"""The search for triggers, live: each find with its picture, beside the training picture it brings back."""

from html import escape

import numpy as np
import streamlit as st

from pages._parts.inputs import view
from pages._parts.links.link import take_over
from pages._parts.runtime.job import begin
from pages._parts.show.figures import figure
from pages._parts.show.text import plain
from side_core.mitigation.trigger_report import Triggers
from side_core.wording import are, counted

_SHOWN = 24  # finds
_STYLE = """<style>
.finds { display: grid; gap: 0.9rem 0.8rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
.finds > div { display: grid; grid-template-columns: 1fr 1fr; gap: 0.2rem; }
.finds figure { margin: 0; } .finds p { grid-column: 1 / -1; margin: 0; font-size: 0.85rem; line-height: 1.25; }
.finds img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
.finds figcaption { font-size: 0.75rem; text-align: center; opacity: 0.85; }
</style>"""


def show_triggers(report: Triggers, live: bool) -> None:
    """Finds with their pictures; below, how sure that is.

    Args:
        report: what there is.
        live: whether more is to come.
    """
    st.subheader(answer(report), anchor=False)
    rows, data = report.rows(), report.opened.subject.data
    if report.judged is not None:
        near = np.array(report.judged.rows).reshape(len(report.seen), -1)
        ratios = np.array(report.judged.ratios).reshape(near.shape)
        cells: list[str] = []
        told = {group.finds[0].prompt for group in report.groups}
        for place, (find, row) in enumerate(zip(report.seen, rows, strict=True)):
            if find.prompt not in told or len(cells) == _SHOWN:
                continue
            best = int(ratios[place].argmin())
            nearest = near[place, best]
            drawn = figure(report.stack[place, best], f"Picture of '{find.prompt}'", "drawn")
            known = figure(data.images[nearest], f"Training picture {data.ids[nearest]}", "in training")
            said = f"{row['copies']} of {row['pictures']} look copied"
            cells.append(f"<div>{drawn}{known}<p>{escape(find.prompt)}<br><b>{said}</b></p></div>")
        st.html(f'{_STYLE}<div class="finds">{"".join(cells)}</div>')
        if len(told) > _SHOWN:
            st.caption(f"The first {_SHOWN} of {counted(len(told), 'picture')}; all are in the table.")
    if live or not rows:
        return
    prompt = st.selectbox("See what helps against one of them", [row["prompt"] for row in rows], index=None)
    st.button("Mitigate it", icon=":material/healing:", disabled=prompt is None, on_click=_take, args=(report, prompt))
    with view.detail("sure").expander("How sure?", icon=":material/table:"):
        st.markdown(plain(report.headline, 600))
        st.dataframe(rows, hide_index=True, alt="Each find with its score, its copies and its control")
        st.caption(
            "The search never looks at captions or training pictures: only at how far a prompt pulls the noise. "
            "A find is true where one of its four pictures looks copied (d1/d2 < 1/3); the control is the same rule "
            "against pictures that the model never saw."
        )


def answer(report: Triggers) -> str:
    """What it came to, before its figures."""
    if report.copied is None:
        return f"Nothing was found in {counted(report.done, 'round')}."
    copied = report.copied
    if not copied.beat:
        return f"{counted(copied.count, 'prompt')} {are(copied.count)} found that stand out, but none brings a copy."
    said = f"{counted(copied.beat, 'prompt')} found that bring training pictures back"
    if report.truth is not None:
        many = report.truth.many
        return f"{said}: {many.beat} of the {many.count} faces that were repeated in training."
    return f"{said}, {counted(len(report.groups), 'picture')} in all."


def _take(report: Triggers, prompt: str) -> None:
    """Go from a find to what helps against it; called by the button."""
    begin()
    take_over(report.settings.model_copy(update={"task": "prompt", "prompt": prompt}))
