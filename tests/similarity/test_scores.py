"""Scores against values computed by hand."""

import numpy as np
import pytest

from side_core.similarity.neighbours import Neighbours
from side_core.similarity.scores import SCORES, in_words, scores_of, values_of_neighbours


def neighbours(*distances: list[float]) -> Neighbours:
    """Neighbours at these distances."""
    table = np.array(distances, np.float32)
    return Neighbours(np.zeros(table.shape, np.int64), table)


def test_scores_by_hand() -> None:
    # mean distance 4: normalised L2 = 1 / (0.5 * 4)
    scores = scores_of(neighbours([1, 2, 5, 8]))
    assert (scores.l2[0], scores.nl2[0], scores.ratio[0]) == (1, 0.5, 0.5)


def test_where_no_image_stands_out_the_scores_are_largest() -> None:
    scores = scores_of(neighbours([0.3] * 50))
    assert scores.nl2[0] == pytest.approx(SCORES["nl2"].largest)
    assert scores.ratio[0] == pytest.approx(SCORES["ratio"].largest)


def test_only_the_fifty_nearest_count() -> None:
    scores = scores_of(neighbours([1.0] + [3.0] * 49 + [1000.0] * 10))
    assert scores.nl2[0] == pytest.approx(1 / (0.5 * (1 + 49 * 3) / 50))


@pytest.mark.parametrize("distances", [[0, 1, 2], [0, 0, 2], [0, 0, 0]])
def test_an_exact_copy_scores_nothing_however_often_the_set_holds_it(distances: list[float]) -> None:
    scores = scores_of(neighbours(distances))
    assert (scores.l2[0], scores.nl2[0], scores.ratio[0]) == (0, 0, 0)


def test_each_image_has_its_own_scores_by_every_name() -> None:
    scores = scores_of(neighbours([1, 2], [2, 2], [0, 2]))
    assert scores.by_name("ratio").tolist() == [0.5, 1, 0]
    assert scores.by_name("l2").tolist() == [1, 2, 0]
    assert scores.by_name("nl2") == pytest.approx([1 / 0.75, 2, 0])


def test_one_image_is_not_enough() -> None:
    with pytest.raises(ValueError, match="the set has 1: give 2 or more"):
        scores_of(neighbours([1.0]))


def test_published_thresholds() -> None:
    """Yoon et al. 2023: 1/3 for the ratio; Carlini et al. 2023 call a sample memorised below 1 in normalised L2."""
    assert SCORES["ratio"].threshold == pytest.approx(0.3333333, abs=1e-7)
    assert all(0 < kind.threshold <= kind.largest for kind in SCORES.values())


def test_cosines_follow_from_distances_of_unit_vectors() -> None:
    a, b = np.array([0.6, 0.8, 0, 0]), np.array([1.0, 0, 0, 0])
    rms = float(np.sqrt(((a - b) ** 2).mean()))
    assert scores_of(neighbours([rms, 1.0]), dimensions=4).by_name("cosine") == pytest.approx([0.6])


def test_what_has_no_directions_has_no_cosine() -> None:
    with pytest.raises(ValueError, match=r"^Score 'cosine' compares directions"):
        scores_of(neighbours([1, 2])).by_name("cosine")


def test_fewer_than_fifty_neighbours_are_averaged_over_and_counted() -> None:
    assert scores_of(neighbours([1, 3, 5])).averaged == 3
    assert scores_of(neighbours([1.0] * 60)).averaged == 50


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5])
def test_the_threshold_at_a_rate_lets_no_more_pass_and_is_the_most_generous(name: str, rate: float) -> None:
    kind, values = SCORES[name], np.random.default_rng(0).random(997).round(2)
    threshold = kind.threshold_at(values, rate)
    assert kind.beats(values, threshold).mean() <= rate
    wider = values[~kind.beats(values, threshold) & (values != threshold)]
    if len(wider):
        assert kind.beats(values, kind.best(wider)).mean() > rate


def test_order_and_best_follow_the_direction_of_the_score() -> None:
    values = np.array([0.2, 0.9, 0.5])
    assert SCORES["l2"].order(values).tolist() == [0, 2, 1] and SCORES["l2"].best(values) == 0.2
    assert SCORES["cosine"].order(values).tolist() == [1, 2, 0] and SCORES["cosine"].best(values) == 0.9


def test_the_normalised_l2_of_each_neighbour_by_hand() -> None:
    found = values_of_neighbours(neighbours([1, 2, 5, 8]), "nl2")
    assert found is not None and found.tolist() == [[0.5, 1, 2.5, 4]]
    assert values_of_neighbours(neighbours([1, 2]), "ratio") is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("l2", 0.1, "off by 26 of 255 levels"),
        ("ratio", 0.0, "an exact copy"),
        ("nl2", 0.0, "an exact copy"),
        ("ratio", 0.25, "4.0× nearer than the next image"),
        ("ratio", 0.95, "no image stands out"),
        ("nl2", 0.5, "4.0× nearer than its 50 nearest"),
        ("nl2", 1.9, "no image stands out"),
        ("cosine", 1.0, "0° apart"),
    ],
)
def test_in_words(name: str, value: float, words: str) -> None:
    assert in_words(name, value) == words
