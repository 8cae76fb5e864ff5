"""Draw strips: the same seeds at several lambdas, each an extraction."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import opening, references_of, sample_sets
from side_core.sampling.picture import FRAMES
from side_core.sampling.store import SampleStore
from side_core.sampling.strips import Strip, Strips
from side_core.settings import ExtractSettings
from side_core.surrogate.steering import make_steering


def draw_strips(
    settings: ExtractSettings, scales: Sequence[float], store: SampleStore, device: str | None = None
) -> Generator[Any, None, tuple[Strips, np.ndarray]]:
    """Draw, match and score the settings' seeds at each lambda, handing out the steps; returns what is written.

    Args:
        settings: lambda is left out. Without a surrogate there is one strip, of plain sampling.
        scales: the lambdas.
        store: where finished pictures are, and are put.
        device: left out: the best there is.

    Raises:
        ValueError: there is no control, or guidance has lost a picture.
    """
    asked = [settings.model_copy(update={"compare_plain": False})]
    if settings.surrogate is not None:
        asked = [asked[0].model_copy(update={"guidance_scale": scale}) for scale in sorted(scales)]
    subject = yield from opening(asked[0], device)
    references = yield from references_of(asked[0], subject, device)
    found, paths = [], []
    for one in asked:
        if subject.steering is not None:
            surrogate, foreign = subject.steering.surrogate, one.foreign_surrogate
            steering = make_steering(surrogate, subject.denoiser, one.guidance, one.label, foreign)
            subject = replace(subject, steering=steering)
        for event in extract(one, subject, references, store, FRAMES):
            if isinstance(event, Extraction):
                extraction = event
            else:
                yield event
        (samples, *_) = sample_sets(one, subject)
        pictures = list(store.found(samples.key, one.seeds).values())
        paths.append(np.stack([picture.path for picture in pictures], axis=1))
        found.append(_strip(one, extraction, samples.key))
    assert subject.control is not None  # there are headlines
    prints = {
        "model": subject.denoiser.fingerprint,
        "arithmetic": str(subject.denoiser.arithmetic),
        "data": subject.data.fingerprint,
        "control": subject.control.fingerprint,
        "encoder": references.encoder.fingerprint,
    }
    if subject.steering is not None:
        prints["surrogate"] = subject.steering.surrogate.fingerprint
    said, timesteps = asked[0].model_dump(mode="json"), pictures[0].path_timesteps
    line = extraction.headline()
    calibrated = None if line is None else line.calibrated
    strips = Strips(said, prints, extraction.threshold, calibrated, tuple(settings.seeds), timesteps, tuple(found))
    return strips, np.stack(paths)


def _strip(settings: ExtractSettings, extraction: Extraction, key: str) -> Strip:
    """One lambda."""
    line, match, data = extraction.headline(), extraction.match, extraction.subject.data
    if line is None or match.control is None or len(match.names) != settings.count:
        raise ValueError(f"At lambda {settings.guidance_scale:g} there is no whole result: {extraction.withheld()}")
    rows = match.training.neighbours.rows[:, 0].tolist()
    return Strip(
        float(settings.guidance_scale or 0),
        key,
        match.images,
        np.stack([data.images[row] for row in rows]),
        tuple(str(data.ids[row]) for row in rows),
        tuple(map(float, match.training.scores.by_name(settings.score))),
        tuple(map(float, match.control.scores.by_name(settings.score))),
        line.training,
        line.control,
    )
