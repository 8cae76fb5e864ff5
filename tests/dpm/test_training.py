"""Training: resuming changes nothing, the seed decides everything, the card and the checkpoint tell the truth."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.training import checkpoint, loop
from side_core.dpm.training.batch import batch_rows, draw_timesteps, make_batch
from side_core.dpm.training.loop import TrainingStep, fraction_done, learning_rate_at
from side_core.dpm.training.unconditional import train_dpm
from side_core.settings import TrainDpmSettings

SMALL = TrainDpmSettings(channels=(16, 32), steps=6, batch_size=8, bfloat16=False, warmup_steps=2, save_every=100)


def small(**changes: object) -> TrainDpmSettings:
    """Six steps of a tiny U-Net in float32, with changes."""
    return TrainDpmSettings.model_validate(SMALL.model_dump() | changes)


def stop_after(count: int, steps: Iterator[TrainingStep]) -> list[TrainingStep]:
    """Take some steps, then close the generator as a caller does who cancels."""
    taken = list(islice(steps, count))
    steps.close()
    return taken


def tensors(folder: Path, file: str = "weights") -> dict[str, torch.Tensor]:
    """One file of a checkpoint."""
    return load_file(folder / "checkpoint" / f"{file}.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("save_every", [2, 100])
def test_resumed_training_equals_uninterrupted_training(faces: TrainingSet, tmp_path: Path, save_every: int) -> None:
    settings = small(save_every=save_every)
    whole = list(train_dpm(faces, settings, tmp_path / "whole"))
    first = stop_after(3, train_dpm(faces, settings, tmp_path / "parts"))
    rest = list(train_dpm(faces, settings, tmp_path / "parts", resume=True))
    assert [step.step for step in first + rest] == [1, 2, 3, 4, 5, 6]
    assert [step.loss for step in first + rest] == [step.loss for step in whole]
    for file in ("weights", "averaged", "optimizer"):
        assert same(tensors(tmp_path / "whole", file), tensors(tmp_path / "parts", file)), file
    weights = (load_file(tmp_path / name / "unet/diffusion_pytorch_model.safetensors") for name in ("whole", "parts"))
    assert same(*weights)


def test_the_seed_decides_the_weights_and_the_global_random_state_does_not(faces: TrainingSet, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(1)  # whatever the process did before
        list(train_dpm(faces, small(steps=2, seed=seed), tmp_path / name))
    assert same(tensors(tmp_path / "a"), tensors(tmp_path / "b"))
    assert not same(tensors(tmp_path / "a"), tensors(tmp_path / "c"))


def test_training_leaves_the_global_random_state_alone(faces: TrainingSet, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    list(train_dpm(faces, small(steps=1), tmp_path))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_cancelling_leaves_a_checkpoint_and_no_model(faces: TrainingSet, tmp_path: Path) -> None:
    stop_after(2, train_dpm(faces, SMALL, tmp_path))
    assert json.loads((tmp_path / "checkpoint" / "state.json").read_text())["step"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_the_card_says_what_was_trained_on_what(faces: TrainingSet, tmp_path: Path) -> None:
    *_, last = train_dpm(faces, SMALL, tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["data"] == {"source": "pixel-faces[0:60]", "rows": 60, "fingerprint": faces.fingerprint}
    assert TrainDpmSettings.model_validate(card["settings"]) == SMALL
    assert (card["steps"], card["init"], card["torch"]) == (6, None, torch.__version__.split("+")[0])
    assert card["loss"] == pytest.approx(last.loss, abs=1e-5)
    assert "threads" in card["hardware"]


def test_the_model_holds_the_averaged_weights_in_half_precision(faces: TrainingSet, tmp_path: Path) -> None:
    list(train_dpm(faces, SMALL, tmp_path))
    saved = load_file(tmp_path / "unet" / "diffusion_pytorch_model.safetensors")
    averaged, live = tensors(tmp_path, "averaged"), tensors(tmp_path)
    assert {value.dtype for value in saved.values()} == {torch.float16}
    assert all(torch.equal(saved[name], averaged[name].half()) for name in saved)
    assert not same(averaged, live)
    assert open_denoiser(str(tmp_path)).shape == (3, 16, 16)


def test_without_decay_the_average_is_the_live_weights(faces: TrainingSet, tmp_path: Path) -> None:
    list(train_dpm(faces, small(ema_decay=0), tmp_path))
    averaged, live = tensors(tmp_path, "averaged"), tensors(tmp_path)
    for name in live:
        torch.testing.assert_close(averaged[name], live[name], atol=1e-7, rtol=0)


def test_it_learns(faces: TrainingSet, tmp_path: Path) -> None:
    """Undo the running mean to get the loss of each step; the last are well below the first."""
    settings = small(steps=40, learning_rate=5e-3)
    smooth = np.array([step.loss for step in train_dpm(faces.slice(0, 2, "two"), settings, tmp_path)])
    losses = (smooth[1:] - 0.99 * smooth[:-1]) / 0.01
    assert losses[-10:].mean() < 0.5 * losses[:3].mean()


def test_init_starts_from_the_weights_of_another_model(faces: TrainingSet, tmp_path: Path, pipeline: Path) -> None:
    list(train_dpm(faces, small(steps=1, learning_rate=1e-9), tmp_path, init=pipeline))
    start, after = load_file(pipeline / "unet" / "diffusion_pytorch_model.safetensors"), tensors(tmp_path)
    assert all(torch.allclose(start[name], after[name], atol=1e-6) for name in start)
    assert json.loads((tmp_path / "card.json").read_text())["init"] == str(pipeline)


def test_init_from_a_model_of_another_size_is_refused(tmp_path: Path, pipeline: Path) -> None:
    large = TrainingSet("large", np.zeros((2, 32, 32, 3), np.uint8), np.array(["a", "b"]))
    with pytest.raises(ValueError, match=f"^'{pipeline}' draws images of 16 pixels, the data has 32"):
        next(train_dpm(large, SMALL, tmp_path, init=pipeline))


def test_init_from_latents_or_classes_is_refused(
    faces: TrainingSet, tmp_path: Path, conditional: Path, make_latent: Callable[..., Path]
) -> None:
    for folder, kind in ((conditional, "class-conditional"), (make_latent("vq"), "latent")):
        with pytest.raises(ValueError, match=f"^'{folder}' is a {kind} model: only unconditional pixel models"):
            next(train_dpm(faces, SMALL, tmp_path / "out", init=folder))


def test_images_are_brought_to_the_size_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    oblong = TrainingSet("oblong", np.zeros((2, 40, 50, 3), np.uint8), np.array(["a", "b"]))
    list(train_dpm(oblong, small(steps=1, image_size=16), tmp_path / "out"))
    assert open_denoiser(str(tmp_path / "out")).image_size == (16, 16)
    with pytest.raises(ValueError, match=r"^Images of 40 x 50 pixels cannot be trained on"):
        next(train_dpm(oblong, SMALL, tmp_path / "out"))


def test_keep_every_keeps_models_that_open(faces: TrainingSet, tmp_path: Path) -> None:
    list(train_dpm(faces, small(steps=4, keep_every=2), tmp_path))
    kept = sorted((tmp_path / "kept").iterdir())
    assert [folder.name for folder in kept] == ["step-000002", "step-000004"]
    assert json.loads((kept[0] / "card.json").read_text())["steps"] == 2
    assert open_denoiser(str(kept[1])).fingerprint == open_denoiser(str(tmp_path)).fingerprint


def test_a_loss_that_is_not_finite_ends_it_and_spares_the_last_checkpoint(
    faces: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "learning_rate_at", lambda settings, step, fraction: 1e-3 if step < 2 else 1e30)
    with pytest.raises(ValueError, match=r"^The loss became (nan|inf) at step \d+: lower the learning rate"):
        list(train_dpm(faces, small(save_every=2), tmp_path))
    assert all(value.isfinite().all() for value in tensors(tmp_path).values())


def test_bad_requests_get_a_sentence(faces: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give steps or minutes"):
        next(train_dpm(faces, small(steps=None), tmp_path))
    with pytest.raises(ValueError, match=f"nothing to resume in '{tmp_path}"):
        next(train_dpm(faces, SMALL, tmp_path, resume=True))
    with pytest.raises(ValueError, match=r"16 x 16 pixels .* divisible by 32"):
        next(train_dpm(faces, small(channels=(16,) * 6), tmp_path))


def test_a_kill_between_the_renames_of_a_checkpoint_loses_nothing(faces: TrainingSet, tmp_path: Path) -> None:
    stop_after(2, train_dpm(faces, SMALL, tmp_path))
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    assert next(train_dpm(faces, SMALL, tmp_path, resume=True)).step == 3


def test_a_checkpoint_of_another_network_gets_a_sentence(faces: TrainingSet, tmp_path: Path) -> None:
    stop_after(1, train_dpm(faces, SMALL, tmp_path))
    with pytest.raises(ValueError, match=f"checkpoint in '{tmp_path}.*does not fit"):
        next(train_dpm(faces, small(channels=(32, 32)), tmp_path, resume=True))


def test_a_damaged_checkpoint_gets_a_sentence(faces: TrainingSet, tmp_path: Path) -> None:
    stop_after(1, train_dpm(faces, SMALL, tmp_path))
    file = tmp_path / "checkpoint" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"checkpoint in '{tmp_path}"):
        next(train_dpm(faces, SMALL, tmp_path, resume=True))


@pytest.mark.parametrize("channels", [(10, 20), (32, 0), (-16, 16)])
def test_channels_that_cannot_be_get_a_sentence(faces: TrainingSet, tmp_path: Path, channels: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=rf"^Channels {channels[0]} {channels[1]} cannot be: choose multiples of 16\.$"
    ):
        next(train_dpm(faces, small(channels=channels), tmp_path))


@pytest.mark.parametrize(("rows", "batch"), [(10, 4), (7, 7), (5, 12)])
def test_every_row_comes_once_an_epoch(rows: int, batch: int) -> None:
    drawn = torch.cat([batch_rows(step, batch, rows, seed=3) for step in range(rows)])
    epochs = drawn.view(-1, rows).tolist()
    assert all(sorted(epoch) == list(range(rows)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1  # in another order each time


def test_timesteps_are_spread_evenly_over_their_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    uniform = draw_timesteps(small(batch_size=10, timesteps="uniform"), generator)
    assert sorted(t // 100 for t in uniform.tolist()) == list(range(10))
    bell = draw_timesteps(small(batch_size=1000, timesteps="logit-normal"), generator).double() / 1000
    assert bell.min() >= 0 and bell.max() < 1
    # sigmoid(N(0, 1)): 25 % below sigmoid(-0.6745) = 0.3375, half below 0.5, by the normal distribution's table
    assert bell.quantile(0.25) == pytest.approx(0.3375, abs=0.005)
    assert bell.quantile(0.5) == pytest.approx(0.5, abs=0.005)


def test_velocity_loss_weighs_by_one_over_alpha_within_bounds() -> None:
    alphas = torch.linspace(0.999, 0.0, 1000)
    images = torch.zeros(10, 3, 4, 4)
    plain = make_batch(images, alphas, small(batch_size=10), 0)
    weighed = make_batch(images, alphas, small(batch_size=10, loss="velocity"), 0)
    assert torch.equal(plain.noisy, weighed.noisy) and plain.weights.eq(1).all()
    expected = (1 / alphas[weighed.timesteps]).clamp(max=20)
    torch.testing.assert_close(weighed.weights.flatten(), expected)


def test_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    settings = small(warmup_steps=4, decay_fraction=0.2, learning_rate=8e-3)
    rates = [learning_rate_at(settings, step, step / 100) for step in range(101)]
    assert rates[:5] == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 8e-3])
    assert rates[80] == pytest.approx(8e-3)
    assert rates[90] == pytest.approx(4e-3)
    assert rates[100] == pytest.approx(0)


@pytest.mark.parametrize(
    ("changes", "fraction"),
    [({"steps": 8}, 0.25), ({"steps": None, "minutes": 2}, 0.5), ({"steps": 8, "minutes": 2}, 0.5), ({"steps": 1}, 1)],
    ids=str,
)
def test_the_sooner_end_counts(changes: dict, fraction: float) -> None:
    assert fraction_done(small(**changes), step=2, seconds=60) == fraction


def test_stopping_early_keeps_to_the_course_and_writes_a_model(faces: TrainingSet, tmp_path: Path) -> None:
    """The learning rate still falls as over all six steps, so that a resumed run ends where a whole one does."""
    whole = list(train_dpm(faces, small(decay_fraction=1), tmp_path / "whole"))
    first = list(train_dpm(faces, small(decay_fraction=1, stop_at=4), tmp_path / "parts"))
    assert [step.step for step in first] == [1, 2, 3, 4]
    assert open_denoiser(str(tmp_path / "parts")).shape == (3, 16, 16)
    rest = list(train_dpm(faces, small(decay_fraction=1), tmp_path / "parts", resume=True))
    assert [step.loss for step in first + rest] == [step.loss for step in whole]


def test_minutes_end_a_training(faces: TrainingSet, tmp_path: Path) -> None:
    taken = list(train_dpm(faces, small(steps=None, minutes=0.003), tmp_path))
    assert taken[-1].fraction == 1
    assert [step.seconds >= 0.18 for step in taken] == [False] * (len(taken) - 1) + [True]  # the first step past it


def test_a_folder_that_cannot_be_made_gets_a_sentence(faces: TrainingSet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # stops root as well
    with pytest.raises(ValueError, match=r"file/model' cannot be written \(Not a directory\)"):
        next(train_dpm(faces, SMALL, tmp_path / "file" / "model"))


def test_a_full_disk_keeps_the_checkpoint_before(
    faces: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    steps = train_dpm(faces, small(save_every=2), tmp_path)
    next(steps)
    next(steps)
    before = tensors(tmp_path)
    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(ValueError, match=r"weights\.safetensors' cannot be written \(.*No space left on device"):
        list(steps)
    assert same(tensors(tmp_path), before)
