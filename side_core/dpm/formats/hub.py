"""Models of the Hugging Face Hub by their id, such as google/ddpm-cifar10-32: fetched once, then kept here."""

import re
from pathlib import Path

from side_core.dpm.formats.config import first_line, read_config
from side_core.dpm.formats.layout import TEXT_PIPELINES, check_kind, check_pipeline
from side_core.files.public import is_listed, is_public

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_FILES = ("*.json", "*.safetensors")
_TEXT_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")  # no safety checker, no whole checkpoints
_TEXT_FILES = ("model_index.json", *(f"{part}/{file}" for part in _TEXT_PARTS for file in (*_FILES, "merges.txt")))
_VARIANTS = "*.*.safetensors"  # the same weights in another precision, which would only take time to fetch


def is_hub_id(model: str) -> bool:
    """Whether `model` has the form ORG/NAME."""
    return _HUB_ID.fullmatch(model) is not None


def check_private(named: str) -> None:
    """Raise ValueError where the app is public and does not list it: strangers may not have it fetch what they name."""
    if is_public() and not is_listed(named):
        raise ValueError(
            f"'{named}' cannot be fetched here: this app is public and opens its own models only; "
            "run the app on your own machine to use models of the Hub."
        )


def hub_folder(model: str) -> Path:
    """The folder of a Hub model: huggingface_hub's cache where it is whole, else fetched into it.

    Nothing but JSON, safetensors and vocabulary files is fetched, and those only of a pipeline that can be opened. What
    is in the cache is not looked up again, so a result can be repeated, and no network is needed.

    Raises:
        ValueError: the app is public, the model cannot be fetched, or it is of another kind or not whole.
    """
    check_private(model)
    kept = _cached(model)
    if kept is not None:
        return kept
    folder = _fetch(model, ("model_index.json",))
    if not (folder / "model_index.json").is_file():
        raise ValueError(
            f"The Hub's '{model}' is not a diffusers pipeline (it has no model_index.json): choose another."
        )
    kind = check_kind(read_config(folder / "model_index.json"), model)
    folder = _fetch(model, _TEXT_FILES if kind in TEXT_PIPELINES else _FILES)
    try:
        check_pipeline(folder)
    except ValueError as error:
        raise ValueError(
            f"The Hub's '{model}' has no safetensors weights or was not wholly fetched ({first_line(error)}): "
            "fetch it with a network, or save it elsewhere with safetensors and give its folder."
        ) from None
    return folder


def _cached(model: str) -> Path | None:
    """The folder in the cache; None where there is none, or not all of it."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, local_files_only=True))
        check_pipeline(folder)
    except Exception:  # not there, or a part of it is not: the Hub will say
        return None
    return folder


def _fetch(model: str, patterns: tuple[str, ...]) -> Path:
    """Fetch some files and name their folder.

    Raises:
        ValueError: there is no network, no such model, or no right to read it.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=list(patterns), ignore_patterns=_VARIANTS))
    except Exception as error:  # its own errors, those of its HTTP library, a full disk
        raise ValueError(
            f"There is no model folder '{model}', and it cannot be fetched from the Hub ({first_line(error)}): "
            "download it elsewhere and give its folder."
        ) from None
