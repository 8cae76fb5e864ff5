"""Open a model by its name, folder or Hub id, and say in one sentence what is wrong with one that cannot be opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from side_core.data.source import open_training_set
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.device import open_device
from side_core.dpm.formats.config import read_config, read_json
from side_core.dpm.formats.hub import hub_folder, is_hub_id
from side_core.dpm.formats.layout import check_pipeline
from side_core.dpm.formats.pipeline import Pipeline, read_pipeline
from side_core.dpm.formats.scheduler import cosine_alphas_cumprod
from side_core.dpm.ideal import IdealDenoiser
from side_core.dpm.latent import LatentSpace
from side_core.files.assets import BUILT_INS, SHIPPED
from side_core.files.paths import check_allowed, printable
from side_core.files.public import as_written, check_limit, is_listed, is_public, listed_models
from side_core.settings import Mode

__all__ = ["check_pipeline", "model_folder", "open_denoiser", "read_card", "read_json"]

_IDEAL = "ideal denoiser"


def model_folder(model: str) -> Path:
    """The folder of a built-in name, the folder that was named itself, or that of a Hub id, which is fetched once.

    Raises:
        ValueError: a Hub id that cannot be fetched; a model that a public app does not list, or may not read; a shipped
            one that is not there.
    """
    if model in SHIPPED:
        shipped = SHIPPED[model].folder
        if not shipped.is_dir():
            raise ValueError(f"'{shipped}' is missing, a shipped model: install it with its assets, or name your own.")
        return shipped
    _check_listed(model)
    folder = _local_folder(model)
    if folder is not None:
        return check_allowed(folder, model)
    if is_hub_id(model):
        return hub_folder(model)
    if _is_file(model):
        raise ValueError(
            f"'{printable(model)}' is a single file, and a model is a folder here: open it in diffusers with "
            "from_single_file and save it with save_pretrained, then give that folder."
        )
    known = ", ".join(BUILT_INS)
    raise ValueError(
        f"There is no model folder '{model}': give a diffusers folder, a Hub id such as google/ddpm-cifar10-32, "
        f"or one of {known}."
    )


def known_models() -> list[str]:
    """What a page offers: the built-in models and those that `SIDE_MODELS` names."""
    return list(dict.fromkeys([*BUILT_INS, *listed_models()]))


def _check_listed(model: str) -> None:
    """Raise ValueError where the app is public and does not list a model, whether there is one or not."""
    if is_public() and not is_listed(model):
        raise ValueError(
            f"'{printable(model)}' cannot be opened here: this app is public and opens its own models only "
            f"({', '.join(known_models())}); run the app on your own machine to use yours."
        )


def _local_folder(model: str) -> Path | None:
    """The folder that a path names; None where there is none."""
    try:
        folder = Path(as_written(model) if is_public() else model).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, ValueError, RuntimeError):  # a name too long, one with a null byte, an unknown user's home
        return None


def _is_file(model: str) -> bool:
    """Whether a name is that of a file; False in a public app, which does not tell."""
    try:
        return not is_public() and Path(model).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def read_card(folder: Path) -> dict[str, Any]:
    """What `card.json` beside the weights says; empty where there is none."""
    file = folder / "card.json"
    return read_config(file) if file.is_file() else {}


def training_source(card: Mapping[str, Any]) -> str | None:
    """Which images a card says that the model was trained on; None where it does not say."""
    data = card.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    return source if isinstance(source, str) else None


def trained_mirrored(card: Mapping[str, Any]) -> bool:
    """Whether a card says, as `"data": {"mirrored": true}`, that the training images were also shown mirrored."""
    data = card.get("data")
    return isinstance(data, dict) and data.get("mirrored") is True


def ideal_source(folder: Path) -> str | None:
    """The images of an ideal denoiser; None where the folder is of another kind.

    Raises:
        ValueError: the card does not name them.
    """
    card = read_card(folder)
    if card.get("kind") != _IDEAL:
        return None
    source = training_source(card)
    if source is None:
        raise ValueError(f"'{folder / 'card.json'}' does not name the images of its ideal denoiser: set data.source.")
    return source


def open_denoiser(model: str, mode: Mode = "exact", device: str | None = None, recorded: str | None = None) -> Denoiser:
    """Open a built-in model, a diffusers folder or a model of the Hub: unconditional, class-conditional or of texts.

    Args:
        model: name of a built-in model, path of a folder with `model_index.json`, or Hub id ORG/NAME.
        mode: `exact` or `fast` arithmetic.
        device: left out: the best there is.
        recorded: text of the arithmetic that pictures were begun in: fast mode goes on in it where it can.

    Raises:
        ValueError: the folder is missing, empty, not a pipeline, of another kind, or its files are damaged; its
            pictures are larger than a public app allows.
    """
    folder = model_folder(model)
    device = open_device(device)
    source = ideal_source(folder)
    if source is not None:
        return IdealDenoiser(open_training_set(source), cosine_alphas_cumprod(), device)
    pipeline = read_pipeline(folder)
    check_limit("image_size", max(pipeline.image_size))
    return _load_pipeline(pipeline, mode, device, recorded)


def _load_pipeline(pipeline: Pipeline, mode: Mode, device: str, recorded: str | None = None) -> Denoiser:
    """Load the weights of a pipeline that was read.

    Raises:
        ValueError: the weights are damaged.
    """
    from side_core.dpm.text.denoiser import TextDenoiser  # seconds to import
    from side_core.dpm.unet import UnetDenoiser

    space, own = None, pipeline.scheduler.own_sampling
    if (autoencoder := pipeline.autoencoder) is not None:
        clips = own.clip != "off"
        space = LatentSpace(autoencoder.blueprint.load(), autoencoder.scaling, autoencoder.shift, device, clips)
    scheduler = pipeline.scheduler
    unet = pipeline.unet.load()
    if (text_encoder := pipeline.text_encoder) is not None and space is not None:
        encoder, vocabulary = text_encoder.blueprint.load(), text_encoder.vocabulary
        about = (unet, encoder, vocabulary, scheduler.alphas_cumprod, space, scheduler.prediction)
        return TextDenoiser(*about, device, mode, own, recorded)
    return UnetDenoiser(unet, scheduler.alphas_cumprod, scheduler.prediction, device, mode, space, own, recorded)
