"""One prompt looked into: its words, its score, and what it draws."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import view
from pages._parts.links.link import PROMPTS, Opening
from pages._parts.prompts import inputs
from pages._parts.prompts.copies import matched, show_alone, show_copies, show_pairs
from pages._parts.prompts.detectors import show_detectors
from pages._parts.prompts.forming import pictures_now
from pages._parts.prompts.held_out import fill_in, known_now
from pages._parts.prompts.inputs import Inquiry
from pages._parts.prompts.look import HIDE_NOTHING, HIDE_STALE
from pages._parts.prompts.measuring import norms_now, prompts_held_out, words_now
from pages._parts.prompts.prompt import prompt_input
from pages._parts.prompts.score import Panel, Standing, standing_of, without_held_out
from pages._parts.prompts.search import show_search
from pages._parts.prompts.subject import examine, has_text
from pages._parts.prompts.tried import Tried, note, show_tried, tried
from pages._parts.prompts.words import show_figures, show_words
from pages._parts.runtime.recording import keep_run
from pages._parts.show.code import show_code
from pages._parts.show.heading import offer_link
from pages._parts.show.reading import show_reading
from pages._parts.show.shown import Shown
from pages._parts.show.text import plain
from side_core.dpm.text.tokens import need_prompt
from side_core.extraction.pairs import copies_in_words
from side_core.extraction.subject import sample_sets
from side_core.prompts.explain import Differentiated, Significance, explaining
from side_core.prompts.held_out import HeldOut
from side_core.prompts.norms import norm_of, score_of, text_norms
from side_core.sampling.prompt import check_prompt

_LOOKED_INTO = "looked_into"  # in the session: what the page has shown to the end


def look_into(heading: DeltaGenerator, first: DeltaGenerator) -> None:
    """One prompt: its words and its score, then its pictures while they form.

    Args:
        heading: where the link goes.
        first: where shipped pictures are, until there is something of now.

    Raises:
        ValueError: something cannot be opened, scored or drawn.
    """
    with st.sidebar:
        chosen = inputs.model_input()
        if not has_text(chosen["model"]):
            return
        chosen |= inputs.drawing_inputs()
        with view.detail("more").expander("More"):
            chosen |= inputs.more_inputs(chosen["model"])
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        examined = examine(chosen)
    first.empty()
    with st.sidebar:
        choices = inputs.choices_for(chosen, examined)
    prompt = need_prompt(prompt_input(examined.examples, [item.prompt for item in tried(choices.digest)]))
    looked_into = (prompt, choices.prompts.digest, choices.held_out)
    st.html(HIDE_NOTHING if st.session_state.get(_LOOKED_INTO) == looked_into else HIDE_STALE)
    check_prompt(prompt, examined.denoiser)
    offer_link(heading, Opening(PROMPTS, inputs.values_of(choices, prompt)))
    with st.container():
        show_reading(examined.denoiser.tokens(prompt), examined.denoiser.context)
    words = st.container(key="prompt-words")
    with st.container():
        inquiry = Inquiry(prompt, examined, choices, prompts_held_out(choices.prompts.model, choices.held_out))
    with st.container():
        value = float(score_of(norms_now(examined.denoiser, prompt, choices.prompts)[None])[0])
    panel, filling = Panel(), st.container()
    standing = _show_standing(inquiry, value, panel)
    with st.container():
        significance = words_now(examined.denoiser, prompt, choices.prompts)
    with words:
        show_words(prompt, significance, examined.knows_names)
    with st.container(key="prompt-results"):
        shown = _show_pictures(inquiry, standing)
        before = st.empty()
        _show_before(choices.digest, before)
        further = view.detail("further")
        if shown is not None:
            show_pairs(shown)
            keep_run(shown.extraction, shown.drawn)
        if standing is not None and standing.threshold is None:
            with filling:
                fill_in(inquiry, lambda held_out: _show_standing(inquiry, value, panel, held_out))
            _show_before(choices.digest, before)
        if shown is not None:
            with further:  # last, as it may take a while
                _show_further(inquiry, significance)
    st.session_state[_LOOKED_INTO] = looked_into


def _show_standing(inquiry: Inquiry, value: float, panel: Panel, held_out: HeldOut | None = None) -> Standing | None:
    """The score of the prompt, beside the held-out prompts that are scored so far; None where there are none at all.

    Args:
        inquiry: the prompt.
        value: its score.
        panel: where it is shown.
        held_out: those that are scored; left out: what is known of them.
    """
    if not inquiry.held_out:
        without_held_out(value)
        return None
    digest = inquiry.choices.digest
    standing = standing_of(value, held_out or known_now(inquiry), len(inquiry.held_out), inquiry.settings)
    note(Tried(inquiry.prompt, digest, value, standing.counts))
    panel.show(standing, [(item.prompt, item.score) for item in tried(digest) if item.prompt != inquiry.prompt])
    return standing


def _show_before(settings: str, place: DeltaGenerator) -> None:
    """What was tried before with these settings, in its place."""
    with place.container():
        show_tried(settings)


def _show_pictures(inquiry: Inquiry, standing: Standing | None) -> Shown | None:
    """What the prompt draws, beside the training picture. None where nothing is compared."""
    examined = inquiry.examined
    with st.container():
        pictures = pictures_now(inquiry.drawing, examined.subject, matched=not examined.unknown)
    if pictures and examined.unknown:
        show_alone(pictures)
        st.info(plain(examined.unknown, 500), icon=":material/folder_open:")
    if not pictures or examined.unknown:
        return None
    with st.container():
        extraction = matched(pictures, inquiry.drawing, examined.subject)
    if standing is not None:
        first = next(iter(pictures.values())).image
        copies = copies_in_words(extraction)
        note(Tried(inquiry.prompt, inquiry.choices.digest, standing.value, standing.counts, copies, first))
    show_copies(extraction)
    (samples,) = sample_sets(inquiry.drawing, examined.subject)
    named = {str(seed): picture for seed, picture in pictures.items()}
    return Shown(extraction, "seed", named, {samples.key: pictures})


def _show_further(inquiry: Inquiry, significance: Significance) -> None:
    """What few people need at first: figures, a search, the code, other detectors."""
    show_figures(significance)
    show_search(inquiry.examined.subject.data)
    show_code(text_norms, norm_of, explaining, Differentiated.predict_noise)
    if inquiry.held_out:
        show_detectors(inquiry.denoiser, inquiry.prompt, inquiry.settings, inquiry.held_out)
