"""An empty workspace, and small extractions of the perfect memoriser."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet
from side_core.extraction import matching
from side_core.extraction.references import References
from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import ImageSets, Subject, open_subject, references_of, sample_sets
from side_core.progress import finish
from side_core.runs.opening import open_workspace
from side_core.runs.result import Result, result_of
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import PngStore
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings, ScoreSettings
from tests.pictures import kept

STEPS = 4
ODD_NAMES = (
    "../../etc/passwd",
    "/absolute.png",
    "a/b.png",
    "A_B.PNG",
    "<img src=x onerror=alert(1)>",
    "nul",
    "",
    "=cmd|'calc'",
    "name\nwith\u202egnp.exe",
    "bytes \\xff",
    "x" * 300,
    "лицо 7",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    yield open_workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def opened() -> tuple[Subject, References]:
    """The built-in perfect memoriser with its encoded images."""
    settings = ExtractSettings(model="ideal", count=4, steps=STEPS)
    subject = open_subject(settings)
    return subject, finish(references_of(settings, subject))


@pytest.fixture
def make_extraction(opened: tuple[Subject, References]) -> Callable[..., Extraction]:
    """Draw, match and score a few pictures."""

    def make(**changes: object) -> Extraction:
        settings = ExtractSettings.read({"model": "ideal", "count": 4, "steps": STEPS} | changes)
        subject, references = opened
        if settings.surrogate is not None:
            subject = open_subject(settings)
        *_, found = extract(settings, subject, references, MemoryStore())
        assert isinstance(found, Extraction)
        return found

    return make


def keep_drawn(workspace: Workspace, extraction: Extraction) -> None:
    """Write the pictures of an extraction, as a page does while they are drawn."""
    settings, subject = extraction.settings, extraction.subject
    assert isinstance(settings, ExtractSettings) and isinstance(subject, Subject)
    matches = filter(None, (extraction.match, extraction.plain))
    for samples, match in zip(sample_sets(settings, subject), matches, strict=True):
        PngStore(workspace.pictures).put(samples.key, kept(dict(zip(map(int, match.names), match.images, strict=True))))


@pytest.fixture
def kept_drawn() -> Callable[[Workspace, Extraction], None]:
    return keep_drawn


@pytest.fixture(scope="session")
def odd_names() -> tuple[str, ...]:
    """Names of pictures as nobody should choose them."""
    return ODD_NAMES


@pytest.fixture(scope="session")
def results(opened: tuple[Subject, References], make_surrogate: Callable[..., Path]) -> Mapping[str, Result]:
    """A result of each kind: drawn, steered, without a control, and pictures of others with odd names."""
    subject, references = opened
    found = {}
    for name, changes in (("plain", {}), ("steered", {"surrogate": str(make_surrogate()), "count": 6})):
        settings = ExtractSettings.read({"model": "ideal", "count": 4, "steps": STEPS} | changes)
        *_, found[name] = extract(settings, open_subject(settings), references, MemoryStore())
    alone = replace(references, control=None)
    found["no control"] = replace(
        found["plain"],
        subject=replace(subject, control=None),
        references=alone,
        match=matching.match(found["plain"].match.images, found["plain"].match.names, alone),
    )
    samples = TrainingSet("pictures <b>of</b> others", subject.data.images[: len(ODD_NAMES)], np.array(ODD_NAMES))
    found["scored"] = Extraction(
        ScoreSettings(samples="some/<folder>", data="pixel-faces[0:1000]"),
        ImageSets(subject.data, subject.control),
        references,
        matching.match(samples.images, ODD_NAMES, references),
        samples,
    )
    return {name: result_of(extraction) for name, extraction in found.items()}
