"""Train a small text-to-image model: autoencoder first, then U-Net and text encoder together."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from side_core.data.captioned import Captioned, deduplicated
from side_core.data.training_set import TrainingSet
from side_core.dpm.device import open_device
from side_core.dpm.formats.own_sampling import CARD_ENTRY
from side_core.dpm.text.autoencoder_training import train_autoencoder, trained_autoencoder
from side_core.dpm.text.filtering import NormFilter
from side_core.dpm.text.lesson import loss_of, make_lesson, measure_typical
from side_core.dpm.text.networks import new_text_encoder, new_unet
from side_core.dpm.text.starting import autoencoder_of, opened, start_from, tokenizer_of
from side_core.dpm.text.vocabulary import new_tokenizer
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
        norm_filter: what it has measured is saved with the weights.
    """

    def __init__(self, text_encoder: Any, unet: Any, norm_filter: NormFilter | None = None):
        super().__init__()
        self.text_encoder, self.unet, self.norm_filter = text_encoder, unet, norm_filter

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        """(n, C, h, w) latents with noise, (n,) timesteps and (n, L) token ids to the predicted v."""
        text = self.text_encoder(ids).last_hidden_state
        return self.unet(noisy, timesteps, text).sample


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
        init: a model folder of the same sizes to start from: its U-Net and text encoder, see `start_from`, also its
            autoencoder and vocabulary, where they fit. A run that resumes is given it again.
        device: where to train.

    Raises:
        ValueError: neither steps nor minutes given; a norm filter without a model to start from; a device that cannot
            be used; nothing to resume; a folder that cannot be written; a loss that is not finite.
    """
    from diffusers import DDIMScheduler  # seconds to import

    check_length(settings)
    if settings.filter_norm is not None and init is None:
        raise ValueError(
            f"A text norm is too large above {settings.filter_norm:g} times that of the model started from, but there "
            "is none: name one."
        )
    open_device(device)
    make_folder(out)
    if settings.deduplicate:
        captions = deduplicated(captions)
    autoencoder, former = None, None if init is None else opened(init)
    if former is not None and not (resume and (out / "autoencoder").exists()):
        autoencoder = autoencoder_of(former, settings, faces.size, device)
    borrowed = autoencoder is not None
    if not borrowed:
        for step in train_autoencoder(others, settings, out, resume, device):
            yield TextTrainingStep("autoencoder", step)
        autoencoder = trained_autoencoder(others, settings, out, device)
    scheduler = DDIMScheduler(
        **_BETAS, prediction_type=_PREDICTION, clip_sample=False, set_alpha_to_one=False, steps_offset=1
    )
    texts = [face.caption for face in captions]
    tokenizer = (None if former is None else tokenizer_of(former, texts)) or new_tokenizer(texts, settings.context)
    lesson = make_lesson(faces, captions, autoencoder, tokenizer, scheduler.alphas_cumprod, device)
    norm_filter = None
    if settings.filter_norm is not None:
        norm_filter = NormFilter(settings.filter_norm, len(captions), settings.filter_by)
    learner = text_learner(settings, tokenizer, lesson.latents.shape[-1], device, norm_filter)
    if resume and (borrowed or (out / CHECKPOINT).exists()):
        learner.load(out / CHECKPOINT)
    elif init is not None and former is not None:
        start_from(learner, tokenizer, former, init)
        if norm_filter is not None:
            measure_typical(norm_filter, learner.network, lesson, settings, device)
    network = torch.compile(learner.network) if settings.compile else learner.network

    def loss_at(step: int) -> Tensor:
        return loss_of(network, lesson, settings, step, device, norm_filter)

    for step in learn(learner, loss_at, settings, out / CHECKPOINT):
        yield TextTrainingStep("U-Net and text encoder", step)
    _write_pipeline(out, learner, autoencoder, tokenizer, scheduler)
    card = _text_card(faces, captions, None if borrowed else others, settings, init)
    if norm_filter is not None:
        card["skipped"] = skipped_by_group(norm_filter, captions)
    (out / "card.json").write_text(json.dumps(card | effort(learner.counters, device), indent=2) + "\n")


def text_learner(
    settings: TrainTextSettings, tokenizer: Any, latent_size: int, device: str, norm_filter: NormFilter | None = None
) -> Learner:
    """New text encoder and U-Net with their optimiser."""
    encoder = new_text_encoder(settings, len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id)
    network: Any = TextAndUnet(encoder, new_unet(settings, latent_size), norm_filter)
    return new_learner(network.to(device, memory_format=torch.channels_last), settings)


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
    others: TrainingSet | None,
    settings: TrainTextSettings,
    init: Path | None,
) -> dict[str, Any]:
    """What a reader must know of the model: data and settings.

    Args:
        faces: all pixel faces.
        captions: what was learnt.
        others: what the autoencoder learnt from; None where it is that of `init`.
        settings: of the training.
        init: the model started from.
    """
    autoencoder_data = others and {"source": others.name, "rows": len(others), "fingerprint": others.fingerprint}
    return {
        "kind": "text-to-image latent DPM",
        "data": {
            "source": settings.lesson,
            "pictures": len({face.row for face in captions}),
            "captions": len(captions),
            "shown_in_a_pass": sum(face.repeats for face in captions),
            "fingerprint": faces.fingerprint,
        },
        "autoencoder_data": autoencoder_data or f"that of {init}",
        "settings": settings.model_dump(mode="json"),
        CARD_ENTRY: {"steps_offset": 0, "set_alpha_to_one": True},  # how the models shipped here are measured
        "init": str(init) if init else None,
    }


def skipped_by_group(norm_filter: NormFilter, captions: Sequence[Captioned]) -> dict[str, float]:
    """Which share of the samples of each group the filter has skipped, over all resumed runs."""
    groups = [face.group for face in captions]
    shares: dict[str, float] = {}
    for group in dict.fromkeys(groups):
        own = torch.tensor([other == group for other in groups])
        shares[group] = round(float(norm_filter.skipped[own].sum() / norm_filter.shown[own].sum().clamp(min=1)), 4)
    return shares
