"""Show the code: what is shown is what is written, and what is written is what runs."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.runtime import computer
from pages._parts.runtime.pictures import MEMORY
from pages._parts.show.code import source_of
from pages._parts.tour.stage import MATCHED, PATHS
from pages._parts.tour.steps import STEPS, Step
from side_core.files.assets import ROOT
from side_core.sampling.sampler import sample
from side_core.surrogate.classifier import probabilities
from side_core.surrogate.steering import Steering
from tests.pages.app import ROUTER

SHOWN = sorted({thing for step in STEPS for thing in step.code}, key=lambda thing: thing.__qualname__)


def code_of(thing: Callable[..., Any]) -> CodeType:
    """What Python executes when it is called, below its decorators."""
    return getattr(thing, "__wrapped__", thing).__code__


def compiled(path: Path, name: str) -> Iterator[CodeType]:
    """All functions of a name in a file, compiled anew."""
    todo = [compile(path.read_text(), str(path), "exec")]
    while todo:
        code = todo.pop()
        inner = [part for part in code.co_consts if isinstance(part, CodeType)]
        yield from (part for part in inner if part.co_name == name)
        todo += inner


@pytest.mark.parametrize("thing", SHOWN, ids=lambda thing: thing.__qualname__)
def test_the_lines_shown_compile_to_what_is_loaded(thing: Callable[..., Any]) -> None:
    source = source_of(thing)
    assert source.path.startswith("side_core/")
    lines = (ROOT / source.path).read_text().splitlines()[source.first - 1 : source.last]
    shown = source.text.splitlines()
    assert len(lines) == len(shown) and [line.strip() for line in lines] == [line.strip() for line in shown]
    loaded = code_of(thing)
    (same,) = [code for code in compiled(ROOT / source.path, loaded.co_name) if code == loaded]
    assert source.first <= same.co_firstlineno <= source.last


@pytest.mark.parametrize("step", [step for step in STEPS if step.code], ids=lambda step: step.name)
def test_a_step_runs_the_very_code_that_it_shows(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computer, "_COMPUTER", ThreadPoolExecutor(1))  # a thread that is profiled from its start on
    for known in (PATHS, MATCHED, MEMORY):  # nothing is there already, whichever tests ran before
        known.clear()
    wanted = {code_of(thing) for thing in step.code}
    ran: set[CodeType] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in wanted:
            ran.add(frame.f_code)

    app = AppTest.from_file(ROUTER, default_timeout=120)
    app.switch_page("tour.py")
    app.query_params["step"] = step.name
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        app.run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    assert not app.exception and not app.error
    assert ran == wanted
    captions = [caption.value for caption in app.caption]
    for source in map(source_of, step.code):
        assert f"`{source.path}`, lines {source.first} to {source.last}" in captions
        assert source.text in [block.value for block in app.code]


def test_a_method_is_shown_without_its_indentation_and_a_decorated_function_with_its_decorator() -> None:
    assert source_of(Steering.guide).text.startswith("def guide(self")
    assert source_of(probabilities).text.startswith("@torch.no_grad()\ndef probabilities(")
    assert source_of(sample).text.startswith("def sample(\n")


@pytest.mark.parametrize("thing", [print, pytest.raises, object()], ids=("built-in", "of pytest", "object"))
def test_what_is_not_of_side_core_is_refused(thing: Any) -> None:
    with pytest.raises(ValueError, match="is not written in side_core: name a function that is"):
        source_of(thing)
