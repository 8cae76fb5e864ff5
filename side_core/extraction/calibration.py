"""What a threshold stands for: the scores of thousands of plainly drawn images, shipped with a model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser, HasBottleneck
from side_core.dpm.formats.config import first_line
from side_core.extraction.matching import match
from side_core.extraction.references import make_references
from side_core.files.paths import check_allowed
from side_core.progress import finish
from side_core.sampling.drawing import Drawing, draw
from side_core.settings import EncoderName, SamplingSettings, ScoreName
from side_core.similarity.encoder import open_encoder
from side_core.similarity.scores import SCORES
from side_core.stats.rate import Rate, rate_of

FILE = "calibration.safetensors"
_VERSION = "2"  # of how pictures are scored: 2 counts near-duplicates as one; tables of another are made anew
PLAIN = SamplingSettings(count=4096, seed=1_000_000, steps=50, batch_size=128)


@dataclass(frozen=True)
class Calibration:
    """Scores of plainly drawn images against training images and control.

    Attributes:
        scores: for `encoder/score` the (n,) scores against the training images.
        control_scores: the same against the control.
        about: fingerprints of model, data and control, and the sampling settings, as saved.
    """

    scores: dict[str, np.ndarray]
    control_scores: dict[str, np.ndarray]
    about: dict[str, str]

    def control_values(self, encoder: EncoderName, score: ScoreName) -> np.ndarray | None:
        """(n,) scores of the plain images against the control; None where the encoder was not calibrated."""
        return self.control_scores.get(f"{encoder}/{score}")

    def control_rate(self, encoder: EncoderName, score: ScoreName, threshold: float) -> Rate | None:
        """How many plain images beat the threshold against the control; None where the encoder was not calibrated."""
        values = self.control_values(encoder, score)
        return None if values is None else rate_of(SCORES[score].beats(values, threshold))

    def training_rate(self, encoder: EncoderName, score: ScoreName, threshold: float) -> Rate | None:
        """How many plain images beat the threshold against the training images."""
        values = self.scores.get(f"{encoder}/{score}")
        return None if values is None else rate_of(SCORES[score].beats(values, threshold))


def calibrate(
    denoiser: Denoiser, data: TrainingSet, control: TrainingSet, out: Path, settings: SamplingSettings = PLAIN
) -> Iterator[Drawing]:
    """Draw plain images, score them by every encoder and score, and write the table to `out` at the end.

    The default seeds start at 1,000,000, so that nobody's first pictures are among them.
    """
    batches: list[np.ndarray] = []
    for drawing in draw(denoiser, settings):
        if drawing.images is not None:
            batches.append(drawing.images)
        yield drawing
    images = np.concatenate(batches)
    encoders: list[EncoderName] = ["pixel", "dpm"] if isinstance(denoiser, HasBottleneck) else ["pixel"]
    columns: dict[str, np.ndarray] = {}
    for encoder in encoders:
        references = finish(make_references(data, control, open_encoder(encoder, None, denoiser)))
        found = match(images, tuple(map(str, settings.seeds)), references)
        for side, part in (("training", found.compared), ("control", found.control)):
            assert part is not None  # there is a control
            for score in part.scores.names:
                columns[f"{side}/{encoder}/{score}"] = part.scores.by_name(score).astype(np.float32)
    about = {
        "version": _VERSION,
        "model": denoiser.fingerprint,
        "data": data.fingerprint,
        "control": control.fingerprint,
        "settings": settings.model_dump_json(),
    }
    partial = out / f"{FILE}.partial"
    try:
        save_file(columns, partial, metadata=about)
        partial.replace(out / FILE)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise ValueError(f"'{out / FILE}' cannot be written ({error}): free some space or make it writable.") from None


def read_calibration(folder: Path, denoiser: Denoiser, data: TrainingSet, control: TrainingSet) -> Calibration | None:
    """The calibration in a model's folder, or None where there is none for this very model, data and control.

    Raises:
        ValueError: the file is damaged.
    """
    file = check_allowed(folder / FILE, str(folder / FILE))
    if not file.is_file():
        return None
    try:
        with safe_open(file, framework="numpy") as table:
            about, names = table.metadata() or {}, table.keys()
            if [about.get(key) for key in ("version", "model", "data", "control")] != [
                _VERSION,
                denoiser.fingerprint,
                data.fingerprint,
                control.fingerprint,
            ]:
                return None
            columns = {key: table.get_tensor(key) for key in names}
    except SafetensorError as error:
        raise ValueError(f"'{file}' is damaged ({first_line(error)}): remove it and calibrate again.") from None

    def part(name: str) -> dict[str, np.ndarray]:
        return {key.removeprefix(f"{name}/"): value for key, value in columns.items() if key.startswith(f"{name}/")}

    return Calibration(part("training"), part("control"), about)
