"""Step 2: the nearest training image of a generated face, and the score that is made of two distances."""

import streamlit as st

from pages._parts.show.figures import figure
from pages._parts.tour import look
from pages._parts.tour.stage import FACES, matched, paths, subject
from side_core.similarity.scores import SCORES, in_words

NEIGHBOURS = 4
_RATIO = SCORES["ratio"]
_ROOM = 1.1  # times the largest distance that is shown


def choose_face() -> int:
    """Eight generated faces to choose from, kept in the URL as `face`; the position of the chosen one."""
    seeds = [str(seed) for seed in FACES]
    faces = [figure(image, f"Generated face, seed {seed}") for seed, image in zip(seeds, paths().images, strict=True)]
    look.show(f'<div class="faces">{"".join(faces)}</div>')
    chosen = st.segmented_control(
        "Generated face, by its seed",
        seeds,
        default=seeds[0],
        required=True,
        key="face",
        bind="query-params",
        width="stretch",
        label_visibility="collapsed",
    )
    return seeds.index(str(chosen))


def show() -> None:
    """A chosen face, its nearest training images by distance, and d1/d2 from the very numbers."""
    place = choose_face()
    match, data = matched(), subject().data
    near = match.training.neighbours
    rows, distances = near.rows[place, :NEIGHBOURS], near.distances[place, :NEIGHBOURS]
    score = float(match.training.scores.ratio[place])
    lanes = []
    for rank, (row, distance) in enumerate(zip(rows, distances, strict=True)):
        name = f"d{'₁₂₃₄'[rank]} = {distance:.3f}"
        alt = f"Training image {data.ids[row]}, number {rank + 1} by distance, {distance:.3f}"
        share = distance / (_ROOM * distances[-1])
        look_of = ("first", "second", "", "")[rank]
        lanes.append(look.lane(share, look_of, name, "", [figure(data.images[row], alt)]))
    seed = FACES[place]
    own = figure(match.images[place], f"Generated face, seed {seed}", f"generated, seed {seed}")
    total = _sum_of(float(distances[0]), float(distances[1]), score)
    look.show(f'<div class="beside">{own}<div class="lanes">{"".join(lanes)}</div></div>{total}')
    st.caption(_what_it_is_worth(place))


def _sum_of(first: float, second: float, score: float) -> str:
    """The score as a division that anybody can check, in HTML."""
    mark = ' <span class="mark">below ⅓</span>' if score < _RATIO.threshold else ""
    return (
        f'<p class="big">d₁ / d₂ = {first:.3f} / {second:.3f} = {score:.2f}{mark}</p>'
        f"<p>The nearest training image: {in_words('ratio', score)}.</p>"
    )


def _what_it_is_worth(place: int) -> str:
    """The same face against the control, and how often the threshold is beaten by chance."""
    match, calibration = matched(), subject().calibration
    assert match.control is not None and calibration is not None  # the embedded model has both
    rate = calibration.control_rate("pixel", "ratio", _RATIO.threshold)
    return (
        f"Against as many faces that the model has never seen, the same picture has d₁/d₂ = "
        f"{match.control.scores.ratio[place]:.2f}. By chance, against those, a score below ⅓ was reached by {rate} "
        "plain pictures."
    )
