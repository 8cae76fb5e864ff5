"""Train a small text-to-image model from scratch: autoencoder first, then U-Net and text encoder together."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from side_core.data.captioned import Captioned
from side_core.data.training_set import TrainingSet
from side_core.dpm.device import open_device
from side_core.dpm.formats.own_sampling import CARD_ENTRY
from side_core.dpm.text.autoencoder_training import encoded, train_autoencoder, trained_autoencoder
from side_core.dpm.text.denoiser import need_text
from side_core.dpm.text.networks import new_text_encoder, new_unet
from side_core.dpm.text.vocabulary import new_tokenizer
from side_core.dpm.training.batch import batch_rows
from side_core.dpm.training.checkpoint import Learner
from side_core.dpm.training.loop import CHECKPOINT, TrainingStep, check_length, effort, learn, new_learner
from side_core.files.whole_file import make_folder
from side_core.settings import TrainTextSettings

_BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}  # of Stable Diffusion
_PREDICTION = "v_prediction"  # as Stable Diffusion 2: the error at pure noise is that of the picture, not of the noise


@dataclass(frozen=True)
class TextTrainingStep:
    """One optimiser step of the whole training.

    Attributes:
        part: which network is being trained, for people.
        training: how far that is.
    """

    part: str
    training: TrainingStep


class TextAndUnet(torch.nn.Module):
    """What is trained together: the text encoder and the U-Net that attends to it.

    Args:
        text_encoder: a CLIPTextModel.
        unet: a UNet2DConditionModel.
    """

    def __init__(self, text_encoder: Any, unet: Any):
        super().__init__()
        self.text_encoder, self.unet = text_encoder, unet

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        """(n, C, h, w) latents with noise, (n,) timesteps and (n, L) token ids to the predicted v."""
        text = self.text_encoder(ids).last_hidden_state
        return self.unet(noisy, timesteps, text).sample


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the U-Net learns from.

    Attributes:
        latents: (rows, C, h, w) of the pictures, scaled.
        pictures: (pairs,) the row of each caption's picture, each pair as often as it is repeated.
        ids: (pairs, L) the captions' tokens.
        empty: (L,) the tokens of the empty caption.
        alphas_cumprod: (T,) noise schedule.
    """

    latents: Tensor
    pictures: Tensor
    ids: Tensor
    empty: Tensor
    alphas_cumprod: Tensor


def train_text(
    faces: TrainingSet,
    captions: Sequence[Captioned],
    others: TrainingSet,
    settings: TrainTextSettings,
    out: Path,
    resume: bool = False,
    init: Path | None = None,
    device: str = "cpu",
) -> Iterator[TextTrainingStep]:
    """Train a text-to-image model (Rombach et al. 2022) and write it as a StableDiffusionPipeline folder.

    The random numbers of a step depend on the seed and its number alone, so a resumed run continues the same course.
    At the end, and whenever the caller stops iterating, checkpoints to resume from stand in `out`; at the end the
    averaged weights are written there in half precision, with `card.json`.

    Args:
        faces: all pixel faces that the captions' rows name, in the size to be drawn.
        captions: what is learnt, with its repeats.
        others: pictures that the autoencoder learns from.
        settings: `steps` or `minutes` says when the U-Net's training stops.
        out: folder for the model.
        resume: continue from the checkpoints there.
        init: a model folder of the same sizes whose U-Net and text encoder to start from, see `start_from`.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; a device that cannot be used; nothing to resume; a folder that
            cannot be written; a loss that is not finite.
    """
    from diffusers import DDIMScheduler  # seconds to import

    check_length(settings)
    open_device(device)
    make_folder(out)
    for step in train_autoencoder(others, settings, out, resume, device):
        yield TextTrainingStep("autoencoder", step)
    autoencoder = trained_autoencoder(others, settings, out, device)
    scheduler = DDIMScheduler(
        **_BETAS, prediction_type=_PREDICTION, clip_sample=False, set_alpha_to_one=False, steps_offset=1
    )
    tokenizer = new_tokenizer([face.caption for face in captions], settings.context)
    lesson = make_lesson(faces, captions, autoencoder, tokenizer, scheduler.alphas_cumprod, device)
    learner = text_learner(settings, tokenizer, lesson.latents.shape[-1], device)
    if resume and (out / CHECKPOINT).exists():
        learner.load(out / CHECKPOINT)
    elif init is not None:
        start_from(learner, tokenizer, init)
    network = torch.compile(learner.network) if settings.compile else learner.network

    def loss_at(step: int) -> Tensor:
        return loss_of(network, lesson, settings, step, device)

    for step in learn(learner, loss_at, settings, out / CHECKPOINT):
        yield TextTrainingStep("U-Net and text encoder", step)
    _write_pipeline(out, learner, autoencoder, tokenizer, scheduler)
    card = _text_card(faces, captions, others, settings, init) | effort(learner.counters, device)
    (out / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def text_learner(settings: TrainTextSettings, tokenizer: Any, latent_size: int, device: str) -> Learner:
    """New text encoder and U-Net with their optimiser."""
    encoder = new_text_encoder(settings, len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id)
    network: Any = TextAndUnet(encoder, new_unet(settings, latent_size))
    return new_learner(network.to(device, memory_format=torch.channels_last), settings)


def start_from(learner: Learner, tokenizer: Any, folder: Path) -> None:
    """Take over the U-Net and the text encoder of a model; tokens keep their embedding by their spelling.

    Args:
        learner: new.
        tokenizer: of the new text encoder.
        folder: of the model.

    Raises:
        ValueError: it is no text-to-image model, or of other sizes.
    """
    from side_core.dpm.folder import open_denoiser

    model = need_text(open_denoiser(str(folder)))
    network: Any = learner.network
    known = model.vocabulary.tokenizer.get_vocab()
    table = network.text_encoder.get_input_embeddings().weight.detach().clone()
    former = model.encoder.get_input_embeddings().weight
    for token, place in tokenizer.get_vocab().items():
        if token in known:
            table[place] = former[known[token]]
    try:
        network.unet.load_state_dict(model.unet.state_dict())
        embedding = "embeddings.token_embedding.weight"
        network.text_encoder.load_state_dict(model.encoder.state_dict() | {embedding: table})
    except RuntimeError:
        raise ValueError(
            f"The networks of '{folder}' have other sizes: give the settings it was trained with."
        ) from None
    learner.averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}


def make_lesson(
    faces: TrainingSet,
    captions: Sequence[Captioned],
    autoencoder: Any,
    tokenizer: Any,
    alphas_cumprod: Tensor,
    device: str,
) -> Lesson:
    """Encode pictures and captions once.

    Args:
        faces: which the captions' rows name.
        captions: the pairs.
        autoencoder: that makes the latents.
        tokenizer: that makes the ids.
        alphas_cumprod: (T,) noise schedule.
        device: where the autoencoder computes.
    """
    rows, places = np.unique([face.row for face in captions], return_inverse=True)
    repeats = torch.tensor([face.repeats for face in captions])
    texts = ["", *(face.caption for face in captions)]
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    return Lesson(
        latents=encoded(autoencoder, faces.images[rows], device) * autoencoder.config.scaling_factor,
        pictures=torch.from_numpy(places).repeat_interleave(repeats),
        ids=ids[1:].repeat_interleave(repeats, dim=0),
        empty=ids[0],
        alphas_cumprod=alphas_cumprod,
    )


def loss_of(network: Any, lesson: Lesson, settings: TrainTextSettings, step: int, device: str) -> Tensor:
    """Mean squared error of the predicted v = sqrt(a) e - sqrt(1 - a) x_0 (Salimans & Ho 2022, appendix D).

    Timesteps are spread evenly over the schedule (Kingma et al. 2021, appendix I.1); some captions are empty (Ho &
    Salimans 2022).

    Args:
        network: `TextAndUnet`, compiled or not.
        lesson: what to learn from.
        settings: batch size, seed, precision.
        step: 0-based number, from which all that is drawn follows.
        device: where the network is.
    """
    generator = torch.Generator().manual_seed(settings.seed * 1_000_000_007 + step)
    count = settings.batch_size
    rows = batch_rows(step, count, len(lesson.pictures), settings.seed)
    clean = lesson.latents[lesson.pictures[rows]]
    noise = torch.randn(clean.shape, generator=generator)
    shares = (torch.rand((), generator=generator) + torch.arange(count) / count) % 1
    shares = shares[torch.randperm(count, generator=generator)]
    timesteps = (shares * len(lesson.alphas_cumprod)).long()
    empty = torch.rand(count, generator=generator) < settings.empty_captions
    ids = torch.where(empty[:, None], lesson.empty, lesson.ids[rows])
    alpha = lesson.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
    wanted = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
    noisy = noisy.to(device, memory_format=torch.channels_last)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=settings.bfloat16):
        predicted = network(noisy, timesteps.to(device), ids.to(device))
    return functional.mse_loss(predicted.float(), wanted.to(device))


def _write_pipeline(folder: Path, learner: Learner, autoencoder: Any, tokenizer: Any, scheduler: Any) -> None:
    """Write the averaged weights as a half-precision StableDiffusionPipeline without a safety checker."""
    from diffusers import StableDiffusionPipeline

    network: Any = learner.network
    live = {name: value.detach().clone() for name, value in network.state_dict().items()}
    try:
        network.load_state_dict(learner.averaged)
        StableDiffusionPipeline(
            vae=autoencoder.half(),
            text_encoder=network.text_encoder.half(),
            tokenizer=tokenizer,
            unet=network.unet.half(),
            scheduler=scheduler,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        ).save_pretrained(folder)
    finally:
        network.float().load_state_dict(live)
        autoencoder.float()


def _text_card(
    faces: TrainingSet,
    captions: Sequence[Captioned],
    others: TrainingSet,
    settings: TrainTextSettings,
    init: Path | None,
) -> dict[str, Any]:
    """What a reader must know of the model: data and settings."""
    return {
        "kind": "text-to-image latent DPM",
        "data": {
            "source": "captioned-faces",
            "pictures": len({face.row for face in captions}),
            "captions": len(captions),
            "shown_in_a_pass": sum(face.repeats for face in captions),
            "fingerprint": faces.fingerprint,
        },
        "autoencoder_data": {"source": others.name, "rows": len(others), "fingerprint": others.fingerprint},
        "settings": settings.model_dump(mode="json"),
        CARD_ENTRY: {"steps_offset": 0, "set_alpha_to_one": True},  # how the models shipped here are measured
        "init": str(init) if init else None,
    }
