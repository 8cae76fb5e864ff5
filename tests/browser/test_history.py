"""The history in a real browser: open, compare, delete and undo with the keyboard alone, two tabs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.speed import running_app
from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.runs import store
from side_core.runs.opening import open_workspace
from side_core.runs.recording import keep
from side_core.runs.workspace import Workspace
from side_core.sampling.picture_files import PngStore
from side_core.settings import ExtractSettings
from tests.browser.waiting import PATIENCE, ended

pytestmark = pytest.mark.browser
COUNT = 3


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    """A workspace with three runs, and the address of an app that has it."""
    folder: Path = tmp_path_factory.mktemp("history")
    here = open_workspace(folder)
    subject = open_subject(ExtractSettings(model="ideal"))
    for steps in range(3, 3 + COUNT):
        settings = ExtractSettings(model="ideal", count=4, steps=steps)
        *_, found = extract(settings, subject, finish(references_of(settings, subject)), PngStore(here.pictures))
        assert isinstance(found, Extraction)
        keep(here, found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDE_WORKSPACE", str(folder))
        with running_app() as (address, _):
            yield here, address


def listed(page: Page) -> Locator:
    """The names of the runs that are listed."""
    return page.get_by_role("button", name=re.compile(r"^extract \d+: ideal( · .*)?$"))


def press_until(page: Page, key: str, name: str) -> None:
    """Press a key until the focus is on something of that name."""
    focused = "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''"
    for _ in range(120):
        page.keyboard.press(key)
        if page.evaluate(focused).split("\n")[-1].strip().startswith(name):
            return
    raise AssertionError(f"{key} never reaches '{name}'")


def test_a_run_is_opened_and_two_are_compared(page: Page, kept: tuple[Workspace, str]) -> None:
    page.goto(f"{kept[1]}/history")
    page.get_by_role("button", name="extract 2: ideal").click(timeout=PATIENCE)
    expect(page.get_by_role("heading", name=re.compile("4 of 4 pictures"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text(re.compile("^Generated, seed "))).to_have_count(4, timeout=PATIENCE)
    expect(page.get_by_alt_text(re.compile("^Nearest training image"))).to_have_count(4, timeout=PATIENCE)
    assert "run=2" in page.url
    page.get_by_role("button", name="All runs").click()
    for number in (1, 3):
        page.locator(f".st-key-run-row-{number} label").click()
    page.get_by_text("2 chosen").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("rowheader", name="Steps", exact=True)).to_be_visible()
    for number in (1, 3):
        expect(page.get_by_alt_text(re.compile(f"^Run {number}, "))).to_have_count(4, timeout=PATIENCE)
    page.reload()  # the link says what is compared
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_keyboard_alone_deletes_and_brings_back(page: Page, kept: tuple[Workspace, str]) -> None:
    here, address = kept
    page.goto(f"{address}/history")
    page.get_by_role("button", name="extract 3: ideal").wait_for(timeout=PATIENCE)
    press_until(page, "Tab", "Choose run 3")
    page.keyboard.press("Space")
    page.get_by_text("1 chosen").wait_for(timeout=PATIENCE)
    press_until(page, "Shift+Tab", "Delete")
    page.keyboard.press("Enter")
    expect(page.get_by_text("'extract 3: ideal' went into the bin.")).to_be_visible(timeout=PATIENCE)
    expect(listed(page)).to_have_text([re.compile("^extract 2: ideal"), re.compile("^extract 1: ideal")])
    assert store.find(here, 3).deleted is not None
    press_until(page, "Shift+Tab", "Undo")
    page.keyboard.press("Enter")
    expect(page.get_by_text("came back from the bin")).to_be_visible(timeout=PATIENCE)
    expect(listed(page)).to_have_count(COUNT, timeout=PATIENCE)
    assert store.counted(here) == COUNT


def test_a_name_is_text_and_another_tab_is_not_overwritten(page: Page, kept: tuple[Workspace, str]) -> None:
    here, address = kept
    name = "<img src=x onerror=alert(1)> **bold**"
    page.on("dialog", lambda dialog: pytest.fail(f"a name ran as code: {dialog.message}"))
    page.goto(f"{address}/history?run=1")
    page.get_by_role("button", name="Rename").click(timeout=PATIENCE)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("dialog")).to_have_count(0)
    ended(page)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(name, timeout=PATIENCE)
    store.rename(here, 1, "theirs")
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Another tab has changed the name to 'theirs' meanwhile")).to_be_visible(timeout=PATIENCE)
    assert store.find(here, 1).name == "theirs"
    store.rename(here, 1, "")
