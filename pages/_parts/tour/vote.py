"""Vote before you see: six pairs, copy or invention; then what the scores say, and what the class said."""

import secrets
from collections.abc import Mapping

import streamlit as st

from pages._parts.show.figures import figure
from pages._parts.tour import look
from pages._parts.tour.ballot import COPY, INVENTION, Count, answer, checked, count, new_room, vote
from side_core.files.assets import STRIPS
from side_core.sampling.strips import Strip, Strips, read_strips
from side_core.similarity.scores import SCORES

ROOM = "room"  # in the link and in the session
_VOTER = "voter"  # in the session
# Lambda and seed of each pair: three copies, three that are none, one of these hard to tell.
PAIRS = ((0, 2), (0, 9), (20, 5), (0, 7), (20, 14), (20, 0))
_EVERY = 2.0  # seconds between two looks at the votes
_RATIO = SCORES["ratio"]


def show() -> None:
    """The pairs with a vote for each; the count; the answers when they are asked for.

    Raises:
        ValueError: the shipped pictures are missing.
    """
    strips = read_strips(STRIPS["extract"])
    room, voter = _room(), st.session_state.setdefault(_VOTER, secrets.token_hex(8))
    _show_room(strips, room, voter)


def _room() -> str:
    """The room of this session: the link's, or a new one, which then stands in the link."""
    asked = checked(st.query_params.get(ROOM, ""))
    room: str = asked or st.session_state.get(ROOM) or new_room()
    st.session_state[ROOM] = room
    if st.query_params.get(ROOM) != room:
        st.query_params[ROOM] = room
    return room


@st.fragment(run_every=_EVERY)
def _show_room(strips: Strips, room: str, voter: str) -> None:
    """All of it, looked at again now and then, as others vote, too."""
    found = count(room)
    with st.container(key="vote"), st.grid(3, min_column_width=220, gap="small"):
        for number, (scale, seed) in enumerate(PAIRS):
            strip = next(strip for strip in strips.strips if strip.scale == scale)
            with st.container(border=True, gap="xsmall"):
                _show_pair(strip, strips.seeds.index(seed), number, found)
                if not found.answered:
                    _ask(room, voter, number)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Room **{room}** · {found.voters} voted")
        st.button(
            "Vote again" if found.answered else "Show the answers",
            icon=":material/restart_alt:" if found.answered else ":material/visibility:",
            type="secondary" if found.answered else "primary",
            key="answers",
            on_click=answer,
            args=(room, not found.answered),
        )


def _ask(room: str, voter: str, number: int) -> None:
    """Copy or invention?"""
    said = st.segmented_control(
        f"Pair {number + 1}",
        [COPY, INVENTION],
        key=f"vote-{room}-{number}",
        label_visibility="collapsed",
        width="stretch",
    )
    vote(room, voter, number, said)


def _show_pair(strip: Strip, place: int, number: int, found: Count) -> None:
    """A drawn picture beside its nearest training picture; once the answers are shown, what they are."""
    drawn = figure(strip.drawn[place], f"Pair {number + 1}: drawn by the model")
    nearest = figure(strip.nearest[place], f"Pair {number + 1}: its nearest training picture")
    said = f'<p class="small">{number + 1}. drawn | nearest training picture</p>'
    if found.answered:
        said = _answer(strip.scores[place], strip.control_scores[place], found.pairs.get(number, {}))
    look.show(f'<div class="both">{drawn}{nearest}</div>{said}')


def _answer(score: float, control: float, votes: Mapping[str, int]) -> str:
    """What the score says, what the same picture has against faces never seen, and what the class said, in HTML."""
    beats = score < _RATIO.threshold
    word = "Copy" if beats else "No copy by its score"
    class_said = f"{votes.get(COPY, 0)} said copy, {votes.get(INVENTION, 0)} invention"
    return (
        f"<p><b>{'◎ ' if beats else ''}{word}</b>: d₁/d₂ {score:.2f}; against faces never seen {control:.2f}<br>"
        f'<span class="small">{class_said}</span></p>'
    )
