"""Own folders and files of an exported run, found again: the history knows where the same contents lay."""

from dataclasses import replace

from side_core.runs.database.row import page_of
from side_core.runs.exchange.places import KINDS
from side_core.runs.exchange.reopen import Reopened
from side_core.runs.store import COLUMNS
from side_core.runs.workspace import Workspace

_MOST_RUNS = 200  # that are looked at; all of a fingerprint name the same contents
_TITLES = {
    "model": "The model",
    "surrogate": "The surrogate",
    "samples": "The pictures to score",
    "data": "The training images",
    "control": "The control images",
    "encoder_weights": "The encoder weights",
}


def found_again(opened: Reopened, workspace: Workspace | None) -> Reopened:
    """An exported run with the paths that its own folders and files have here, and a sentence for each.

    A path is taken from the newest run of the history that used the same contents, as their fingerprints tell.

    Args:
        opened: as the file tells it.
        workspace: None where there is no history.
    """
    changes, notes = {}, []
    for name in opened.places:
        value = getattr(opened.settings, name)
        print_ = opened.fingerprints.get(KINDS[name], "")
        path = _place_of(workspace, name, print_) if workspace is not None and print_ else None
        if path is None:
            notes.append(f"{_TITLES[name]} '{value}': an own folder or file of whoever made this; give its path here.")
        else:
            changes[name] = path
            notes.append(f"{_TITLES[name]} '{value}': taken from '{path}', where a run of the history found the same.")
    settings = opened.settings
    if changes:
        settings = type(settings).read(settings.model_dump(mode="json") | changes)
    return replace(opened, settings=settings, notes=(*opened.notes, *notes))


def _place_of(workspace: Workspace, name: str, fingerprint: str) -> str | None:
    """Where a setting of the newest run with these contents led to; None where no run has them."""
    with workspace.connect() as database:
        rows = database.execute(
            f"SELECT {COLUMNS} FROM runs WHERE instr(fingerprints, ?) ORDER BY id DESC LIMIT ?",
            (fingerprint, _MOST_RUNS),
        ).fetchall()
    for run in page_of(rows).runs:
        value = run.settings.get(name)
        if run.fingerprints.get(KINDS[name]) == fingerprint and isinstance(value, str):
            return value
    return None
