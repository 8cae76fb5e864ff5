"""CLIP models by open_clip (Ilharco et al. 2021), from safetensors alone, and their image features."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import Tensor

from side_core.dpm.formats.config import first_line, read_config
from side_core.dpm.formats.hub import check_private, is_hub_id
from side_core.files.assets import CLIPS
from side_core.files.paths import check_allowed
from side_core.settings import SettingError
from side_core.similarity.network import NetworkEncoder, weights_path

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"  # the names under which open_clip saves a model and looks for it first
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")  # beside them, where a model has a vocabulary of its own
LOCAL = "local-dir:"
_HUB = "hf-hub:"
_FORMS = f"{', '.join(CLIPS)}, {LOCAL}FOLDER or {_HUB}ORG/NAME"


@dataclass(frozen=True, eq=False)
class ClipModel:
    """A CLIP model as it was loaded, in float32, with both its networks.

    Attributes:
        weights: how it was named.
        folder: where its files are.
        config: its part of the configuration.
        network: open_clip's model, with `encode_image` and `encode_text`.
        prepare: an RGB image to the (3, h, w) float32 that the image network takes.
        preprocess: the settings of `prepare`.
        digest: SHA-256 of its weights.
        device: where it computes.
    """

    weights: str
    folder: Path
    config: dict[str, Any]
    network: Any
    prepare: Callable[[Image.Image], Tensor]
    preprocess: dict[str, Any]
    digest: str
    device: str


def open_clip_encoder(weights: str | None, device: str) -> NetworkEncoder:
    """Open the image network of a CLIP model as an encoder: see `open_clip_model` and `image_encoder`."""
    return image_encoder(open_clip_model(weights, device))


def open_clip_model(weights: str | None, device: str) -> ClipModel:
    """Load a CLIP model.

    Args:
        weights: a built-in name, `local-dir:FOLDER` with open_clip_config.json and open_clip_model.safetensors, or
            `hf-hub:ORG/NAME`.
        device: where it computes.

    Raises:
        ValueError: no such weights, pickles, damaged files, files that do not fit each other, no network.
    """
    if not weights:
        raise SettingError(f"Encoder 'clip' needs a network: name it, as {_FORMS}.", "encoder_weights")
    folder = _clip_folder(weights)
    config = _check_folder(folder)
    network, prepare, preprocess = _load(folder, device)
    with (folder / WEIGHTS).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ClipModel(weights, folder, config, network, prepare, preprocess, digest, device)


def _clip_folder(weights: str) -> Path:
    """The folder that encoder weights name; one of the Hub is fetched once.

    Raises:
        ValueError: they name none, or it cannot be fetched.
    """
    if weights in CLIPS:
        return CLIPS[weights]
    if weights.startswith(LOCAL):
        return weights_path(weights, weights.removeprefix(LOCAL))
    if weights.startswith(_HUB):
        return _hub_folder(weights)
    raise ValueError(f"The weights of encoder 'clip' cannot be '{weights}': name them as {_FORMS}.")


def image_encoder(model: ClipModel) -> NetworkEncoder:
    """A CLIP model's image network as an encoder: its own preprocessing, float32, vectors of length 1.

    Raises:
        ValueError: it does not turn images into vectors of numbers.
    """
    settings = json.dumps([model.config, model.preprocess], sort_keys=True, default=str)
    size = model.preprocess["size"]
    height, width = (size, size) if isinstance(size, int) else size
    description = (
        f"CLIP '{model.weights}' (SHA-256 {model.digest[:12]}), {width} x {height} pixels "
        f"(resize {model.preprocess['resize_mode']}, {model.preprocess['interpolation']}), its own normalisation, "
        "unit vectors"
    )
    fingerprint = hashlib.sha256(f"clip 1\n{model.digest}\n{settings}".encode()).hexdigest()
    try:
        return NetworkEncoder("clip", fingerprint, description, model.network.encode_image, model.prepare, model.device)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(
            f"The model in '{model.folder}' cannot encode images ({first_line(error)}): save the model again."
        ) from None


def _check_folder(folder: Path) -> dict[str, Any]:
    """The model's part of the configuration of a folder that open_clip can load from safetensors, without a network.

    Raises:
        ValueError: a file is missing or not allowed, is a pickle, is no JSON, or names weights elsewhere.
    """
    if not folder.is_dir():
        if folder.suffix in _PICKLES:
            raise ValueError(f"'{folder}' is a pickle, which could run code: name a folder with {WEIGHTS}.")
        raise ValueError(f"'{folder}' is no folder: name one with {CONFIG} and {WEIGHTS}.")
    if not (folder / CONFIG).is_file():
        raise ValueError(f"'{folder}' is no open_clip model: it has no {CONFIG}.")
    model = read_config(folder / CONFIG).get("model_cfg")
    if not isinstance(model, dict) or not all(isinstance(model.get(key), dict) for key in ("vision_cfg", "text_cfg")):
        raise ValueError(f"'{folder / CONFIG}' has no model_cfg with vision_cfg and text_cfg: save the model again.")
    elsewhere = model["text_cfg"].get("hf_model_name")
    timm = str(model["vision_cfg"].get("timm_model_name") or "")
    if elsewhere or ":" in timm or "/" in timm:
        raise ValueError(
            f"'{folder / CONFIG}' takes a part of its network from elsewhere ('{elsewhere or timm}'): "
            "choose a model that open_clip builds by itself."
        )
    if not (folder / WEIGHTS).is_file():
        pickles = sorted(file for file in folder.iterdir() if file.suffix in _PICKLES)
        if pickles:
            raise ValueError(f"'{pickles[0]}' is a pickle, which could run code: save the model again as {WEIGHTS}.")
        raise ValueError(f"'{folder}' has no weights: a file {WEIGHTS} is needed.")
    check_allowed(folder / WEIGHTS, str(folder / WEIGHTS))
    return model


def _load(folder: Path, device: str) -> tuple[Any, Callable[[Image.Image], Tensor], dict[str, Any]]:
    """The model of a checked folder in float32, the transform before its image network, and that one's settings.

    Raises:
        ValueError: the weights are damaged or do not fit their configuration.
    """
    import open_clip  # seconds to import

    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"The weights '{folder / WEIGHTS}' are damaged ({first_line(error)}): copy the file again."
        ) from None
    try:
        with torch.random.fork_rng(devices=[]):  # new weights are drawn, then replaced
            model, prepare = open_clip.create_model_from_pretrained(f"{LOCAL}{folder}", precision="fp32", device=device)
        preprocess = open_clip.get_model_preprocess_cfg(model)
    except Exception as error:  # whatever a configuration makes of open_clip's constructors
        raise ValueError(
            f"The weights in '{folder}' do not fit their {CONFIG} ({_in_short(error)}): save the model again."
        ) from None
    return model.eval().requires_grad_(False), prepare, preprocess


def _in_short(error: Exception) -> str:
    """An error on one line; of PyTorch's lists of tensors the heading is left out."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return first_line(ValueError(" ".join(lines[1:] or lines).strip()))


def _hub_folder(weights: str) -> Path:
    """The folder of a Hub model, fetched once; configuration, safetensors and tokenizer only.

    Raises:
        ValueError: the app is public, the name is none, or it cannot be fetched.
    """
    name = weights.removeprefix(_HUB)
    check_private(weights)
    if not is_hub_id(name):
        raise ValueError(f"'{weights}' names no model of the Hub: write it as hf-hub:ORG/NAME.")
    from huggingface_hub import snapshot_download

    files = [CONFIG, WEIGHTS, *TOKENIZER]
    try:
        folder = Path(snapshot_download(name, allow_patterns=files, local_files_only=True))
        if all((folder / file).is_file() for file in (CONFIG, WEIGHTS)):  # others use open_clip's own vocabulary
            return folder  # so that a result can be repeated, and without a network
    except Exception:  # not there: the Hub will say
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except Exception as error:  # its own errors, those of its HTTP library, a full disk
        raise ValueError(
            f"'{weights}' cannot be fetched from the Hub ({first_line(error)}): "
            "download it elsewhere and name its folder as local-dir:FOLDER."
        ) from None
