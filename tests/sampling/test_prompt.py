"""Drawing from a prompt: what the settings say is what the guided model draws, and who has no text says so."""

from pathlib import Path

import numpy as np
import pytest

from side_core.dpm.denoiser import Denoiser, to_uint8
from side_core.dpm.folder import open_denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.text.guided import Guided
from side_core.progress import finish
from side_core.sampling.drawing import draw
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import schedule_of
from side_core.settings import SamplingSettings
from tests.dpm.text.small_folders import save_small

PROMPT = "portrait of Ada Novak, glasses"
SETTINGS = SamplingSettings(count=3, steps=4, batch_size=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TextDenoiser:
    """An untrained text-to-image model."""
    return need_text(open_denoiser(str(save_small(tmp_path_factory.mktemp("text"), "sd2"))))


def drawn(denoiser: Denoiser, settings: SamplingSettings) -> np.ndarray:
    """(n, H, W, 3) uint8."""
    return np.concatenate([drawing.images for drawing in draw(denoiser, settings) if drawing.images is not None])


def test_a_prompt_is_drawn_with_guidance_and_without_one_the_empty_prompt_is(model: TextDenoiser) -> None:
    schedule = schedule_of(SETTINGS, model)
    for scale in (1.0, 4.0):
        settings = SETTINGS.model_copy(update={"prompt": PROMPT, "text_scale": scale})
        condition = model.embed([PROMPT])
        *_, last = sample(Guided(model, scale), schedule, SETTINGS.seeds, condition=condition)
        found = drawn(model, settings).astype(int)
        assert np.abs(found - to_uint8(model.decode(last.x))).max() <= 1
        *_, plain = sample(model, schedule, SETTINGS.seeds)
        without = drawn(model, SETTINGS).astype(int)
        assert np.abs(without - to_uint8(model.decode(plain.x))).max() <= 1
        assert np.abs(found - without).max() > 5


def test_each_evaluation_is_counted(model: TextDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    evaluate = model.noise
    monkeypatch.setattr(model, "noise", lambda x, *rest: rows.append(len(x)) or evaluate(x, *rest))
    for asked in ({}, {"prompt": PROMPT}, {"prompt": PROMPT, "text_scale": 1.0}):
        settings = SamplingSettings(count=2, steps=3, **asked)
        rows.clear()
        drawn(model, settings)
        assert sum(rows) == 2 * 3 * settings.evaluations


@pytest.mark.parametrize("kind", ["network", "ideal"])
def test_a_model_without_text_refuses_a_prompt(pipeline: Path, ideal: IdealDenoiser, kind: str) -> None:
    denoiser = ideal if kind == "ideal" else open_denoiser(str(pipeline))
    with pytest.raises(ValueError) as error:
        finish(draw(denoiser, SETTINGS.model_copy(update={"prompt": PROMPT * 3})))
    assert str(error.value) == (
        "The prompt 'portrait of Ada Novak, glasses…ortrait of Ada Novak, glasses' was given, but the model draws "
        "without a text: leave the prompt out, or choose a text-to-image model."
    )


def test_a_public_app_reads_prompts_of_some_length(model: TextDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = SETTINGS.model_copy(update={"prompt": "hat " * 200, "steps": 1, "count": 1})
    assert len(drawn(model, asked)) == 1
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    with pytest.raises(
        ValueError, match=r"^prompt-characters cannot be 800: this app is public and allows 500 or less"
    ):
        drawn(model, asked)
