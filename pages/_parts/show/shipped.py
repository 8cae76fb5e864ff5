"""Shipped pictures as a page shows them: before torch is imported, and while lambda is being moved."""

from functools import lru_cache
from typing import Any

import numpy as np

from pages._parts.show.browser.part import part
from pages._parts.show.card import Card, make_card
from pages._parts.show.figures import sheet_of
from side_core.extraction.sentence import in_a_sentence
from side_core.sampling.strips import Strip, Strips
from side_core.similarity.scores import SCORES

_STRIPS = part("strips")


def cards_of_strip(strips: Strips, strip: Strip) -> list[Card]:
    """The pictures of one lambda, by seed."""
    score, encoder, plain = strips.settings["score"], strips.settings["encoder"], strips.strips[0]
    beats = SCORES[score].beats(np.array(strip.scores), strips.threshold)
    steered = strip is not plain
    return [
        make_card(
            str(seed),
            "seed",
            (strip.drawn[place], strip.nearest[place]),
            strip.ids[place],
            (score, strip.scores[place], encoder),
            bool(beats[place]),
            steered,
            plain.scores[place] if steered else None,
        )
        for place, seed in enumerate(strips.seeds)
    ]


def best_of(strips: Strips, strip: Strip) -> int:
    """Place of the picture that is nearest to a copy."""
    return int(SCORES[strips.settings["score"]].order(np.array(strip.scores))[0])


def sentence_of(strips: Strips, strip: Strip) -> tuple[str, str]:
    """What came out at one lambda, and whence it is."""
    plain = strips.strips[0]
    steered = None if strip is plain else plain.training
    sentence = in_a_sentence(strip.training, strip.control, strips.calibrated, steered)
    return sentence, shipped_in_words(strip.scale)


def shipped_in_words(scale: float | None) -> str:
    """Whence pictures are that were shipped."""
    return f"λ = {scale or 0:g}. Shipped with the app, in exact arithmetic."


def follow_slider(strips: Strips, slider: str = "guidance_scale") -> None:
    """Let pair, sentence and cards that follow show what is shipped while a slider is moved.

    Args:
        strips: to show.
        slider: its key.
    """
    _STRIPS(key="strips", data={"slider": slider, **_as_data(strips)})


@lru_cache(4)  # the first look reads its strips anew each time
def _as_data(strips: Strips) -> dict[str, Any]:
    """Strips as the browser has them: all pictures on two sheets."""
    about = []
    for strip in strips.strips:
        sentence, note = sentence_of(strips, strip)
        cards = [card.as_data(pictures=False) for card in cards_of_strip(strips, strip)]
        about.append(
            {"scale": strip.scale, "sentence": sentence, "note": note, "cards": cards, "best": best_of(strips, strip)}
        )
    drawn, training = ([getattr(strip, side) for strip in strips.strips] for side in ("drawn", "nearest"))
    return {"strips": about, "drawn": sheet_of(drawn), "training": sheet_of(training)}
