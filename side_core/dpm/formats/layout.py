"""Which parts a pipeline folder has and where they lie; the folder's own faults, before any part is looked into."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_core.dpm.formats.blueprint import weight_files
from side_core.dpm.formats.config import read_config, shown
from side_core.files.paths import check_allowed, printable

_PIXEL_PIPELINES = ("DDPMPipeline", "DDIMPipeline")
_LATENT_PIPELINES = ("LDMPipeline", "LatentDiffusionUncondPipeline")  # the second is a former name of the first
TEXT_PIPELINES = ("StableDiffusionPipeline",)
ENCODER_WEIGHTS = "model.safetensors"  # as transformers calls them
_AUTOENCODERS = ("VQModel", "AutoencoderKL")
_AUTOENCODER_FOLDERS = ("vqvae", "vae")


@dataclass(frozen=True)
class TextLayout:
    """The parts that read a prompt: the folder of the text encoder, and that of its vocabulary."""

    encoder: Path
    tokenizer: Path


@dataclass(frozen=True)
class Layout:
    """The parts of a pipeline folder.

    Attributes:
        folder: the whole.
        unet: folder of the U-Net.
        scheduler: file of the scheduler's configuration.
        autoencoder: folder of the autoencoder; None where the U-Net works on pixels.
        autoencoder_kind: `VQModel`, `AutoencoderKL` or None.
        text: what reads a prompt; None where the model draws without one.
    """

    folder: Path
    unet: Path
    scheduler: Path
    autoencoder: Path | None = None
    autoencoder_kind: str | None = None
    text: TextLayout | None = None


def check_pipeline(folder: Path) -> Layout:
    """The parts of a diffusers pipeline folder, each checked to be there, with safetensors weights.

    Raises:
        ValueError: the folder is empty, not a pipeline, of another kind, or a part of it is missing.
    """
    try:
        empty = not any(folder.iterdir())
    except OSError as error:
        raise ValueError(f"The model folder '{folder}' cannot be read ({error.strerror}): copy it again.") from None
    if empty:
        raise ValueError(f"The model folder '{folder}' is empty: give a folder saved with save_pretrained.")
    if not (folder / "model_index.json").is_file():
        raise ValueError(f"'{folder}' is not a diffusers pipeline: it has no model_index.json{_elsewhere(folder)}.")
    index = read_config(folder / "model_index.json")
    kind = check_kind(index, folder)
    text = _find_text(folder, index) if kind in TEXT_PIPELINES else None
    unet = _part_folder(folder, "unet", "config.json")
    scheduler = _part_folder(folder, "scheduler", "scheduler_config.json") / "scheduler_config.json"
    _check_unet(_kind_of(index, "unet", unet), folder, text is not None)
    weight_files(unet)
    if kind in _PIXEL_PIPELINES:
        return Layout(folder, unet, scheduler)
    autoencoder, autoencoder_kind = _find_autoencoder(folder, index)
    weight_files(autoencoder)
    return Layout(folder, unet, scheduler, autoencoder, autoencoder_kind, text)


def _elsewhere(folder: Path) -> str:
    """What to do about a folder that is near a pipeline but none, as a part of a sentence; empty where nobody knows."""
    if (folder.parent / "model_index.json").is_file():
        return f", but the folder above has one: give '{folder.parent}'"
    levels = ("snapshots/*", "*/snapshots/*", "hub/*/snapshots/*")
    if snapshots := [file for level in levels for file in sorted(folder.glob(f"{level}/model_index.json"))]:
        return f", but this is a cache of the Hub with one in '{snapshots[0].parent}': give that folder"
    if (folder / "config.json").is_file() or (folder / "unet" / "config.json").is_file():
        return ", as one network alone has none: load it into its pipeline in diffusers and save that, whole"
    return ": give a folder saved with save_pretrained"


def check_kind(index: dict[str, Any], named: object) -> str:
    """Which pipeline a `model_index.json` is of.

    Raises:
        ValueError: it is of a kind that cannot be opened.
    """
    kind = index.get("_class_name", "unknown")
    known = (*_PIXEL_PIPELINES, *_LATENT_PIPELINES, *TEXT_PIPELINES)
    if isinstance(kind, str) and kind in known:
        return kind
    name = kind if isinstance(kind, str) else shown(kind)
    raise ValueError(
        f"'{named}' holds a {printable(name[:60])}: only "
        f"{', '.join((*_PIXEL_PIPELINES, _LATENT_PIPELINES[0]))} and {TEXT_PIPELINES[0]} can be opened."
    )


def _check_unet(kind: str, folder: Path, text: bool) -> None:
    """Raise ValueError where a U-Net is not of the kind that goes with its pipeline, with or without a text."""
    wanted = "UNet2DConditionModel" if text else "UNet2DModel"
    if kind != wanted:
        manner = "draws from a text" if text else "draws without a text"
        raise ValueError(
            f"The U-Net of '{folder}' is a {kind}: only {wanted} can be opened in a pipeline that {manner}."
        )


def _find_text(folder: Path, index: dict[str, Any]) -> TextLayout:
    """What reads the prompt of a pipeline.

    Raises:
        ValueError: it is missing, or of an unknown kind.
    """
    parts = []
    for part, kinds in (("text_encoder", ("CLIPTextModel",)), ("tokenizer", ("CLIPTokenizer", "CLIPTokenizerFast"))):
        if not (folder / part).is_dir():
            raise ValueError(
                f"'{folder}' has no {part} folder, which a {TEXT_PIPELINES[0]} needs: "
                "save the whole pipeline with save_pretrained."
            )
        parts.append(check_allowed(folder / part, str(folder / part)))
        if (kind := _index_entry(index, part)) is not None and kind not in kinds:
            raise ValueError(f"The {part} of '{folder}' is a {printable(kind[:60])}: only {kinds[0]} can be opened.")
    weight_files(parts[0], ENCODER_WEIGHTS)
    return TextLayout(*parts)


def _part_folder(folder: Path, part: str, file: str) -> Path:
    """Where one part lies: in a folder of its own or, as in the first models on the Hub, beside model_index.json."""
    if (folder / part).is_dir():
        return check_allowed(folder / part, str(folder / part))
    if (folder / file).is_file():
        return folder
    raise ValueError(f"'{folder}' has no {part} folder: save the whole pipeline with save_pretrained.")


def _find_autoencoder(folder: Path, index: dict[str, Any]) -> tuple[Path, str]:
    """Folder and kind of a latent pipeline's autoencoder.

    Raises:
        ValueError: there is none, or none of a known kind.
    """
    part = next((folder / name for name in _AUTOENCODER_FOLDERS if (folder / name).is_dir()), None)
    if part is None:
        raise ValueError(f"'{folder}' has no vqvae or vae folder: save the whole pipeline with save_pretrained.")
    kind = _kind_of(index, part.name, part)
    if kind not in _AUTOENCODERS:
        raise ValueError(
            f"The autoencoder of '{folder}' is a {kind}: only {' and '.join(_AUTOENCODERS)} can be opened."
        )
    return check_allowed(part, str(part)), kind


def _kind_of(index: dict[str, Any], part: str, folder: Path) -> str:
    """The class of a part, as model_index.json names it or, failing that, the part's own configuration."""
    name = _index_entry(index, part) or read_config(folder / "config.json").get("_class_name")
    return printable(name[:60]) if isinstance(name, str) else shown(name)


def _index_entry(index: dict[str, Any], part: str) -> str | None:
    """The class of a part as model_index.json names it; None where it does not."""
    entry = index.get(part)
    named = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
    return named if isinstance(named, str) or named is None else shown(named)
