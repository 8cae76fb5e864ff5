"""Methods side by side: one threshold for all, ratios with intervals that hold what they promise."""

from dataclasses import dataclass

import numpy as np
import pytest

from side_core.evaluation.comparison import common_threshold, compare, different_of
from side_core.extraction.matching import Match
from side_core.extraction.references import Side
from side_core.settings import EvaluateSettings
from side_core.similarity.neighbours import Neighbours
from side_core.similarity.scores import Scores

ROWS = 200


def side(ratio: np.ndarray, rows: np.ndarray) -> Side:
    neighbours = Neighbours(np.stack([rows, rows + 1], axis=1), np.ones((len(rows), 2), np.float32))
    return Side(neighbours, Scores(ratio, ratio, ratio, None, 2), ROWS)


@dataclass(frozen=True)
class World:
    """A method that brings back a training image with some probability, out of so many."""

    rate: float
    known: int

    def match(self, count: int, seed: int) -> Match:
        random = np.random.default_rng(seed)
        hit = random.random(count) < self.rate
        training = side(np.where(hit, 0.1, 0.9), random.integers(0, self.known, count))
        control = side(random.uniform(0.4, 1.0, count), random.integers(0, ROWS, count))
        return Match(
            np.empty((count, 1, 1, 3), np.uint8), tuple(map(str, range(count))), training, training, control, None
        )


def test_the_threshold_is_the_largest_at_which_every_control_rate_is_small_enough() -> None:
    matches = {name: World(0.1, 50).match(1000, seed) for name, seed in (("plain", 0), ("side", 1))}
    threshold = common_threshold(matches, "ratio", 0.005)
    rates = [(item.control.scores.ratio < threshold).mean() for item in matches.values() if item.control]
    assert max(rates) <= 0.005
    larger = np.nextafter(threshold, 1) + 1e-12
    assert max((item.control.scores.ratio < larger).mean() for item in matches.values() if item.control) > 0.005


def test_figures_of_methods_with_known_rates() -> None:
    matches = {"plain": World(0.1, 100).match(4000, 0), "side": World(0.3, 100).match(4000, 1)}
    found = compare(matches, EvaluateSettings(rarefied=1000))
    side_figures, plain = found.figures["side"], found.figures["plain"]
    assert side_figures.ams.share == pytest.approx(0.3, abs=0.03)
    assert side_figures.ams_ratio.low < 3 < side_figures.ams_ratio.high
    assert side_figures.ams_ratio.low > 2.3
    expected = [100 * (1 - (1 - 1 / 100) ** (1000 * rate)) for rate in (0.3, 0.1)]  # 95 and 63 different ones
    assert side_figures.different.value == pytest.approx(expected[0], rel=0.05)
    assert plain.different.value == pytest.approx(expected[1], rel=0.1)
    assert side_figures.different_ratio.low < expected[0] / expected[1] < side_figures.different_ratio.high
    assert (plain.ams_ratio.value, plain.different_ratio.value) == (1, 1)


def test_a_method_of_many_copies_of_a_few_images_is_seen_as_one() -> None:
    """Three times as many hits, but a tenth of the images: AMS rises and the number of different images falls."""
    matches = {"plain": World(0.1, 100).match(4000, 0), "side": World(0.3, 10).match(4000, 1)}
    figures = compare(matches, EvaluateSettings(rarefied=1000)).figures["side"]
    assert figures.ams_ratio.low > 2 and figures.different_ratio.high < 0.3
    assert figures.all_different == 10


def test_the_interval_of_different_images_holds_what_new_samples_bring() -> None:
    known, rate, count = 300, 0.2, 500
    inside = 0
    for seed in range(40):
        world = World(rate, known).match(4000, seed)
        hits, rows = world.training.scores.ratio < 0.5, world.training.neighbours.rows[:, 0]
        interval, _ = different_of((hits, rows), (hits, rows), count)
        fresh = World(rate, known).match(count, 1000 + seed)
        new = len(np.unique(fresh.training.neighbours.rows[:, 0][fresh.training.scores.ratio < 0.5]))
        inside += interval.low <= new <= interval.high
    assert inside >= 34


def test_methods_are_compared_on_the_seeds_that_both_have() -> None:
    plain = World(0.5, 50).match(100, 0)
    side_match = plain.__class__(
        plain.images[:40],
        plain.names[:40],
        *(
            side(part.scores.ratio[:40], part.neighbours.rows[:40, 0])
            for part in (plain.training, plain.training, plain.control)
        ),
        None,  # type: ignore[arg-type, union-attr]
    )
    figures = compare({"plain": plain, "side": side_match}, EvaluateSettings()).figures["side"]
    assert figures.ams.count == 40 and figures.ams_ratio.value == 1.0


def test_without_a_control_nothing_is_compared() -> None:
    alone = World(0.5, 50).match(100, 0)
    bare = Match(alone.images, alone.names, alone.training, alone.training, None, None)
    with pytest.raises(ValueError, match=r"name a control"):
        compare({"plain": bare}, EvaluateSettings())
