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

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date a zip knows; a real one would make every zip another
PICTURES, PLAIN, NEAREST = "pictures", "plain", "nearest"
REPORT, README, FILES = "report.html", "README.txt", "files.csv"


def export_zip(result: Result) -> bytes:
    """Everything of a run in one zip; README.txt in it says what is what.

    Raises:
        ValueError: another version wrote its settings, or its run.json is damaged.
    """
    buffer = io.BytesIO()
    write_zip(result, buffer)
    return buffer.getvalue()


def write_zip(result: Result, file: IO[bytes]) -> None:
    """The same into an open file; pictures are packed one after another."""
    with zipfile.ZipFile(file, "w") as archive, telling_damage():
        for name, content in files_of(without_places(result)):
            member = zipfile.ZipInfo(name, LONG_AGO)
            member.create_system, member.external_attr = 3, 0o644 << 16  # whatever this machine is
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)


def settings_of(result: Result) -> ExtractSettings | ScoreSettings:
    """The settings of a run, checked again.

    Raises:
        ValueError: another version wrote them.
    """
    kind: type[ExtractSettings | ScoreSettings] = ScoreSettings if result.kind == "score" else ExtractSettings
    return kind.read(result.settings)


def files_of(result: Result) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in the zip, run.json first."""
    pictures, nearest = safe_names(result.names), safe_names(result.training_ids)
    yield SUMMARY, (json.dumps(result.summary, indent=2) + "\n").encode()
    yield README, readme(result).encode()
    yield REPORT, page_html(result).encode()
    yield FILES, as_bytes(files_csv(result, pictures, nearest))
    for name in TABLES:
        if name in result.tables:
            yield name, as_bytes(result.tables[name])
    settings = settings_of(result)
    about = about_run(settings, result)
    for place, name in enumerate(pictures):
        own = about | about_picture(result, place)
        yield f"{PICTURES}/{name}.png", tagged_png(result.images[place], own)
    if isinstance(settings, ExtractSettings) and result.plain:
        yield from plain_files(without_surrogate(settings), result)
    for name, image in zip(nearest, result.training, strict=True):
        yield f"{NEAREST}/{name}.png", png(image)


def plain_files(settings: ExtractSettings, result: Result) -> Iterator[tuple[str, bytes]]:
    """The same seeds drawn without the surrogate; each opens as a run without it."""
    about = about_run(settings, result)
    about["fingerprints"].pop("surrogate", None)
    places = {name: place for place, name in enumerate(result.names)}
    for name, file in zip(result.plain, safe_names(list(result.plain)), strict=True):
        place = places.get(name)
        scores = {} if place is None else scores_at(result, place, "plain/")
        own = about | {"name": name, "seed": int(name), "scores": scores}
        yield f"{PLAIN}/{file}.png", tagged_png(result.plain[name], own)


def without_surrogate(settings: ExtractSettings) -> ExtractSettings:
    """The settings of the run that draws the plain pictures."""
    idle = dict.fromkeys(GuidanceSettings.model_fields) | {"surrogate": None, "foreign_surrogate": False, "label": None}
    return settings.model_copy(update=idle)


def about_run(settings: ExtractSettings | ScoreSettings, result: Result) -> dict[str, Any]:
    """What every picture of a run carries."""
    about = {
        "settings": settings.model_dump(mode="json"),
        "digest": settings.digest,
        "fingerprints": fingerprints_of(result.summary),
        "versions": dict(result.summary.get("versions", {})),
    }
    places = [name for name in result.summary.get(PLACES, ()) if getattr(settings, name) is not None]
    return about | {PLACES: places} if places else about


def about_picture(result: Result, place: int) -> dict[str, Any]:
    """What one picture carries besides."""
    name = result.names[place]
    about: dict[str, Any] = {"name": name}
    if result.kind == "extract":
        about["seed"] = int(name)
    return about | {
        "nearest": result.training_ids[result.nearest[place]],
        "scores": scores_at(result, place),
    }


def scores_at(result: Result, place: int, prefix: str = "") -> Mapping[str, float]:
    """The scores of one picture; of a plain one, those that begin with `plain/`, without it."""
    found = {}
    for name, values in result.scores.items():
        if name.startswith(prefix) and np.isfinite(values[place]):
            found[name.removeprefix(prefix)] = float(values[place])
    return found


def files_csv(result: Result, pictures: tuple[str, ...], nearest: tuple[str, ...]) -> str:
    """One row a picture: its file, what it is called, which files belong beside it, its score."""
    plain = dict(zip(result.plain, safe_names(list(result.plain)), strict=True))
    values = result.scores[result.score]
    columns = ["picture", "name", "plain", "nearest", "training_image", result.score]
    return table(
        columns,
        (
            [
                f"{PICTURES}/{pictures[place]}.png",
                name,
                f"{PLAIN}/{plain[name]}.png" if name in plain else "",
                f"{NEAREST}/{nearest[result.nearest[place]]}.png",
                result.training_ids[result.nearest[place]],
                float(values[place]),
            ]
            for place, name in enumerate(result.names)
        ),
    )


def as_bytes(text: str) -> bytes:
    """Text as UTF-8; bytes of file names that are none are written as escapes."""
    return text.encode("utf-8", "backslashreplace")


def readme(result: Result) -> str:
    """What is in the zip, and how to draw it again."""
    named = "by its seed" if result.kind == "extract" else "by its file"
    plain = f"\n{PLAIN}/          the same seeds drawn without the surrogate" if result.plain else ""
    prints = "\n".join(f"  {kind}: {value}" for kind, value in fingerprints_of(result.summary).items())
    versions = ", ".join(f"{name} {value}" for name, value in result.summary.get("versions", {}).items())
    places = places_in_words(result.settings, result.summary.get(PLACES, ()))
    own = f"\n{places}\n" if places else ""
    return f"""A run of SIDE Explorer: what has this model memorised?

{REPORT}     one page to read, to print, or to attach; needs no network
{PICTURES}/       each picture at its own size, {named}; settings, seed, scores and fingerprints are in it{plain}
{NEAREST}/        the training images that are nearest to any picture: they belong to others, mind their licence
{FILES}       which of these files belong together, and what their names were
samples.csv     one row a picture: its nearest training images and all of its scores
neighbors.csv   the ten nearest training images of each picture
training.csv    one row a training image that came back: how often, by which pictures
{SUMMARY}        settings, fingerprints, versions; every figure with its count, 95 % interval and control

Open it again: drop this zip, {SUMMARY} or one of the pictures on "Open an exported run" in the app's sidebar.
Or do it again on the command line:

  {printable(command_of(settings_of(result)))}
{own}
The same model, data and versions give the same pictures from the same seeds. It was done with:

{prints}
  {versions}
"""
