"""The app as a test opens and reads it: every page test goes through here."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.runtime.background import At, Work
from pages._parts.show.places import SURE

_NOTE = Work.note
ROUTER = Path(__file__).parents[2] / "pages" / "_navigation.py"
KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "success", "warning", "error")


def opened(page: str = "", sure: bool = True, **link: Any) -> AppTest:
    """A page as a link opens it.

    Args:
        page: its name; empty: the first one.
        sure: whether the figures are open.
        link: what the link says.
    """
    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.session_state[SURE] = sure
    if page:
        app.switch_page(f"{page.removesuffix('.py')}.py")
    for name, value in link.items():
        app.query_params[name] = value if isinstance(value, list) else str(value)
    return app.run()


def followed(link: str) -> AppTest:
    """The page that a link opens, path and query."""
    parts = urlsplit(link)
    return opened(parts.path.strip("/"), **parse_qs(parts.query, keep_blank_values=True))


def stop_when(monkeypatch: pytest.MonkeyPatch, when: Callable[[At[Any]], bool]) -> None:
    """From now on work of a page is stopped where it is so far, as if Stop had been pressed just then."""

    def note(work: Work, at: At[Any], words: str) -> None:
        _NOTE(work, at, words)
        if when(at):
            work.told.set()

    monkeypatch.setattr(Work, "note", note)


def parts_of(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What the parts of this name that run in the browser are given."""
    known = (element.proto for element in app.get("bidi_component"))
    return [json.loads(part.json) for part in known if part.component_name == f"side_{name}"]


def pairs_of(app: AppTest) -> list[str]:
    """What the cards of the gallery say."""
    return [f"{card['score']} · {card['small']}" for gallery in parts_of(app, "gallery") for card in gallery["cards"]]


def text_of(app: AppTest, *kinds: str) -> str:
    """Everything the page says in words, or these kinds of it, as a person reads it; tables too."""
    found = [element.value for kind in kinds or KINDS for element in app.get(kind)]
    if not kinds:
        found += [part["sentence"] for part in parts_of(app, "sentence")] + pairs_of(app)
        found += [f"{part['card']['large']} {part['card']['drawn']['below']}" for part in parts_of(app, "pair")]
        found += [f"{name} {value}" for table in app.table for name, value in table.value.iloc[:, 0].items()]
    return unescaped("\n".join(found))


def html_of(app: AppTest) -> str:
    """All HTML of the page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def unescaped(text: str) -> str:
    """Markdown that was escaped to be shown as it is."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def button(app: AppTest, label: str) -> Any:
    """A button by what it says."""
    return next(item for item in app.button if item.label == label)
