"""The folder of a sweep: pictures and cells, each under the name of all it depends on, so that none is made twice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from side_core.dpm.formats.config import read_json
from side_core.extraction.summary import set_json
from side_core.files.parts import FolderParts
from side_core.files.whole_file import make_folder, write_json
from side_core.sampling.picture_arrays import ArrayStore
from side_core.sampling.store import Store
from side_core.sweep.plan import Plan

ABOUT, CELLS, PICTURES = "about.json", "cells", "pictures"


def open_folder(out: Path, plan: Plan, resume: bool) -> Store:
    """The folder of a sweep.

    Args:
        out: made if there is none.
        plan: the sweep.
        resume: take up what is there. It may have been another sweep of the same model.

    Raises:
        ValueError: it holds results already and is not resumed, results of another model, or cannot be written.
    """
    file, about = out / ABOUT, about_json(plan)
    make_folder(out)
    if file.is_file() and any(any((out / part).iterdir()) for part in (CELLS, PICTURES) if (out / part).is_dir()):
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
    write_json(file, about)
    return Store(ArrayStore(out / PICTURES), FolderParts(out / CELLS))


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
