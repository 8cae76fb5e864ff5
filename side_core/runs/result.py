"""What a run came to, whole: pictures, their nearest training images, scores, tables; also after the model is gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from side_core.dpm.folder import read_json
from side_core.dpm.formats.config import first_line
from side_core.extraction.run import Extraction
from side_core.extraction.summary import run_summary
from side_core.extraction.tables import neighbors_csv, samples_csv, training_csv
from side_core.files.whole_file import write_json, write_whole
from side_core.settings import ExtractSettings, ScoreName
from side_core.similarity.scores import SCORES

SUMMARY, _ARRAYS = "run.json", "result.safetensors"
TABLES = ("samples.csv", "neighbors.csv", "training.csv")
_MOST_IMAGE_BYTES = 64 * 2**20  # of pictures that others generated and that are kept with the run


@dataclass(frozen=True, eq=False)
class Result:
    """Pictures with what was found about them.

    Attributes:
        kind: `extract` (the pictures were drawn, their names are seeds) or `score` (others generated them).
        summary: what run.json says: settings, fingerprints, versions, counts, intervals, control.
        names: (n,) of the pictures.
        images: (n, H, W, 3) uint8.
        plain: (H, W, 3) uint8 by name: of a steered run, the same seeds drawn without the surrogate.
        nearest: (n,) position in `training` of the nearest training image of each.
        training: (m, H, W, 3) uint8, the different training images that are nearest to any.
        training_ids: (m,) their names.
        scores: by score's name (n,) against the training images; `control/NAME` against the control, `plain/NAME` of
            the plain pictures, NaN where there is none.
        tables: CSV text by file name.
    """

    kind: str
    summary: Mapping[str, Any]
    names: tuple[str, ...]
    images: np.ndarray
    plain: Mapping[str, np.ndarray]
    nearest: np.ndarray
    training: np.ndarray
    training_ids: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, as JSON says them."""
        found: Mapping[str, Any] = self.summary["settings"]
        return found

    @property
    def score(self) -> ScoreName:
        """Name of the score that counts."""
        name: ScoreName = self.settings["score"]
        return name

    def order(self) -> np.ndarray:
        """(n,) positions, nearest to a copy first."""
        return SCORES[self.score].order(self.scores[self.score])


def result_of(extraction: Extraction) -> Result:
    """The result of an extraction, with everything that is to be kept of it."""
    match, data, plain = extraction.match, extraction.subject.data, extraction.plain
    rows, nearest = np.unique(match.training.neighbours.rows[:, 0], return_inverse=True)
    scores: dict[str, np.ndarray] = {name: match.training.scores.by_name(name) for name in match.training.scores.names}
    if match.control is not None:
        scores |= {f"control/{name}": match.control.scores.by_name(name) for name in match.control.scores.names}
    twins: dict[str, np.ndarray] = {}
    if plain is not None:
        twins = dict(zip(plain.names, plain.images, strict=True))
        places = {name: place for place, name in enumerate(plain.names)}
        for score in plain.training.scores.names:
            values = plain.training.scores.by_name(score)
            scores[f"plain/{score}"] = np.array([values[places[n]] if n in places else np.nan for n in match.names])
    return Result(
        "extract" if isinstance(extraction.settings, ExtractSettings) else "score",
        run_summary(extraction),
        match.names,
        match.images,
        twins,
        nearest,
        data.images[rows],
        tuple(str(data.ids[row]) for row in rows),
        scores,
        {
            "samples.csv": samples_csv(extraction),
            "neighbors.csv": neighbors_csv(extraction),
            "training.csv": training_csv(extraction),
        },
    )


def write_result(folder: Path, result: Result) -> None:
    """Write everything but the drawn pictures, which are kept by their seeds; run.json comes last.

    Pictures that others generated are kept with the run, unless they are larger than 64 MiB in all.

    Raises:
        ValueError: it cannot be written.
    """
    arrays = {
        "nearest": np.ascontiguousarray(result.nearest, np.int64),
        "training": np.ascontiguousarray(result.training),
        "names": _packed(result.names),
        "training_ids": _packed(result.training_ids),
    }
    arrays |= {f"scores/{name}": np.ascontiguousarray(values, np.float64) for name, values in result.scores.items()}
    if result.kind == "score" and result.images.nbytes <= _MOST_IMAGE_BYTES:
        arrays["images"] = np.ascontiguousarray(result.images)
    for name, text in result.tables.items():
        write_whole(folder / name, text.encode())
    write_whole(folder / _ARRAYS, save(arrays))
    write_json(folder / SUMMARY, result.summary)


def read_result(folder: Path, kind: str, images: Mapping[str, np.ndarray], plain: Mapping[str, np.ndarray]) -> Result:
    """Read a result back; pictures that are not there any more are left out, with their scores.

    Args:
        folder: that `write_result` filled.
        kind: `extract` or `score`.
        images: (H, W, 3) uint8 by name, of a drawn run.
        plain: the same seeds without the surrogate.

    Raises:
        ValueError: it is damaged, or no picture is left.
    """
    summary = read_json(folder / SUMMARY)
    try:
        arrays = load_file(folder / _ARRAYS)
        names = _unpacked(arrays["names"])
        known = dict(zip(names, arrays["images"], strict=True)) if "images" in arrays else images
        places = [place for place, name in enumerate(names) if name in known]
        if not places:
            raise ValueError(f"The pictures of '{folder}' are gone: draw them again from its settings.")
        scores = {
            name.removeprefix("scores/"): values[places]
            for name, values in arrays.items()
            if name.startswith("scores/")
        }
        tables = {name: (folder / name).read_text() for name in TABLES if (folder / name).is_file()}
        return Result(
            kind,
            summary,
            tuple(names[place] for place in places),
            np.stack([known[names[place]] for place in places]),
            plain,
            arrays["nearest"][places],
            arrays["training"],
            _unpacked(arrays["training_ids"]),
            scores,
            tables,
        )
    except (OSError, KeyError, SafetensorError, IndexError, UnicodeDecodeError) as error:
        raise _damaged(folder, error) from None


def scores_by_name(folder: Path, score: ScoreName) -> dict[str, float] | None:
    """One score of all pictures of a run by their names; None where it has none. Reads no picture.

    Raises:
        ValueError: it is damaged.
    """
    try:
        with safe_open(folder / _ARRAYS, "numpy") as file:
            if f"scores/{score}" not in file.keys():  # noqa: SIM118
                return None
            names, values = _unpacked(file.get_tensor("names")), file.get_tensor(f"scores/{score}")
        return dict(zip(names, values.tolist(), strict=True))
    except (OSError, ValueError, KeyError, SafetensorError, UnicodeDecodeError) as error:
        raise _damaged(folder, error) from None


def names_by_nearness(folder: Path) -> tuple[str, ...]:
    """The names of all pictures of a run, nearest to a copy first; reads no picture.

    Raises:
        ValueError: it is damaged.
    """
    try:
        score: ScoreName = read_json(folder / SUMMARY)["settings"]["score"]
        with safe_open(folder / _ARRAYS, "numpy") as file:
            names, values = _unpacked(file.get_tensor("names")), file.get_tensor(f"scores/{score}")
        return tuple(names[place] for place in SCORES[score].order(values))
    except (OSError, KeyError, SafetensorError, IndexError, UnicodeDecodeError) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: Path, error: Exception) -> ValueError:
    """What to say of a run whose files cannot be read."""
    return ValueError(f"'{folder / _ARRAYS}' is damaged ({first_line(error)}): draw the run again.")


def _packed(texts: tuple[str, ...]) -> np.ndarray:
    """Texts as (bytes,) uint8, each ended by a zero byte, which no name has."""
    return np.frombuffer("".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape"), np.uint8)


def _unpacked(content: np.ndarray) -> tuple[str, ...]:
    """The texts again."""
    return tuple(content.tobytes().decode("utf-8", "surrogateescape").split("\0")[:-1])
