"""The folder of a run: images, tables, run.json, grid.png, each whole or not there at all."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from side_core.data.picture import BadPictureError, read_picture
from side_core.dpm.folder import read_json
from side_core.extraction.run import Drawn, Extraction, Subject
from side_core.extraction.summary import pictures_json, run_summary
from side_core.extraction.tables import neighbors_csv, samples_csv, training_csv
from side_core.files.images import grid_of_rows, png
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.sampling.drawing import Damage
from side_core.settings import ExtractSettings, MatchSettings

GRID_ROWS = 64
RUN = "run.json"
IMAGES, PLAIN, PATH = "images", "plain", "path.gif"
DAMAGE = "side-explorer-damage"  # keyword of a text in the PNG of a picture that guidance has saturated


def prepare_folder(out: Path, settings: MatchSettings) -> None:
    """Make the run's folder, before anything is done for it.

    Raises:
        ValueError: the folder cannot be made or written, or holds a run with other settings.
    """
    if (out / RUN).is_file() and read_json(out / RUN).get("digest") != settings.digest:
        raise ValueError(f"'{out}' holds a run with other settings: choose another folder.")
    make_folder(out)


def begin(out: Path, settings: ExtractSettings, subject: Subject, resume: bool) -> Drawn:
    """Note in the run's folder what is drawn there, and give the images that need not be drawn again.

    Args:
        out: the folder; made if there is none.
        settings: of the run.
        subject: the model, and what steers it.
        resume: take up a run of this folder. It may have had other scores, encoder, count or first seed; not another
            model, nor settings that change the pictures.

    Returns:
        Finished images; none unless resumed.

    Raises:
        ValueError: the folder holds something else, or cannot be written.
    """
    assert subject.denoiser is not None  # an extraction has a model
    pictures, size = pictures_json(settings, subject), subject.denoiser.image_size
    finished = Drawn()
    if resume and (out / RUN).is_file():
        if read_json(out / RUN).get("pictures") != pictures:
            raise ValueError(
                f"'{out}' cannot be resumed: its pictures are of another model, arithmetic or sampling settings; "
                "give those it began with, or another folder."
            )
        images, plain = (read_images(out / folder, settings.seeds, size) for folder in (IMAGES, PLAIN))
        damaged = (damage_in(out / IMAGES / f"{seed}.png") for seed in images)
        finished = Drawn(images, plain, tuple(filter(None, damaged)))
    else:
        prepare_folder(out, settings)
    try:
        (out / IMAGES).mkdir(exist_ok=True)
        if subject.guide is not None and settings.compare_plain:
            (out / PLAIN).mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None
    begun = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "pictures": pictures,
        "drawn": len(finished.images),
        "complete": False,
    }
    write_json(out / RUN, begun)
    return finished


def arithmetic_in(out: Path) -> str | None:
    """The text of the arithmetic that a folder's run was begun in; None where there is none, or it does not say."""
    pictures = read_json(out / RUN).get("pictures") if (out / RUN).is_file() else None
    found = pictures.get("arithmetic") if isinstance(pictures, Mapping) else None
    return found if isinstance(found, str) else None


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


def write_images(
    out: Path, images: Mapping[int, np.ndarray], folder: str = IMAGES, damaged: Iterable[Damage] = ()
) -> None:
    """Write (H, W, 3) uint8 images by their seeds, at native size, as `images/<seed>.png`; damage is said inside."""
    texts = {item.seed: {DAMAGE: json.dumps(vars(item))} for item in damaged}
    for seed, image in images.items():
        write_whole(out / folder / f"{seed}.png", png(image, texts.get(seed)))


def damage_in(file: Path) -> Damage | None:
    """What guidance did to a picture that was written by `write_images`."""
    try:
        with Image.open(file, formats=("PNG",)) as opened:
            about = json.loads(opened.info[DAMAGE])
        return Damage(int(about["seed"]), int(about["step"]), bool(about["lost"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_results(out: Path, extraction: Extraction) -> dict[str, Any]:
    """Write the tables, grid.png and, last, run.json; returns what run.json says."""
    for name, text in (
        ("samples.csv", samples_csv(extraction)),
        ("neighbors.csv", neighbors_csv(extraction)),
        ("training.csv", training_csv(extraction)),
    ):
        write_whole(out / name, text.encode())
    found = extraction.match
    training = extraction.subject.data.images
    twins = [found, *([] if extraction.plain is None else [extraction.plain])]
    pictures = [dict(zip(item.names, item.images, strict=True)) for item in twins]
    rows = []
    for i in found.order(extraction.settings.score)[:GRID_ROWS]:
        if all(found.names[i] in known for known in pictures):
            nearest = training[found.training.neighbours.rows[i, 0]]
            rows.append([*(known[found.names[i]] for known in pictures), nearest])
    if rows:
        write_whole(out / "grid.png", png(grid_of_rows(rows)))
    summary = run_summary(extraction)
    write_json(out / RUN, summary)
    return summary
