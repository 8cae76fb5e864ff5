"""`runs`: the history on the command line. Heavy imports wait until a command needs them."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from side_core.wording import counted

if TYPE_CHECKING:
    from side_core.runs.run import Run
    from side_core.runs.workspace import Workspace

ABOUT = "the history: list, compare, rename, export, delete, bring back"
_DAY = 24 * 3600.0


def _run_list(options: argparse.Namespace) -> int:
    """`runs list`."""
    from side_core.commands.terminal import complain
    from side_core.files.paths import printable
    from side_core.runs import store
    from side_core.runs.titles import told_apart
    from side_core.runs.wording import damage_in_words, headline_in_words, progress_in_words, when

    workspace = _opened()
    most = _whole(options.most, "most")
    page = store.page(workspace, options.search, options.sort, options.ascending, options.deleted, most=most)
    runs, damaged = page.runs, page.damaged
    if damaged:
        ids = " ".join(str(item.id) for item in damaged)
        off = "" if options.deleted else f" `python -m side_core runs delete {ids}` takes off the list."
        complain(printable(damage_in_words(damaged)) + off)
    if options.json:
        return _say_json([asdict(run) for run in runs])
    differences = told_apart(runs)
    for run in runs:
        mark = "*" if run.pinned else " "
        about = f"{when(run.created)}  {run.state:11}  {progress_in_words(run)}"
        title = " · ".join(filter(None, (run.title, differences.get(run.id))))
        print(f"{run.id:>6}{mark} {about}  {printable(title)}")
        for line in headline_in_words(run):
            print(f"{'':8}{printable(line)}")
    count = store.counted(workspace, options.search, options.deleted)
    place = "in the bin in" if options.deleted else "in"
    print(f"{len(runs):,} of {counted(count, 'run')} {place} {printable(workspace.folder)}")
    return 0


def _run_show(options: argparse.Namespace) -> int:
    """`runs show`."""
    from side_core.files.paths import printable
    from side_core.runs.reading import summary_in
    from side_core.runs.wording import progress_in_words, value_in_words, when

    workspace, run = found(options.id)
    summary = summary_in(workspace, run)
    if options.json:
        return _say_json(asdict(run) | {"summary": summary})
    if options.python:
        return _say_python(run)
    marks = [run.state, *(["pinned"] if run.pinned else []), *(["in the bin"] if run.deleted is not None else [])]
    print(f"{printable(run.title)} (run {run.id}, {run.kind}, {', '.join(marks)})")
    print(f"  {when(run.created)}, {progress_in_words(run)}")
    said = [line for kind in ("warnings", "notes") for line in (summary or {}).get(kind, [])]
    for line in [*run.headline.split("; "), *run.note.splitlines(), *said]:
        if line.strip():
            print(f"  {printable(line)}")
    for title, part in (("Settings", run.settings), ("Fingerprints", run.fingerprints), ("Versions", run.versions)):
        print(title)
        for name, value in part.items():
            if value is not None:
                print(f"  {name.replace('_', '-') + ':':22} {printable(value_in_words(value))}")
    print(f"Files: {printable(workspace.run_folder(run.id))}")
    return 0


def _say_python(run: "Run") -> int:
    """`runs show --python`."""
    from side_core.runs.exchange.python import python_of
    from side_core.runs.run import settings_of

    code = python_of(settings_of(run))
    if code is None:
        raise ValueError(f"Run {run.id} is of kind '{run.kind}', which no single call of the library repeats.")
    print(code, end="")
    return 0


def _run_compare(options: argparse.Namespace) -> int:
    """`runs compare`."""
    from side_core.files.paths import printable
    from side_core.runs.comparison import compare_runs
    from side_core.runs.comparison_text import comparison_json, lines_of_comparison

    workspace, runs = _found_all(options.ids)
    comparison = compare_runs(workspace, runs)
    if options.json:
        return _say_json(comparison_json(comparison))
    for line in lines_of_comparison(comparison):
        print(printable(line))
    return 0


def _run_pin(options: argparse.Namespace) -> int:
    """`runs pin`."""
    return _change(options.id, lambda store, workspace, id: store.pin(workspace, id), "is pinned")


def _run_unpin(options: argparse.Namespace) -> int:
    """`runs unpin`."""
    return _change(options.id, lambda store, workspace, id: store.pin(workspace, id, False), "is not pinned any more")


def _run_rename(options: argparse.Namespace) -> int:
    """`runs rename`."""
    return _change(options.id, lambda store, workspace, id: store.rename(workspace, id, options.name), "is renamed")


def _run_note(options: argparse.Namespace) -> int:
    """`runs note`."""
    return _change(options.id, lambda store, workspace, id: store.annotate(workspace, id, options.text), "has its note")


def _run_delete(options: argparse.Namespace) -> int:
    """`runs delete`."""
    from side_core.runs import store

    ids = _numbers(options.ids)
    store.delete(_opened(), ids)
    listed = " ".join(map(str, ids))
    print(f"Put into the bin: {listed}. `python -m side_core runs restore {listed}` brings back.")
    return 0


def _run_restore(options: argparse.Namespace) -> int:
    """`runs restore`."""
    from side_core.runs import store

    ids = _numbers(options.ids)
    store.restore(_opened(), ids)
    print(f"Brought back: {' '.join(map(str, ids))}.")
    return 0


def _run_export(options: argparse.Namespace) -> int:
    """`runs export`."""
    from side_core.files.paths import printable
    from side_core.files.whole_file import write_whole
    from side_core.runs.exchange.export import export_zip
    from side_core.runs.reading import result_in

    workspace, run = found(options.id)
    if options.out.is_dir():
        raise ValueError(f"'{printable(options.out)}' is a folder: name a file, for example run-{run.id}.zip.")
    write_whole(options.out, export_zip(result_in(workspace, run)))
    print(f"Run {run.id} is in {printable(options.out)}")
    return 0


def _run_clean(options: argparse.Namespace) -> int:
    """`runs clean`."""
    from side_core.extraction.overview import in_bytes
    from side_core.runs.space import clean_up

    days = _whole(options.older_than, "older-than")
    print(f"{in_bytes(clean_up(_opened(), days * _DAY))} are free again.")
    return 0


def _run_folder(options: argparse.Namespace) -> int:
    """`runs folder`."""
    from side_core.extraction.overview import in_bytes
    from side_core.files.paths import printable
    from side_core.runs.space import to_free, usage

    workspace = _opened()
    used, spare = usage(workspace), to_free(workspace)
    print(printable(workspace.folder))
    print(f"  pictures {in_bytes(used.pictures)}, results {in_bytes(used.runs)}, list {in_bytes(used.database)}")
    print(f"  {used.in_bin:,} run{'s' * (used.in_bin != 1)} in the bin; `runs clean` would free {in_bytes(spare)}")
    print(f"  {in_bytes(used.free)} are free on the disk")
    return 0


def _opened() -> "Workspace":
    """The workspace; what was damaged in it, and set aside, is said."""
    from side_core.commands.terminal import complain
    from side_core.files.paths import printable
    from side_core.runs.database.recovery import told
    from side_core.runs.opening import open_workspace

    workspace = open_workspace()
    for sentence in told(workspace.folder):
        complain(printable(sentence))
    return workspace


def found(text: str) -> "tuple[Workspace, Run]":
    """The workspace and one run of it.

    Raises:
        ValueError: it is no number, or no run's.
    """
    workspace, (run,) = _found_all([text])
    return workspace, run


def _found_all(texts: Sequence[str]) -> "tuple[Workspace, list[Run]]":
    """The workspace and several runs, all of which are there.

    Raises:
        ValueError: one is no number, or no run's.
    """
    from side_core.runs import store

    ids, workspace = _numbers(texts), _opened()
    return workspace, [store.find(workspace, id) for id in ids]


def _numbers(texts: Sequence[str]) -> list[int]:
    """The numbers of runs, each once.

    Raises:
        ValueError: one is no number.
    """
    return [_whole(text, "run") for text in dict.fromkeys(texts)]


def _change(text: str, work: Callable[[Any, "Workspace", int], "Run"], said: str) -> int:
    """Change one run and say so."""
    from side_core.files.paths import printable
    from side_core.runs import store

    workspace, run = found(text)
    print(f"Run {run.id} {said}: {printable(work(store, workspace, run.id).title)}")
    return 0


def _whole(text: str, name: str) -> int:
    """A whole number from 0 on, as it was typed.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        hint = "; `python -m side_core runs list` shows the numbers of runs" if name == "run" else ""
        raise ValueError(f"{name} cannot be '{text}': give a whole number from 0 on{hint}.")
    return int(text)


def _say_json(about: Any) -> int:
    """Print JSON that says nothing that is none."""
    print(json.dumps(about, indent=2))
    return 0


_ACTIONS = {
    "list": _run_list,
    "show": _run_show,
    "compare": _run_compare,
    "pin": _run_pin,
    "unpin": _run_unpin,
    "rename": _run_rename,
    "note": _run_note,
    "delete": _run_delete,
    "restore": _run_restore,
    "export": _run_export,
    "clean": _run_clean,
    "folder": _run_folder,
}


def add(parser: argparse.ArgumentParser) -> None:
    """What `runs` can do."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, about: str, *places: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=about)
        for place in places:
            made.add_argument(place.lower(), metavar=place)
        made.set_defaults(run=_ACTIONS[name])
        return made

    many = action("list", "list runs, the newest first, pinned ones on top")
    many.add_argument("--search", default="", help="words that must all occur in name, note, headline or settings")
    many.add_argument("--sort", default="created", help="created, share, finished, model or name (default: created)")
    many.add_argument("--ascending", action="store_true", help="smallest or oldest first")
    many.add_argument("--deleted", action="store_true", help="those in the bin instead")
    many.add_argument("--most", default="50", metavar="COUNT", help="how many to list (default: 50)")
    one = action("show", "show one run: headline, settings, fingerprints, note, files", "ID")
    compared = action("compare", "compare runs with a baseline, which is the pinned or else the oldest one")
    one.add_argument("--python", action="store_true", help="print it as a cell of a notebook that reproduces it")
    for reader in (many, one, compared):
        reader.add_argument("--json", action="store_true", help="print it as JSON on stdout")
    action("pin", "keep a run on top; comparisons take it as their baseline", "ID")
    action("unpin", "let a pinned run go", "ID")
    action("rename", "call a run something else; an empty name takes its name away", "ID", "NAME")
    action("note", "write a note about a run in place of the one it has", "ID", "TEXT")
    deleted = action("delete", "put runs into the bin")
    restored = action("restore", "bring runs back from the bin")
    for several in (compared, deleted, restored):
        several.add_argument("ids", metavar="ID", nargs="+")
    export = action("export", "write a run with its pictures, tables and report into one zip", "ID")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip to write")
    clean = action("clean", "delete for good what is in the bin, and pictures that no run shows")
    clean.add_argument("--older-than", default="0", metavar="DAYS", help="only what was deleted so many days ago")
    action("folder", "say where the history is kept and how much room it takes")
