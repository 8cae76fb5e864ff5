"""What run.json says: what was compared, and every figure with its count, interval and control."""

import math
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from side_core import __version__
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.extraction.effect import effect_of
from side_core.extraction.headline import Second, threshold_of
from side_core.extraction.metrics import BandMetrics, Unique, metrics
from side_core.extraction.references import Reference
from side_core.extraction.run import Extraction
from side_core.extraction.subject import Subject
from side_core.sampling.completed import origins
from side_core.sampling.picture_key import picture_parts
from side_core.settings import ExtractSettings, SamplingSettings, ScoreName
from side_core.stats.bootstrap import Interval
from side_core.stats.rate import Rate


def run_summary(extraction: Extraction) -> dict[str, Any]:
    """What run.json holds: settings, fingerprints, versions, notes; for each score counts, intervals and control."""
    settings, subject, references = extraction.settings, extraction.subject, extraction.references
    encoder, found = references.encoder, extraction.match
    asked = settings.count if isinstance(settings, SamplingSettings) else len(found.names)
    summary: dict[str, Any] = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "drawn": len(found.names),
        "complete": len(found.names) == asked,
    }
    if isinstance(subject, Subject) and isinstance(settings, ExtractSettings):
        denoiser = subject.denoiser
        summary |= {
            "pictures": pictures_json(settings, subject),
            "sampling": _sampling_json(settings, denoiser),
            "model": {"name": settings.model, "fingerprint": denoiser.fingerprint},
            "arithmetic": str(denoiser.arithmetic),
            "device": str(denoiser.device),
        }
    if extraction.steering is not None:
        summary["surrogate"] = _surrogate_json(extraction)
    if extraction.samples is not None:
        summary["samples"] = set_json(extraction.samples)
    return summary | {
        "encoder": {"name": encoder.name, "description": encoder.description, "fingerprint": encoder.fingerprint},
        "data": set_json(subject.data, references.training, references.compared),
        "control": None if subject.control is None else set_json(subject.control, references.control),
        "views": [str(view) or "as it is" for view in references.views],
        "warnings": list(extraction.warnings),
        "notes": list(extraction.notes),
        "versions": versions(),
        "scores": {name: _score_summary(extraction, name) for name in found.training.scores.names},
        "metrics": _metrics_json(extraction),
    }


def pictures_json(settings: ExtractSettings, subject: Subject) -> dict[str, str]:
    """What a drawn picture depends on besides its seed: a run whose pictures agree in this can be resumed."""
    return picture_parts(subject.denoiser, settings.plain_sampling, subject.steering)


def _sampling_json(settings: ExtractSettings, denoiser: Denoiser) -> dict[str, dict[str, Any]]:
    """What the settings may leave to the model: the value that was used, and which of the two it is `from`."""
    return {
        name: {"value": origin.value, "from": origin.source}
        for name, origin in origins(settings.plain_sampling, denoiser).items()
    }


def _surrogate_json(extraction: Extraction) -> dict[str, Any]:
    """What steered a run, what it changed against the same seeds without it, and what it damaged."""
    steering = extraction.steering
    assert steering is not None  # the run was steered
    result: dict[str, Any] = {
        "name": getattr(extraction.settings, "surrogate", None),
        "fingerprint": steering.surrogate.fingerprint,
        "made_of": dict(steering.surrogate.card["model"]),
        "guidance": steering.settings.model_dump(mode="json"),
        "label": steering.label,
        "damaged": [vars(item) for item in extraction.damaged],
        "plain": None,
    }
    if extraction.plain is None:
        return result
    result["plain"] = {"drawn": len(extraction.plain.names), "scores": {}}
    for name in extraction.plain.training.scores.names:
        if (found := effect_of(extraction, name)) is not None:
            result["plain"]["scores"][name] = {
                "threshold": found.plain.threshold,
                "training": rate_json(found.plain.training),
                "control": rate_json(found.plain.control),
                "steered_over_plain": interval_json(found.ratio),
                "different": interval_json(found.different),
                "different_plain": interval_json(found.different_plain),
            }
    return result


def set_json(
    images: TrainingSet, searched: Reference | None = None, compared: Reference | None = None
) -> dict[str, Any]:
    """One set of images: source, rows, what was searched of them, what could not be read.

    `searched` counts different images: exact copies and near-duplicates are one.
    """
    result: dict[str, Any] = {"source": images.name, "rows": len(images), "fingerprint": images.fingerprint}
    if searched is not None:
        result["searched"] = searched.count
        result |= {"exact_copies": searched.groups.copies, "near_duplicates": searched.groups.near}
    if compared is not None:
        result["compared_with_control"] = compared.count
    if images.skipped:
        result["skipped"] = [{"name": item.name, "reason": item.reason} for item in images.skipped]
    return result


def _score_summary(extraction: Extraction, name: ScoreName) -> dict[str, Any]:
    """One score: its threshold, how many beat it, against training images, control and calibration; medians.

    Without a control the rates are withheld and only what single samples say is given.
    """
    found = extraction.match
    line = extraction.headline(name)
    values = found.training.scores.by_name(name)
    if line is None:
        threshold = threshold_of(found, extraction.settings, name, extraction.calibration)
        return {"threshold": threshold, "median": float(np.median(values)), "withheld": extraction.withheld(name)}
    assert found.control is not None  # or there would be no headline
    summary = {
        "threshold": line.threshold,
        "training": rate_json(line.training),
        "control": rate_json(line.control),
        "all_training": None if line.full is None else rate_json(line.full),
        "calibrated_control": None if line.calibrated is None else rate_json(line.calibrated),
        "median": float(np.median(values)),
        "control_median": float(np.median(found.control.scores.by_name(name))),
    }
    if (second := extraction.second(name)) is not None:
        summary["second"] = _second_json(second)
    if name == "nl2":
        summary["averaged_over"] = found.training.scores.averaged
    return summary


def _second_json(second: Second) -> dict[str, Any]:
    """The same pictures by the other threshold; `control_rate` is None where it is the published one."""
    return {
        "threshold": second.threshold,
        "control_rate": second.rate,
        "training": rate_json(second.training),
        "control": rate_json(second.control),
        "missed_by_first": second.missed,
    }


def _metrics_json(extraction: Extraction) -> dict[str, Any] | None:
    """AMS and UMS of the chosen score by band; None without a control."""
    if extraction.match.control is None:
        return None
    score = extraction.settings.score
    result: dict[str, Any] = {"score": score, "samples": len(extraction.match.names), "bands": {}}
    for item in metrics(extraction.match, score):
        assert item.control is not None and item.ratio is not None  # there is a control
        result["bands"][item.training.band.name] = {
            "begin": item.training.band.begin,
            "end": item.training.band.end,
            "training": _band_json(item.compared),
            "control": _band_json(item.control),
            "training_over_control": interval_json(item.ratio),
        } | ({} if item.compared is item.training else {"all_training": _band_json(item.training)})
    return result


def _band_json(item: BandMetrics) -> dict[str, Any]:
    """AMS and both kinds of UMS of one band against one set."""
    return {
        "ams": rate_json(item.ams),
        "ums_nearest": _unique_json(item.nearest, item.ams.count),
        "ums_published": None if item.published is None else _unique_json(item.published, item.ams.count),
    }


def _unique_json(found: Unique, samples: int) -> dict[str, Any]:
    """Different images: their count, and UMS, which is that over the number of samples.

    `pictures` counts near-duplicates each by itself.
    """
    return {
        "unique": found.count.value,
        "pictures": found.pictures,
        "share": found.count.value / samples,
        "low": found.count.low / samples,
        "high": found.count.high / samples,
        "at_least": found.at_least,
        "rarefied": {str(n): round(value, 3) for n, value in found.rarefied.items()},
    }


def interval_json(interval: Interval) -> dict[str, float | None]:
    """A figure with its interval; None for what is infinite or undefined, which JSON cannot say."""
    return {key: value if math.isfinite(value) else None for key, value in vars(interval).items()}


def rate_json(rate: Rate) -> dict[str, float]:
    """A rate with its count and interval."""
    return {"beat": rate.beat, "count": rate.count, "share": rate.share, "low": rate.low, "high": rate.high}


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = ("torch", "diffusers", "numpy", "safetensors", "pillow")
    return {"side_core": __version__, "python": platform.python_version()} | {name: version(name) for name in packages}
