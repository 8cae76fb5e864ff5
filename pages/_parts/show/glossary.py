"""The words a class may not know: what they mean, on hover and on keyboard focus."""

import re
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TERMS = {
    "diffusion model": "A network that has learned to take noise away from pictures. Started on pure noise, it ends "
    "with a picture.",
    "DPM": "Diffusion probabilistic model: the full name of a diffusion model.",
    "noise": "Random numbers added to each colour of each pixel. With enough of it nothing of the picture is left.",
    "timestep": "How much noise is in a picture, as a number: 0 is the clean picture, 999 is noise alone.",
    "step": "One time that the model is asked what the picture is, and some noise is taken away.",
    "estimate": "What the model takes the finished picture to be, at one moment of the way there.",
    "seed": "The number from which the first noise is made. The same model with the same seed draws the same picture.",
    "schedule": "Which timesteps are visited on the way from noise to picture, and how much noise there is at each.",
    "training image": "One of the pictures that the model has learned from.",
    "nearest training image": "Of all pictures the model has learned from, the one that differs least from a "
    "generated picture, pixel by pixel.",
    "distance": "How much two pictures differ: the root of the mean squared difference of all their colours, from 0 "
    "(equal) to 1 (black against white).",
    "d1/d2": "The distance to the nearest training image over that to the second nearest. Near 1: none stands out. "
    "Near 0: one is far nearer than all others, a sign of a copy.",
    "nL2": "Normalised L2: the distance to the nearest training image over half the mean distance to the 50 nearest. "
    "2: none stands out. 0: an exact copy.",
    "score": "A number that says how near a picture is to its nearest training image.",
    "threshold": "The score from which on a picture counts. Whoever moves it changes the result: it means nothing "
    "without its control.",
    "control": "The same score against as many pictures of the same kind that the model has never seen. What happens "
    "there happens by chance.",
    "95 % interval": "The range in which the true share most likely lies: ranges made in this way hold it in 95 of "
    "100 cases. Few pictures make it wide.",
    "AMS": "Average memorisation score: the share of generated pictures that count as copies.",
    "UMS": "Unique memorisation score: the different training images among those copies, for each generated picture.",
    "surrogate": "A small classifier that steers a diffusion model. It is made from nothing but pictures that the "
    "model has drawn.",
    "classifier": "A network that says which of some groups a picture belongs to, and how sure it is.",
    "cluster": "A group of pictures the model has drawn that look nearly alike. Pictures it draws again and again are "
    "likely memorised.",
    "cohesion": "How much alike the pictures of a cluster are: 1 means that they point in one direction.",
    "guidance scale": "λ, lambda: how hard the surrogate pushes each step towards a cluster. 0 leaves the model alone.",
    "fingerprint": "A short code computed from all the numbers of a model or a set of pictures. If one of them "
    "changes, the code changes.",
    "memorised": "Of a training image: the model can bring it back, instead of making a new picture.",
    "calibration": "The scores of 4,096 pictures that the model drew by itself, kept with it: they say how often a "
    "threshold is beaten, and how often by chance.",
    "prompt": "The text that a text-to-image model is given: what its picture is to show.",
    "text norm": "How much the prompt changes the noise that the model predicts, as the length of the difference with "
    "and without the text. Prompts whose picture was memorised change it most.",
    "held-out prompt": "A prompt made of words that the model knows, for a picture that it has never seen: what a "
    "score is held against.",
    "significance": "How much the score changes when what the model is given for one word changes a little.",
    "token": "A piece of text that the model reads as one: mostly a word, or a part of a rare one.",
    "text guidance": "How much further than its own prediction the model is pushed towards the text. 1 is the text "
    "alone.",
    "SIDE": "Surrogate conditional data extraction: steering a model with a surrogate of itself, to bring back what it "
    "has memorised (arXiv 2410.02467).",
}
MARK = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]|]+))?\]\]|\*\*([^*]+)\*\*")
# The tip is dark on light pages and light on dark ones; both have a contrast above 12 : 1.
TIP = {"light": ("#ffffff", "#2b2740"), "dark": ("#1d1a2b", "#eceaf5")}  # text, background
_STYLE = f"""<style>
.glossary {{ max-width: 58rem; margin: 0; line-height: 1.6; }}
.glossary .term {{ position: relative; cursor: help; border-bottom: 2px dotted currentColor; border-radius: 2px; }}
.glossary .term:focus-visible {{ outline: 2px solid currentColor; outline-offset: 2px; }}
.glossary .tip {{
  display: none; position: absolute; left: 0; top: 100%; z-index: 1000; width: max-content; max-width: 19rem;
  padding: 0.6rem 0.8rem; border-radius: 0.5rem; font-size: 0.9rem; line-height: 1.4; font-weight: 400;
  text-align: left; white-space: normal; box-shadow: 0 4px 16px rgb(0 0 0 / 30%);
  color: light-dark({TIP["light"][0]}, {TIP["dark"][0]});
  background: light-dark({TIP["light"][1]}, {TIP["dark"][1]});
}}
.glossary .term:hover > .tip, .glossary .term:focus > .tip {{ display: block; }}
@supports (anchor-scope: all) {{ /* keeps the tip within the window */
  .glossary .term {{ position: static; anchor-name: --term; anchor-scope: --term; }}
  .glossary .tip {{
    position: fixed; position-anchor: --term; left: auto; top: auto; position-area: bottom span-right;
    position-try-fallbacks: flip-inline, flip-block;
  }}
}}
@media (max-width: 640px) {{
  .glossary .tip {{
    position: fixed; position-area: none; left: 1rem; right: 1rem; top: auto; bottom: 1rem; width: auto;
    max-width: none;
  }}
}}
</style>"""


def line(text: str, place: DeltaGenerator | None = None) -> None:
    """Show a sentence or two with its terms underlined, each with its definition on hover and on focus.

    Args:
        text: `[[control]]` marks a term, `[[control|controls]]` shows other words for it, `**bold**` is bold; nothing
            else in it is markup.
        place: an `st.empty()` or a container; left out: where the page stands.

    Raises:
        ValueError: a marked term is not in the glossary.
    """
    body = f'{_STYLE}<p class="glossary">{marked(text)}</p>'
    if place is None:
        st.html(body)
    else:
        place.html(body)


def marked(text: str) -> str:
    """The same as HTML: everything is escaped, terms are spans that can be reached by keyboard.

    Raises:
        ValueError: a marked term is not in the glossary.
    """
    parts, end = [], 0
    for number, found in enumerate(MARK.finditer(text)):
        parts.append(escape(text[end : found.start()]))
        name, shown, bold = found.groups()
        parts.append(f"<b>{escape(bold)}</b>" if bold else term(name, shown or name, f"{len(text)}-{number}"))
        end = found.end()
    return "".join(parts) + escape(text[end:])


def term(name: str, shown: str, suffix: str) -> str:
    """One term as HTML.

    Args:
        name: in the glossary.
        shown: the words on the page.
        suffix: makes its id unique on the page.

    Raises:
        ValueError: it is not in the glossary.
    """
    if name not in TERMS:
        raise ValueError(f"The glossary has no term '{name}': add it, or choose one of {', '.join(TERMS)}.")
    key = f"term-{re.sub(r'[^a-z0-9]+', '-', name.lower())}-{suffix}"
    tip = f'<span class="tip" role="tooltip" id="{key}">{escape(TERMS[name])}</span>'
    return f'<span class="term" tabindex="0" aria-describedby="{key}">{escape(shown)}{tip}</span>'
