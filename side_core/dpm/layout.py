"""Which parts a pipeline folder has and where they lie; the folder's own faults, before any part is looked into."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_core.dpm.blueprint import weight_files
from side_core.dpm.config import read_config, shown
from side_core.roots import check_allowed, printable

PIXEL_PIPELINES = ("DDPMPipeline", "DDIMPipeline")
LATENT_PIPELINES = ("LDMPipeline", "LatentDiffusionUncondPipeline")  # the second is a former name of the first
AUTOENCODERS = ("VQModel", "AutoencoderKL")
AUTOENCODER_FOLDERS = ("vqvae", "vae")


@dataclass(frozen=True)
class Layout:
    """The parts of a pipeline folder.

    Attributes:
        folder: the whole.
        unet: folder of the U-Net.
        scheduler: file of the scheduler's configuration.
        autoencoder: folder of the autoencoder; None where the U-Net works on pixels.
        autoencoder_kind: `VQModel`, `AutoencoderKL` or None.
    """

    folder: Path
    unet: Path
    scheduler: Path
    autoencoder: Path | None = None
    autoencoder_kind: str | None = None


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
        raise ValueError(f"'{folder}' is not a diffusers pipeline: it has no model_index.json.")
    index = read_config(folder / "model_index.json")
    latent = check_kind(index, folder)
    unet = part_folder(folder, "unet", "config.json")
    scheduler = part_folder(folder, "scheduler", "scheduler_config.json") / "scheduler_config.json"
    if kind_of(index, "unet", unet) != "UNet2DModel":
        raise ValueError(
            f"The U-Net of '{folder}' is a {kind_of(index, 'unet', unet)}: only UNet2DModel can be opened, "
            "which draws without a text."
        )
    weight_files(unet)
    if not latent:
        return Layout(folder, unet, scheduler)
    autoencoder, kind = find_autoencoder(folder, index)
    weight_files(autoencoder)
    return Layout(folder, unet, scheduler, autoencoder, kind)


def check_kind(index: dict[str, Any], named: object) -> bool:
    """Whether a `model_index.json` is of a latent pipeline.

    Raises:
        ValueError: it is of a kind that cannot be opened.
    """
    kind = index.get("_class_name", "unknown")
    if kind in LATENT_PIPELINES:
        return True
    if kind not in PIXEL_PIPELINES:
        name = kind if isinstance(kind, str) else shown(kind)
        raise ValueError(
            f"'{named}' holds a {printable(name[:60])}: only models that draw without a text "
            f"({', '.join((*PIXEL_PIPELINES, LATENT_PIPELINES[0]))}) can be opened."
        )
    return False


def part_folder(folder: Path, part: str, file: str) -> Path:
    """Where one part lies: in a folder of its own or, as in the first models on the Hub, beside model_index.json."""
    if (folder / part).is_dir():
        return check_allowed(folder / part, str(folder / part))
    if (folder / file).is_file():
        return folder
    raise ValueError(f"'{folder}' has no {part} folder: save the whole pipeline with save_pretrained.")


def find_autoencoder(folder: Path, index: dict[str, Any]) -> tuple[Path, str]:
    """Folder and kind of a latent pipeline's autoencoder.

    Raises:
        ValueError: there is none, or none of a known kind.
    """
    part = next((folder / name for name in AUTOENCODER_FOLDERS if (folder / name).is_dir()), None)
    if part is None:
        raise ValueError(f"'{folder}' has no vqvae or vae folder: save the whole pipeline with save_pretrained.")
    kind = kind_of(index, part.name, part)
    if kind not in AUTOENCODERS:
        raise ValueError(f"The autoencoder of '{folder}' is a {kind}: only {' and '.join(AUTOENCODERS)} can be opened.")
    return check_allowed(part, str(part)), kind


def kind_of(index: dict[str, Any], part: str, folder: Path) -> str:
    """The class of a part, as model_index.json names it or, failing that, the part's own configuration."""
    entry = index.get(part)
    named = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
    name = named or read_config(folder / "config.json").get("_class_name")
    return printable(name[:60]) if isinstance(name, str) else shown(name)
