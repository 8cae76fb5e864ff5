"""Quality beside extraction: distance and coverage by closed forms."""

import numpy as np
import pytest

from side_core.similarity.quality import frechet_distance, kernel_distance, quality_reference


def normal(count: int, mean: float, spread: float, seed: int, dimensions: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, spread, (count, dimensions))


def test_frechet_distance_of_normal_samples_is_the_closed_form() -> None:
    """Between N(0, I) and N(2, 9 I) in 3 dimensions: 3 * 2^2 + 3 * (1 - 3)^2 = 24."""
    found = frechet_distance(normal(40_000, 0, 1, 0), normal(40_000, 2, 3, 1))
    assert found == pytest.approx(24, rel=0.02)


def test_frechet_distance_is_symmetric_and_0_to_itself() -> None:
    one, two = normal(200, 0, 1, 0), normal(300, 1, 2, 1)
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_a_collapse_to_one_image_lowers_coverage_and_raises_the_distance() -> None:
    control = normal(300, 0, 1, 0, 8)
    reference = quality_reference(control)
    varied, collapsed = reference.judge(normal(300, 0, 1, 1, 8)), reference.judge(control[:1].repeat(300, axis=0))
    assert varied.coverage > 0.8 > 0.1 > collapsed.coverage
    assert varied.frechet < 0.5 < collapsed.frechet


def test_coverage_counts_control_images_with_a_neighbour_in_reach() -> None:
    """On a line of integers the fifth neighbour of an inner point is 3 away: one sample covers the 7 around it."""
    line = np.arange(40, dtype=float)[:, None]
    found = quality_reference(line).judge(np.repeat([[20.0]], 10, axis=0))
    assert found.coverage == pytest.approx(7 / 40)


def test_too_small_a_control_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^Quality is judged by 5 neighbours, but the control has 5 images: give more"
    ):
        quality_reference(np.zeros((5, 2)))


def test_the_kernel_distance_is_nothing_between_samples_of_one_distribution_and_grows_with_their_gap() -> None:
    random = np.random.default_rng(0)
    same = [kernel_distance(random.normal(size=(200, 8)), random.normal(size=(150, 8))) for _ in range(20)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(20) + 0.05
    far = [kernel_distance(random.normal(size=(200, 8)), random.normal(gap, size=(150, 8))) for gap in (0.5, 1.0)]
    assert max(same) < far[0] < far[1]


def test_the_kernel_distance_is_that_of_a_sum_over_all_pairs() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(size=(4, 3)), random.normal(size=(5, 3))

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 3 + 1) ** 3)

    within = np.mean([kernel(a[i], a[j]) for i in range(4) for j in range(4) if i != j])
    within += np.mean([kernel(b[i], b[j]) for i in range(5) for j in range(5) if i != j])
    across = np.mean([kernel(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(within - 2 * across)
