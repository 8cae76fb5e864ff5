"""Prompts: is this prompt memorised, which of its words carry it, and what does it draw; for text-to-image models."""

import streamlit as st

from pages._parts import glossary, view
from pages._parts.code import show_code
from pages._parts.figures import STYLE
from pages._parts.heading import offer_link, show_heading
from pages._parts.keeping import keep_run
from pages._parts.links import PROMPTS, link_to
from pages._parts.prompts import inputs
from pages._parts.prompts.copies import copies_in_words, matched, show_alone, show_copies, show_pairs
from pages._parts.prompts.detectors import show_detectors
from pages._parts.prompts.forming import pictures_now
from pages._parts.prompts.inquiry import Inquiry
from pages._parts.prompts.look import WRAP
from pages._parts.prompts.measuring import held_out_now, norms_now, prompts_held_out, words_now
from pages._parts.prompts.prompt import prompt_input
from pages._parts.prompts.reading import show_reading
from pages._parts.prompts.score import Standing, show_score, standing_of, without_held_out
from pages._parts.prompts.search import show_search
from pages._parts.prompts.subject import examine, has_text
from pages._parts.prompts.tried import Tried, note, show_tried, tried
from pages._parts.prompts.words import show_figures, show_words
from pages._parts.results import Shown
from pages._parts.session import PICTURES
from pages._parts.text import plain, say_error
from side_core.dpm.text.tokens import need_prompt
from side_core.prompts.explain import Differentiated, Significance, explaining
from side_core.prompts.norms import norm_of, score_of, text_norms
from side_core.runs.identity import pictures_key
from side_core.sampling.prompt import check_prompt

INTRO = (
    "Type what a picture is to show. If the model knows a [[training image|training picture]] by heart under these "
    "words, they change the [[noise]] it predicts far more than other words do: the [[text norm|score]] jumps at the "
    "first [[step]], before there is anything to see. The words that carry it light up: change one, and watch."
)


def look_into() -> None:
    """One prompt: its words and its score, then its pictures while they form."""
    with st.sidebar:
        chosen = inputs.model_input()
        if not has_text(chosen["model"]):
            return
        chosen |= inputs.drawing_inputs()
        with view.detail("more").expander("More"):
            chosen |= inputs.more_inputs(chosen["model"])
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        examined = examine(chosen)
    with st.sidebar:
        asked = inputs.asked_for(chosen, examined)
    prompt = need_prompt(prompt_input(examined.examples, [item.prompt for item in tried(asked.digest)]))
    check_prompt(prompt, examined.denoiser)
    offer_link(heading, link_to(PROMPTS, inputs.values_of(asked, prompt)))
    with st.container():
        show_reading(examined.denoiser.tokens(prompt), examined.denoiser.context)
    words = st.container()
    with st.container():
        inquiry = Inquiry(prompt, examined, asked, prompts_held_out(asked.prompts.model, asked.held_out))
    standing = show_standing(inquiry)
    with st.container():
        significance = words_now(examined.denoiser, prompt, asked.prompts)
    with words:
        show_words(prompt, significance, examined.knows_names)
    with st.container(key="prompt-results"):
        if (shown := show_pictures(inquiry, standing)) is not None:
            further = view.detail("further")
            show_pairs(shown)
            keep_run(shown.extraction, shown.drawn, PICTURES)
            with further:  # last, as it may take a while
                show_further(inquiry, significance)


def show_standing(inquiry: Inquiry) -> Standing | None:
    """The score beside the held-out prompts; None where there are none, or they are not scored yet."""
    settings, prompt, digest = inquiry.settings, inquiry.prompt, inquiry.asked.digest
    with st.container():
        value = float(score_of(norms_now(inquiry.denoiser, prompt, settings)[None])[0])
        held_out = inquiry.held_out and held_out_now(
            inquiry.denoiser, settings, inquiry.held_out, inquiry.asked.held_out
        )
    if not held_out:
        without_held_out(value, known=bool(inquiry.held_out))
        return None
    standing = standing_of(value, held_out, settings)
    note(Tried(prompt, digest, value, standing.counts))
    show_score(standing, [(item.prompt, item.score) for item in tried(digest) if item.prompt != prompt])
    return standing


def show_pictures(inquiry: Inquiry, standing: Standing | None) -> Shown | None:
    """What the prompt draws, beside the training picture; what was tried before. None where nothing is compared."""
    examined, digest = inquiry.examined, inquiry.asked.digest
    with st.container():
        pictures = pictures_now(inquiry.drawing, examined.subject, matched=not examined.unknown)
    if pictures and examined.unknown:
        show_alone(pictures)
        st.info(plain(examined.unknown, 500), icon=":material/folder_open:")
    if not pictures or examined.unknown:
        show_tried(digest)
        return None
    with st.container():
        extraction = matched(pictures, inquiry.drawing, examined.subject)
    if standing is not None:
        first = next(iter(pictures.values())).image
        note(Tried(inquiry.prompt, digest, standing.value, standing.counts, copies_in_words(extraction), first))
    show_copies(extraction)
    show_tried(digest)
    named = {str(seed): picture for seed, picture in pictures.items()}
    return Shown(extraction, "seed", named, {pictures_key(inquiry.drawing, examined.subject): pictures})


def show_further(inquiry: Inquiry, significance: Significance) -> None:
    """What few people need at first: figures, a search, the code, other detectors."""
    show_figures(significance)
    show_search(inquiry.examined.subject.data)
    show_code(text_norms, norm_of, explaining, Differentiated.predict_noise)
    if inquiry.held_out:
        show_detectors(inquiry.denoiser, inquiry.prompt, inquiry.settings, inquiry.held_out)


st.html(STYLE + WRAP)
heading = show_heading("Is this prompt memorised?")
glossary.line(INTRO)
try:
    look_into()
except ValueError as error:
    say_error(error)
