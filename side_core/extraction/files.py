"""The folder of a run: images, samples.csv, run.json, grid.png, each whole or not there at all."""

import csv
import io
import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from side_core import __version__
from side_core.dpm.folder import read_json
from side_core.extraction.pictures import grid_of_pairs, png
from side_core.extraction.rate import Rate
from side_core.extraction.run import Extraction
from side_core.settings import ExtractSettings, ScoreName
from side_core.similarity.scores import SCORES

COLUMNS = (
    "sample",
    "seed",
    "nearest",
    "second",
    "l2",
    "nl2",
    "ratio",
    "control_l2",
    "control_nl2",
    "control_ratio",
)
GRID_PAIRS = 64


def write_whole(file: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that nobody ever sees half of it.

    Raises:
        ValueError: it cannot be written, for example because the disk is full.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as error:
        raise ValueError(
            f"'{file}' cannot be written ({error.strerror}): free some space or choose another folder; "
            "what was written before is kept."
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def prepare_folder(out: Path, settings: ExtractSettings) -> None:
    """Make the run's folder and note its settings in it, before anything is drawn.

    Raises:
        ValueError: the folder cannot be made or written, or holds a run with other settings.
    """
    if (out / "run.json").is_file() and read_json(out / "run.json").get("digest") != settings.digest:
        raise ValueError(f"'{out}' holds a run with other settings: choose another folder.")
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None
    begun = {"settings": settings.model_dump(mode="json"), "digest": settings.digest, "drawn": 0, "complete": False}
    write_whole(out / "run.json", (json.dumps(begun, indent=2) + "\n").encode())


def write_images(out: Path, images: np.ndarray, seeds: Sequence[int]) -> None:
    """Write (n, H, W, 3) uint8 images at native size as `images/<seed>.png`."""
    for image, seed in zip(images, seeds, strict=True):
        write_whole(out / "images" / f"{seed}.png", png(image))


def write_results(out: Path, extraction: Extraction) -> dict[str, Any]:
    """Write samples.csv, grid.png and, last, run.json; returns what run.json says."""
    write_whole(out / "samples.csv", samples_csv(extraction).encode())
    found = extraction.match
    best = found.order(extraction.settings.score)[:GRID_PAIRS]
    training = extraction.subject.data.images
    pairs = [(found.images[i], training[found.neighbours.rows[i, 0]]) for i in best]
    write_whole(out / "grid.png", png(grid_of_pairs(pairs)))
    summary = run_summary(extraction)
    write_whole(out / "run.json", (json.dumps(summary, indent=2) + "\n").encode())
    return summary


def samples_csv(extraction: Extraction) -> str:
    """One row a sample: its two nearest training images and its scores against training images and control."""
    found, ids = extraction.match, extraction.subject.data.ids
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for i, seed in enumerate(found.seeds):
        near = [ids[row] for row in found.neighbours.rows[i, :2]]
        values = [
            scores.by_name(name)[i]
            for scores in (found.scores, found.control_scores)
            for name in ("l2", "nl2", "ratio")
        ]
        table.writerow([i, seed, *near, *(f"{value:.6g}" for value in values)])
    return text.getvalue()


def run_summary(extraction: Extraction) -> dict[str, Any]:
    """What run.json holds: settings, fingerprints, versions, and for each score counts, intervals and control."""
    settings, subject = extraction.settings, extraction.subject
    drawn = len(extraction.match.seeds)
    return {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "drawn": drawn,
        "complete": drawn == settings.count,
        "model": {"name": settings.model, "fingerprint": subject.denoiser.fingerprint},
        "data": {"source": subject.data.name, "rows": len(subject.data), "fingerprint": subject.data.fingerprint},
        "control": {
            "source": subject.control.name,
            "rows": len(subject.control),
            "fingerprint": subject.control.fingerprint,
        },
        "arithmetic": str(subject.denoiser.arithmetic),
        "device": str(subject.denoiser.device),
        "versions": versions(),
        "scores": {name: score_summary(extraction, name) for name in SCORES},
    }


def score_summary(extraction: Extraction, name: ScoreName) -> dict[str, Any]:
    """One score: its threshold, how many beat it, against training images, control and calibration; medians."""
    line = extraction.headline(name)
    return {
        "threshold": line.threshold,
        "training": rate_json(line.training),
        "control": rate_json(line.control),
        "calibrated_control": None if line.calibrated is None else rate_json(line.calibrated),
        "median": float(np.median(extraction.match.scores.by_name(name))),
        "control_median": float(np.median(extraction.match.control_scores.by_name(name))),
    }


def rate_json(rate: Rate) -> dict[str, float]:
    """A rate with its count and interval."""
    return {"beat": rate.beat, "count": rate.count, "share": rate.share, "low": rate.low, "high": rate.high}


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = ("torch", "diffusers", "numpy", "safetensors")
    return {"side_core": __version__, "python": platform.python_version()} | {name: version(name) for name in packages}
