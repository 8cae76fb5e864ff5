"""Show the code: the very lines of side_core that do what a demo shows."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

import side_core

_CORE = Path(side_core.__file__).resolve().parent
_TALLEST = 420  # pixels; longer code scrolls


@dataclass(frozen=True)
class Source:
    """Some lines of a file.

    Attributes:
        path: of the file, relative to the repository.
        first: number of the first line, from 1.
        last: number of the last line.
        text: the lines, without the indentation that all of them share.
    """

    path: str
    first: int
    last: int
    text: str


def source_of(thing: Callable[..., Any]) -> Source:
    """Where a function or method of side_core is written, read from the file it was loaded from.

    Raises:
        ValueError: it is of something else.
    """
    function = inspect.unwrap(thing)  # what a decorator hides
    try:
        file = Path(inspect.getfile(function)).resolve()
        inner = file.relative_to(_CORE)
        lines, first = inspect.getsourcelines(function)
    except (TypeError, ValueError, OSError):
        raise ValueError(f"{thing!r} is not written in side_core: name a function that is.") from None
    return Source(
        (Path(_CORE.name) / inner).as_posix(), first, first + len(lines) - 1, textwrap.dedent("".join(lines)).rstrip()
    )


def show_code(*things: Callable[..., Any]) -> None:
    """An expander with the source of functions and methods, and where each is written."""
    with st.expander("Show the code", icon=":material/code:"):
        show_sources(*things)


def show_sources(*things: Callable[..., Any]) -> None:
    """The same without the expander."""
    for source in map(source_of, things):
        st.caption(f"`{source.path}`, lines {source.first} to {source.last}")
        tall = source.text.count("\n") > 16
        st.code(source.text, language="python", height=_TALLEST if tall else "content")
