"""The folder of a run: images, tables, run.json, grid.png, each whole or not there at all."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from side_core.dpm.folder import read_json
from side_core.extraction.run import Extraction
from side_core.extraction.subject import Subject, sample_sets
from side_core.extraction.summary import pictures_json, run_summary
from side_core.extraction.tables import neighbors_csv, samples_csv, training_csv
from side_core.files.images import grid_of_rows, png
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.sampling.missing import SampleSet
from side_core.sampling.picture import Picture, alone
from side_core.sampling.picture_files import read_pictures, seeds_in, write_picture
from side_core.settings import ExtractSettings, MatchSettings

_GRID_ROWS = 64
_RUN = "run.json"
_IMAGES, _PLAIN, PATH = "images", "plain", "path.gif"


def prepare_folder(out: Path, settings: MatchSettings) -> None:
    """Make the run's folder, before anything is done for it.

    Raises:
        ValueError: the folder cannot be made or written, or holds a run with other settings.
    """
    if (out / _RUN).is_file() and read_json(out / _RUN).get("digest") != settings.digest:
        raise ValueError(f"'{out}' holds a run with other settings: choose another folder.")
    make_folder(out)


class RunFolder:
    """The pictures in a run's folder: `images/SEED.png`, of a steered run also `plain/SEED.png`; a `SampleStore`.

    Args:
        out: the folder.
        sets: what is drawn there: the run's own pictures and, of a steered run, the same seeds without the surrogate.
        resumed: whether pictures count that were there before; else only what is put there now.
    """

    def __init__(self, out: Path, sets: Sequence[SampleSet], resumed: bool):
        self.resumed, self.size = resumed, sets[0].denoiser.image_size
        self.folders = {samples.key: out / name for samples, name in zip(sets, (_IMAGES, _PLAIN), strict=False)}
        self.written: dict[str, set[int]] = {key: set() for key in self.folders}

    def seeds(self, key: str) -> Collection[int]:
        """The seeds whose pictures are there."""
        return seeds_in(self.folders[key]) if self.resumed else self.written[key]

    def found(self, key: str, seeds: Sequence[int]) -> dict[int, Picture]:
        """Those of these seeds that are there whole and of the right size."""
        found = read_pictures(self.folders[key], [seed for seed in seeds if self.resumed or seed in self.written[key]])
        return {seed: picture for seed, picture in found.items() if picture.image.shape[:2] == tuple(self.size)}

    def put(self, key: str, pictures: Mapping[int, Picture]) -> None:
        """Write pictures at native size; damage is said inside."""
        for seed, picture in pictures.items():
            write_picture(self.folders[key], seed, alone(picture.image, picture.damage))
            self.written[key].add(seed)


def begin(out: Path, settings: ExtractSettings, subject: Subject, resume: bool) -> RunFolder:
    """Note in the run's folder what is drawn there.

    Args:
        out: the folder; made if there is none.
        settings: of the run.
        subject: the model, and what steers it.
        resume: take up a run of this folder. It may have had other scores, encoder, count or first seed; not another
            model, nor settings that change the pictures.

    Raises:
        ValueError: the folder holds something else, or cannot be written.
    """
    pictures, sets = pictures_json(settings, subject), sample_sets(settings, subject)
    resumed = resume and (out / _RUN).is_file()
    if not resumed:
        prepare_folder(out, settings)
    elif read_json(out / _RUN).get("pictures") != pictures:
        raise ValueError(
            f"'{out}' cannot be resumed: its pictures are of another model, arithmetic or sampling settings; "
            "give those it began with, or another folder."
        )
    folder = RunFolder(out, sets, resumed)
    for place in folder.folders.values():
        make_folder(place)
    begun = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "pictures": pictures,
        "drawn": len(set(settings.seeds) & set(folder.seeds(sets[0].key))),
        "complete": False,
    }
    write_json(out / _RUN, begun)
    return folder


def arithmetic_in(out: Path) -> str | None:
    """The text of the arithmetic that a folder's run was begun in; None where there is none, or it does not say."""
    pictures = read_json(out / _RUN).get("pictures") if (out / _RUN).is_file() else None
    found = pictures.get("arithmetic") if isinstance(pictures, Mapping) else None
    return found if isinstance(found, str) else None


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
    for i in found.order(extraction.settings.score)[:_GRID_ROWS]:
        if all(found.names[i] in known for known in pictures):
            nearest = training[found.training.neighbours.rows[i, 0]]
            rows.append([*(known[found.names[i]] for known in pictures), nearest])
    if rows:
        write_whole(out / "grid.png", png(grid_of_rows(rows)))
    summary = run_summary(extraction)
    write_json(out / _RUN, summary)
    return summary
