"""Where things lie on this machine, taken out of what leaves it: a path becomes the name of what it led to."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from side_core.data.source import SLICED
from side_core.files.assets import ROOT
from side_core.files.paths import printable
from side_core.job import Report
from side_core.runs.result import Result
from side_core.runs.workspace import workspace_folder
from side_core.settings import ExtractSettings, ScoreSettings

KINDS = {  # settings that may name a place, and the fingerprint that tells whether another place holds the same
    "model": "model",
    "surrogate": "surrogate",
    "samples": "samples",
    "data": "data",
    "control": "control",
    "encoder_weights": "encoder",
}
_NAMING = {*KINDS, "surrogates", "synthetic", "source", "name"}  # in any JSON of ours
_TYPED = {"prompt"}  # what pictures depend on to the letter
_PREFIX = "local-dir:"  # of encoder weights
PLACES = "places"  # in run.json and pictures: the settings that lost their path
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_QUOTED = re.compile(r"(?<=')/[^'\n]+(?=')")


@dataclass(frozen=True)
class Names:
    """What places are called where nobody has them.

    Attributes:
        names: by the path as it was given.
        written: by every way in which a text may write it.
    """

    names: Mapping[str, str]
    written: Mapping[str, str]

    def text(self, text: str) -> str:
        """Text without places: known ones by their names, quoted ones by what they led to, one's home as `~`."""
        ways = sorted(self.written, key=len, reverse=True)
        if ways:
            pattern = "|".join(map(re.escape, ways))
            text = re.sub(rf"(?<![\w./~-])(?:{pattern})(?![\w-])", lambda found: self.written[found[0]], text)
        return _QUOTED.sub(lambda found: name_of(found[0]), text)

    def value(self, about: Any) -> Any:
        """The same of JSON; prompts stay, as pictures depend on them to the letter."""
        if isinstance(about, Mapping):
            return {
                key: item if key in _TYPED else self.value(self.named(item) if key in _NAMING else item)
                for key, item in about.items()
            }
        if isinstance(about, list | tuple):
            return [self.value(item) for item in about]
        return self.text(about) if isinstance(about, str) else about

    def named(self, value: Any) -> Any:
        """A value that names a place, by its name; anything else is left alone."""
        if not is_place(value):
            return value
        prefix, path, rows = _parts_of(value)
        return f"{prefix}{self.names[path]}{rows}"


def names_in(*abouts: Any) -> Names:
    """Names for all places that some JSON tells of; two places never have the same one."""
    values = [value for about in abouts for value in _naming(about)]
    taken = {_parts_of(value)[1] for value in values if not is_place(value)}
    names: dict[str, str] = {}
    home = os.path.expanduser("~")  # noqa: PTH111 (Path.home raises where there is none)
    written = {way: "~" for way in {home, os.path.realpath(home)} if _is_long(way)}
    for path in dict.fromkeys(_parts_of(value)[1] for value in values if is_place(value)):
        name = unique = name_of(path)
        number = 2
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        names[path] = unique
        written |= dict.fromkeys(filter(_is_long, _ways_to_write(path)), unique)
    return Names(names, written)


def _naming(about: Any, key: str = "") -> Iterator[str]:
    """Every text of JSON that may name a place."""
    if isinstance(about, Mapping):
        for name, item in about.items():
            yield from _naming(item, str(name))
    elif isinstance(about, list | tuple):
        for item in about:
            yield from _naming(item, key)
    elif isinstance(about, str) and key in _NAMING:
        yield about


def is_place(value: Any) -> bool:
    """Whether a value is a path that leads from this machine's root or home, or out of the folder it stands in."""
    if not isinstance(value, str):
        return False
    path = value.removeprefix(_PREFIX)
    return path.startswith(("/", "~")) or _WINDOWS.match(path) is not None or ".." in re.split(r"[\\/]", path)


def _parts_of(value: str) -> tuple[str, str, str]:
    """What stands before a path, the path, and the rows of it that are taken."""
    path = value.removeprefix(_PREFIX)
    rows = SLICED.fullmatch(path)
    name = path if rows is None else rows["name"]
    return value[: len(value) - len(path)], name, path[len(name) :]


def name_of(path: str) -> str:
    """What a path is called elsewhere: relative to the app or the workspace if it is in there, else its last part."""
    if _WINDOWS.match(path):
        return re.split(r"[\\/]", path.rstrip("\\/"))[-1] or "folder"
    whole = _absolute(path)
    for folder, name in ((_workspace_of_this(), "workspace"), (str(ROOT), "")):
        if whole.startswith(f"{folder}/"):
            return "/".join(filter(None, (name, whole.removeprefix(f"{folder}/"))))
    home = _absolute("~")
    return "home" if whole == home else Path(whole).name or "folder"


def _workspace_of_this() -> str:
    """The workspace's folder; empty where it is named wrongly."""
    try:
        return str(workspace_folder())
    except ValueError:
        return ""


def _ways_to_write(path: str) -> set[str]:
    """How texts may write a path: as given, whole, with links followed; and with escapes where it is odd."""
    ways = {path, os.path.expanduser(path), _absolute(path), os.path.realpath(_absolute(path))}  # noqa: PTH111
    return ways | {printable(way) for way in ways}


def _absolute(path: str) -> str:
    """A path from the root on, without `..`."""
    return os.path.normpath(os.path.join(Path.cwd(), os.path.expanduser(path)))  # noqa: PTH111, PTH118


def _is_long(path: str) -> bool:
    """Whether a path can be looked for in texts: `/` cannot."""
    return len(path.strip("/.~")) > 1


def without_places(result: Result) -> Result:
    """A result as it may leave this machine: it names what was used, and not where that lies.

    `places` in its summary lists the settings that lost a path; the fingerprints tell what they meant.

    Raises:
        ValueError: another version wrote the settings.
    """
    names, before = names_in(result.summary), result.settings
    summary = names.value(result.summary)
    if lost := [name for name in KINDS if is_place(before.get(name))]:
        kind: type[ExtractSettings | ScoreSettings] = ScoreSettings if result.kind == "score" else ExtractSettings
        summary |= {"digest": kind.read(summary["settings"]).digest, PLACES: lost}
    return replace(
        result,
        summary=summary,
        names=tuple(map(names.text, result.names)),
        training_ids=tuple(map(names.text, result.training_ids)),
        tables={name: names.text(text) for name, text in result.tables.items()},
    )


def report_without_places(report: Report, said: Mapping[str, Any]) -> Report:
    """What a method found, as it may leave this machine.

    Args:
        report: of the method.
        said: its settings as JSON has them.
    """
    return report.renamed(names_in(said).value)


def places_in_words(settings: Mapping[str, Any], places: Sequence[str]) -> str:
    """A sentence about the settings that lost their path; empty where none did."""
    if not places:
        return ""
    named = " and ".join(f"'{settings[name]}' ({name.replace('_', '-')})" for name in places)
    if len(places) == 1:
        return f"{named} is what an own folder or file was called: give its path instead."
    return f"{named} are what own folders or files were called: give their paths instead."
