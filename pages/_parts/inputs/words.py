"""Options in words: what a list shows, while links, files and commands keep the option itself."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "mode": {"exact": "Exact", "fast": "As fast as it goes"},
    "spacing": {
        "leading": "Even, from the image on",
        "trailing": "Even, from pure noise on",
        "linspace": "Even, both ends",
        "quadratic": "Denser near the image",
        "karras": "By noise level (Karras)",
    },
    "solver": {"ddim": "DDIM", "multistep": "DPM-Solver++, second order"},
    "clip": {"off": "Never", "clip": "The estimate", "clip-recompute": "The estimate and the noise"},
    "label": {"uniform": "Any, at random", "balanced": "Each in turn"},
    "guidance_shape": {"constant": "The same at every step", "ramp": "Rising", "cosine": "Rising, then falling"},
    "encoder": {
        "pixel": "Colours, pixel by pixel",
        "dpm": "The model's own features",
        "clip": "CLIP features",
        "sscd": "SSCD features",
    },
    "score": {
        "ratio": "Nearest against second nearest",
        "nl2": "Nearest against the 50 nearest",
        "l2": "Distance to the nearest",
        "cosine": "Angle to the nearest",
    },
    "experiment": {
        "divergence": "Distance to the training pictures",
        "labels": "What labels do to that",
        "growth": "From copying to inventing",
        "return": "How much noise a picture can stand",
    },
    "task": {"prompt": "One prompt, without and with", "triggers": "Find prompts that bring copies"},
    "form": {"path": "Against the ideal denoiser", "likelihood": "By likelihood (slow)", "both": "Both"},
    "objective": {
        "labels": "Learn the labels",
        "distilled": "Learn from a teacher",
        "time-independent": "Ignore noise",
    },
    "label_source": {
        "duplicates": "Pictures drawn again and again",
        "clusters": "Clusters by k-means",
        "random": "At random (a control)",
        "cells": "Random cells of the features (a control)",
    },
}


def shown(field: str, option: str) -> str:
    """An option in words; itself where it has none."""
    return WORDS.get(field, {}).get(option, option)


def with_options(field: str, description: str | None, known: list[str]) -> str:
    """A help text that also says what each option of a list is called in links and commands."""
    words = WORDS.get(field, {})
    named = [f"`{option}`: {words[option]}" for option in known if option in words]
    return "  \n".join([*([description] if description else []), *named])
