"""The steps of the tour: what each says, shows, how it plays, and which lines of side_core do it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pages._parts.tour import comeback, guess, nearest, noise, proof, steer, vote
from pages._parts.tour.stage import FACES
from side_core.extraction.calibration import Calibration
from side_core.sampling.sampler import sample
from side_core.similarity import neighbours, scores
from side_core.stats.rate import rate
from side_core.surrogate.classifier import probabilities
from side_core.surrogate.noise import noised
from side_core.surrogate.steering import Steering
from side_core.theory.path import noised_rows
from side_core.theory.returning import came_back


@dataclass(frozen=True)
class Step:
    """One step of the tour.

    Attributes:
        name: in the link.
        title: what it shows.
        words: two or three sentences, with marks for `pages._parts.show.glossary`.
        show: draws the demo with its controls.
        code: what of side_core does it.
        play: the key of its control, and the positions that it goes through where it plays.
    """

    name: str
    title: str
    words: str
    show: Callable[[], None]
    code: tuple[Callable[..., Any], ...] = ()
    play: tuple[str, Sequence[Any]] | None = None


STEPS = (
    Step(
        "1",
        "From noise to a face",
        "A [[diffusion model]] starts with pure [[noise]] and takes a little of it away in each [[step]]. All along it "
        "has an [[estimate]] of the finished picture. **Move the slider**: when can you tell who it will be?",
        noise.show,
        (sample,),
        ("at", range(1, 26)),
    ),
    Step(
        "vote",
        "Copy, or invention?",
        "Left, what the model has drawn; right, the [[nearest training image|training picture]] that is nearest to it. "
        "**Vote before you see** what the [[score]] says, and what the same picture has against faces never seen.",
        vote.show,
    ),
    Step(
        "2",
        "New, or remembered?",
        "Each face below was drawn by the model. Beside it are the four [[training image|training images]] that are "
        "nearest, the bar is the [[distance]]. If one is **far nearer than all the others**, [[d1/d2|d₁/d₂]] is small.",
        nearest.show,
        (neighbours.nearest, scores.scores_of),
        ("face", tuple(map(str, FACES))),
    ),
    Step(
        "3",
        "A surrogate learns what comes back",
        "The [[surrogate]] has seen nothing but pictures drawn by the model. It has learned to tell apart "
        "[[cluster|clusters]] of pictures that look alike, **even through noise**. **Add noise**: how long is it sure?",
        guess.show,
        (noised, probabilities),
        ("noise", range(0, 1000, 50)),
    ),
    Step(
        "4",
        "The surrogate steers the model",
        "While the model draws, the surrogate pushes each step towards a cluster, with the strength "
        "[[guidance scale|λ]]. The same [[seed|seeds]] that gave new faces now give back [[training image|training "
        "images]].",
        steer.show,
        (Steering.guide,),
        ("lam", steer.SCALES),
    ),
    Step(
        "5",
        "What a score does not prove",
        "Any [[threshold]] finds “copies” if one moves it far enough: only the [[control]] tells how many come by "
        "chance. And the [[score]] compares pixel by pixel: **flip a copy**, and it is not found.",
        proof.show,
        (Calibration.control_rate, rate, scores.scores_of),
        ("limit", tuple(round(0.05 * step, 2) for step in range(21))),
    ),
    Step(
        "6",
        "How much noise can it take?",
        "A [[training image|training face]] and a face the model never saw are buried in [[noise]], and the model "
        "takes it away again. **More noise**: whose face comes back? What is known by heart needs little of itself.",
        comeback.show,
        (noised_rows, came_back),
        ("buried", comeback.TIMESTEPS),
    ),
)
