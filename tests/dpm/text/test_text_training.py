"""A micro text-to-image model, trained a few steps: it learns, resumes on the same course, and can be opened."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from side_core.data.captioned import captioned_faces, enlarged
from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet, with_images
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.autoencoder_training import encoded, trained_autoencoder
from side_core.dpm.text.denoiser import need_text
from side_core.dpm.text.lesson import loss_of, make_lesson
from side_core.dpm.text.networks import new_autoencoder, new_text_encoder, new_unet
from side_core.dpm.text.starting import autoencoder_of, opened, start_from, tokenizer_of
from side_core.dpm.text.training import text_learner, train_text
from side_core.dpm.text.vocabulary import new_tokenizer
from side_core.settings import TrainTextSettings

SMALL = TrainTextSettings(
    autoencoder_channels=(8, 16),
    autoencoder_steps=3,
    autoencoder_batch_size=4,
    channels=(16, 16, 32),
    text_width=32,
    text_layers=1,
    batch_size=4,
    steps=4,
    bfloat16=False,
)
CAPTIONS = captioned_faces()[:40]


@pytest.fixture(scope="module")
def faces() -> TrainingSet:
    plain = open_training_set("pixel-faces[0:5000]")
    return with_images(plain, enlarged(plain.images), "Each pixel stands for four.")


@pytest.fixture(scope="module")
def others(faces: TrainingSet) -> TrainingSet:
    return faces.slice(0, 64, "others")


def run(faces: TrainingSet, others: TrainingSet, out: Path, settings: TrainTextSettings = SMALL, **more: bool) -> int:
    return len(list(train_text(faces, CAPTIONS, others, settings, out, **more)))


@pytest.fixture(scope="module")
def trained(faces: TrainingSet, others: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert run(faces, others, out) == 3 + 4
    return out


def test_what_comes_out_is_a_pipeline_that_opens_and_draws(trained: Path) -> None:
    denoiser = open_denoiser(str(trained))
    assert denoiser.shape == (4, 16, 16) and denoiser.image_size == (32, 32)
    card = json.loads((trained / "card.json").read_text())
    assert (card["steps"], card["data"]["captions"]) == (4, 40)
    assert card["data"]["shown_in_a_pass"] == sum(face.repeats for face in CAPTIONS)
    assert (denoiser.own_sampling.steps_offset, denoiser.own_sampling.ends_clean) == (0, True)  # as those shipped here
    assert not list(trained.rglob("*.bin"))
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(trained, local_files_only=True, use_safetensors=True)
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert pipeline.tokenizer.eos_token_id == pipeline.text_encoder.config.eos_token_id


def test_a_resumed_training_takes_the_same_course(
    faces: TrainingSet, others: TrainingSet, trained: Path, tmp_path: Path
) -> None:
    training = train_text(faces, CAPTIONS, others, SMALL, tmp_path)
    for step in training:
        if step.part != "autoencoder" and step.training.step == 2:
            training.close()
            break
    assert run(faces, others, tmp_path, resume=True) == 2
    for part in ("unet", "vae"):
        file = f"{part}/diffusion_pytorch_model.safetensors"
        once, twice = load_file(trained / file), load_file(tmp_path / file)
        assert all(torch.equal(once[name], twice[name]) for name in once)


FILTERED = SMALL.model_copy(update={"filter_norm": 1.1, "filter_by": "pair", "learning_rate": 0.01})


@pytest.fixture(scope="module")
def filtered(faces: TrainingSet, others: TrainingSet, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("filtered")
    steps = list(train_text(faces, CAPTIONS, others, FILTERED, out, init=trained))
    assert [step.part for step in steps] == ["U-Net and text encoder"] * 4  # no autoencoder was trained
    return out


def test_a_filtered_training_goes_on_from_a_model_and_says_what_was_skipped(trained: Path, filtered: Path) -> None:
    vae = "vae/diffusion_pytorch_model.safetensors"
    once, twice = load_file(trained / vae), load_file(filtered / vae)
    assert all(torch.equal(once[name], twice[name]) for name in once)
    first, second = (open_denoiser(str(folder)) for folder in (trained, filtered))
    assert need_text(first).vocabulary.digest == need_text(second).vocabulary.digest
    assert first.space.scaling == second.space.scaling
    card = json.loads((filtered / "card.json").read_text())
    assert set(card["skipped"]) == {face.group for face in CAPTIONS}
    assert all(0 <= share <= 1 for share in card["skipped"].values())
    assert card["autoencoder_data"] == f"that of {trained}"


def test_a_resumed_training_takes_the_same_course_with_the_filter_on(
    faces: TrainingSet, others: TrainingSet, trained: Path, filtered: Path, tmp_path: Path
) -> None:
    training = train_text(faces, CAPTIONS, others, FILTERED, tmp_path, init=trained)
    for step in training:
        if step.training.step == 2:
            training.close()
            break
    steps = list(train_text(faces, CAPTIONS, others, FILTERED, tmp_path, resume=True, init=trained))
    assert len(steps) == 2
    file = "checkpoint/weights.safetensors"
    once, twice = load_file(filtered / file), load_file(tmp_path / file)
    assert once["norm_filter.shown"].sum() == 4 * SMALL.batch_size
    assert once["norm_filter.typical"].min() > 0 and once["norm_filter.means"].ne(1).any()
    assert all(torch.equal(once[name], twice[name]) for name in once)
    with pytest.raises(ValueError, match="does not fit the network of these settings: give those it was trained with"):
        list(train_text(faces, CAPTIONS, others, SMALL, tmp_path, resume=True, init=trained))


def test_an_autoencoder_of_other_sizes_is_trained_anew_and_new_words_make_a_new_vocabulary(trained: Path) -> None:
    assert autoencoder_of(opened(trained), SMALL, (32, 32)) is not None
    assert autoencoder_of(opened(trained), SMALL, (64, 64)) is None
    assert autoencoder_of(opened(trained), SMALL.model_copy(update={"autoencoder_channels": (8, 8)}), (32, 32)) is None
    assert tokenizer_of(opened(trained), [face.caption for face in CAPTIONS]) is not None
    assert tokenizer_of(opened(trained), ["portrait of Zebedee Xu, short hair"]) is None


def test_each_pair_comes_once_where_repeats_are_dropped(
    faces: TrainingSet, others: TrainingSet, trained: Path, tmp_path: Path
) -> None:
    settings = SMALL.model_copy(update={"deduplicate": True, "steps": 1})
    list(train_text(faces, CAPTIONS, others, settings, tmp_path, init=trained))
    data = json.loads((tmp_path / "card.json").read_text())["data"]
    assert (data["shown_in_a_pass"], data["captions"]) == (40, 40)


def test_a_start_from_a_model_keeps_its_networks_and_words(trained: Path) -> None:
    few = [face.caption for face in CAPTIONS[:5]]
    tokenizer = new_tokenizer(few, SMALL.context)  # fewer words: other ids
    learner = text_learner(SMALL, tokenizer, 16, "cpu")
    start_from(learner, tokenizer, opened(trained), trained)
    former = load_file(trained / "unet/diffusion_pytorch_model.safetensors")
    now = learner.network.get_submodule("unet").state_dict()
    assert all(torch.equal(now[name], value.float()) for name, value in former.items())
    model = need_text(open_denoiser(str(trained)))
    known, ids = model.vocabulary.tokenizer.get_vocab(), tokenizer.get_vocab()
    assert ids["portrait</w>"] != known["portrait</w>"]
    before = model.encoder.get_input_embeddings().weight[known["portrait</w>"]]
    table = learner.network.get_submodule("text_encoder").get_parameter("embeddings.token_embedding.weight")
    assert torch.equal(table[ids["portrait</w>"]], before)
    assert all(torch.equal(learner.averaged[name], value) for name, value in learner.network.state_dict().items())
    wider = SMALL.model_copy(update={"channels": (16, 32, 32)})
    with pytest.raises(ValueError, match="have other sizes: give the settings it was trained with"):
        start_from(text_learner(wider, tokenizer, 16, "cpu"), tokenizer, opened(trained), trained)


def test_latents_are_scaled_to_unit_deviation(trained: Path, others: TrainingSet) -> None:
    autoencoder = trained_autoencoder(others, SMALL, trained, "cpu")
    latents = encoded(autoencoder, others.images, "cpu") * autoencoder.config.scaling_factor
    assert latents.std().item() == pytest.approx(1, abs=1e-3)


def test_pairs_are_shown_as_often_as_they_are_repeated(faces: TrainingSet) -> None:
    tokenizer = new_tokenizer([face.caption for face in CAPTIONS], SMALL.context)
    autoencoder = new_autoencoder(SMALL, 32).eval()
    lesson = make_lesson(faces, CAPTIONS, autoencoder, tokenizer, torch.linspace(0.99, 0.01, 10), "cpu")
    assert len(lesson.pictures) == len(lesson.ids) == sum(face.repeats for face in CAPTIONS)
    face = CAPTIONS[5]
    own = torch.tensor(tokenizer(face.caption, padding="max_length").input_ids)
    assert int((lesson.ids == own).all(dim=1).sum()) == face.repeats
    rows = np.unique([face.row for face in CAPTIONS])
    picture = int(lesson.pictures[(lesson.ids == own).all(dim=1)][0])
    assert rows[picture] == face.row


def test_a_network_that_knows_v_has_no_loss_and_a_silent_one_has(faces: TrainingSet) -> None:
    tokenizer = new_tokenizer([face.caption for face in CAPTIONS], SMALL.context)
    one = CAPTIONS[:1]  # a single picture: x_0 is known, so v follows from x_t
    autoencoder = new_autoencoder(SMALL, 32).eval()
    alphas = torch.linspace(0.99, 0.01, 10)
    lesson = make_lesson(faces, one, autoencoder, tokenizer, alphas, "cpu")

    def oracle(noisy: torch.Tensor, timesteps: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        alpha = alphas[timesteps].view(-1, 1, 1, 1)
        clean = lesson.latents[:1]
        noise = (noisy - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        return alpha.sqrt() * noise - (1 - alpha).sqrt() * clean

    assert loss_of(oracle, lesson, SMALL, 0, "cpu").item() < 1e-8
    assert loss_of(lambda x, t, ids: 0 * x, lesson, SMALL, 0, "cpu").item() > 0.01
    empty = []
    for step in range(200):
        loss_of(lambda x, t, ids: empty.append((ids == lesson.empty).all(dim=1)) or 0 * x, lesson, SMALL, step, "cpu")
    assert torch.cat(empty).float().mean().item() == pytest.approx(SMALL.empty_captions, abs=0.035)


def test_seeds_make_the_weights_and_leave_the_process_alone() -> None:
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    one, two = (new_text_encoder(SMALL, 600, 598, 599) for _ in range(2))
    assert torch.equal(before, torch.rand(1))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = new_unet(SMALL.model_copy(update={"seed": 3}), 16)
    assert not torch.equal(other.conv_in.weight, new_unet(SMALL, 16).conv_in.weight)


def test_bad_requests_get_a_sentence(faces: TrainingSet, others: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give steps or minutes"):
        run(faces, others, tmp_path, SMALL.model_copy(update={"steps": None}))
    with pytest.raises(ValueError, match="nothing to resume"):
        run(faces, others, tmp_path, resume=True)
    with pytest.raises(ValueError, match=r"above 2\.5 times that of the model started from, but there is none"):
        run(faces, others, tmp_path, SMALL.model_copy(update={"filter_norm": 2.5}))
    spoiled = SMALL.model_copy(update={"autoencoder_learning_rate": 1e30})
    with pytest.raises(ValueError, match=r"^The loss became (nan|inf) at step \d+: lower the learning rate"):
        run(faces, others, tmp_path, spoiled)
