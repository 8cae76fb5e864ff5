"""Shipped pictures as a page shows them: before torch is imported, and while lambda is being moved."""

from functools import lru_cache
from typing import Any

import numpy as np

from pages._parts.show.browser.part import part
from pages._parts.show.card import Card
from pages._parts.show.figures import sheet_of
from side_core.extraction.sentence import in_a_sentence
from side_core.sampling.strips import Strip, Strips
from side_core.similarity.scores import SCORES, in_words

_STRIPS = part("strips")


def cards_of_strip(strips: Strips, strip: Strip) -> list[Card]:
    """The pictures of one lambda, by seed."""
    kind, plain, found = SCORES[strips.settings["score"]], strips.strips[0], []
    beats = kind.beats(np.array(strip.scores), strips.threshold)
    for place, seed in enumerate(strips.seeds):
        value, steered = strip.scores[place], strip is not plain
        score = f"{kind.symbol} {value:.2f}"
        found.append(
            Card(
                str(seed),
                (strip.drawn[place], f"{'Steered' if steered else 'Generated'} with seed {seed}, {score}"),
                (strip.nearest[place], f"Its nearest training image, {strip.ids[place]}"),
                score,
                in_words(strips.settings["score"], value, strips.settings["encoder"]),
                f"seed {seed} · plain {plain.scores[place]:.2f}" if steered else f"seed {seed}",
                bool(beats[place]),
                below(str(seed), "seed", steered),
            )
        )
    return found


def below(name: str, noun: str, steered: bool) -> tuple[str, str]:
    """What is said below a large pair."""
    made = "drawn by the model" if noun == "seed" else "generated"
    return f"{'drawn by the steered model' if steered else made}, {noun} {name}", "nearest training picture"


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
