"""How the tour looks: large pictures with few words, fit for a projector."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from pages._parts.show.charts import TRAINING

_STYLE = f"""<style>
.stMain h1 {{ padding-top: 0; }}
.tour {{ --training: {TRAINING}; --faint: color-mix(in srgb, currentColor 22%, transparent); }}
.tour figure {{ margin: 0; }}
.tour img {{ width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }}
.tour figcaption {{ font-size: 0.95rem; text-align: center; padding-top: 0.25rem; }}
.tour p {{ margin: 0; }}
.tour .table {{ display: grid; gap: 0.4rem 0.75rem; align-items: center;
  grid-template-columns: minmax(6rem, 10rem) repeat(var(--columns), minmax(0, var(--most))); }}
.tour .row-name {{ font-weight: 600; line-height: 1.3; }}
.tour .row-name small, .tour .small {{ font-weight: 400; font-size: 0.85rem; opacity: 0.85; }}
.tour .meter {{ display: flex; align-items: center; gap: 0.75rem; margin-bottom: 0.4rem; }}
.tour .meter > div {{ flex: 0 1 30rem; height: 0.9rem; border-radius: 0.45rem; background: var(--faint); }}
.tour .meter > div > div {{ height: 100%; border-radius: 0.45rem; background: var(--training); }}
.tour .beside {{ display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; align-items: center; }}
.tour .beside > figure {{ flex: 0 0 min(8.2rem, 100%); }}
.tour .both {{ display: grid; grid-template-columns: repeat(2, minmax(0, 5.1rem)); gap: 0.5rem;
  justify-content: center; }}
.tour .beside > .lanes {{ flex: 1 1 24rem; }}
.tour .faces {{ display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); justify-items: center; }}
.tour .faces figure {{ width: 100%; max-width: 2.7rem; }}
.tour .lane {{ display: flex; align-items: center; gap: 0.6rem; margin: 0.25rem 0; }}
.tour .lane .track {{ flex: 1 1 0; display: flex; align-items: center; gap: 0.6rem; min-width: 0; }}
.tour .lane .bar {{ flex: 0 0 auto; height: 1.1rem; border-radius: 0.3rem; min-width: 3px; background: var(--faint); }}
.tour .lane .bar.first {{ background: var(--training); }}
.tour .lane .bar.second {{ background: color-mix(in srgb, currentColor 60%, transparent); }}
.tour .lane figure {{ flex: 0 0 2.6rem; }}
.tour .lane .value {{ white-space: nowrap; font-variant-numeric: tabular-nums; line-height: 1.25; }}
.tour .aside {{ margin-top: 0.6rem; }}
.tour .big {{ font-size: 1.4rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.35; }}
.tour .mark {{ border: 2px solid currentColor; border-radius: 1rem; padding: 0 0.5rem; font-weight: 600;
  white-space: nowrap; }}
@media (max-width: 640px) {{
  .tour .table {{ grid-template-columns: repeat(var(--columns), minmax(0, var(--most))); }}
  .tour .row-name {{ grid-column: 1 / -1; }}
}}
</style>"""


def show(html: str) -> None:
    """Show a picture of the tour, made of HTML whose texts are escaped."""
    st.html(f'{_STYLE}<div class="tour">{html}</div>')


def table(rows: Sequence[tuple[str, str, Sequence[str]]], most: str) -> str:
    """Rows of figures with a name each.

    Args:
        rows: name, small print and figures (HTML) of each row; all have as many figures.
        most: how wide a figure may be, a CSS length.
    """
    cells = "".join(
        f'<p class="row-name">{escape(name)}<br><small>{escape(small)}</small></p>{"".join(figures)}'
        for name, small, figures in rows
    )
    return f'<div class="table" style="--columns: {len(rows[0][2])}; --most: {most}">{cells}</div>'


def lane(share: float, rank: str, value: str, small: str, figures: Sequence[str]) -> str:
    """A bar with its value and pictures at its end.

    Args:
        share: length of the bar, 0..1 of the room there is.
        rank: `first` or `second`, or empty.
        value: in words, at the end.
        small: in small print below it; may be empty.
        figures: HTML.
    """
    room = 3.2 * len(figures) + 7.5  # rem that pictures, value and gaps need
    bar = f'<div class="bar {rank}" style="width: calc((100% - {room:.2f}rem) * {share:.4f})"></div>'
    below = f"<br><small>{escape(small)}</small>" if small else ""
    text = f'<span class="value">{escape(value)}{below}</span>'
    return f'<div class="lane"><div class="track">{bar}{"".join(figures)}{text}</div></div>'
