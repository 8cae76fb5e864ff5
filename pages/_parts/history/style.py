"""How the History page looks, and small pieces of it as HTML; everything a person typed is escaped."""

import base64
from collections.abc import Sequence
from html import escape

from side_core.methods import METHODS
from side_core.runs.run import Run, State

_ICONS: dict[State, str] = {
    "running": "progress_activity",
    "finished": "check_circle",
    "cancelled": "cancel",
    "interrupted": "bolt",
}
KINDS = {
    **{"extract": "image_search", "score": "fact_check", "surrogate": "school"},
    **{name: method.icon for name, method in METHODS.items()},
}
STYLE = """<style>
[class*="st-key-run-row-"] { border-bottom: 1px solid light-dark(#e4e1ef, #343046); padding: 0.6rem 0.25rem; }
[class*="st-key-run-row-"]:hover { background: light-dark(#f8f7fc, #1b1928); }
[class*="st-key-run-row-"] [data-testid="stButton"] button { padding: 0; min-height: 1.5rem; text-align: left; }
[class*="st-key-run-row-"] [data-testid="stButton"] button p { font-weight: 600; overflow-wrap: anywhere; }
.history .icon { font-family: "Material Symbols Rounded"; font-size: 1.15em; vertical-align: -0.22em;
  font-weight: 400; line-height: 1; margin-right: 0.25em; font-style: normal; letter-spacing: normal; }
.history.thumb { width: 12.4rem; min-height: 3rem; }
.history.thumb img { height: 3rem; image-rendering: pixelated; display: block; border-radius: 2px; }
.history.thumb .none { height: 3rem; width: 3rem; border-radius: 2px; display: grid; place-items: center;
  background: light-dark(#efedf7, #292538); font-size: 1.4rem; }
.history.thumb .none .icon { margin: 0; }
@media (max-width: 640px) { .history.thumb { width: 6.2rem; overflow: hidden; } }  /* the nearest pair alone */
.history.facts { display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; font-size: 0.85rem;
  color: light-dark(#4a4658, #bdb8cf); overflow-wrap: anywhere; }
.history .state { color: light-dark(#12101c, #eceaf5); }
.history.result { font-size: 0.85rem; line-height: 1.45; overflow-wrap: anywhere; }
.history.result .control { color: light-dark(#4a4658, #bdb8cf); }
.history.note { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid light-dark(#5b3fd1, #a99bf5);
  padding: 0.1rem 0 0.1rem 0.8rem; }
.history.scroll { overflow-x: auto; }
.history table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
.history th, .history td { text-align: left; vertical-align: top; padding: 0.4rem 0.9rem 0.4rem 0;
  border-bottom: 1px solid light-dark(#e4e1ef, #343046); overflow-wrap: anywhere; }
.history thead th { border-bottom: 2px solid light-dark(#cfcae2, #4b4662); min-width: 8rem; }
.history tbody th { font-weight: 500; min-width: 9rem; }
.history td small, .history th small { display: block; font-weight: 400; color: light-dark(#4a4658, #bdb8cf); }
.history td .value { font-weight: 600; font-size: 1.05rem; }
.history td.changed { font-weight: 600; }
.history caption { text-align: left; padding-bottom: 0.4rem; color: light-dark(#4a4658, #bdb8cf); }
.history .tag { display: inline-block; font-size: 0.75rem; font-weight: 500; padding: 0 0.5rem; border-radius: 1rem;
  color: light-dark(#ffffff, #14121d); background: light-dark(#5b3fd1, #a99bf5); }
</style>"""


def icon(name: str) -> str:
    """A Material icon that screen readers pass over."""
    return f'<span class="icon" aria-hidden="true" translate="no">{name}</span>'


def state_html(run: Run) -> str:
    """How a run ended: a word with its icon."""
    return f'<span class="state">{icon(_ICONS[run.state])}{run.state}</span>'


def thumb_html(run: Run, picture: bytes | None) -> str:
    """The small picture of a run, or the icon of its kind."""
    if picture is None:
        inner = f'<div class="none">{icon(KINDS[run.kind])}</div>'
    else:
        alt = f"The pairs of run {run.id} that are nearest to a copy"
        inner = f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}" alt="{alt}">'
    return f'<div class="history thumb">{inner}</div>'


def facts_html(parts: Sequence[str]) -> str:
    """Facts in small print, each HTML already."""
    return '<div class="history facts">' + "".join(f"<span>{part}</span>" for part in parts) + "</div>"


def result_html(lines: Sequence[str]) -> str:
    """A headline: what came out, then what its control says; empty where nothing came out yet."""
    if not lines:
        return ""
    first, *rest = map(escape, lines)
    control = f'<div class="control">{"; ".join(rest)}</div>' if rest else ""
    return f'<div class="history result"><div>{first}</div>{control}</div>'


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """A table whose cells are HTML already; the first of each row is its head."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="history scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
