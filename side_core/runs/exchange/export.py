"""Export a run as one zip: pictures, tables, run.json and a report. Equal results give equal bytes.

No path of this machine is in it: see `side_core.runs.exchange.places`.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from side_core.extraction.tables import table
from side_core.files.images import png
from side_core.files.paths import printable
from side_core.runs.exchange.command import command_of
from side_core.runs.exchange.places import PLACES, places_in_words, without_places
from side_core.runs.exchange.safe_names import safe_names
from side_core.runs.exchange.tagged_png import tagged_png
from side_core.runs.identity import fingerprints_of
from side_core.runs.report.page import page_html, telling_damage
from side_core.runs.result import SUMMARY, TABLES, Result
from side_core.settings import ExtractSettings, GuidanceSettings, ScoreSettings

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date a zip knows; a real one would make every zip another
_PICTURES, _PLAIN, _NEAREST = "pictures", "plain", "nearest"
_REPORT, _README, _FILES = "report.html", "README.txt", "files.csv"


def export_zip(result: Result) -> bytes:
    """Everything of a run in one zip; README.txt in it says what is what.

    Raises:
        ValueError: another version wrote its settings, or its run.json is damaged.
    """
    buffer = io.BytesIO()
    _write_zip(result, buffer)
    return buffer.getvalue()


def _write_zip(result: Result, file: IO[bytes]) -> None:
    """The same into an open file; pictures are packed one after another."""
    with zipfile.ZipFile(file, "w") as archive, telling_damage():
        for name, content in _files_of(without_places(result)):
            member = zipfile.ZipInfo(name, _LONG_AGO)
            member.create_system, member.external_attr = 3, 0o644 << 16  # whatever this machine is
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)


def _settings_of(result: Result) -> ExtractSettings | ScoreSettings:
    """The settings of a run, checked again.

    Raises:
        ValueError: another version wrote them.
    """
    kind: type[ExtractSettings | ScoreSettings] = ScoreSettings if result.kind == "score" else ExtractSettings
    return kind.read(result.settings)


def _files_of(result: Result) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the zip, run.json first."""
    pictures, nearest = safe_names(result.names), safe_names(result.training_ids)
    yield SUMMARY, (json.dumps(result.summary, indent=2) + "\n").encode()
    yield _README, _readme(result).encode()
    yield _REPORT, page_html(result).encode()
    yield _FILES, _as_bytes(_files_csv(result, pictures, nearest))
    for name in TABLES:
        if name in result.tables:
            yield name, _as_bytes(result.tables[name])
    settings = _settings_of(result)
    about = _about_run(settings, result)
    for place, name in enumerate(pictures):
        own = about | _about_picture(result, place)
        yield f"{_PICTURES}/{name}.png", tagged_png(result.images[place], own)
    if isinstance(settings, ExtractSettings) and result.plain:
        yield from _plain_files(_without_surrogate(settings), result)
    for name, image in zip(nearest, result.training, strict=True):
        yield f"{_NEAREST}/{name}.png", png(image)


def _plain_files(settings: ExtractSettings, result: Result) -> Iterator[tuple[str, bytes]]:
    """The same seeds drawn without the surrogate; each opens as a run without it."""
    about = _about_run(settings, result)
    about["fingerprints"].pop("surrogate", None)
    places = {name: place for place, name in enumerate(result.names)}
    for name, file in zip(result.plain, safe_names(list(result.plain)), strict=True):
        place = places.get(name)
        scores = {} if place is None else _scores_at(result, place, "plain/")
        own = about | {"name": name, "seed": int(name), "scores": scores}
        yield f"{_PLAIN}/{file}.png", tagged_png(result.plain[name], own)


def _without_surrogate(settings: ExtractSettings) -> ExtractSettings:
    """The settings of the run that draws the plain pictures."""
    idle = dict.fromkeys(GuidanceSettings.model_fields) | {"surrogate": None, "foreign_surrogate": False, "label": None}
    return settings.model_copy(update=idle)


def _about_run(settings: ExtractSettings | ScoreSettings, result: Result) -> dict[str, Any]:
    """What every picture of a run carries."""
    about = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "fingerprints": fingerprints_of(result.summary),
        "versions": dict(result.summary.get("versions", {})),
    }
    places = [name for name in result.summary.get(PLACES, ()) if getattr(settings, name) is not None]
    return about | {PLACES: places} if places else about


def _about_picture(result: Result, place: int) -> dict[str, Any]:
    """What one picture carries besides."""
    name = result.names[place]
    about: dict[str, Any] = {"name": name}
    if result.kind == "extract":
        about["seed"] = int(name)
    return about | {
        "nearest": result.training_ids[result.nearest[place]],
        "scores": _scores_at(result, place),
    }


def _scores_at(result: Result, place: int, prefix: str = "") -> Mapping[str, float]:
    """The scores of one picture; of a plain one, those that begin with `plain/`, without it."""
    found = {}
    for name, values in result.scores.items():
        if name.startswith(prefix) and np.isfinite(values[place]):
            found[name.removeprefix(prefix)] = float(values[place])
    return found


def _files_csv(result: Result, pictures: tuple[str, ...], nearest: tuple[str, ...]) -> str:
    """One row a picture: its file, what it is called, which files belong beside it, its score."""
    plain = dict(zip(result.plain, safe_names(list(result.plain)), strict=True))
    values = result.scores[result.score]
    columns = ["picture", "name", "plain", "nearest", "training_image", result.score]
    return table(
        columns,
        (
            [
                f"{_PICTURES}/{pictures[place]}.png",
                name,
                f"{_PLAIN}/{plain[name]}.png" if name in plain else "",
                f"{_NEAREST}/{nearest[result.nearest[place]]}.png",
                result.training_ids[result.nearest[place]],
                float(values[place]),
            ]
            for place, name in enumerate(result.names)
        ),
    )


def _as_bytes(text: str) -> bytes:
    """Text as UTF-8; bytes of file names that are none are written as escapes."""
    return text.encode("utf-8", "backslashreplace")


def _readme(result: Result) -> str:
    """What is in the zip, and how to draw it again."""
    named = "by its seed" if result.kind == "extract" else "by its file"
    plain = f"\n{_PLAIN}/          the same seeds drawn without the surrogate" if result.plain else ""
    prints = "\n".join(f"  {kind}: {value}" for kind, value in fingerprints_of(result.summary).items())
    versions = ", ".join(f"{name} {value}" for name, value in result.summary.get("versions", {}).items())
    places = places_in_words(result.settings, result.summary.get(PLACES, ()))
    own = f"\n{places}\n" if places else ""
    return f"""A run of SIDE Explorer: what has this model memorised?

{_REPORT}     one page to read, to print, or to attach; needs no network
{_PICTURES}/       each picture at its own size, {named}; settings, seed, scores and fingerprints are in it{plain}
{_NEAREST}/        the training images that are nearest to any picture: they belong to others, mind their licence
{_FILES}       which of these files belong together, and what their names were
samples.csv     one row a picture: its nearest training images and all of its scores
neighbors.csv   the ten nearest training images of each picture
training.csv    one row a training image that came back: how often, by which pictures
{SUMMARY}        settings, fingerprints, versions; every figure with its count, 95 % interval and control

Open it again: drop this zip, {SUMMARY} or one of the pictures on "Open an exported run" in the app's sidebar.
Or do it again on the command line:

  {printable(command_of(_settings_of(result)))}
{own}
The same model, data and versions give the same pictures from the same seeds. It was done with:

{prints}
  {versions}
"""
