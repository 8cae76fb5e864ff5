"""A file that was exported, here or elsewhere: what it holds, and a button that opens it."""

import streamlit as st

from pages._parts.links.link import take_over
from pages._parts.runtime.workspace import workspace
from pages._parts.show.text import plain, say_error
from side_core.files.public import check_limit
from side_core.methods import METHODS, method_of
from side_core.runs.exchange.finding import found_again
from side_core.runs.exchange.reopen import Reopened, read_exported
from side_core.runs.wording import value_in_words
from side_core.runs.workspace import Workspace
from side_core.settings import ExtractSettings, MatchSettings, ScoreSettings, Settings
from side_core.similarity.scores import SCORES
from side_core.wording import counted

_SHORT = 12  # digits of a fingerprint
_OPENS = {
    **{"extract": "Draws with a model", "score": "Scores pictures that others generated"},
    **{name: f"{method.title}: {method.about}" for name, method in METHODS.items()},
}


def offer_file(name: str, content: bytes) -> None:
    """See what a file is, open it."""
    try:
        found = _read(name, content)
    except ValueError as error:
        say_error(error)
        return
    show(found)
    if st.button("Open this run", type="primary", icon=":material/open_in_new:", key="reopen-run", width="stretch"):
        take_over(found.settings)


def opens_at_once(name: str, content: bytes) -> bool:
    """Open a file; False where there is something to know before, or it cannot be read."""
    try:
        found = _read(name, content)
    except ValueError:
        return False
    if found.notes:
        return False
    take_over(found.settings)
    return True


def ask(name: str, content: bytes) -> None:
    """Say in a dialog what a file is, and why it is not opened at once."""
    st.dialog(plain(name, 60), icon=":material/upload_file:")(offer_file)(name, content)


def _read(name: str, content: bytes) -> Reopened:
    """What a file holds.

    Raises:
        ValueError: it is too large, or none that was exported.
    """
    check_limit("upload_mib", len(content) / 2**20, name)
    return found_again(read_exported(name, content), history())


def history() -> Workspace | None:
    """Where runs are kept, as far as they are."""
    try:
        return workspace()
    except ValueError:
        return None


def show(found: Reopened) -> None:
    """What a file holds, before it is opened."""
    st.markdown(f"**{_OPENS[found.kind]}**")
    lines = _lines_of(found.settings)
    if found.seed is not None:
        lines = {"Picture": f"seed {found.seed}"} | lines
    st.markdown("  \n".join(f"{name}: {plain(value, 80)}" for name, value in lines.items()))
    for note in found.notes:
        st.warning(plain(note, 500), icon=":material/edit_note:")
    if found.fingerprints:
        prints = " · ".join(f"{kind} {value[:_SHORT]}" for kind, value in found.fingerprints.items())
        st.caption(plain(f"Fingerprints then: {prints}", 500))


def _lines_of(settings: Settings) -> dict[str, str]:
    """The settings that matter, by name."""
    if method_of(settings) is not None:
        fields = type(settings).model_fields
        return {
            str(fields[name].title): value_in_words(value) for name, value in settings if value != fields[name].default
        }
    assert isinstance(settings, MatchSettings)  # the others are not exported
    lines = {}
    if isinstance(settings, ExtractSettings):
        lines["Model"] = settings.model
        lines["Pictures"] = f"{settings.count:,} from seed {settings.seed} on, {counted(settings.steps, 'step')}"
        if settings.surrogate is not None:
            scale = settings.guidance_scale
            lines["Surrogate"] = settings.surrogate + ("" if scale is None else f", λ {scale:g}")
    elif isinstance(settings, ScoreSettings):
        lines["Pictures"] = settings.samples
    for name, value in (("Training images", settings.data), ("Control", settings.control)):
        if value is not None:
            lines[name] = value
    lines["Score"] = f"{SCORES[settings.score].title}, by {settings.encoder}"
    return lines
