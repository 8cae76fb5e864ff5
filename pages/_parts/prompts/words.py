"""The words of a prompt, coloured and numbered by their significance; a click switches one off, and on again."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import view
from pages._parts.prompts.prompt import set_edited
from pages._parts.show import glossary
from pages._parts.show.charts import TRAINING
from pages._parts.show.text import plain
from side_core.prompts.editing import Span, spans_of, texts_in, with_words
from side_core.prompts.examples import alternatives
from side_core.prompts.explain import Significance, WordWeight
from side_core.wording import counted, rounded, shortened

_CHOSEN = "word"  # in the session: (prompt, place) of the word that was clicked last
_DEEPEST = 62  # % of the colour that the most significant word has, so that its text can still be read
_HINT = (
    "The deeper its colour and the smaller its number, the more the score hangs on a word ([[significance]]). "
    "**Click a word to leave it out**, and again to bring it back."
)
_STYLE = """<style>
.st-key-words { row-gap: 0.4rem; }
.st-key-words button { min-height: 2.6rem; padding: 0.2rem 0.7rem; border-width: 2px; }
.st-key-words button p { font-size: 1.15rem; color: light-dark(#14121d, #ffffff) !important; }
.st-key-words button small, .st-key-words button sub { font-variant-numeric: tabular-nums; }
"""


@dataclass(frozen=True, eq=False)
class _Edit:
    """A prompt and what an edited one has in the place of its words; words that are not written like that stay.

    Attributes:
        prompt: as it was typed.
        spans: of its words, by their places among all.
        texts: what stands there now, by the same places.
    """

    prompt: str
    spans: dict[int, Span]
    texts: dict[int, str]

    def with_text(self, place: int, text: str) -> str:
        """The edited prompt with something else in the place of a word."""
        return with_words(self.prompt, list(self.spans.values()), list((self.texts | {place: text}).values()))

    def own(self, place: int) -> str:
        """The word as it was typed."""
        return self.spans[place].of(self.prompt)


def show_words(
    prompt: str, edited: str, significance: Significance, known_names: bool, replacing: DeltaGenerator
) -> None:
    """A button for each word, and a list of what can take the place of one.

    Args:
        prompt: as it was typed.
        edited: with some words left out or replaced; empty: none is.
        significance: of the words.
        known_names: whether the model was trained on the built-in names, so that others of them are offered.
        replacing: where the list goes.
    """
    edit = _edit_of(prompt, edited, significance)
    st.html(_STYLE + _colours(significance, edit) + "</style>")
    with st.container(horizontal=True, gap="small", key="words"):
        for place, word in enumerate(significance.words):
            _word_button(edit, place, word, len(significance.words))
    with view.detail("hint"):
        glossary.line(_HINT)
    chosen = _chosen_place(prompt, significance)
    if chosen in edit.spans:
        with replacing:
            _replacement_input(edit, chosen, known_names)


def _edit_of(prompt: str, edited: str, significance: Significance) -> _Edit:
    """Where the words stand, and what stands there now."""
    found = spans_of(prompt, [word.text for word in significance.words])
    spans = {place: span for place, span in enumerate(found) if span is not None}
    texts = texts_in(edited or prompt, prompt, list(spans.values()))
    return _Edit(prompt, spans, dict(zip(spans, texts, strict=True)))


def _word_button(edit: _Edit, place: int, word: WordWeight, count: int) -> None:
    """One word; the last that is left cannot be left out."""
    if place not in edit.spans:
        st.button(f"{plain(word.text, 40)} :small[{word.rank}]", key=f"word-{place}", disabled=True, width="content")
        return
    own, text = edit.own(place), edit.texts[place]
    on, alone = text == own, sum(map(bool, edit.texts.values())) == 1
    written = plain(own, 40) if on else f"~~{plain(own, 40)}~~ {plain(text, 40)}".rstrip()
    st.button(
        f"{written} :small[{word.rank}]",
        key=f"word-{place}",
        help=f"{_in_words(word, count)} Click to {'leave it out' if on else 'bring it back'}.",
        disabled=on and alone,
        on_click=_switch,
        args=(edit, place, "" if on else own),
        width="content",
    )


def _switch(edit: _Edit, place: int, text: str) -> None:
    """Called by a click: something else, or nothing, stands in the place of a word."""
    st.session_state[_CHOSEN] = (edit.prompt, place)
    after = edit.with_text(place, text)
    set_edited("" if after == edit.prompt else after)


def _chosen_place(prompt: str, significance: Significance) -> int:
    """Whose place another word may take: that which was clicked in this very prompt, or else the most significant."""
    of, place = st.session_state.get(_CHOSEN, ("", 0))
    if of == prompt and place < len(significance.words):
        return int(place)
    return next(place for place, word in enumerate(significance.words) if word.rank == 1)


def _colours(significance: Significance, edit: _Edit) -> str:
    """CSS of the buttons: the deeper the colour, the more significant; of what is left out the frame is broken."""
    rules = []
    most = max(word.value for word in significance.words) or 1.0
    for place, word in enumerate(significance.words):
        depth = _DEEPEST * word.value / most
        colour = f"color-mix(in srgb, {TRAINING} {depth:.0f}%, transparent)"
        off = place in edit.spans and edit.texts[place] != edit.own(place)
        look = f"background: none; border: 2px dashed {colour}" if off else f"background: {colour}"
        rules.append(f".st-key-word-{place} button {{ {look}; }}")
    return "\n".join(rules)


def _in_words(word: WordWeight, count: int) -> str:
    """What a word's number means, among `count` words."""
    return (
        f"Significance {rounded(word.value)}: number {word.rank} of {count}. "
        "How much the score changes when what the text encoder is given for this word changes a little."
    )


def _replacement_input(edit: _Edit, place: int, known_names: bool) -> None:
    """A list of what can take the place of the chosen word; also what is typed."""
    own = edit.own(place)
    title = f"In place of {shortened(own, 40)}"
    others: Sequence[str] = alternatives(own) if known_names else ()
    st.selectbox(
        title,
        others,
        index=None,
        key="replacement",
        accept_new_options=True,
        placeholder="another word",
        on_change=_replace,
        args=(edit, place),
        help="The word that was clicked last, or else the most significant one.",
    )


def _replace(edit: _Edit, place: int) -> None:
    """Put what was chosen or typed in the place of a word."""
    if new := (st.session_state.get("replacement") or "").strip():
        _switch(edit, place, new)
    st.session_state["replacement"] = None


def show_figures(significance: Significance) -> None:
    """An expander with the value of each word, and of the tokens that belong to none."""
    with st.expander("The words in figures", icon=":material/format_list_numbered:"):
        rows = [
            {
                "word": word.text,
                "rank": word.rank,
                "significance": round(word.value, 4),
                "tokens": ", ".join(map(str, word.tokens)),
            }
            for word in significance.words
        ]
        st.dataframe(rows, hide_index=True, height="content", alt="Rank, significance and tokens of each word")
        st.caption(
            f"A word has the largest value of its tokens. Not words: start of the text {rounded(significance.start)}, "
            f"its end {rounded(significance.end)}, padding behind it at most {rounded(significance.padding)}. "
            "Mean over "
            f"{counted(significance.images, 'image')} and {counted(len(significance.timesteps), 'step')}. "
            "After Wen et al. 2024, but by what goes into the text encoder: in what comes out, later words hold the "
            "name as well."
        )
