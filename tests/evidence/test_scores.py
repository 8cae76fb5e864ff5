"""Membership scores, on models whose truth is known: the perfect memoriser, and one that saw nothing."""

import numpy as np
import pytest
import torch

from side_core.data.source import open_training_set
from side_core.dpm.folder import open_denoiser
from side_core.evidence.asked import asked_of, check_pictures
from side_core.evidence.blind import blind
from side_core.evidence.scores import SCORES, against, measured, steps_of
from side_core.progress import finish
from side_core.stats.roc import separation

ROWS = range(24)


def scores_of(name: str, model: str, source: str) -> np.ndarray:
    denoiser = open_denoiser(model, "exact")
    return np.array(finish(measured(name, asked_of(denoiser, open_training_set(source), ROWS, 0))))


@pytest.mark.parametrize("name", ["loss", "pia", "secmi", "pfami"])
def test_the_perfect_memoriser_gives_its_own_pictures_away(name: str) -> None:
    own, control = (scores_of(name, "ideal", source) for source in ("pixel-faces[0:1000]", "pixel-faces[2000:3000]"))
    found = separation(own, control)
    assert np.isfinite(own).all() and found.auc.value > (0.75 if name == "secmi" else 0.95)


def test_a_model_that_saw_neither_set_tells_nothing() -> None:
    first, second = (scores_of("loss", "pixel-faces", f"pixel-faces[{row}:{row + 24}]") for row in (4000, 5000))
    found = separation(first, second)
    assert found.auc.low < 0.5 < found.auc.high


def test_a_picture_has_its_score_in_any_batch() -> None:
    denoiser, images = open_denoiser("pixel-faces", "exact"), open_training_set("pixel-faces[0:1000]")
    whole = asked_of(denoiser, images, range(6), 3)
    for name in ("loss", "secmi"):
        together = finish(SCORES[name].make(whole))
        alone = torch.cat([finish(SCORES[name].make(whole.part(row, row + 1))) for row in range(6)])
        assert torch.allclose(together, alone, rtol=1e-3)


@pytest.mark.parametrize("name", ["loss", "pia", "secmi", "pfami"])
def test_steps_are_as_many_as_were_promised(name: str) -> None:
    asked = asked_of(open_denoiser("ideal", "exact"), open_training_set("pixel-faces[0:1000]"), ROWS, 0)
    assert len(list(measured(name, asked))) == steps_of(name, len(ROWS))


def test_clid_hears_the_caption() -> None:
    denoiser, images = open_denoiser("pixel-faces-text", "exact"), open_training_set("captioned-faces")
    asked = asked_of(denoiser, images, range(8), 0)
    assert asked.captions == tuple(map(str, images.captions[:8]))  # type: ignore[index]
    own = torch.tensor(finish(measured("clid", asked)))
    other = asked_of(denoiser, images, range(8), 0)
    shuffled = type(other)(denoiser, other.clean, other.seeds, asked.captions[::-1])
    assert own.mean() > torch.tensor(finish(measured("clid", shuffled))).mean()
    with pytest.raises(ValueError, match="reads no text"):
        finish(
            measured("clid", asked_of(open_denoiser("ideal", "exact"), open_training_set("pixel-faces[0:9]"), [0], 0))
        )


def test_a_text_model_asks_for_captions() -> None:
    with pytest.raises(ValueError, match=r"have no captions: give a folder with a metadata\.csv"):
        check_pictures(open_denoiser("pixel-faces-text", "exact"), open_training_set("pixel-faces[0:30]"))


def test_a_reference_divides_losses_and_is_subtracted_elsewhere() -> None:
    assert against("loss", [-1.0, -2.0], [-2.0, -2.0]) == pytest.approx([np.log(2), 0])
    assert against("pfami", [0.5], [0.2]) == pytest.approx([0.3])


def test_the_blind_baseline_sees_a_difference_and_none_where_there_is_none() -> None:
    faces = open_training_set("pixel-faces").images
    brighter = np.minimum(faces[40:80].astype(int) + 60, 255).astype(np.uint8)
    assert blind(faces[:40], brighter).p < 0.01
    values = [blind(faces[k : k + 20], faces[k + 20 : k + 40]).p for k in range(3000, 3800, 40)]
    assert 0.25 < np.mean(values) < 0.75 and min(values) >= 0.001 and sum(value < 0.05 for value in values) <= 4
