"""A public app: whether this is one, which models it opens, and how much a stranger may ask of it."""

import math
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """The most that a stranger may ask for at once, by the names of the settings.

    Chosen so that on two cores nobody works for longer than minutes, and several at once still see pictures come.

    Attributes:
        count: pictures of a run, or of a cell of a sweep.
        steps: denoising steps a picture.
        cells: of a sweep.
        minutes: of a sweep.
        synthetic_count: synthetic images that a surrogate is made of.
        train_steps: of a surrogate.
        image_size: of a model's pictures, and of pictures that are compared: the longer side in pixels.
        rows: pictures of a data source.
        data_mib: of a data source, in MiB of memory, before and after it is brought to the wanted size.
        prompt_characters: of a prompt.
        upload_mib: a file that is brought along, in MiB; a session holds two such files at most.
    """

    count: int = 64
    steps: int = 100
    cells: int = 64
    minutes: float = 10
    synthetic_count: int = 2048
    train_steps: int = 1000
    image_size: int = 64
    rows: int = 50_000
    data_mib: float = 256
    prompt_characters: int = 500
    upload_mib: float = 8


def is_public() -> bool:
    """Whether strangers use this app: `SIDE_PUBLIC` is set to anything but 0."""
    return os.environ.get("SIDE_PUBLIC", "0") not in ("", "0")


def limits() -> Limits | None:
    """The limits of a public app; None on one's own machine."""
    return Limits() if is_public() else None


def limit_of(name: str) -> float | None:
    """The most that a setting may be; None where there is no limit."""
    return getattr(limits(), name, None)


class LimitError(ValueError):
    """More than a public app allows."""


def check_limit(name: str, value: float, of: str = "") -> None:
    """Raise LimitError where a setting, or that of a source of pictures, is more than a public app allows."""
    most = limit_of(name)
    if most is not None and value > most:
        what = name.replace("_", "-") + (f" of '{of}'" if of else "")
        raise LimitError(
            f"{what} cannot be {value:,.10g}: this app is public and allows {most:,.10g} or less; "
            "run the app on your own machine for more."
        )


def check_pictures(shown: str, count: int, size: tuple[int, int], pixels: int = 0) -> None:
    """Raise LimitError where a source has more pictures, larger ones or more bytes than a public app compares.

    Args:
        shown: name of the source.
        count: of its pictures.
        size: height and width that they are brought to.
        pixels: of each before that; left out: no more than after.
    """
    check_limit("image_size", max(size), shown)
    check_limit("rows", count, shown)
    check_limit("data_mib", math.ceil(count * max(pixels, math.prod(size)) * 3 / 2**20), shown)


def listed_models() -> tuple[str, ...]:
    """The folders and Hub ids that `SIDE_MODELS` names, separated by commas: offered, and open to strangers, too."""
    names = (name.strip() for name in os.environ.get("SIDE_MODELS", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def is_listed(model: str) -> bool:
    """Whether `SIDE_MODELS` names a model, by the same name or another path of the same folder."""
    if model in listed_models():
        return True
    folder = _real_folder(as_written(model))
    return folder is not None and folder in listed_folders()


def listed_folders() -> tuple[Path, ...]:
    """Where the listed models are, those of the Hub in its cache, with all links followed."""
    return tuple(_real_folder(name) or _hub_cache(name) for name in listed_models())


def as_written(path: str) -> str:
    """A path without `..`, by its text alone: no folder on the way is looked up, so that no answer tells of one."""
    return path if "\0" in path else os.path.normpath(path)  # which once cut at a NUL


def _real_folder(name: str) -> Path | None:
    """The folder that a path names, with all links followed; None where there is none."""
    try:
        folder = Path(os.path.realpath(os.path.expanduser(name)))  # noqa: PTH111 (unknown homes are no error here)
        return folder if folder.is_dir() else None
    except (OSError, ValueError):
        return None


def _hub_cache(model: str) -> Path:
    """Where huggingface_hub keeps a model."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(os.path.realpath(HF_HUB_CACHE)) / f"models--{model.replace('/', '--')}"
