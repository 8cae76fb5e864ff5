"""An empty workspace, and small extractions of the perfect memoriser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from side_core.extraction.references import References
from side_core.extraction.run import Extraction, Subject, extract, open_subject, references_of
from side_core.progress import finish
from side_core.runs.opening import open_workspace
from side_core.runs.picture_shelf import Picture, keep_picture
from side_core.runs.recording import pictures_key, without_surrogate
from side_core.runs.workspace import Workspace
from side_core.settings import ExtractSettings

STEPS = 4


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
        *_, found = extract(settings, subject, references)
        assert isinstance(found, Extraction)
        return found

    return make


def keep_drawn(workspace: Workspace, extraction: Extraction) -> None:
    """Write the pictures of an extraction, as a page does while they are drawn."""
    settings = extraction.settings
    assert isinstance(settings, ExtractSettings)
    for match, subject in (
        (extraction.match, extraction.subject),
        (extraction.plain, without_surrogate(extraction.subject)),
    ):
        if match is not None:
            folder = workspace.pictures / pictures_key(settings, subject)
            for name, image in zip(match.names, match.images, strict=True):
                keep_picture(folder, int(name), alone(image))


def alone(image: np.ndarray) -> Picture:
    """A picture without its path from noise."""
    return Picture(image, image[None], (0,))


@pytest.fixture
def kept_drawn() -> Callable[[Workspace, Extraction], None]:
    return keep_drawn
