"""What each method does to a batch: image by image, only as far as it says, and nothing at all where it need not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from side_core.dpm.denoiser import from_uint8
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.text.guided import Guided, Halves
from side_core.mitigation.attention import weakening
from side_core.mitigation.drawing import PromptSet, draw_batch, draw_prompts, sampling_of
from side_core.mitigation.guidance import AwayFromTraining, Opposite
from side_core.mitigation.treatment import Batch, Known, Treatment, make_treatment, plain_batch
from side_core.progress import finish
from side_core.prompts.norms import norm_of, own_seeds
from side_core.sampling.schedule import make_schedule
from side_core.sampling.store import MemoryStore
from side_core.settings import SettingError
from side_core.settings.mitigation import TreatedSettings
from side_core.settings.mitigation_methods import MITIGATIONS, NAMES, strength_of
from tests.dpm.text.small_folders import CAPTIONS, save_small

STEPS = 4
PROMPTS = (CAPTIONS[0], CAPTIONS[1], CAPTIONS[0])
METHODS = [name for name in NAMES if name != "none"]


@pytest.fixture(scope="module", params=["sd1", "sd2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextDenoiser:
    folder: Path = save_small(tmp_path_factory.mktemp("mitigation") / request.param, request.param)
    return need_text(open_denoiser(str(folder)))


def known_of(model: TextDenoiser) -> Known:
    """A usual norm far below what the small models have, and some training images."""
    images = np.random.default_rng(0).integers(0, 256, (5, *model.image_size, 3), dtype=np.uint8)
    with torch.no_grad():
        return Known(1e-3, model.encode(from_uint8(images)), "five")


def batch_of(model: TextDenoiser, places: tuple[int, ...] = (0, 1, 2)) -> Batch:
    schedule = make_schedule(model.alphas_cumprod, STEPS)
    prompts, seeds = tuple(PROMPTS[place] for place in places), tuple(100 + place for place in places)
    return plain_batch(model, prompts, seeds, schedule, 3.0)


def treatment(model: TextDenoiser, method: str, strength: float | None = None) -> Treatment:
    found = make_treatment(method, strength, known_of(model), model)
    assert found is not None
    return found


def norms(batch: Batch) -> Tensor:
    return norm_of(Guided(batch.denoiser, 3.0).halves(batch.start, batch.first, batch.condition))


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_depends_on_its_own_prompt_and_seed_alone(model: TextDenoiser, method: str) -> None:
    own = treatment(model, method, MITIGATIONS[method].strength.swept[2])
    together = finish(draw_batch(batch_of(model), own)).astype(int)
    alone = np.concatenate([finish(draw_batch(batch_of(model, (place,)), own)) for place in (0, 1, 2)]).astype(int)
    plain = finish(draw_batch(batch_of(model), None)).astype(int)
    assert np.abs(together - alone).max() <= 2  # rounding differs between batches
    if method not in ("guard", "amg"):  # an untrained model has no spikes of attention, and resembles nothing
        assert np.abs(together - plain).max() > 2, "the method does nothing"


@pytest.mark.parametrize("method", METHODS)
def test_a_method_hands_out_no_more_steps_than_it_says(model: TextDenoiser, method: str) -> None:
    events = list(treatment(model, method).applied(batch_of(model)))
    assert len(events) <= MITIGATIONS[method].prepares


def test_an_embedding_is_optimised_towards_the_target_and_left_alone_below_it(model: TextDenoiser) -> None:
    batch = batch_of(model)
    before = norms(batch)
    usual = Known(float(before.median()))
    for strength in (0.5, 100.0):
        own = Treatment("wen", strength, usual)
        after = finish(own.applied(batch))
        changed = (after.condition != batch.condition).flatten(1).any(dim=1)
        above = before > strength * float(before.median())
        assert (changed == above).all(), "exactly what is above the target is changed"
        assert (norms(after)[above] < before[above]).all()
        torch.testing.assert_close(after.condition[:, 0], batch.condition[:, 0])  # its first row is frozen


def test_noise_on_the_embedding_has_the_length_that_was_asked_for(model: TextDenoiser) -> None:
    batch = batch_of(model)
    change = finish(treatment(model, "noise", 0.3).applied(batch)).condition - batch.condition
    assert change.std() == pytest.approx(0.3, rel=0.1)
    assert not torch.equal(change[0], change[2])  # the same prompt from another seed


@pytest.mark.parametrize(("method", "count"), [("tokens", 3), ("numbers", 2), ("words", 4)])
def test_so_many_words_are_put_between_those_of_the_prompt(model: TextDenoiser, method: str, count: int) -> None:
    batch = batch_of(model)
    for before, after in zip(
        batch.prompts, finish(treatment(model, method, count).applied(batch)).prompts, strict=True
    ):
        words, own = after.split(), before.split()
        assert len(words) == len(own) + count
        rest = iter(words)
        assert all(word in rest for word in own), "the prompt's own words stay in their order"
        if method == "words":
            assert set(words) == set(own)
        if method == "numbers":
            assert sum(word.isdigit() for word in words) == count


def test_opposite_guidance_turns_round_after_the_first_minimum_of_each_picture(model: TextDenoiser) -> None:
    guided, shape = Opposite(model, 3.0, 2.0), (2, *model.shape)
    zero, one = torch.zeros(shape), torch.ones(shape) / np.sqrt(np.prod(model.shape))
    lengths = torch.tensor([[5.0, 5.0], [3.0, 4.0], [4.0, 2.0], [1.0, 1.0], [9.0, 9.0]]).view(5, 2, 1, 1, 1)
    scales = []
    for t, length in zip((900, 700, 500, 300, 100), lengths, strict=True):
        mixed = guided.mixed(Halves(t, length * one, zero))
        scales.append((mixed / (length * one)).flatten(1).mean(dim=1).tolist())
    found = np.array(scales).round(4)
    assert found[:, 0].tolist() == [-2, -2, 3, 3, 3]  # its minimum was at the second step
    assert found[:, 1].tolist() == [-2, -2, -2, -2, 3]


def test_summary_tokens_get_no_attention_and_the_start_token_gets_more(model: TextDenoiser) -> None:
    batch = batch_of(model)
    ends = [model.tokens(prompt).end for prompt in batch.prompts]
    starts = []
    for strength in (1.0, 3.0):
        guided = finish(treatment(model, "mask", strength).applied(batch)).guided
        with model.watching() as maps:
            guided.halves(batch.start, batch.first, batch.condition)
        for layer in maps.layers:
            own, without = layer.probabilities[:3], layer.probabilities[3:]
            assert all((own[place, ..., end:] == 0).all() for place, end in enumerate(ends))
            assert (without[..., -1] > 0).all(), "the part without text looks as before"
            torch.testing.assert_close(own.sum(dim=-1), torch.ones_like(own[..., 0]))
        starts.append(torch.stack([layer.probabilities[:3, ..., 0].mean() for layer in maps.layers]))
    assert not torch.allclose(starts[0], starts[1])


def test_a_mask_changes_what_is_predicted_and_only_for_this_thread_and_block(model: TextDenoiser) -> None:
    batch = batch_of(model)
    plain = batch.guided.predict_noise(batch.start, batch.first, batch.condition)
    masked = finish(treatment(model, "mask", 1.25).applied(batch)).guided
    assert not torch.allclose(plain, masked.predict_noise(batch.start, batch.first, batch.condition), atol=1e-4)
    again = batch.guided.predict_noise(batch.start, batch.first, batch.condition)
    torch.testing.assert_close(plain, again, rtol=0, atol=0)


def test_only_spikes_in_early_layers_of_the_second_rows_are_weakened() -> None:
    logits = torch.zeros(3, 1, 4, 10)
    logits[..., 0], logits[..., 6], logits[..., 7] = 8.0, 5.0, -1.0
    found = weakening(1)("down_blocks.1.attn2", logits)
    expected = logits.clone()
    expected[1, ..., 6] = 0.3 * 5.0  # the start token is none
    torch.testing.assert_close(found, expected)
    assert torch.equal(weakening(1)("up_blocks.1.attn2", logits), logits)
    below = weakening(1)("down_blocks.1.attn2", logits - 6.0)
    assert float(below[1, 0, 0, 6]) == pytest.approx(-1.7), "a logit below 0 falls as well"


def test_without_repulsion_and_spikes_attenuated_guidance_is_the_ordinary_one(
    model: TextDenoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("side_core.mitigation.attention._SPIKE", 1e9)
    batch = batch_of(model)
    guided = finish(treatment(model, "guard", 5.0).applied(batch)).guided
    found = guided.predict_noise(batch.start, batch.first, batch.condition)
    torch.testing.assert_close(
        found, batch.guided.predict_noise(batch.start, batch.first, batch.condition), rtol=1e-4, atol=1e-4
    )


def test_guidance_away_from_training_pushes_from_the_picture_that_stands_out_and_else_not(model: TextDenoiser) -> None:
    count = int(np.prod(model.shape))
    training = torch.zeros(3, *model.shape)
    training[1], training[2] = 50.0, -50.0  # far away, so that the first stands out
    guided = AwayFromTraining(model, 3.0, 2.0, training)
    alpha = float(model.alphas_cumprod[500])
    near = torch.ones(1, *model.shape)
    x, zero = alpha**0.5 * near, torch.zeros(1, *model.shape)
    noise = guided.pushed(x, 500, zero)
    estimate = (x - (1 - alpha) ** 0.5 * noise) / alpha**0.5
    assert estimate.norm() > near.norm(), "the estimate moves away from the nearest picture"
    expected = near.norm() + (1 - alpha) * 2.0 / alpha**0.5
    assert float(estimate.norm()) == pytest.approx(float(expected), rel=1e-4) and count
    between = alpha**0.5 * torch.full((1, *model.shape), 25.0)  # two pictures: none stands out
    assert not guided.pushed(between, 500, zero).any()


def test_noise_is_moved_to_where_the_pull_is_less(model: TextDenoiser) -> None:
    batch = batch_of(model)
    before = norms(batch)
    after = finish(Treatment("sharp", 0.5, Known(float(before.min()))).applied(batch))
    assert not torch.equal(after.start, batch.start) and (norms(after) < before).all()
    assert torch.equal(finish(Treatment("sharp", 5.0, Known(float(before.max()))).applied(batch)).start, batch.start)


def test_what_a_method_lacks_is_said_in_one_sentence(model: TextDenoiser) -> None:
    with pytest.raises(SettingError, match="'wen' is measured by prompts that the model never saw") as error:
        make_treatment("wen", None, Known(), model)
    assert error.value.setting == "held_out"
    with pytest.raises(SettingError, match="'amg' guides away from the training images, and they are not known"):
        make_treatment("amg", None, Known(1.0), model)
    with pytest.raises(ValueError, match="strength cannot be 9 of method 'noise': choose 0 to 3"):
        strength_of("noise", 9.0)
    with pytest.raises(ValueError, match="method 'none' has none, leave it out"):
        strength_of("none", 1.0)


def test_a_model_without_cross_attention_is_refused(model: TextDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "attends", False)
    with pytest.raises(SettingError, match="'mask' changes the cross-attention, and this model has none"):
        make_treatment("mask", None, Known(), model)


@pytest.mark.parametrize("method", ["wen", "sharp", "batch-noise"])
def test_an_optimisation_that_loses_its_numbers_says_at_which_step(
    model: TextDenoiser, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary, calls = model.noise, []

    def broken(x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        calls.append(t)
        return ordinary(x, t, condition) * (1 if len(calls) < 4 else torch.nan)

    batch, own = batch_of(model), treatment(model, method, 0.5)
    monkeypatch.setattr(model, "noise", broken)
    with pytest.raises(ValueError, match=rf"method '{method}' returned NaN or infinity at step \d+.*are kept"):
        finish(own.applied(batch))


def test_pictures_are_drawn_once_and_plain_ones_are_those_of_everybody_else(model: TextDenoiser) -> None:
    settings, store = TreatedSettings(steps=STEPS), MemoryStore()
    samples = PromptSet(model, sampling_of(settings), PROMPTS[:1], own_seeds(1, 3, 7))
    steps = list(draw_prompts(samples, store))
    assert len(steps) == STEPS and not list(draw_prompts(samples, store))
    from side_core.sampling.missing import SampleSet, draw_missing, images_of

    usual = sampling_of(settings).model_copy(update={"prompt": PROMPTS[0], "count": 3, "seed": 7})
    other = SampleSet(model, usual)
    assert other.key == samples.key
    fresh = images_of(finish(draw_missing(other, MemoryStore())))
    found = samples.found(store)
    assert all(np.abs(found[seed].astype(int) - fresh[seed]).max() <= 1 for seed in fresh)
    keys = {samples.key}
    keys |= {replace(samples, treatment=treatment(model, method)).key for method in METHODS}
    several = replace(samples, prompts=PROMPTS[:2], seeds=own_seeds(2, 3, 7))
    for changed in (
        TreatedSettings(steps=STEPS),
        TreatedSettings(steps=STEPS, text_scale=5.0),
        TreatedSettings(steps=5),
    ):
        keys.add(replace(several, sampling=sampling_of(changed)).key)
    assert len(keys) == 1 + len(METHODS) + 3
