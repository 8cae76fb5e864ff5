"""The registry: what holds for every method that there is and that comes, and the page on adding one, followed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from pages._parts import method_page
from pages._parts.history.style import KINDS
from pages._parts.inputs import needs
from pages._parts.links.link import PATHS, Opening, link_of, opening_of
from side_core.commands.main import COMMANDS, main
from side_core.commands.options import flag_of, is_positional
from side_core.dpm.description import describe
from side_core.job import Advance, Estimate, arithmetic_in, open_folder, run_job
from side_core.method import Method
from side_core.methods import METHODS
from side_core.progress import finish
from side_core.runs.exchange.reopen import read_exported
from side_core.runs.run import SETTINGS
from side_core.runs.wording import COUNTED
from side_core.sampling.store import in_memory
from side_core.settings import Settings
from side_core.settings.ability import ABILITIES
from tests.pages.app import followed as opened

ROOT = Path(__file__).parents[1]
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def example(method: Method) -> Settings:
    """Settings of a run that takes seconds."""
    return method.settings.read(method.example)


def words_for(method: Method, name: str, value: object) -> list[str]:
    """A setting as a person types it; one that is said by its place is shown by its choices in the help text."""
    field = method.settings.model_fields[name]
    if is_positional(field):
        return [str(value) if value in get_args(field.annotation) else "|".join(get_args(field.annotation))]
    return [flag_of(name), str(value)]


@every_method
def test_a_method_is_known_everywhere_by_one_word(method: Method) -> None:
    assert re.fullmatch("[a-z]+", method.name) and method.about[0].islower() and method.about[-1] != "."
    assert (ROOT / "pages" / f"{method.name}.py").is_file() and (
        ROOT / "docs" / "methods" / f"{method.name}.md"
    ).is_file()
    assert PATHS[method.name] == f"/{method.name}" and method.name in COMMANDS
    assert (SETTINGS[method.name], COUNTED[method.name]) == (method.settings, method.counted)
    assert KINDS[method.name] == method.icon and method.needs <= set(ABILITIES)
    assert method.unused | method.patience <= set(method.settings.model_fields)
    for name, field in method.settings.model_fields.items():
        assert field.title and (field.description or name in method.unused), name


@every_method
def test_its_command_has_its_settings_with_help(method: Method, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([method.name, "--help"])
    said = capsys.readouterr().out
    for name in set(method.settings.model_fields) - method.unused:
        assert re.search(rf"{re.escape(words_for(method, name, 'X')[0])}\b", said), name
    assert not any(f"{flag_of(name)} " in said for name in method.unused)


@every_method
def test_a_run_stops_and_goes_on_and_comes_to_the_same(method: Method, tmp_path: Path) -> None:
    job = finish(method.open(example(method)))
    whole = finish(run_job(job, in_memory()))
    assert whole.done == job.total and whole.headline and whole.lines() and not job.found(in_memory()).done
    for store in (in_memory(), open_folder(tmp_path, job, resume=False)):
        parts = run_job(job, store)
        first = next(parts)
        assert isinstance(first, Estimate) and first.seconds >= 0 and str(first).endswith(".")
        steps = 0
        for part in parts:
            if isinstance(part, Advance):
                steps += 1
                assert 0 < part.done <= part.total == first.steps and part.words
            elif 0 < part.done < job.total:
                break
        else:
            pytest.fail("it hands nothing out before the end")
        parts.close()
        assert 0 < job.found(store).done < job.total
        rest = [part for part in run_job(job, store) if isinstance(part, Advance)]
        assert len(rest) <= first.steps - steps
        after = job.found(store)
        assert after.table() == whole.table() and after.summary() == whole.summary()
        assert set(after.pictures()) == set(method.pictures)
    assert arithmetic_in(tmp_path) == str(job.denoiser.arithmetic)


@every_method
def test_its_command_leaves_files_that_reopen_and_resumes(
    method: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path / "workspace"))
    asked = [word for name, value in method.example.items() for word in words_for(method, name, value)]
    out = tmp_path / "out"
    assert main([method.name, *asked, "--out", str(out)]) == 0
    for name in (f"{method.name}.csv", f"{method.name}.json", *method.pictures):
        assert (out / name).is_file(), name
    found = read_exported("it.json", (out / f"{method.name}.json").read_bytes())
    assert (found.kind, found.settings) == (method.name, example(method)) and not found.notes
    capsys.readouterr()
    assert main([method.name, *asked, "--out", str(out)]) == 2 and "resume them" in capsys.readouterr().err
    assert main([method.name, *asked, "--out", str(out), "--resume"]) == 0
    assert main(["runs", "list"]) == 0 and method.name in capsys.readouterr().out


@every_method
def test_its_link_opens_its_page_with_every_setting(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, seen = example(method), []

    def note(found: Settings, **about: Any) -> Opening:
        seen.append(found)
        return opening_of(found, **about)

    monkeypatch.setattr(method_page, "opening_of", note)
    app = opened(link_of(settings))
    assert not app.exception and not [item.value for item in (*app.error, *app.warning)]
    assert link_of(seen[0]) == link_of(settings) and [button.label for button in app.button].count("Start") == 1


@every_method
def test_its_page_runs_is_kept_and_shows_fingerprints(method: Method) -> None:
    app = opened(link_of(example(method)))
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception and not [item.value for item in app.error]
    captions = " ".join(caption.value for caption in app.caption)
    assert "Kept as run" in captions and "Fingerprints" in captions


def test_a_model_that_lacks_something_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = METHODS["sweep"]
    needy = Method(**vars(sweep) | {"needs": frozenset({"text", "gradients"})})
    sentence = (
        "Sweep needs a model that is a network, so that its prediction has gradients and reads prompts, "
        "and 'ideal' is none: choose another model."
    )
    with pytest.raises(ValueError, match=re.escape(sentence)):
        finish(needy.open(example(sweep)))
    with pytest.raises(ValueError, match="a model that reads prompts, and 'pixel-faces' is none"):
        needy.check("pixel-faces")
    needy.check("pixel-faces-text")
    monkeypatch.setitem(METHODS, "sweep", needy)
    app = opened("/sweep?model=ideal&x=steps&x_steps=2,3&surrogates=none")
    assert [item.value.replace("\\", "") for item in app.error] == [sentence] and not app.exception
    assert needs.icon_of(sweep) == ":material/grid_on:"


def test_a_method_without_a_page_is_told_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    ghost = Method(**vars(METHODS["sweep"]) | {"name": "ghost", "title": "Ghost"})
    monkeypatch.setitem(METHODS, "ghost", ghost)
    app = opened("/models")
    assert not app.exception and "Ghost has no page here" in app.sidebar.warning[0].value


def test_descriptions_say_what_models_have() -> None:
    assert describe("ideal").abilities == frozenset()
    assert describe("pixel-faces").abilities == {"gradients"}
    assert describe("pixel-faces-text").abilities == set(ABILITIES)


def blocks(paper: str) -> Iterator[tuple[str, str]]:
    """Path and content of each file that a paper writes: the last path before a block of Python."""
    for place in re.finditer(r"^```python\n(.*?)^```$", paper, re.MULTILINE | re.DOTALL):
        yield re.findall(r"`([\w/]+\.py)`", paper[: place.start()].replace("`__init__.py`", ""))[-1], place[1]


def test_the_page_on_adding_a_method_is_all_it_takes(tmp_path: Path) -> None:
    """Its files and its one line, in a copy of the repository, pass all of the above."""
    paper = (ROOT / "docs" / "adding-a-method.md").read_text()
    for name in ("side_core", "pages", "tests", "docs", ".streamlit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("assets", "app.py", "pyproject.toml", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    written = dict(blocks(paper))
    assert len(written) == 4
    for name, content in written.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    (tmp_path / "side_core" / "brightness" / "__init__.py").touch()
    (tmp_path / "docs" / "methods" / "brightness.md").write_text("# Brightness\n")
    registry = tmp_path / "side_core" / "methods.py"
    before, after = (re.search(rf"^{sign}(METHODS.*)$", paper, re.MULTILINE)[1] for sign in ("-", r"\+"))  # type: ignore[index]
    text = registry.read_text()
    assert before in text
    entry = "from side_core.brightness.method import BRIGHTNESS\n"
    text = text.replace(before, after).replace("from side_core.method ", f"{entry}from side_core.method ")
    registry.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "brightness", "tests/test_methods.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 6  # type: ignore[index]
