"""The same seeds without and with a method: pictures beside the training picture, what it does and what it costs."""

import numpy as np
import streamlit as st

from pages._parts.inputs import view
from pages._parts.mitigation.chart import show_curves
from pages._parts.mitigation.triggers import show_triggers
from pages._parts.show.figures import figure
from pages._parts.show.text import plain
from side_core.mitigation.judged import SCORE, Judged
from side_core.mitigation.report import Compared
from side_core.mitigation.trigger_report import Triggers
from side_core.settings.mitigation_methods import MITIGATIONS
from side_core.wording import rounded

_STYLE = """<style>
.sides { display: grid; gap: 0.5rem 0.6rem; align-items: center;
  grid-template-columns: 8.5rem repeat(var(--n), minmax(0, 7rem)); }
.sides p { margin: 0; line-height: 1.3; } .sides small { opacity: 0.85; }
.sides figure { margin: 0; position: relative; }
.sides img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
.sides figcaption { font-size: 0.8rem; text-align: center; opacity: 0.9; }
.sides .copy img { outline: 3px solid #c46d12; outline-offset: -1px; }
@media (max-width: 640px) {
  .sides { grid-template-columns: repeat(4, minmax(0, 1fr)); } .sides p { grid-column: 1 / -1; }
}
</style>"""
_SHOWN = 8  # pictures of each side
_SAME = 0.002  # of a CLIP score: what nobody would call a change


def show(report: Compared | Triggers, live: bool) -> None:
    """All of it; while it grows, the pictures alone.

    Args:
        report: what there is.
        live: whether more is to come.
    """
    if isinstance(report, Triggers):
        show_triggers(report, live)
        return
    if not live and report.done == 2:
        st.subheader(answer(report), anchor=False)
    _show_sides(report)
    if not live:
        with view.detail("sure").expander("How sure?", icon=":material/table:"):
            for line in report.lines():
                st.markdown(plain(line, 500))
            st.caption(
                f"A picture looks copied where {SCORE.symbol} {SCORE.sign} {rounded(SCORE.threshold)}: it is three "
                "times as near to one training picture as to the next. The control is the same rule against pictures "
                "that the model never saw. The CLIP score is the cosine of picture and prompt."
            )
            st.dataframe(report.rows(), hide_index=True, alt="Each picture with its scores")
        show_curves(report)


def answer(report: Compared) -> str:
    """What it came to, before its figures."""
    without, with_ = report.judged
    before, after = without.copies, with_.copies
    if not report.treated and report.settings.method != "none":
        return "This prompt does not stand out, so the gate leaves it alone: every picture is what it was."
    if not before.beat:
        said = "Nothing looks copied here in the first place"
        return f"{said}; {_cost(without, with_)}."
    if after.beat == 0:
        return f"The copies dissolve: {before.beat} of {before.count} without, none with it; {_cost(without, with_)}."
    if after.beat < before.beat:
        return f"{before.beat} of {before.count} look copied without, {after.beat} with it; {_cost(without, with_)}."
    return f"It does not help here: {after.beat} of {after.count} still look copied; {_cost(without, with_)}."


def _cost(without: Judged, with_: Judged) -> str:
    """What it does to the fit with the prompt."""
    if not without.fits:
        return "how well the pictures fit the prompt is not known"
    before, after = float(np.mean(without.fits)), float(np.mean(with_.fits))
    if abs(after - before) < _SAME:
        return f"the CLIP score stays at {before:.3f}"
    return f"the CLIP score {'rises' if after > before else 'falls'} from {before:.3f} to {after:.3f}"


def _show_sides(report: Compared) -> None:
    """Rows: without, with, and the training picture that the first is nearest to."""
    if not report.images:
        return
    data, cells = report.opened.subject.data, []
    count = min(_SHOWN, len(report.images[0]))
    words = (
        ("Without", f"the model as it is; below, {SCORE.symbol}"),
        ("With", MITIGATIONS[report.settings.method].title),
    )
    for (title, about), images, judged in zip(words, report.images, report.judged, strict=False):
        cells.append(f"<p><b>{title}</b><br><small>{about}</small></p>")
        cells += _figures(images[:count], judged, title)
    cells.append("<p><b>Nearest</b><br><small>training picture to the one without</small></p>")
    rows = report.judged[0].rows[:count]
    cells += [figure(data.images[row], f"Training picture {data.ids[row]}") for row in rows]
    st.html(f'{_STYLE}<div class="sides" style="--n: {count}">{"".join(cells)}</div>')


def _figures(images: np.ndarray, judged: Judged, title: str) -> list[str]:
    """Pictures with their nearest ratio; those that look copied are outlined and say so."""
    found = []
    for place, image in enumerate(images):
        copied = bool(judged.hits[place])
        words = f"{judged.ratios[place]:.2f}" + (" · copy" if copied else "")
        one = figure(image, f"{title}, picture {place + 1}{', looks copied' if copied else ''}", words)
        found.append(one.replace("<figure>", '<figure class="copy">') if copied else one)
    return found
