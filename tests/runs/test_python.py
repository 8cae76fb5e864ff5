"""Settings as Python: what it prints is what the run said, whatever the settings hold."""

import contextlib
import io
from pathlib import Path

from side_core.extraction.run import extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.runs.exchange.python import python_of
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings, ScoreSettings, Settings, SurrogateSettings, SweepSettings


def printed(settings: Settings) -> list[str]:
    """What the code prints when it runs by itself."""
    code, out = python_of(settings), io.StringIO()
    assert code is not None
    with contextlib.redirect_stdout(out):
        exec(compile(code, "cell", "exec"), {})
    return out.getvalue().splitlines()


def test_an_extraction_says_the_same() -> None:
    settings = ExtractSettings.read(
        {"model": "ideal", "count": 3, "steps": 7, "seed": 5, "spacing": "karras", "score": "nl2", "threshold": 0.5}
    )
    subject = open_subject(settings)
    *_, found = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    assert printed(settings) == [found.sentence, str(found.headline())]


def test_scored_pictures_say_the_same(tmp_path: Path) -> None:
    settings = ScoreSettings(samples="pixel-faces[0:4]", data="pixel-faces[2:62]", control="pixel-faces[100:140]")
    assert printed(settings)[0].startswith("2 of these 4 look copied")


def test_a_method_prints_its_table() -> None:
    settings = SweepSettings.read({"model": "ideal", "x": "steps=3,4", "count": 2})
    said = printed(settings)
    assert len(said) > 3 and "steps" in "".join(said)


def test_text_of_a_person_stays_text() -> None:
    """Nothing that is typed into a field runs."""
    evil = "a'\"\\n\n); raise SystemExit #"
    code = python_of(ScoreSettings(samples=evil, data=evil))
    assert code is not None
    scope: dict[str, object] = {}
    head = code[: code.index("extraction =")]
    exec(compile(head, "cell", "exec"), scope)
    read = scope["settings"]
    assert isinstance(read, ScoreSettings) and read.samples == evil


def test_what_no_call_repeats_has_none() -> None:
    assert python_of(SurrogateSettings()) is None


def test_every_setting_is_said() -> None:
    code = python_of(ExtractSettings())
    assert code is not None and "steps=25" in code and "eta=0.0" in code and "None" not in code
