"""The folder of a run: images, tables, run.json, grid.png, each whole or not there at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from side_core.data.picture import BadPictureError, read_picture
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.folder import read_json
from side_core.extraction.run import Extraction
from side_core.extraction.summary import pictures_json, run_summary
from side_core.extraction.tables import neighbors_csv, samples_csv, training_csv
from side_core.pictures import grid_of_pairs, png
from side_core.settings import ExtractSettings, MatchSettings
from side_core.whole_file import write_json, write_whole

GRID_PAIRS = 64
RUN = "run.json"


def prepare_folder(out: Path, settings: MatchSettings) -> None:
    """Make the run's folder, before anything is done for it.

    Raises:
        ValueError: the folder cannot be made or written, or holds a run with other settings.
    """
    if (out / RUN).is_file() and read_json(out / RUN).get("digest") != settings.digest:
        raise ValueError(f"'{out}' holds a run with other settings: choose another folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None


def begin(out: Path, settings: ExtractSettings, denoiser: Denoiser, resume: bool) -> dict[int, np.ndarray]:
    """Note in the run's folder what is drawn there, and give the images that need not be drawn again.

    Args:
        out: the folder; made if there is none.
        settings: of the run.
        denoiser: the model.
        resume: take up a run of this folder. It may have had other scores, encoder, count or first seed; not another
            model, nor settings that change the pictures.

    Returns:
        Finished images by seed, (H, W, 3) uint8; none unless resumed.

    Raises:
        ValueError: the folder holds something else, or cannot be written.
    """
    pictures = pictures_json(settings, denoiser)
    finished: dict[int, np.ndarray] = {}
    if resume and (out / RUN).is_file():
        if read_json(out / RUN).get("pictures") != pictures:
            raise ValueError(
                f"'{out}' cannot be resumed: its pictures are of another model, arithmetic or sampling settings; "
                "give those it began with, or another folder."
            )
        finished = read_images(out / "images", settings.seeds, denoiser.image_size)
    else:
        prepare_folder(out, settings)
    try:
        (out / "images").mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None
    begun = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "pictures": pictures,
        "drawn": len(finished),
        "complete": False,
    }
    write_json(out / RUN, begun)
    return finished


def read_images(folder: Path, seeds: Sequence[int], size: tuple[int, int]) -> dict[int, np.ndarray]:
    """The images of these seeds that are there whole and of the right size."""
    found = {}
    for seed in seeds:
        file = folder / f"{seed}.png"
        if not file.is_file():
            continue
        try:
            pixels = read_picture(file).pixels
        except BadPictureError:
            continue  # it is drawn again
        if pixels.shape[:2] == tuple(size):
            found[seed] = pixels
    return found


def write_images(out: Path, images: np.ndarray, seeds: Sequence[int]) -> None:
    """Write (n, H, W, 3) uint8 images at native size as `images/<seed>.png`."""
    for image, seed in zip(images, seeds, strict=True):
        write_whole(out / "images" / f"{seed}.png", png(image))


def write_results(out: Path, extraction: Extraction) -> dict[str, Any]:
    """Write the tables, grid.png and, last, run.json; returns what run.json says."""
    for name, text in (
        ("samples.csv", samples_csv(extraction)),
        ("neighbors.csv", neighbors_csv(extraction)),
        ("training.csv", training_csv(extraction)),
    ):
        write_whole(out / name, text.encode())
    found = extraction.match
    best = found.order(extraction.settings.score)[:GRID_PAIRS]
    training = extraction.subject.data.images
    pairs = [(found.images[i], training[found.training.neighbours.rows[i, 0]]) for i in best]
    write_whole(out / "grid.png", png(grid_of_pairs(pairs)))
    summary = run_summary(extraction)
    write_json(out / RUN, summary)
    return summary
