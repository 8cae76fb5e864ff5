"""Memorisation divergence on models whose answer is known."""

from typing import Any

import numpy as np
import pytest
import torch

from side_core.data.source import open_training_set
from side_core.dpm.folder import open_denoiser
from side_core.dpm.formats.scheduler import cosine_alphas_cumprod
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.timing import Timing
from side_core.extraction.subject import Subject, open_subject
from side_core.job import run_job
from side_core.progress import finish
from side_core.sampling.store import in_memory
from side_core.settings.theory import TheorySettings
from side_core.theory.job import make_job, open_job, subject_settings
from side_core.theory.levels import curve_from, halved, levels_of, nearest_timestep, timesteps_between
from side_core.theory.nats import pair_at
from side_core.theory.path import halving_errors, noised_rows, path_integral
from side_core.theory.report import Theory
from side_core.theory.smoothed import Smoothed


def measured(**asked: Any) -> Theory:
    """A whole experiment."""
    return finish(run_job(finish(open_job(TheorySettings(**asked))), in_memory()))


def figures(report: Theory, model: str = "model") -> dict[tuple[str, str], float]:
    """Nats by form and side."""
    return {(row["form"], row["data"]): row["nats"] for row in report.rows if row["model"] == model}


def test_the_ideal_denoiser_is_0_from_its_rows_in_both_forms_and_far_from_others() -> None:
    report = measured(model="ideal", images=8, noise_levels="0.1", form="both")
    found = figures(report)
    assert abs(found["path", "training"]) <= 1e-6 and abs(found["likelihood", "training"]) <= 1e-6
    assert found["path", "control"] > 1000 < found["likelihood", "control"]
    assert found["path", "control"] >= found["likelihood", "control"]


def test_the_density_of_blurred_images_is_that_of_a_mixture() -> None:
    rows = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    y = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(50)),
        torch.distributions.Independent(torch.distributions.Normal(rows, 0.4), 1),
    )
    assert torch.allclose(Smoothed(rows).log_density(y, 0.4).float(), mixture.log_prob(y), atol=1e-4)
    leaf = y.clone().requires_grad_()
    (score,) = torch.autograd.grad(mixture.log_prob(leaf).sum(), leaf)
    assert torch.allclose(Smoothed(rows).noise(y, 0.4), -0.4 * score, atol=1e-4)


def test_the_path_is_an_integral_over_the_logarithm() -> None:
    levels = np.geomspace(0.1, 10, 400)
    nats = path_integral(levels, np.stack([levels, levels**2], axis=1))  # of s dlog s and of s^2 dlog s
    assert nats[0] == pytest.approx([10 - 0.1, (100 - 0.01) / 2], rel=1e-3) and not nats[-1].any()


def test_what_a_set_adds_is_known_for_two_points() -> None:
    """KL of a blurred pair of points from a blurred single one, far apart: the ideal denoiser of one is the model."""
    faces = open_training_set("pixel-faces")
    pair, one = faces.slice(0, 2, "two"), faces.slice(0, 1, "one")
    denoiser = IdealDenoiser(one, cosine_alphas_cumprod())
    both = denoiser.encode(torch.from_numpy(pair.images).permute(0, 3, 1, 2).float() / 255).flatten(1)
    level = float(levels_of(denoiser.alphas_cumprod)[nearest_timestep(denoiser, 0.5)])
    y = noised_rows(both, range(2), level, 0, 0)
    found = Smoothed(both).log_density(y, level) - Smoothed(both[:1]).log_density(y, level)
    gap = float((both[0] - both[1]).square().sum())
    noise = (y[1] - both[1]) @ (both[1] - both[0])
    expected = [-np.log(2), (gap + 2 * float(noise)) / (2 * level**2) - np.log(2)]
    assert found.tolist() == pytest.approx(expected, rel=1e-4)


def test_timesteps_are_geometric_in_the_noise_level_and_halved_between() -> None:
    denoiser = open_denoiser("ideal")
    coarse = timesteps_between(denoiser, 0.1, 30, 20)
    fine, levels = halved(denoiser, coarse), levels_of(denoiser.alphas_cumprod)
    assert set(coarse) < set(fine) and len(fine) == 41 and list(fine) == sorted(set(fine))
    ratios = levels[list(coarse)][1:] / levels[list(coarse)][:-1]
    assert ratios.min() == pytest.approx(ratios.max(), rel=0.1)


def test_noise_follows_from_row_timestep_and_seed_alone() -> None:
    clean = torch.zeros(2, 3, 4, 4)
    some = noised_rows(clean, (5, 9), 1.0, 100, 0)
    assert torch.equal(some[1], noised_rows(clean[:1], (9,), 1.0, 100, 0)[0])
    for other in (noised_rows(clean, (5, 9), 1.0, 101, 0), noised_rows(clean, (5, 9), 1.0, 100, 1)):
        assert not torch.equal(some, other)
    assert some.flatten().std() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"noise_levels": "0.2,0.1"}, "noise levels grow"),
        ({"noise_levels": "a"}, "give numbers above 0"),
        ({"noise_levels": "0.0001"}, "Noise level 0.0001 lies outside what this model knows: choose between"),
        ({"noise_levels": "40"}, "Noise level 40 lies outside"),
        ({"images": 3}, "images cannot be 3: choose 8 or more"),
        ({"data": "pixel-faces[0:5]"}, r"5 images of 'pixel-faces\[0:5\]' are too few for an interval: give 8 or more"),
        ({"model": "pixel-faces-text"}, "'pixel-faces-text' draws what a text says.*give a prompt"),
        ({"prompt": "a face"}, "the model draws without a text"),
    ],
)
def test_what_cannot_be_measured_gets_a_sentence(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        finish(open_job(TheorySettings.read({"model": "ideal"} | asked)))


def test_without_a_control_there_is_no_figure() -> None:
    settings = TheorySettings(model="ideal")
    whole = open_subject(subject_settings(settings))
    with pytest.raises(ValueError, match="'ideal' has no control images, without which the figure says nothing"):
        make_job(settings, Subject(whole.data, None, whole.denoiser), None)


def test_more_than_the_memory_holds_is_told_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("side_core.theory.sides._MOST_BYTES", 2**20)
    with pytest.raises(ValueError, match=r"1,000 images of 'pixel-faces\[0:1000\]' take 0.0 GiB .* name some of them"):
        finish(open_job(TheorySettings(model="ideal")))


def test_a_finer_grid_is_a_third_of_what_halving_changed_from_the_truth() -> None:
    levels = np.geomspace(0.1, 30, 21)
    squares = np.stack([levels**-2, 3 * levels**-2], axis=1)  # the integral of c s^-2 over log s is c / 2 s^-2
    truth = 2 * (levels[:-1] ** -2 - levels[-1] ** -2) / 2
    found, errors = path_integral(levels, squares).mean(axis=1)[:-1], halving_errors(levels, squares)
    assert np.abs(found - truth)[:10] == pytest.approx(errors[:10] / 3, rel=0.1)
    assert errors[-1] == found[-1]  # of one interval there is nothing coarser


@pytest.mark.parametrize("lowest", [0.04, 0.1, 3.9, 10.0])
def test_a_curve_is_close_where_sets_differ(lowest: float) -> None:
    denoiser = open_denoiser("ideal")
    levels = levels_of(denoiser.alphas_cumprod)[list(curve_from(denoiser, lowest))]
    assert levels[0] == pytest.approx(lowest, rel=0.05) and levels[-1] == pytest.approx(30, rel=0.05)
    ratios = levels[1:] / levels[:-1]
    assert (ratios > 1).all() and (ratios[levels[1:] < 4.2] < 1.5).all() and (ratios < 2.1).all()


def test_the_answer_comes_before_the_twin() -> None:
    job = finish(open_job(TheorySettings(images=8)))
    experiment: Any = job.experiment
    names = [item.name for item in experiment.measurements]
    first = len(experiment.answering)
    assert {judged.who for judged in experiment.judged[2:]} == {"twin", "ideal"} and 2 * first == len(names)
    assert experiment.is_answered(names[:first]) and not experiment.is_answered(names[: first - 1])


def test_the_estimate_counts_what_is_compared_in_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    job = finish(open_job(TheorySettings(model="ideal", images=8)))
    monkeypatch.setattr("side_core.theory.job.seconds_per_pair", lambda dimension: 1.0)
    levels = len(job.experiment.measurements) // 2  # of either side: 8 images with its 1,000 and the model's 1,000
    assert job.estimate(in_memory(), Timing(8, 0.0, 0.0)).seconds == levels * 2 * 8 * 2000


def test_a_divergence_below_0_says_how_many_steps_are_needed() -> None:
    job = finish(open_job(TheorySettings(model="ideal", images=8, form="likelihood")))
    row = {"form": "likelihood", "nats": -3.0, "halving_error": 90.0}
    below, coarse = job.experiment.remarks([row])
    assert "Double them, to 40" in below and "about 1.5 nats may be missing. Take 40" in coarse


def test_the_headline_has_interval_count_and_control() -> None:
    report = measured(model="ideal", images=8, noise_levels="0.1,0.5")
    assert "0 nats (0 to 0) from 8 training images; control 5,2" in report.headline
    pair = pair_at(report.rows)
    assert pair is not None and [row["data"] for row in pair] == ["training", "control"]
    assert report.table().splitlines()[0].startswith("form,noise_level,model,data,nats,low,high,images,halving_error")
    assert report.summary()["divergence"] == report.rows


@pytest.mark.slow
def test_the_shipped_model_is_nearer_to_its_rows_in_both_forms() -> None:
    """At noise 0.1: own rows at most a third of the control, intervals apart; path above likelihood; twin like it."""
    report = measured(model="pixel-faces", images=24, noise_levels="0.1", form="both")
    rows = {(row["form"], row["model"], row["data"]): row for row in report.rows}
    for form in ("path", "likelihood"):
        own, control = rows[form, "model", "training"], rows[form, "model", "control"]
        assert own["nats"] <= control["nats"] / 3 and own["high"] < control["low"]
        twin = rows[form, "twin", "training"]
        assert twin["low"] < control["high"] and control["low"] < twin["high"]
    for side in ("training", "control"):
        assert rows["path", "model", side]["high"] >= rows["likelihood", "model", side]["low"]
    assert not any("Too few steps" in note for note in report.notes)
