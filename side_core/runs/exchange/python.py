"""Settings as a cell of a notebook that does the same by the library."""

from side_core.methods import method_of
from side_core.settings import ExtractSettings, ScoreSettings, Settings

_EXTRACT = """\
from side_core.extraction.run import extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings

settings = {settings}
subject = open_subject(settings)
references = finish(references_of(settings, subject))
*_, extraction = extract(settings, subject, references, MemoryStore())
print(extraction.sentence or extraction.withheld())
print(extraction.headline())
"""
_SCORE = """\
from side_core.extraction.run import score
from side_core.progress import finish
from side_core.settings import ScoreSettings

settings = {settings}
extraction = finish(score(settings))
print(extraction.sentence or extraction.withheld())
print(extraction.headline())
"""
_METHOD = """\
from side_core.files.parts import MemoryParts
from side_core.methods import METHODS
from side_core.progress import finish
from side_core.sampling.store import MemoryStore, Store
from side_core.settings import {name}

settings = {settings}
report = finish(METHODS["{method}"].run(settings, Store(MemoryStore(), MemoryParts())))
print(report.headline)
print(report.table())
"""


def python_of(settings: Settings) -> str | None:
    """Lines of Python that open, compute and print what these settings ask for; None where no single call does it.

    Every setting is said, so that other defaults of another version change nothing.

    Args:
        settings: of an extraction, of scored pictures, or of a method.
    """
    said = _written(settings)
    if (method := method_of(settings)) is not None:
        return _METHOD.format(name=type(settings).__name__, settings=said, method=method.name)
    if isinstance(settings, ExtractSettings):
        return _EXTRACT.format(settings=said)
    return _SCORE.format(settings=said) if isinstance(settings, ScoreSettings) else None


def _written(settings: Settings) -> str:
    """The settings as a call of their class."""
    values = settings.model_dump(mode="json")
    lines = "".join(f"    {name}={value!r},\n" for name, value in values.items() if value is not None)
    return f"{type(settings).__name__}(\n{lines})"
