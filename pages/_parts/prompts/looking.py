"""One prompt looked into, or two side by side: words, scores, and what they draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import view
from pages._parts.links.link import PROMPTS, Opening
from pages._parts.prompts import inputs
from pages._parts.prompts.copies import matched, show_alone, show_evidence, show_pictures
from pages._parts.prompts.detectors import show_detectors
from pages._parts.prompts.forming import pictures_now
from pages._parts.prompts.held_out import fill_in, known_now
from pages._parts.prompts.inputs import Inquiry
from pages._parts.prompts.look import HIDE_NOTHING, HIDE_STALE
from pages._parts.prompts.measuring import norms_now, prompts_held_out, words_now
from pages._parts.prompts.prompt import edited_input, prompt_input
from pages._parts.prompts.score import Panel, Standing, standing_of, without_held_out
from pages._parts.prompts.search import show_search
from pages._parts.prompts.subject import examine, offer_text
from pages._parts.prompts.tried import Tried, note, show_tried, tried
from pages._parts.prompts.words import show_figures, show_words
from pages._parts.runtime.pictures import PICTURES
from pages._parts.runtime.recording import keep_run
from pages._parts.show.code import show_code
from pages._parts.show.detail import show_detail
from pages._parts.show.heading import offer_link
from pages._parts.show.reading import show_reading
from pages._parts.show.shown import Shown
from pages._parts.show.text import plain, show_notes
from side_core.dpm.text.tokens import need_prompt
from side_core.extraction.pairs import copies_in_words
from side_core.extraction.subject import sample_sets
from side_core.prompts.explain import Differentiated, Significance, explaining
from side_core.prompts.held_out import HeldOut
from side_core.prompts.norms import norm_of, score_of, text_norms
from side_core.sampling.prompt import check_prompt

_LOOKED_INTO = "looked_into"  # in the session: what the page has shown to the end
_SIDES = ("as typed", "edited")


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the results go.

    Attributes:
        pictures: of each prompt, what came out and the pictures.
        evidence: of each prompt, the training pictures and counts.
        detectors: the other detectors.
    """

    pictures: tuple[DeltaGenerator, ...]
    evidence: tuple[DeltaGenerator, ...]
    detectors: DeltaGenerator


def look_into(heading: DeltaGenerator, first: DeltaGenerator) -> None:
    """One prompt, or two side by side: words and scores, then pictures while they form.

    Args:
        heading: where the link goes.
        first: where shipped pictures are, until there is something of now.

    Raises:
        ValueError: something cannot be opened, scored or drawn.
    """
    with st.sidebar:
        chosen = inputs.model_input()
        offer_text(chosen["model"])
        chosen |= inputs.drawing_inputs()
        with view.detail("more").expander("More"):
            chosen |= inputs.more_inputs(chosen["model"])
    with st.container():  # what shows progress now and then lies in one: what follows keeps its place
        examined = examine(chosen)
    first.empty()
    with st.sidebar:
        choices = inputs.choices_for(chosen, examined)
    prompt = need_prompt(prompt_input(examined.examples, [item.prompt for item in tried(choices.digest)]))
    words = st.container(key="prompt-words")
    words.empty()  # so that it is there, with the room it takes
    edited, replacing = edited_input(prompt, view.detail("edit"))
    looked_into = (prompt, choices.prompts.digest, choices.held_out)
    st.html(HIDE_NOTHING if st.session_state.get(_LOOKED_INTO) == looked_into else HIDE_STALE)
    prompts = [prompt, edited] if edited else [prompt]
    for text in prompts:
        check_prompt(need_prompt(text), examined.denoiser)
    offer_link(heading, Opening(PROMPTS, inputs.values_of(choices, prompt, edited)))
    with st.container():
        for text in prompts:
            show_reading(examined.denoiser.tokens(text), examined.denoiser.context)
    with st.container():
        held_out = prompts_held_out(choices.prompts.model, choices.held_out)
        inquiries = [Inquiry(text, examined, choices, held_out) for text in prompts]
    with st.container():
        values = [float(score_of(norms_now(examined.denoiser, text, choices.prompts)[None])[0]) for text in prompts]
    if view.is_demo():  # all on one screen: the score at the left, the pictures at the right
        left, right = st.columns([2, 3], gap="medium")
    else:
        left, right = st.container(), st.container()
    with left:
        panel, filling = Panel(), st.container()
    standings = _show_standings(inquiries, values, panel)
    with st.container():
        significance = words_now(examined.denoiser, prompt, choices.prompts)
    with words:
        show_words(prompt, edited, significance, examined.knows_names, replacing)
    with right, st.container(key="prompt-results"):
        places = _make_places(len(prompts))
        shown: list[Shown | None] = []
        for side, (inquiry, standing) in enumerate(zip(inquiries, standings, strict=True)):
            shown.append(_show_side(inquiry, standing, side, places))
            if not _is_complete(inquiry):  # stopped, or it waits for a click: one thing after the other
                break
        before = view.detail("before").empty()
        _show_before(choices.digest, prompts, before)
        further = view.detail("further")
        _show_rest(shown)
        if standings[0] is not None and standings[0].threshold is None:
            with filling:
                fill_in(inquiries[0], lambda known: _show_standings(inquiries, values, panel, known))
        with further:
            _show_further(inquiries[0], significance)
        if held_out and all(shown) and len(shown) == len(prompts):
            with places.detectors:  # last, as it may take a while
                show_detectors(examined.denoiser, prompts, choices.prompts, held_out)
    st.session_state[_LOOKED_INTO] = looked_into


def _make_places(count: int) -> _Places:
    """One prompt has its evidence beside it; of two, each has its own below it; a class sees pairs instead."""
    if view.is_demo():
        columns = tuple(st.columns(count))
        hidden = view.detail("evidence")
        return _Places(columns, (hidden,) * count, view.detail("detectors"))
    if count == 1:
        left, right = st.columns([3, 2], gap="large")
        return _Places((left,), (right.container(),), right.container(key="detectors"))
    columns = tuple(st.columns(2, gap="large"))
    pictures = tuple(column.container() for column in columns)
    return _Places(pictures, tuple(column.container() for column in columns), st.container(key="detectors"))


def _show_standings(
    inquiries: Sequence[Inquiry], values: Sequence[float], panel: Panel, held_out: HeldOut | None = None
) -> list[Standing | None]:
    """The scores beside the held-out prompts that are scored so far; None where there are none at all.

    Args:
        inquiries: one prompt or two.
        values: their scores.
        panel: where they are shown.
        held_out: those that are scored; left out: what is known of them.
    """
    first = inquiries[0]
    if not first.held_out:
        without_held_out(values[0])
        return [None] * len(inquiries)
    digest, known = first.choices.digest, held_out or known_now(first)
    standings = [standing_of(value, known, len(first.held_out), first.settings) for value in values]
    for inquiry, standing in reversed(list(zip(inquiries, standings, strict=True))):
        note(Tried(inquiry.prompt, digest, standing.value, standing.counts))
    now = {inquiry.prompt for inquiry in inquiries}
    before = [(item.prompt, item.score) for item in tried(digest) if item.prompt not in now]
    panel.show(standings[0], before, *standings[1:])
    return list(standings)


def _show_before(settings: str, prompts: Sequence[str], place: DeltaGenerator) -> None:
    """What was tried before with these settings, in its place."""
    with place.container():
        show_tried(settings, prompts)


def _show_side(inquiry: Inquiry, standing: Standing | None, side: int, places: _Places) -> Shown | None:
    """What a prompt draws, and the training pictures it is nearest to. None where nothing is compared."""
    examined = inquiry.examined
    with places.pictures[side]:
        with st.container(gap=None):
            if len(places.pictures) > 1:
                st.markdown(f"**{_SIDES[side].capitalize()}:** {plain(inquiry.prompt)}")
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
        (samples,) = sample_sets(inquiry.drawing, examined.subject)
        named = {str(seed): picture for seed, picture in pictures.items()}
        shown = Shown(extraction, "seed", named, {samples.key: pictures})
        chosen = show_pictures(shown, str(side))
    with places.evidence[side]:
        show_evidence(extraction, str(side))
    if chosen is not None:
        show_detail(extraction, shown.noun, shown.paths, chosen)
    return shown


def _is_complete(inquiry: Inquiry) -> bool:
    """Whether all pictures of a prompt are drawn."""
    (samples,) = sample_sets(inquiry.drawing, inquiry.examined.subject)
    return not samples.missing(PICTURES)


def _show_rest(shown: Sequence[Shown | None]) -> None:
    """What is said in small print: notes, and where the runs are kept."""
    found = [each for each in shown if each is not None]
    if found:
        with view.detail("notes"):
            show_notes(found[0].extraction.notes)
    with view.detail("kept"):
        for each in reversed(found):
            keep_run(each.extraction, each.drawn)


def _show_further(inquiry: Inquiry, significance: Significance) -> None:
    """What few people need at first: figures, a search, the code."""
    show_figures(significance)
    show_search(inquiry.examined.subject.data)
    show_code(text_norms, norm_of, explaining, Differentiated.predict_noise)
