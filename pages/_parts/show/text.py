"""Text that people brought along (names, paths, notes), shown as it is."""

import re
from collections.abc import Iterable
from html import escape

import streamlit as st

from side_core.methods import METHODS
from side_core.settings import ExtractSettings, PromptSettings, SettingError, Settings, SurrogateSettings
from side_core.wording import shortened

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str, most: int = 200) -> str:
    """Text for a place that takes Markdown: nothing in it is markup. Long ones lose their middle."""
    return _PUNCTUATION.sub(r"\\\1", shortened(text, most))


def in_time(seconds: float) -> str:
    """A duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def say_error(error: Exception) -> None:
    """A person's mistake, in one sentence that names the widget which mends it."""
    sentence = error.placed(title_of(error.setting)) if isinstance(error, SettingError) else str(error)
    st.error(plain(sentence, 1000), icon=":material/error:")


def title_of(setting: str) -> str:
    """What the widget of a setting is called."""
    models: list[type[Settings]] = [ExtractSettings, SurrogateSettings, PromptSettings]
    models += [method.settings for method in METHODS.values()]
    fields = (model.model_fields[setting] for model in models if setting in model.model_fields)
    return next((str(field.title) for field in fields), setting.replace("_", " "))


def show_warnings(warnings: Iterable[str]) -> None:
    """What makes a figure doubtful, where nobody can overlook it."""
    for warning in warnings:
        st.warning(plain(warning, 1000), icon=":material/warning:")


def show_notes(notes: tuple[str, ...]) -> None:
    """What a person should know about what was read and compared, one line each."""
    lines = "".join(f"<li>{escape(note)}</li>" for note in notes)
    if lines:
        st.html(f'<ul class="notes">{lines}</ul>')
