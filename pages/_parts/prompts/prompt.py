"""The prompt: typed, or taken from the examples; changed word by word."""

from collections.abc import Sequence

import streamlit as st

from pages._parts.links import checks
from side_core.prompts.examples import Example
from side_core.settings import PromptSettings

_KEY = "prompt"  # of the text field, in the URL and in the session
_FIELD = PromptSettings.model_fields["prompt"]
_LONGEST = 2000  # characters, as the settings say


def set_prompt(text: str) -> None:
    """Put another prompt into the text field; in a callback, or before the field is made."""
    st.session_state[_KEY] = text


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
            help="Press Enter to score it. Below, single words can be removed or replaced.",
        )
    with row.container(key="prompt-examples"):
        _example_input(examples, tried, written or "")
    return (written or "").strip()


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
        set_prompt(text)
