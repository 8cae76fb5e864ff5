"""What a prompt's norm is held against: the norms of prompts the model was never trained on, kept once measured."""

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from side_core.dpm.folder import model_folder, read_card, training_source
from side_core.dpm.formats.config import first_line
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.files.cache import cache_folder, discard, growing, used
from side_core.files.paths import check_allowed
from side_core.files.whole_file import write_whole
from side_core.prompts.norms import Measuring, norms_of, own_seeds, score_of
from side_core.settings import PromptSettings
from side_core.stats.rate import Rate, rate_of
from side_core.stats.roc import Threshold, halved
from side_core.wording import counted

FILE = "prompts.safetensors"  # in a model's folder
CAPTIONED = "captioned-faces"  # training images whose captions have held-out ones
SEED = 2_000_000  # of held-out prompts: nobody's first pictures are among theirs
TRIED = 500  # held-out captions that detectors are tried on; the next ones are what a prompt is held against
COUNT = 500
SHIPPED = PromptSettings(score_images=4, first_steps=10)  # what the file of a model holds


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Norms of prompts that the model does not know.

    Attributes:
        name: of the prompts, for people.
        norms: (n, images, steps) float32.
        digest: of the prompts.
    """

    name: str
    norms: np.ndarray
    digest: str

    @cached_property
    def scores(self) -> np.ndarray:
        """(n,) float64, the mean norm of each."""
        return score_of(self.norms)

    def at_or_above(self, score: float) -> Rate:
        """How many of them score as high as this or higher."""
        return rate_of(self.scores >= score)

    def threshold(self, bound: float) -> Threshold:
        """What less than `bound` of one half exceed, and how many of the other half do."""
        return halved(self.scores, bound)


def captions_of(model: str) -> tuple[str, ...] | None:
    """The held-out captions of a model that was trained on captioned faces; None of another."""
    if training_source(read_card(model_folder(model))) != CAPTIONED:
        return None
    from side_core.data.captioned import held_out_captions

    return held_out_captions()


def held_out_prompts(model: str) -> tuple[str, ...] | None:
    """Prompts that a prompt of this model is held against; None where it has none of its own."""
    captions = captions_of(model)
    return None if captions is None else captions[TRIED : TRIED + COUNT]


def held_out_norms(
    denoiser: TextDenoiser,
    prompts: Sequence[str],
    settings: PromptSettings,
    name: str = "held-out prompts",
    folder: Path | None = None,
) -> Generator[Measuring, None, HeldOut]:
    """The norms of held-out prompts with these settings: from the model's folder or the cache, or else measured now.

    Each finished batch is kept: whoever stops and asks again goes on there.

    Args:
        denoiser: the model.
        prompts: two or more that it was not trained on.
        settings: steps, images, guidance, arithmetic.
        name: of the prompts, for people.
        folder: of the model, if its file may be used.

    Raises:
        ValueError: fewer than two prompts; a damaged file in the model's folder; the model returns NaN.
    """
    norms = _norms_so_far(denoiser, prompts, settings, folder)
    digest = _digest_of(prompts)
    if missing := missing_of(norms):
        entry, about = _entry_of(denoiser, settings, digest), _about_of(denoiser, settings, digest)
        growing(entry, norms.nbytes, f"The norms of {counted(len(prompts), 'prompt')}")
        seeds = own_seeds(len(prompts), settings.score_images, SEED)[missing]
        for event in norms_of(denoiser, [prompts[place] for place in missing], settings, seeds):
            for place, found in event.finished.items():
                norms[missing[place]] = found
            if event.finished:
                write_whole(entry / FILE, save({"norms": norms}, about))
            yield event
    return HeldOut(name, norms, digest)


def known_norms(
    denoiser: TextDenoiser,
    prompts: Sequence[str],
    settings: PromptSettings,
    name: str = "held-out prompts",
    folder: Path | None = None,
) -> HeldOut:
    """The same of those prompts that are measured already: all, some or none; nothing is measured.

    Raises:
        ValueError: fewer than two prompts, or a damaged file in the model's folder.
    """
    norms = _norms_so_far(denoiser, prompts, settings, folder)
    return HeldOut(name, np.delete(norms, missing_of(norms), axis=0), _digest_of(prompts))


def _norms_so_far(
    denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings, folder: Path | None
) -> np.ndarray:
    """(n, images, first) float32 of the model's folder, or else of the cache; NaN where nothing was measured.

    Raises:
        ValueError: fewer than two prompts, or a damaged file in the model's folder.
    """
    if len(prompts) < 2:
        raise ValueError(f"{len(prompts)} held-out prompt makes no control: give two or more, some hundred if you can.")
    if folder is not None:
        file = check_allowed(folder / FILE, str(folder / FILE))
        own = _read_norms(file, _about_of(denoiser, settings, _digest_of(prompts)), settings)
        if own is not None:
            if missing_of(own):
                raise ValueError(f"'{folder / FILE}' is damaged (it holds NaN): remove it and calibrate again.")
            return own
    return cached_norms(denoiser, prompts, settings)


def cached_norms(denoiser: TextDenoiser, prompts: Sequence[str], settings: PromptSettings) -> np.ndarray:
    """(n, images, first) float32, what the cache has; NaN where nothing was measured. A damaged entry is discarded."""
    digest = _digest_of(prompts)
    entry = _entry_of(denoiser, settings, digest)
    try:
        found = _read_norms(entry / FILE, _about_of(denoiser, settings, digest), settings)
    except ValueError:
        discard(entry)
        found = None
    if found is None:
        return np.full((len(prompts), settings.score_images, settings.first_steps), np.nan, np.float32)
    used(entry)
    return found


def missing_of(norms: np.ndarray) -> list[int]:
    """The places of prompts that are not measured, among (n, images, steps) norms."""
    return np.flatnonzero(~np.isfinite(norms).all(axis=(1, 2))).tolist()


def _entry_of(denoiser: TextDenoiser, settings: PromptSettings, digest: str) -> Path:
    """Where the cache keeps them."""
    about = _about_of(denoiser, settings, digest) | {"images": settings.score_images, "first": settings.first_steps}
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()
    return cache_folder() / "prompt-norms" / key[:32]


def _about_of(denoiser: TextDenoiser, settings: PromptSettings, digest: str) -> dict[str, str]:
    """What norms depend on besides seeds, images and how many steps are used."""
    scale = settings.text_scale if settings.first_steps > 1 else 0.0  # the first step is not guided yet
    return {
        "model": denoiser.fingerprint,
        "arithmetic": str(getattr(denoiser.arithmetic, "dtype", denoiser.arithmetic)),
        "prompts": digest,
        "steps": str(settings.steps),
        "scale": f"{scale:g}",
    }


def _digest_of(prompts: Sequence[str]) -> str:
    """SHA-256 of prompts and their order, shortened."""
    return hashlib.sha256("\n".join(prompts).encode()).hexdigest()[:16]


def _read_norms(file: Path, about: dict[str, str], settings: PromptSettings) -> np.ndarray | None:
    """The norms in a file, as many images and steps of them as wanted; None where it holds those of something else.

    Raises:
        ValueError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with safe_open(file, framework="numpy") as table:
            known = table.metadata() or {}
            same = [key for key in about if key != "scale" or settings.first_steps > 1]
            if any(known.get(key) != about[key] for key in same):
                return None
            norms = table.get_tensor("norms")
    except (SafetensorError, OSError) as error:
        raise ValueError(f"'{file}' is damaged ({first_line(error)}): remove it and calibrate again.") from None
    if norms.ndim != 3 or norms.shape[1] < settings.score_images or norms.shape[2] < settings.first_steps:
        return None
    return np.asarray(norms[:, : settings.score_images, : settings.first_steps], np.float32)


def calibrate(
    denoiser: TextDenoiser, prompts: Sequence[str], out: Path, settings: PromptSettings = SHIPPED
) -> Generator[Measuring, None, Path]:
    """Measure the norms of held-out prompts over all steps and some images, and keep them in a model's folder.

    Raises:
        ValueError: the folder cannot be written, or the model returns NaN.
    """
    held_out = yield from held_out_norms(denoiser, prompts, settings)
    about = _about_of(denoiser, settings, held_out.digest)
    write_whole(out / FILE, save({"norms": held_out.norms}, about))
    return out / FILE
