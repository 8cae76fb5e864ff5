"""Growth, to be dragged: the same noise drawn by both twins, beside their nearest training faces."""

from functools import partial

import numpy as np
import streamlit as st

from pages._parts.runtime.computer import on_computer
from pages._parts.runtime.pictures import PICTURES
from pages._parts.show.figures import figure
from pages._parts.theory.curves import show_curves
from side_core.data.source import open_training_set
from side_core.progress import finish
from side_core.sampling.missing import images_of
from side_core.settings.theory import TheorySettings
from side_core.theory.experiment import Row
from side_core.theory.family import Member
from side_core.theory.growth import COPY, Growth, drawing_of, share_curves, time_curves
from side_core.theory.report import Theory

_PICTURES = 8
_TALL = 340  # pixels
_APART = 0.5  # of the agreement, above which twins are said to draw the same
_STYLE = """<style>
.grown { display: grid; gap: 0.3rem 0.6rem; align-items: center; max-width: 66rem;
  grid-template-columns: minmax(7rem, 12rem) repeat(8, minmax(0, 5.2rem)); }
.grown p { margin: 0; line-height: 1.25; } .grown small { opacity: 0.85; }
.grown figure { margin: 0; }
.grown img { width: 100%; image-rendering: pixelated; border-radius: 3px; display: block; }
.grown .copy img { outline: 3px solid #d14a8b; outline-offset: -1px; }
.grown .next { margin-top: 0.7rem; }
@media (max-width: 640px) {
  .grown { grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 0.3rem; }
  .grown p { grid-column: 1 / -1; }
}
</style>"""


def show_growth(report: Theory, live: bool) -> None:
    """Two sliders with the pictures there, and the curves.

    Args:
        report: what there is.
        live: whether more is to come.
    """
    assert isinstance(report.experiment, Growth)
    if not live:
        _show_pictures(report.experiment, report.settings, report.rows)
    left, right = st.columns(2, gap="medium")
    with left:
        show_curves(
            share_curves(report.rows),
            "training images N",
            "share, or cosine",
            f"n-{report.done}-{live}",
            log_x=True,
            tall=_TALL,
        )
    with right:
        show_curves(
            time_curves(report.rows),
            "steps for each training image",
            "copies",
            f"t-{report.done}-{live}",
            log_x=True,
            tall=_TALL,
        )


@st.fragment
def _show_pictures(experiment: Growth, settings: TheorySettings, rows: list[Row]) -> None:
    """The sliders and what they choose."""
    family = experiment.family
    sizes = sorted({member.size for member in family})
    left, right = st.columns(2, gap="medium")
    with left:
        size = st.select_slider(
            "Training images N",
            sizes,
            sizes[0],
            key="seen_size",
            format_func="{:,}".format,
            help="How many pictures each of the two models was trained on.",
        )
    known = {member.steps: member for member in family if member.size == size}
    with right:
        if len(known) > 1:
            steps = st.select_slider(
                "Training time, in steps", list(known), max(known), key=f"seen_steps_{size}", format_func="{:,}".format
            )
        else:
            (steps,) = known
            ways = sorted({member.size for member in family if not member.final})
            named = " and ".join(f"N = {way:,}" for way in ways)
            st.caption(f"After {steps:,} steps, as all of them. {f'{named} is also there on the way.' if ways else ''}")
    member = known[int(steps)]
    row = next((row for row in rows if (row["size"], row["steps"]) == (member.size, member.steps)), None)
    if row is not None:
        st.subheader(in_words(row), anchor=False)
    cells = on_computer(partial(_cells, member, settings))
    st.html(f'{_STYLE}<div class="grown">{"".join(cells)}</div>')


def in_words(row: Row) -> str:
    """What a model of the family does, before its figures."""
    copied, alike = row["copied"], row["agreement"]
    if copied >= 0.9:
        said = "It copies"
    elif copied > row["control_copied_high"] and copied >= 0.05:
        said = f"{100 * copied:.0f} % are copies"
    else:
        said = "It invents"
    if alike is None:
        return f"{said}."
    if alike > _APART and alike > row["chance_high"]:
        return f"{said}; two models that share no training picture draw much the same from one noise."
    return f"{said}; two models that share no training picture draw different pictures from one noise."


def _cells(member: Member, settings: TheorySettings) -> list[str]:
    """The grid as HTML: of each twin what it draws, and what that is nearest to."""
    found, sides = [], [("The model", member.model, member.data)]
    if member.twin is not None and member.twin_data is not None:
        sides.append(("Its twin", member.twin, member.twin_data))
    for place, (title, model, source) in enumerate(sides):
        images = images_of(finish(drawing_of(model, settings.seed, PICTURES, _PICTURES)))
        drawn = np.stack([images[seed] for seed in sorted(images)])
        near, ratio = _nearest(drawn, open_training_set(source).images)
        found.append(_title(f"{title} draws", "the same noise in each column", "next" if place else ""))
        for seed, image, value in zip(sorted(images), drawn, ratio, strict=True):
            copy = value < COPY
            cell = figure(image, f"{title}, seed {seed}{', a copy' if copy else ''}")
            found.append(f'<div class="copy">{cell}</div>' if copy else f"<div>{cell}</div>")
        found.append(_title("nearest to it", f"of its {member.size:,} training faces"))
        found += [f"<div>{figure(image, 'Nearest training face')}</div>" for image in near]
    return found


def _title(name: str, about: str, kind: str = "") -> str:
    """What stands before a row."""
    return f'<p class="{kind}"><b>{name}</b><br><small>{about}</small></p>'


def _nearest(drawn: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of some images to each picture, and d1/d2."""
    flat, rows = drawn.reshape(len(drawn), -1).astype(np.float32), images.reshape(len(images), -1).astype(np.float32)
    squares = (flat**2).sum(1)[:, None] + (rows**2).sum(1) - 2 * flat @ rows.T
    order = np.argsort(squares, axis=1)[:, :2]
    near = np.sqrt(np.maximum(np.take_along_axis(squares, order, 1), 0))
    return images[order[:, 0]], near[:, 0] / np.maximum(near[:, 1], 1e-9)
