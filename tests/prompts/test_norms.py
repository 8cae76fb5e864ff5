"""The norm of the text's pull: what was planted is found, image by image, in any batch, on any part of the steps."""

from pathlib import Path

import numpy as np
import pytest
import torch

from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.text.guided import Guided
from side_core.progress import finish
from side_core.prompts.norms import Measuring, embedded, norms_of, own_seeds, score_of, text_norms
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule
from side_core.settings import PromptSettings
from tests.dpm.text.small_folders import save_small
from tests.prompts.planted import Planted

PROMPTS = ("portrait of Ada Novak, long hair", "portrait of Boris Berg, hat", "glasses")


@pytest.fixture(scope="module", params=["sd1", "sd2"])
def denoiser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextDenoiser:
    folder: Path = save_small(tmp_path_factory.mktemp("norms") / request.param, request.param)
    return need_text(open_denoiser(str(folder)))


def settings(**changes: object) -> PromptSettings:
    return PromptSettings.read({"steps": 10, **changes})


def test_a_planted_pull_is_its_own_norm_at_every_step_and_image() -> None:
    found = finish(norms_of(Planted(), ("pull 0.5", "pull 7", "pull 2"), settings(first=4, images=3)))
    assert found.shape == (3, 3, 4)
    np.testing.assert_allclose(found, np.array([0.5, 7, 2])[:, None, None] * np.ones((3, 3, 4)), rtol=1e-5)
    np.testing.assert_allclose(score_of(found), [0.5, 7, 2], rtol=1e-5)


def test_the_norm_is_that_of_two_separate_evaluations_on_the_guided_trajectory(denoiser: TextDenoiser) -> None:
    """The trajectory of the whole sampler, and at each of its states both halves, evaluated apart."""
    condition, seeds = embedded(denoiser, PROMPTS), [5, 6, 7]
    schedule = make_schedule(denoiser.alphas_cumprod, 10)
    x = torch.stack([torch.randn(denoiser.shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    for known, step in zip(
        sample(Guided(denoiser, 4.0), schedule, seeds, condition=condition),
        text_norms(denoiser, condition, seeds, 10, 3, 4.0),
        strict=False,
    ):
        e_c, e_0 = denoiser.predict_noise(x, step.timestep, condition), denoiser.predict_noise(x, step.timestep)
        by_hand = [float(np.linalg.norm((e_c - e_0)[row].numpy())) for row in range(3)]
        assert step.norms.tolist() == pytest.approx(by_hand, rel=1e-3)
        torch.testing.assert_close(step.x, known.x)
        torch.testing.assert_close(step.denoised, known.denoised)
        assert step.timestep == schedule.timesteps[step.index] and step.total == 3
        x = step.x
    assert step.index == 2


def test_a_prompt_scores_the_same_in_any_company(denoiser: TextDenoiser) -> None:
    together = finish(norms_of(denoiser, PROMPTS, settings(images=3, first=2, seed=9)))
    for size in (1, 2, 5):
        again = finish(norms_of(denoiser, PROMPTS, settings(images=3, first=2, seed=9, batch_size=size)))
        np.testing.assert_allclose(again, together, rtol=2e-4)
    alone = finish(norms_of(denoiser, PROMPTS[1:2], settings(first=2, seed=10)))
    np.testing.assert_allclose(alone[0, 0], together[1, 1], rtol=2e-4)


def test_fewer_steps_are_the_beginning_of_more(denoiser: TextDenoiser) -> None:
    many = finish(norms_of(denoiser, PROMPTS, settings(first=10)))
    few = finish(norms_of(denoiser, PROMPTS, settings(first=3)))
    np.testing.assert_allclose(few, many[:, :, :3], rtol=1e-5)


def test_the_first_step_does_not_know_the_guidance_scale_and_later_ones_do(denoiser: TextDenoiser) -> None:
    weak, strong = (finish(norms_of(denoiser, PROMPTS, settings(first=4, text_scale=s))) for s in (1, 15))
    np.testing.assert_array_equal(weak[:, :, 0], strong[:, :, 0])
    assert (weak[:, :, 3] != strong[:, :, 3]).any()


def test_prompts_and_images_share_the_batches() -> None:
    planted = Planted()
    events = list(norms_of(planted, ("pull 1", "pull 2", "pull 3"), settings(images=3, batch_size=4, first=2)))
    assert planted.sizes == [8, 8, 8, 8, 2, 2]  # rows with and without text in one evaluation
    assert planted.embedded == [["pull 1", "pull 2"], ["pull 2", "pull 3"], ["pull 3"]]
    assert [(event.done, event.total) for event in events] == [(i, 6) for i in range(1, 7)]
    assert [sorted(event.finished) for event in events] == [[], [0], [], [1], [], [2]]


def test_what_is_finished_is_handed_out_at_once() -> None:
    work = norms_of(Planted(), ("pull 1", "pull 2"), settings(batch_size=1))
    event: Measuring = next(work)
    np.testing.assert_allclose(event.finished[0], [[1.0]], rtol=1e-5)
    work.close()  # whoever stops asking stops the work


def test_stopping_takes_no_further_step() -> None:
    planted = Planted()
    work = text_norms(planted, planted.embed(["pull 1"]), [0], 10, 10)
    next(work)
    work.close()
    assert len(planted.sizes) == 1


def test_seeds_of_a_group_are_all_different() -> None:
    seeds = own_seeds(4, 3, 100)
    assert seeds.shape == (4, 3) and sorted(seeds.flatten()) == list(range(100, 112))


@pytest.mark.parametrize("broken", [1, 3])
def test_nan_of_the_model_is_one_sentence(broken: int) -> None:
    with pytest.raises(
        ValueError, match=r"The model returned NaN or infinity at timestep \d+: check the model's weights"
    ):
        finish(norms_of(Planted(broken=broken), ("pull 1",), settings(first=5)))


@pytest.mark.parametrize("first", [0, 11])
def test_steps_that_are_not_there_are_refused(first: int) -> None:
    planted = Planted()
    with pytest.raises(ValueError, match=f"^{first} of 10 steps cannot be taken: choose 1 to 10.$"):
        next(text_norms(planted, planted.embed(["pull 1"]), [0], 10, first))
