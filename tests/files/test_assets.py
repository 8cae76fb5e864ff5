"""The shipped models are what their README says: partly memorised, calibrated, small."""

import json

import numpy as np
import pytest
from safetensors import safe_open

from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.data.source import open_training_set
from side_core.dpm.folder import open_denoiser, read_card
from side_core.dpm.text.denoiser import need_text
from side_core.extraction.calibration import FILE
from side_core.extraction.effect import effect_of
from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import open_subject, references_of
from side_core.files.assets import ASSETS, BASELINES, BUILT_INS, GROWN, GROWTH_SIZES
from side_core.progress import finish
from side_core.prompts.evaluation import APART
from side_core.prompts.groups import captioned_groups
from side_core.prompts.held_out import SEED as HELD_OUT_SEED
from side_core.prompts.held_out import SHIPPED, held_out_prompts, known_norms
from side_core.prompts.norms import norms_of, own_seeds, score_of
from side_core.prompts.truth import FILE as TRUTH
from side_core.prompts.truth import captions_to_try
from side_core.sampling.store import MemoryStore, in_memory
from side_core.settings import DetectorSettings, ExtractSettings, PromptSettings, SamplingSettings
from side_core.settings.theory import TheorySettings
from side_core.similarity.scores import SCORES
from side_core.stats.roc import Separation, separation
from side_core.surrogate.folder import load_surrogate
from side_core.theory.family import shipped_family
from side_core.theory.job import open_job

MIB = 2**20
TRAINED = ["pixel-faces", "pixel-faces-twin"]
CALIBRATED = (*TRAINED, "ideal")
TEXT = "pixel-faces-text"


def extracted(settings: ExtractSettings) -> Extraction:
    """A whole run."""
    subject = open_subject(settings)
    *_, result = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    assert isinstance(result, Extraction)
    return result


def bytes_under(folder: str) -> int:
    return sum(file.stat().st_size for file in (ASSETS / folder).rglob("*") if file.is_file())


def test_all_assets_together_stay_small() -> None:
    assert bytes_under("") < 80 * MIB


def test_the_family_is_whole_small_and_measured() -> None:
    assert bytes_under("models/growth") < 24.5e6
    members = shipped_family()
    assert [(member.size, member.steps) for member in members if member.final] == [(n, 4000) for n in GROWTH_SIZES]
    for member in members:
        card, data = read_card(GROWN[member.model].folder), open_training_set(member.data)
        assert card["data"] == {"source": data.name, "rows": member.size, "fingerprint": data.fingerprint}
        assert (member.twin is None) != member.final
    settings = TheorySettings(experiment="growth")
    job = finish(open_job(settings))
    assert job.found(in_memory()).done == job.total == len(members)


@pytest.mark.parametrize("model", TRAINED)
def test_model_is_small_and_its_card_names_its_very_data(model: str) -> None:
    assert (BUILT_INS[model].folder / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size < 9 * MIB
    card = read_card(BUILT_INS[model].folder)
    data = open_training_set(BUILT_INS[model].data)
    assert card["data"] == {"source": data.name, "rows": len(data), "fingerprint": data.fingerprint}


def test_training_rows_twin_rows_and_control_share_no_image() -> None:
    parts = [open_training_set(f"pixel-faces[{first}:{first + 1000}]") for first in (0, 1000, 2000)]
    images = np.concatenate([part.images for part in parts]).reshape(3000, -1)
    assert len(np.unique(images, axis=0)) == 3000


@pytest.mark.parametrize("model", CALIBRATED)
def test_calibration_belongs_to_the_model_and_covers_every_score(model: str) -> None:
    subject = open_subject(ExtractSettings(model=model))
    assert subject.calibration is not None
    encoders = ["pixel"] if model == "ideal" else ["pixel", "dpm"]
    scores = set(SCORES) - {"cosine"}  # these encoders give no directions
    assert set(subject.calibration.control_scores) == {f"{e}/{s}" for e in encoders for s in scores}
    assert {len(values) for values in subject.calibration.control_scores.values()} == {4096}


@pytest.mark.parametrize("model", TRAINED)
def test_calibration_says_partly_memorised(model: str) -> None:
    calibration = open_subject(ExtractSettings(model=model)).calibration
    assert calibration is not None
    training = calibration.training_rate("pixel", "ratio", 1 / 3)
    control = calibration.control_rate("pixel", "ratio", 1 / 3)
    assert training is not None and control is not None
    assert 0.03 <= training.share <= 0.15
    assert control.share <= training.share / 5


@pytest.mark.parametrize("model", CALIBRATED)
def test_calibration_is_drawn_by_this_model(model: str) -> None:
    """Its first seeds, drawn anew, have the same scores; arithmetic may differ between processors, so nearly."""
    with safe_open(BUILT_INS[model].folder / FILE, framework="numpy") as table:
        plain = SamplingSettings.model_validate_json(table.metadata()["settings"])
        expected = table.get_tensor("control/pixel/l2")
    few = plain.model_dump() | {"count": 8, "model": model, "mode": "exact"}
    control = extracted(ExtractSettings.read(few)).match.control
    assert control is not None
    assert np.median(np.abs(control.scores.l2 - expected[:8])) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("model", TRAINED)
def test_two_thousand_plain_samples_in_exact_mode_are_partly_copies(model: str) -> None:
    settings = ExtractSettings(model=model, count=2000, steps=50)
    line = extracted(settings).headline("ratio")
    assert line is not None
    assert 0.03 <= line.training.share <= 0.15
    assert line.control.share <= line.training.share / 5


@pytest.mark.parametrize("model", TRAINED)
def test_surrogate_is_small_and_made_of_this_very_model(model: str) -> None:
    assert bytes_under(f"surrogates/{model}") <= 1_500_000
    surrogate, denoiser = load_surrogate(model), open_denoiser(model)
    surrogate.check_fits(denoiser, foreign=False)
    other = next(name for name in TRAINED if name != model)
    with pytest.raises(ValueError, match=r"^The surrogate was made of another model"):
        load_surrogate(other).check_fits(denoiser, foreign=False)
    assert surrogate.card["warnings"] == []
    labels = {"pixel-faces": 1040, "pixel-faces-twin": 600}[model]
    assert len(surrogate.pictures) == len(surrogate.kept) == labels
    levels = {level["timestep"]: level for level in surrogate.card["training"]["levels"]}
    assert levels[0]["low"] > 0.75 > levels[500]["high"] > levels[500]["low"] > 0.5


@pytest.mark.parametrize("name", BASELINES["pixel-faces"])
def test_surrogates_of_baselines_differ_in_what_their_name_says(name: str) -> None:
    assert bytes_under(f"surrogates/{name}") <= 1_500_000
    surrogate, own = load_surrogate(name), load_surrogate("pixel-faces")
    surrogate.check_fits(open_denoiser("pixel-faces"), foreign=False)
    assert surrogate.guidance == own.guidance
    kind = name.removeprefix("pixel-faces-")
    assert (surrogate.card["objective"] == "time-independent") == (kind == "time-independent")
    source = {"k-means": "clusters", "random": "random", "cells": "cells"}.get(kind, "duplicates")
    assert surrogate.card["clusters"]["source"] == source
    assert surrogate.card["synthetic"]["source"].startswith("pixel-faces") == (kind == "attribute")


def test_the_shipped_surrogate_brings_more_copies_than_plain_sampling() -> None:
    """Few pictures, so only the direction is asserted: about 45 against 27 % with thousands (docs/results.md)."""
    settings = ExtractSettings(
        model="pixel-faces", surrogate="pixel-faces", count=96, seed=5000, steps=10, solver="multistep", threshold=0.62
    )
    effect = effect_of(extracted(settings))
    assert effect is not None
    assert effect.guided.training.beat > effect.plain.training.beat
    assert effect.guided.control.share <= 0.05


@pytest.mark.slow
def test_two_thousand_steered_samples_bring_more_copies_and_more_different_ones() -> None:
    settings = ExtractSettings(
        model="pixel-faces", surrogate="pixel-faces", count=2000, steps=10, solver="multistep", threshold=0.62
    )
    effect = effect_of(extracted(settings))
    assert effect is not None
    assert effect.ratio.low > 1.2
    assert effect.different.value > effect.different_plain.value
    assert effect.guided.control.share <= 0.01


def test_the_text_model_is_small_and_its_card_names_its_very_data() -> None:
    assert bytes_under(f"models/{TEXT}") < 14_000_000
    card, faces = read_card(BUILT_INS[TEXT].folder), captioned_faces()
    about = card["data"]
    assert (about["source"], about["captions"], about["pictures"]) == (BUILT_INS[TEXT].data, len(faces), 2000)
    assert about["shown_in_a_pass"] == sum(face.repeats for face in faces)


def test_the_truth_and_the_held_out_norms_are_of_the_text_model_itself() -> None:
    denoiser, folder = need_text(open_denoiser(TEXT)), BUILT_INS[TEXT].folder
    truth = json.loads((folder / TRUTH).read_text())
    assert truth["model"] == denoiser.fingerprint
    tried = {(one["caption"], one["row"], one["repeats"]) for one in truth["captions"]}
    assert tried == {(face.caption, face.row, face.repeats) for face in captions_to_try(captioned_faces())}
    assert {one["of"] for one in truth["captions"]} == {20}
    prompts = held_out_prompts(TEXT)
    assert prompts is not None
    shipped = known_norms(denoiser, prompts, SHIPPED, folder=folder)
    assert len(shipped.norms) == len(prompts)
    seeds = own_seeds(len(prompts), SHIPPED.score_images, HELD_OUT_SEED)[:8, :1]
    anew = score_of(finish(norms_of(denoiser, prompts[:8], PromptSettings(model=TEXT), seeds)))
    assert np.median(np.abs(shipped.norms[:8, 0, 0] - anew)) < 0.02 * np.median(anew)


def test_captions_repeated_often_come_back_and_others_do_not() -> None:
    groups = json.loads((BUILT_INS[TEXT].folder / TRUTH).read_text())["captions"]
    back = {name: [one["back"] / one["of"] for one in groups if one["group"] == name] for name in ("many", "once")}
    assert np.mean(back["many"]) > 0.5 > 0.05 > np.mean(back["once"])
    assert sum(one["control"] for one in groups) / sum(one["of"] for one in groups) < 0.01


def separated(most: int) -> Separation:
    """The text model's memorised prompts from held-out ones, at the first of 50 steps, one image each."""
    settings = DetectorSettings(model=TEXT, batch_size=128)
    groups = captioned_groups(held_out_captions(), most)
    denoiser = need_text(open_denoiser(TEXT))
    memorised, held_out = (
        score_of(finish(norms_of(denoiser, group.prompts, settings, own_seeds(len(group.prompts), 1, number * APART))))
        for number, group in enumerate((groups.memorised, groups.held_out))
    )
    return separation(memorised, held_out, settings.false_positives)


def test_memorised_prompts_are_told_at_the_first_step() -> None:
    assert separated(100).auc.value > 0.98


@pytest.mark.slow
def test_memorised_prompts_are_told_as_the_readme_says() -> None:
    found = separated(500)
    assert found.auc.value >= 0.995
    assert found.tpr.value >= 0.95
