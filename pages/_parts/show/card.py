"""A picture beside its nearest training picture, as pages show it: large, or as a card of a gallery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pages._parts.inputs import view
from pages._parts.show.browser.part import part
from pages._parts.show.figures import source_of
from side_core.settings import EncoderName, ScoreName
from side_core.similarity.scores import SCORES, in_words

_LEAST, _LEAST_OF_A_CLASS = "8.25rem", "6rem"  # width of a card of a gallery
_PAIR, _GALLERY, _SENTENCE = part("pair"), part("gallery"), part("sentence")


@dataclass(frozen=True, eq=False)
class Card:
    """What stands on a card.

    Attributes:
        name: of the picture, by which it is chosen.
        drawn: (H, W, 3) uint8, and what it shows, for who cannot see it.
        training: the same of the nearest training picture.
        score: symbol and value.
        words: what the score says.
        small: in small print, which picture it is.
        beats: whether it beats the threshold.
        below: what is said below the two where they are large.
    """

    name: str
    drawn: tuple[np.ndarray, str]
    training: tuple[np.ndarray, str]
    score: str
    words: str
    small: str
    beats: bool
    below: tuple[str, str]

    @property
    def shape(self) -> str:
        """Width to height, as CSS has it."""
        tall, wide = self.drawn[0].shape[:2]
        return f"{wide} / {tall}"

    def as_data(self, pictures: bool = True) -> dict[str, Any]:
        """The card as the browser has it; without its pictures where these are cut out of a sheet there."""
        data: dict[str, Any] = {"name": self.name, "score": self.score, "words": self.words, "small": self.small}
        data |= {"beats": self.beats, "shape": self.shape, "large": f"{self.score}: {self.words}"}
        for side, (image, alt), below in zip(
            ("drawn", "training"), (self.drawn, self.training), self.below, strict=True
        ):
            data[side] = {"alt": alt, "below": below} | ({"src": source_of(image)} if pictures else {})
        return data


def make_card(
    name: str,
    noun: str,
    images: tuple[np.ndarray, np.ndarray],
    training_id: str,
    judged: tuple[ScoreName, float, EncoderName],
    beats: bool,
    steered: bool,
    twin: float | None = None,
    caption: str | None = None,
    view: str = "",
) -> Card:
    """A card of a picture and its nearest training picture.

    Args:
        name: of the picture.
        noun: what its name is: a seed, or a picture.
        images: (H, W, 3) uint8, it and the training picture.
        training_id: names that.
        judged: score, value and encoder.
        beats: whether the value beats the threshold.
        steered: whether a surrogate has steered it.
        twin: the value of the same seed drawn without the surrogate; None where there is none.
        caption: of the training picture, if it has one.
        view: in which view they were compared, in words; empty: as they are.
    """
    score, value, encoder = judged
    shown, seed = f"{SCORES[score].symbol} {value:.2f}", noun == "seed"
    alt = f"{'Steered' if steered else 'Generated'} {'with seed' if seed else 'picture'} {name}, {shown}"
    words = in_words(score, value, encoder)
    small = [f"seed {name}" if seed else name, *([] if twin is None else [f"plain {twin:.2f}"])]
    made = "drawn by the steered model" if steered else "drawn by the model" if seed else "generated"
    nearest = "nearest training picture" if caption is None else f"nearest training picture: {caption}"
    return Card(
        name,
        (images[0], alt),
        (images[1], f"Its nearest training image, {training_id}"),
        shown,
        f"{words}, {view}" if view else words,
        " · ".join(small if caption is None else [*small, caption]),
        beats,
        (f"{made}, {noun} {name}", nearest),
    )


def show_large(card: Card, key: str = "pair", follows: bool = False) -> None:
    """One pair, large: side by side, blinking, or one wiped away over the other.

    Args:
        card: to show.
        key: unique on the page.
        follows: whether it shows the best of what is shipped while lambda is moved.
    """
    _PAIR(key=key, data={"card": card.as_data(), "follows": follows})


def show_cards(cards: Sequence[Card], key: str = "gallery", follows: bool = False, alone: bool = False) -> str | None:
    """Cards in a grid; returns the name of the one that was chosen right now.

    Args:
        cards: one or more.
        key: unique on the page.
        follows: whether they show what is shipped while lambda is moved.
        alone: whether a card has the picture alone; then four stand side by side, on a phone three.
    """
    least = _LEAST_OF_A_CLASS if view.is_demo() else _LEAST
    data: dict[str, Any] = {"cards": [card.as_data() for card in cards], "shape": cards[0].shape, "least": least}
    data |= {"follows": follows, "alone": alone}
    chosen = _GALLERY(key=key, data=data, on_chosen_change=lambda: None).chosen
    return None if chosen is None else str(chosen)


def show_sentence(sentence: str, note: str = "", key: str = "sentence", follows: bool = False) -> None:
    """What came out in words, as a heading, and a line below it.

    Args:
        sentence: the heading.
        note: below it.
        key: unique on the page.
        follows: whether it says what is shipped while lambda is moved.
    """
    _SENTENCE(key=key, data={"sentence": sentence, "note": note, "follows": follows})
