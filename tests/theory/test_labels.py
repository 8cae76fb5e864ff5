"""What labels do to the divergence, where the answer is known."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from side_core.data.source import open_training_set
from side_core.dpm.folder import open_denoiser
from side_core.progress import finish
from side_core.settings.theory import TheorySettings
from side_core.theory.job import open_job, surrogates_of
from side_core.theory.labels import Labels, largest_gains
from side_core.theory.levels import levels_of
from side_core.theory.sides import Side
from side_core.theory.smoothed import Smoothed

SETTINGS = TheorySettings(experiment="labels", model="ideal", images=8)


class Truth:
    """A steering whose p_t(c | x) is the truth for the ideal denoiser of some images: each image is its own label."""

    timesteps = 1000

    def __init__(self, side: Side, random: bool):
        self.side = side
        source = "random" if random else "duplicates"
        card = {"settings": {"label_source": source}}
        self.surrogate = SimpleNamespace(card=card, kept=np.arange(len(side.images)), fingerprint=source)
        self.network = self.answers

    def answers(self, x: Tensor, time: Tensor) -> Tensor:
        """(n, N) as if x were clean."""
        return -torch.cdist(x.flatten(1), self.side.set_at.rows)

    def log_gradient(self, x: Tensor, t: int, positions: Tensor) -> Tensor:
        """Of log p(c | x) = log N(x; x_c) - log sum_i N(x; x_i)."""
        denoiser = self.side.denoiser
        alpha, level = float(denoiser.alphas_cumprod[t]), float(levels_of(denoiser.alphas_cumprod)[t])
        y = (x / alpha**0.5).flatten(1)
        ideal = self.side.set_at.noise(y, level)
        own = (y - self.side.set_at.rows[positions]) / level
        return ((ideal - own) / (1 - alpha) ** 0.5).view_as(x)  # score = -noise / sqrt(1 - a)


def gains(monkeypatch: pytest.MonkeyPatch, random: bool) -> tuple[dict[str, Any], int]:
    """The whole path of the ideal denoiser of 64 faces, told by the truth, and how many labels there are."""
    faces = open_training_set("pixel-faces[0:64]")
    denoiser = open_denoiser("ideal")
    side = Side("training", faces, denoiser, tuple(range(64)))
    monkeypatch.setattr(
        "side_core.theory.labels.probabilities", lambda network, x, t, timesteps: network(x, t).softmax(1)
    )
    steering: Any = Truth(side, random)
    found = Labels(SETTINGS, of_rows(denoiser, side.set_at), side, {"truth": steering})
    parts = {item.name: finish(item.make()) for item in found.measurements}
    (row,) = largest_gains(found.rows(parts))
    return row, row["labels"]


def of_rows(denoiser: Any, rows: Smoothed) -> Any:
    """The ideal denoiser of some rows alone."""
    denoiser.images = rows.rows
    return denoiser


def test_the_true_posterior_gains_just_what_the_theorem_says(monkeypatch: pytest.MonkeyPatch) -> None:
    row, labels = gains(monkeypatch, random=False)
    assert labels == 64 and row["exact"] == pytest.approx(np.log(64), abs=0.01)  # each image alone among 64
    assert row["gain"] == pytest.approx(row["exact"], rel=0.1)  # of the perfect memoriser the path is the divergence
    assert row["low"] > 0


def test_random_labels_are_no_answers_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side("training", open_training_set("pixel-faces[0:64]"), open_denoiser("ideal"), tuple(range(8)))
    steering: Any = Truth(side, random=True)
    found = Labels(SETTINGS, side.denoiser, side, {"random": steering})
    labels = found.labelled[0].labels
    assert len(labels) == 64 and labels.max() < 64 and not torch.equal(labels, torch.arange(64))


def test_whose_labels_are_measured() -> None:
    assert surrogates_of(TheorySettings(experiment="labels")) == (
        *("pixel-faces", "pixel-faces-random", "pixel-faces-cells", "pixel-faces-k-means", "pixel-faces-attribute"),
    )
    assert surrogates_of(TheorySettings(experiment="labels", surrogates=("mine",))) == ("mine",)
    with pytest.raises(ValueError, match="No surrogate of 'ideal' is shipped, and labels are those of surrogates"):
        finish(open_job(SETTINGS))


def test_a_surrogate_of_another_model_is_refused() -> None:
    asked = TheorySettings(experiment="labels", model="pixel-faces-twin", surrogates=("pixel-faces",))
    with pytest.raises(ValueError, match="was made of another model"):
        finish(open_job(asked))


@pytest.mark.slow
def test_near_duplicates_help_and_random_labels_do_not() -> None:
    """The theorem on the shipped model, from noise 0.1 on, 64 images."""
    from side_core.job import run_job
    from side_core.sampling.store import in_memory

    names = ("pixel-faces", "pixel-faces-random")
    report = finish(run_job(finish(open_job(TheorySettings(experiment="labels", surrogates=names))), in_memory()))
    near, random = largest_gains(report.rows)
    assert near["low"] > 0 and random["low"] <= 0 <= random["high"]
