"""The folder of a sweep: pictures and cells, each under the name of all it depends on, so that none is made twice."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from side_core.dpm.formats.config import read_json
from side_core.extraction.summary import set_json
from side_core.files.whole_file import write_json, write_whole
from side_core.sampling.drawing import Damage
from side_core.sweep.cell import Cell, cell_from, cell_json, first_pictures
from side_core.sweep.plan import Place, Plan
from side_core.sweep.sample_set import Pictures

ABOUT, CELLS, PICTURES = "about.json", "cells", "pictures"


class FolderStore:
    """A folder: `pictures/NAME.npy` with `NAME.json`, and `cells/NAME.json`; each is there whole or not at all."""

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            for part in (CELLS, PICTURES):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"Folder '{folder}' cannot be written ({error.strerror}): choose another one.") from None

    def pictures(self, name: str) -> Pictures | None:
        """The pictures of a sample set; None where they are missing or damaged."""
        try:
            about = read_json(self.folder / PICTURES / f"{name}.json")
            seeds = tuple(int(seed) for seed in about["seeds"])
            damaged = tuple(Damage(int(d["seed"]), int(d["step"]), bool(d["lost"])) for d in about["damaged"])
            images = np.load(self.folder / PICTURES / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, KeyError, TypeError):
            return None
        if images.dtype != np.uint8 or images.ndim != 4 or len(images) != len(seeds):
            return None
        return Pictures(images, seeds, damaged)

    def keep_pictures(self, name: str, pictures: Pictures) -> None:
        """Write the pictures of a sample set; their JSON, written last, says that they are whole."""
        file, content = self.folder / PICTURES / f"{name}.npy", io.BytesIO()
        np.save(content, pictures.images, allow_pickle=False)
        write_whole(file, content.getvalue())
        damaged = [vars(item) for item in pictures.damaged]
        write_json(file.with_suffix(".json"), {"seeds": list(pictures.seeds), "damaged": damaged})

    def cell(self, place: Place) -> Cell | None:
        """A measured cell; None where it, or its pictures, are missing or damaged."""
        try:
            found = cell_from(read_json(self.folder / CELLS / f"{place.name}.json"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        pictures = self.pictures(place.samples.name)
        return None if pictures is None else replace(found, pictures=first_pictures(pictures, place.settings))

    def keep_cell(self, place: Place, cell: Cell) -> None:
        """Write a measured cell."""
        write_json(self.folder / CELLS / f"{place.name}.json", cell_json(cell))


def open_folder(out: Path, plan: Plan, resume: bool) -> FolderStore:
    """The folder of a sweep.

    Args:
        out: made if there is none.
        plan: the sweep.
        resume: take up what is there. It may have been another sweep of the same model.

    Raises:
        ValueError: it holds results already and is not resumed, results of another model, or cannot be written.
    """
    file, about = out / ABOUT, about_json(plan)
    if file.is_file() and any(any((out / part).glob("*.json")) for part in (CELLS, PICTURES)):
        known = read_json(file).get("model")
        found = known.get("fingerprint", "") if isinstance(known, Mapping) else ""
        if found != about["model"]["fingerprint"]:
            raise ValueError(
                f"'{out}' holds a sweep of another model (fingerprint {str(found)[:12]}, not "
                f"{plan.shared.denoiser.fingerprint[:12]}): results of two models are not mixed, choose another folder."
            )
        arithmetic = read_json(file).get("arithmetic")
        if arithmetic != about["arithmetic"]:
            raise ValueError(
                f"'{out}' holds a sweep in {arithmetic}, and here it would go on in {about['arithmetic']}: pictures of "
                "two arithmetics are not mixed. Choose the mode (exact or fast) and device it began with, or another "
                "folder."
            )
        if not resume:
            raise ValueError(f"'{out}' holds a sweep already: resume it, or choose another folder.")
    store = FolderStore(out)
    write_json(file, about)
    return store


def arithmetic_in(out: Path) -> str | None:
    """The text of the arithmetic that a folder's sweep was begun in; None where there is none, or it does not say."""
    found = read_json(out / ABOUT).get("arithmetic") if (out / ABOUT).is_file() else None
    return found if isinstance(found, str) else None


def about_json(plan: Plan) -> dict[str, Any]:
    """Which model, images and surrogates the cells of a folder are of."""
    shared = plan.shared
    subject, denoiser = shared.subject, shared.denoiser
    references = next(iter(shared.references.values()))
    return {
        "settings": plan.settings.model_dump(mode="json"),
        "model": {"name": plan.settings.model, "fingerprint": denoiser.fingerprint},
        "arithmetic": str(denoiser.arithmetic),
        "device": str(denoiser.device),
        "surrogates": {name: steering.surrogate.fingerprint for name, steering in shared.steerings.items()},
        "encoders": {
            name: {"description": known.encoder.description, "fingerprint": known.encoder.fingerprint}
            for name, known in shared.references.items()
        },
        "data": set_json(subject.data, references.training, references.compared),
        "control": None if subject.control is None else set_json(subject.control, references.control),
    }
