"""Schedules: always strictly decreasing inside their window, and equal to what others compute where they do."""

import typing
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.schedule import make_schedule, schedule_of
from side_core.settings import SamplingSettings, Spacing

SPACINGS = typing.get_args(Spacing)
WINDOWS = [(None, 0), (999, 0), (700, 123), (500, 499), (40, 40), (8, 0), (999, 990)]


@pytest.fixture(params=["linear", "squaredcos_cap_v2"])
def alphas(request: pytest.FixtureRequest) -> torch.Tensor:
    """alphas_cumprod of 1000 timesteps."""
    return DDIMScheduler(beta_schedule=request.param).alphas_cumprod


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_strictly_decreasing_of_the_right_length_inside_the_window(
    alphas: torch.Tensor, spacing: Spacing, window: tuple[int | None, int]
) -> None:
    first, last = window
    top = 999 if first is None else first
    width = top - last + 1
    for steps in {1, 2, 3, 7, 25, 50, 333, 501, 999, width // 2, width - 1, width}:
        if not 1 <= steps <= width:
            continue
        schedule = make_schedule(alphas, steps, spacing, first, last)
        assert len(schedule) == len(schedule.timesteps) == steps
        assert all(a > b for a, b in zip(schedule.timesteps, schedule.timesteps[1:], strict=False))
        assert last <= schedule.timesteps[-1] <= schedule.timesteps[0] <= top
        assert schedule.alphas == (*alphas[list(schedule.timesteps)].tolist(), 1.0)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_as_many_steps_as_timesteps_visit_them_all(alphas: torch.Tensor, spacing: Spacing) -> None:
    assert make_schedule(alphas, 101, spacing, 300, 200).timesteps == tuple(range(300, 199, -1))


@pytest.mark.parametrize("steps", [2, 3, 10, 25, 30, 50, 77, 250, 333, 501, 1000])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_equals_diffusers(spacing: Spacing, steps: int) -> None:
    theirs = DDIMScheduler(timestep_spacing=spacing, clip_sample=False)
    theirs.set_timesteps(steps)
    assert list(make_schedule(theirs.alphas_cumprod, steps, spacing).timesteps) == theirs.timesteps.tolist()


def test_fifty_leading_steps_are_those_of_the_papers(alphas: torch.Tensor) -> None:
    assert make_schedule(alphas, 50).timesteps == tuple(range(980, -1, -20))


@pytest.mark.parametrize("steps", [2, 5, 25])
@pytest.mark.parametrize("spacing", ["linspace", "quadratic", "karras"])
def test_both_ends_of_the_window_are_visited(alphas: torch.Tensor, spacing: Spacing, steps: int) -> None:
    timesteps = make_schedule(alphas, steps, spacing, 900, 10).timesteps
    assert (timesteps[0], timesteps[-1]) == (900, 10)


def test_trailing_starts_at_pure_noise_and_leading_ends_at_the_image(alphas: torch.Tensor) -> None:
    for steps in (1, 3, 10):
        assert make_schedule(alphas, steps, "trailing").timesteps[0] == 999
        assert make_schedule(alphas, steps, "leading").timesteps[-1] == 0


def test_quadratic_steps_grow_evenly_towards_the_noise(alphas: torch.Tensor) -> None:
    gaps = -np.diff(make_schedule(alphas, 20, "quadratic").timesteps)[::-1]
    assert gaps[0] < 10 and gaps[-1] > 80
    assert np.abs(np.diff(gaps) - np.diff(gaps).mean()).max() <= 2  # rounding


def test_karras_levels_are_those_of_the_paper() -> None:
    """Karras et al. 2022, eq. 5, written out: the visited noise levels are within a timestep of the wanted ones."""
    alphas = DDIMScheduler(beta_schedule="linear").alphas_cumprod
    sigmas = ((1 - alphas) / alphas).sqrt().double().numpy()
    wanted = [
        (sigmas[999] ** (1 / 7) + i / 9 * (sigmas[0] ** (1 / 7) - sigmas[999] ** (1 / 7))) ** 7 for i in range(10)
    ]
    nearest = [int(np.abs(sigmas - sigma).argmin()) for sigma in wanted]
    timesteps = make_schedule(alphas, 10, "karras").timesteps
    assert np.abs(np.array(timesteps) - nearest).max() <= 1


@pytest.mark.parametrize(
    ("steps", "first", "last", "sentence"),
    [
        (0, None, 0, "0 steps do not fit between timesteps 999 and 0: choose 1 to 1000"),
        (1001, None, 0, "1001 steps do not fit between timesteps 999 and 0: choose 1 to 1000"),
        (12, 20, 10, "12 steps do not fit between timesteps 20 and 10: choose 1 to 11"),
        (10, 1000, 0, "First timestep 1000 lies beyond the model's 1000 timesteps: choose 999 or less"),
        (10, 20, 21, "Last timestep 21 does not come after first timestep 20: choose 0 to 20"),
        (10, None, 1000, "Last timestep 1000 does not come after first timestep 999: choose 0 to 999"),
        (10, None, -1, "Last timestep -1 does not come after"),
    ],
)
def test_impossible_windows_get_a_sentence(steps: int, first: int | None, last: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        make_schedule(torch.linspace(0.99, 0.01, 1000), steps, "leading", first, last)


def test_settings_are_passed_on(ideal: IdealDenoiser) -> None:
    settings = SamplingSettings(steps=4, spacing="linspace", first_timestep=90, last_timestep=30)
    schedule = schedule_of(settings, ideal)
    assert schedule.timesteps == (90, 70, 50, 30)
    assert [schedule.end_of(index) for index in range(4)] == list(schedule.alphas[1:])


@pytest.mark.parametrize("steps", [1, 3, 10, 50, 600, 999, 1000])
@pytest.mark.parametrize("offset", [1, 7, 999])
def test_an_offset_moves_leading_steps_as_far_as_there_is_room(alphas: torch.Tensor, steps: int, offset: int) -> None:
    plain = make_schedule(alphas, steps).timesteps
    moved = make_schedule(alphas, steps, offset=offset).timesteps
    assert all(a > b for a, b in pairwise(moved)) and moved[-1] >= 0
    assert moved == tuple(min(t + offset, 999 - place) for place, t in enumerate(plain))
