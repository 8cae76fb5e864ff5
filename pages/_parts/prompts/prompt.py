"""The prompt: typed, or taken from the examples; and the same prompt edited, to be held beside it."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.links import checks
from side_core.prompts.examples import Example
from side_core.settings import PromptSettings

_KEY, _EDITED = "prompt", "edited"  # of the text fields, in the URL and in the session
_FIELD = PromptSettings.model_fields["prompt"]
_LONGEST = 2000  # characters, as the settings say


def set_edited(text: str) -> None:
    """Put another edited prompt into its field; in a callback, or before the field is made. Empty: none."""
    st.session_state[_EDITED] = text


def prompt_input(examples: Sequence[Example], tried: Sequence[str]) -> str:
    """The text field, beside it the examples and what was tried before; the prompt, without the space around it.

    Args:
        examples: to begin with; the first is the prompt of a first visit.
        tried: prompts of this session, the last first.
    """
    start = examples[0].prompt if examples else ""
    checks.opened(_KEY, str(_FIELD.title), start, _check_length, "the first example" if start else "nothing")
    row = st.container(horizontal=True, gap="small", key="prompt-row")
    with row.container(key="prompt-field"):
        written = st.text_input(
            "Prompt",
            start,
            max_chars=_LONGEST,
            key=_KEY,
            bind="query-params",
            placeholder="What the picture shall show",
            help="Press Enter to score it. Below, single words can be left out or replaced.",
            on_change=set_edited,
            args=("",),
        )
    with row.container(key="prompt-examples"):
        _example_input(examples, tried, written or "")
    return (written or "").strip()


def edited_input(prompt: str, place: DeltaGenerator) -> tuple[str, DeltaGenerator]:
    """The field of the edited prompt, and a place beside it; empty where it says the same as the prompt.

    Args:
        prompt: as it was typed.
        place: where both go.
    """
    checks.opened(_EDITED, "Edited prompt", "", _check_length, "nothing")
    row = place.container(horizontal=True, vertical_alignment="bottom", gap="small", key="edit-row")
    with row.container(key="edit-field"):
        written = st.text_input(
            "Edited prompt, beside it",
            "",
            max_chars=_LONGEST,
            key=_EDITED,
            bind="query-params",
            placeholder="Click a word above, or type another prompt",
            help="Scored and drawn from the same noise. Empty it to see the prompt alone.",
        )
    edited = (written or "").strip()
    return "" if edited == prompt else edited, row.container(key="edit-replacement")


def _check_length(text: str) -> None:
    """Raise ValueError where a link's prompt is longer than any is."""
    PromptSettings.read({"prompt": text})


def _example_input(examples: Sequence[Example], tried: Sequence[str], prompt: str) -> None:
    """A list of examples and of what was tried; choosing one puts it into the text field."""
    kinds = dict.fromkeys(tried, "tried before") | {item.prompt: item.kind for item in examples}
    known = [item.prompt for item in examples] + [text for text in tried if kinds[text] == "tried before"]
    known = list(dict.fromkeys(known))
    st.session_state["example"] = prompt if prompt in known else None
    st.selectbox(
        "Examples",
        known,
        key="example",
        index=None,
        format_func=lambda text: f"{kinds[text]}: {text}",
        placeholder="Take an example",
        on_change=_take_example,
        help="How often the embedded model was shown the prompt with its picture while it was trained.",
    )


def _take_example() -> None:
    """The chosen example becomes the prompt."""
    if text := st.session_state.get("example"):
        st.session_state[_KEY] = text
        set_edited("")
