"""Captions that can say all of a face, in changing words: what the embedded CLIP model learns from.

Those of the text-to-image model (`side_core.data.captioned`) say less, on purpose; a search wants colours too.
"""

from collections.abc import Mapping

import numpy as np

from side_core.data.captioned import caption_of
from side_core.data.names import FAMILY, GIVEN, TEMPLATE_FAMILY

HAIR_COLOURS = {
    "#bd1700": "red",
    "#cab188": "blond",
    "#a78961": "dark blond",
    "#83623b": "light brown",
    "#603015": "brown",
    "#603a14": "brown",
    "#612616": "auburn",
    "#611c17": "auburn",
    "#28150a": "black",
    "#009bbd": "blue",
    "#91cb15": "green",
}
HAT_COLOURS = {
    "#a62116": "red",
    "#cc6192": "pink",
    "#614f8a": "purple",
    "#2663a3": "blue",
    "#3d8a6b": "green",
    "#989789": "grey",
    "#2e1e05": "black",
}
CLOTHES_COLOURS = {
    "#ae0001": "dark red",
    "#d11141": "red",
    "#ff6f69": "coral",
    "#ffc425": "yellow",
    "#ffd969": "light yellow",
    "#ffeead": "cream",
    "#00b159": "green",
    "#44c585": "light green",
    "#88d8b0": "mint",
    "#5bc0de": "light blue",
    "#428bca": "blue",
    "#03396c": "navy",
}
ABSENT = {"hat": "hat", "glasses": "glasses", "beard": "beard", "accessories": "earrings"}  # how it is called
_MOODS = {"happy": ("happy", "smiling"), "sad": ("sad", "frowning")}
_OPENINGS = ("", "a face with ", "a person with ", "pixel face, ", "portrait of a face with ")
_JOINTS = (", ", " and ")
_ALL_NAMES = FAMILY + TEMPLATE_FAMILY
_LOUD, _QUIET = ("clothes", "background"), 4.0  # large areas are learnt at once: what is small is said so much oftener
PLAIN = 0.2  # share of captions that are just like those of the text-to-image model
_NAMED = 0.4  # share of captions of any kind that begin with a name

Aspects = dict[str, tuple[str, ...]]


def aspects_of(attributes: Mapping[str, str]) -> Aspects:
    """What can be said of a face: for each aspect the ways to say it, the fullest one first.

    Args:
        attributes: of one face, as the pixel faces have them.
    """
    length = "long" if attributes["hair"].startswith("long") else "short"
    hair = HAIR_COLOURS[attributes["hair_color"]]
    clothes = CLOTHES_COLOURS[attributes["clothes_color"]]
    aspects: Aspects = {"hair": (f"{length} {hair} hair", f"{length} hair", f"{hair} hair")}
    for name, word in ABSENT.items():
        aspects[name] = (word,) if attributes[name] != "none" else (f"no {word}",)
    if attributes["hat"] != "none":
        aspects["hat"] = (f"{HAT_COLOURS[attributes['hat_color']]} hat", "hat")
    if attributes["glasses"] != "none":
        dark = attributes["glasses"].startswith("dark")
        aspects["glasses"] = ("dark glasses",) if dark else ("glasses", "light glasses")
    aspects["clothes"] = (f"{clothes} clothes", f"{clothes} shirt")
    aspects["mouth"] = _MOODS["happy" if attributes["mouth"].startswith("happy") else "sad"]
    aspects["background"] = (f"{attributes['background']} background",)
    return aspects


def full_description(attributes: Mapping[str, str]) -> str:
    """All that can be said of a face, without a name; what it lacks is left out."""
    phrases = (ways[0] for ways in aspects_of(attributes).values())
    return "a face with " + ", ".join(phrase for phrase in phrases if not phrase.startswith("no "))


def described(attributes: Mapping[str, str], random: np.random.Generator) -> str:
    """A caption of a face: some of its aspects, in some order and some words; names are drawn and mean nothing.

    Args:
        attributes: of one face.
        random: the source of every choice.
    """
    given, family = GIVEN[random.integers(len(GIVEN))], _ALL_NAMES[random.integers(len(_ALL_NAMES))]
    kind = random.random()
    if kind < PLAIN:
        return caption_of(given, family, attributes)
    aspects = aspects_of(attributes)
    keys = random.random(len(aspects)) ** [1 if name in _LOUD else 1 / _QUIET for name in aspects]
    chosen = sorted(zip(-keys, aspects.values(), strict=True))[: random.integers(1, len(aspects) + 1)]
    phrases = [ways[random.integers(len(ways))] for _, ways in chosen]
    random.shuffle(phrases)
    if kind < PLAIN + _NAMED:
        return f"portrait of {given} {family}, {', '.join(phrases)}"
    joint = _JOINTS[random.integers(len(_JOINTS))] if len(phrases) < 4 else _JOINTS[0]
    return _OPENINGS[random.integers(len(_OPENINGS))] + joint.join(phrases)
