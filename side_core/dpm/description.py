"""What a model is, in figures, from its JSON files and the headers of its weights alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from side_core.data.source import open_training_set
from side_core.dpm.folder import ideal_source, model_folder, read_card, training_source
from side_core.dpm.formats.layout import check_pipeline
from side_core.dpm.formats.own_sampling import OwnSampling
from side_core.dpm.formats.pipeline import Pipeline, read_pipeline
from side_core.dpm.formats.scheduler import cosine_alphas_cumprod
from side_core.dpm.formats.unfollowed import unfollowed_in
from side_core.dpm.forward import least_timestep
from side_core.settings.ability import Ability

_FLOAT = 4  # bytes of a float32, in which weights are loaded
_AUTOENCODER_NAMES = {"VQModel": "VQ", "AutoencoderKL": "KL"}


@dataclass(frozen=True)
class TextDescription:
    """What reads the prompts of a text-to-image model.

    Attributes:
        layers: of the text encoder.
        width: numbers of a token's embedding.
        vocabulary: how many tokens there are.
        context: the most tokens of a prompt, start and end included.
    """

    layers: int
    width: int
    vocabulary: int
    context: int

    def __str__(self) -> str:
        return (
            f"CLIP text encoder ({self.layers} layer{'s' * (self.layers > 1)}, width {self.width}), "
            f"vocabulary of {self.vocabulary:,}, context of {self.context} tokens"
        )


@dataclass(frozen=True)
class Description:
    """A model as its folder describes it.

    Attributes:
        kind: in words, for example `class-conditional latent DPM (U-Net, VQ autoencoder), 10 classes`.
        image_size: height and width in pixels.
        latent_shape: (C, H, W) of the latents; None where it works on pixels.
        parameters: how many numbers it has learnt, both networks together; 0 of an ideal denoiser.
        dtype: number type of the weights on disk, for example `float16`; `-` where there are none.
        file_bytes: weights on disk.
        scheduler: class of the scheduler it was saved with.
        timesteps: T of its noise schedule.
        beta_schedule: name of the noise schedule.
        last_signal: the signal's share of variance at the last timestep, 0..1: what is left of an image there.
        prediction: what the network returns: `epsilon`, `v_prediction` or `sample`.
        classes: 0 for an unconditional model.
        source: the training images that its card names; None where it does not.
        weights_bytes: memory of the loaded weights, in float32.
        bytes_per_image: memory of the activations, in float32, for each image of a batch; an estimate: kernels may
            take up to about as much again. With fast arithmetic in half precision it is half.
        text: what reads prompts; None where the model draws without one.
        own_sampling: how its own pipeline samples, which is followed where nothing else is chosen.
        notes: what its folder holds that does not go into the pictures, and what it cannot do, in a sentence each.
    """

    kind: str
    image_size: tuple[int, int]
    latent_shape: tuple[int, int, int] | None
    parameters: int
    dtype: str
    file_bytes: int
    scheduler: str
    timesteps: int
    beta_schedule: str
    last_signal: float
    prediction: str
    classes: int
    source: str | None
    weights_bytes: int
    bytes_per_image: int
    text: TextDescription | None = None
    own_sampling: OwnSampling = field(default_factory=OwnSampling)
    notes: tuple[str, ...] = ()

    @property
    def abilities(self) -> frozenset[Ability]:
        """What methods may need of it."""
        network: set[Ability] = {"gradients"} if self.parameters else set()
        reads: set[Ability] = {"text", "empty prompt", "attention", "feed-forward"} if self.text else set()
        return frozenset(network | reads)


def describe(model: str) -> Description:
    """Describe a built-in model, a folder or a model of the Hub, without loading its weights.

    Raises:
        ValueError: what `open_denoiser` would say of it.
    """
    folder = model_folder(model)
    source = ideal_source(folder)
    return _describe_pipeline(read_pipeline(folder)) if source is None else _describe_ideal(source)


def _describe_pipeline(pipeline: Pipeline) -> Description:
    """The description of a pipeline that was read."""
    files = {tensor.file for blueprint in pipeline.blueprints for tensor in blueprint.stored.values()}
    parameters = sum(blueprint.parameters for blueprint in pipeline.blueprints)
    scheduler = pipeline.scheduler
    return Description(
        kind=_kind_in_words(pipeline),
        image_size=pipeline.image_size,
        latent_shape=pipeline.shape if pipeline.autoencoder else None,
        parameters=parameters,
        dtype=", ".join(sorted(set().union(*(blueprint.dtypes for blueprint in pipeline.blueprints)))),
        file_bytes=sum(file.stat().st_size for file in files),
        scheduler=scheduler.kind,
        timesteps=len(scheduler.alphas_cumprod),
        beta_schedule=scheduler.beta_schedule,
        last_signal=float(scheduler.alphas_cumprod[-1]),
        prediction=scheduler.prediction,
        classes=pipeline.classes,
        source=training_source(read_card(pipeline.folder)),
        weights_bytes=_FLOAT * parameters,
        bytes_per_image=pipeline.activation_bytes,
        text=_text_of(pipeline),
        own_sampling=scheduler.own_sampling,
        notes=(*unfollowed_in(check_pipeline(pipeline.folder)), *_timestep_notes(pipeline)),
    )


def _timestep_notes(pipeline: Pipeline) -> Iterator[str]:
    """A sentence where a U-Net cannot be evaluated at the timestep that schedules usually end at."""
    if pipeline.text_encoder is None and (least := least_timestep(pipeline.unet.network)):
        yield (
            "The model's U-Net divides by the timestep (time_embedding_type 'fourier') and returns no numbers at "
            f"timestep 0: set the last timestep to {least} where its own schedule would end at 0."
        )


def _text_of(pipeline: Pipeline) -> TextDescription | None:
    """What reads the prompts of a pipeline; None where it draws without a text."""
    if (text_encoder := pipeline.text_encoder) is None:
        return None
    layers = text_encoder.blueprint.network.config.num_hidden_layers
    return TextDescription(layers, text_encoder.width, len(text_encoder.vocabulary), text_encoder.vocabulary.context)


def _kind_in_words(pipeline: Pipeline) -> str:
    """Condition, space and networks of a pipeline."""
    condition = "class-conditional" if pipeline.classes else "unconditional"
    if pipeline.text_encoder is not None:
        condition = "text-to-image"
    count = f", {pipeline.classes:,} classes" if pipeline.classes else ""
    if pipeline.autoencoder is None:
        return f"{condition} pixel DPM (U-Net){count}"
    return f"{condition} latent DPM (U-Net, {_AUTOENCODER_NAMES[pipeline.autoencoder.kind]} autoencoder){count}"


def _describe_ideal(source: str) -> Description:
    """The description of the ideal denoiser of some images, which it holds in memory."""
    data = open_training_set(source)
    alphas = cosine_alphas_cumprod()
    size = 3 * data.size[0] * data.size[1] * _FLOAT
    return Description(
        kind="ideal denoiser",
        image_size=data.size,
        latent_shape=None,
        parameters=0,
        dtype="-",
        file_bytes=0,
        scheduler="-",
        timesteps=len(alphas),
        beta_schedule="squaredcos_cap_v2",
        last_signal=float(alphas[-1]),
        prediction="sample",
        classes=0,
        source=source,
        weights_bytes=len(data) * size,
        bytes_per_image=8 * size + 4 * _FLOAT * len(data),  # a few states, and a weight for each image it knows
    )
