"""Links in a real browser: copied and opened again, mended, and settings taken over from the history's side."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages._parts.links.link import link_of
from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.runs.exchange.export import export_zip
from side_core.runs.result import result_of
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from tests.browser.waiting import PATIENCE, ended, looking_copied, open_sidebar, press, settled

pytestmark = pytest.mark.browser
MOST_BACK = 8  # presses until the page before is there: each change of a link is one


def query(page: Page) -> dict[str, str]:
    """What the address says."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def digest(page: Page) -> str:
    """What names the settings, in small print."""
    return re.findall(r"Settings (\w{16})", page.get_by_text(re.compile("^Settings ")).first.text_content() or "")[0]


def copied(page: Page) -> str:
    """What one press of the button puts into the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('')")
    button = page.get_by_role("button", name="Copy link")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("status").filter(has_text="The link is copied.")).to_have_count(1)
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_copied_link_reopens_with_every_setting(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=4&spacing=karras&steps=12&view=demo")
    settled(page, looking_copied(4))
    before, link = digest(page), copied(page)
    assert link.startswith(f"{address}/?pictures=Draw&model=ideal&count=4&")
    assert {"seed=0", "eta=0.0", "threshold_ratio=0.33", "view=demo"} <= set(urlsplit(link).query.split("&"))
    page.goto("about:blank")
    page.goto(link)
    settled(page, looking_copied(4))
    assert digest(page) == before
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["sweep?model=ideal&count=32", "surrogate?of=ideal&synthetic_count=512", "models?model=ideal"]
)
def test_each_page_has_the_button_in_the_same_place(path: str, page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=2")
    settled(page, looking_copied(2))
    place = page.get_by_role("button", name="Copy link").bounding_box()
    page.goto(f"{address}/{path}")
    expect(page.get_by_role("button", name="Copy link")).to_be_visible(timeout=PATIENCE)
    ended(page)
    assert page.get_by_role("button", name="Copy link").bounding_box() == place
    wanted = parse_qs(path.partition("?")[2])
    found = urlsplit(copied(page))
    assert found.path == f"/{path.partition('?')[0]}"
    assert wanted.items() <= parse_qs(found.query).items()


def test_without_a_clipboard_the_link_lies_open(page: Page, address: str) -> None:
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false;"
    )
    page.goto(f"{address}/models?model=ideal")
    page.get_by_role("button", name="Copy link").click(timeout=PATIENCE)
    field = page.get_by_role("textbox", name="The link, to be copied")
    expect(field).to_be_focused()
    expect(field).to_have_value(f"{address}/models?model=ideal")
    expect(page.get_by_role("status").filter(has_text="press Ctrl+C")).to_have_count(1)


def test_a_link_that_is_off_is_mended_in_the_address_too(page: Page, address: str) -> None:
    page.goto(f"{address}/?model=ideal&count=0&eta=0.37&spacing=foo&compare_plain=maybe&data=/no/such")
    settled(page, looking_copied(1))
    for sentence in ("Images = '0', not 1 to 256: 1 is used", "0.35 is used", "the model's own is used", "'/no/such'"):
        expect(page.get_by_text(sentence)).to_be_visible()
    asked = query(page)
    assert (asked["count"], asked["eta"]) == ("1", "0.35") and not {"spacing", "data"} & set(asked)
    page.get_by_role("slider", name="Images").focus()
    page.keyboard.press("ArrowRight")
    settled(page, looking_copied(2))
    expect(page.get_by_text("1 is used")).to_have_count(0)
    expect(page.get_by_text("0.35 is used")).to_be_visible()


@pytest.mark.parametrize("path", ["nothing?model=ideal&count=2", "%3Cb%3E?model=ideal&count=2&x=%00"])
def test_an_unknown_page_says_so_and_shows_the_first_one(path: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{path}")
    expect(page.get_by_text("Page not found")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")
    settled(page, looking_copied(2))


def test_rubbish_leads_to_pictures(page: Page, address: str) -> None:
    rubbish = ["NaN", "1e999", "9" * 400, "-1", "<img src=x onerror=document.title='!'>"]
    names = ["count", "steps", "seed", "eta", "threshold_ratio", "first_timestep", "view", "size", "surrogate"]
    pairs = [(name, rubbish[number % len(rubbish)]) for number, name in enumerate(names)]
    page.goto(f"{address}/?{urlencode([('model', 'ideal'), *pairs, ('count', '2'), ('nothing', 'x')])}")
    settled(page, looking_copied(2))
    assert page.title() == "Extract" or "!" not in page.title()


SETTINGS = {
    "model": "ideal",
    "count": 3,
    "steps": 9,
    "seed": 40,
    "spacing": "karras",
    "first_timestep": 900,
    "eta": 0.5,
    "score": "nl2",
    "threshold": 0.5,
    "mode": "fast",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was exported elsewhere."""
    settings = ExtractSettings.read(SETTINGS)
    subject = open_subject(settings)
    result: Extraction
    *_, result = extract(settings, subject, finish(references_of(settings, subject)), MemoryStore())
    file = tmp_path_factory.mktemp("exported") / "run.zip"
    file.write_bytes(export_zip(result_of(result)))
    return file


@pytest.mark.parametrize("start", ["models", "tour?view=demo", "sweep?model=ideal&count=32&steps=7", "?count=2"])
def test_settings_are_taken_over_from_any_page(start: str, page: Page, address: str, exported: Path) -> None:
    page.goto(f"{address}/{start}")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
    open_sidebar(page)
    if start.startswith("?"):  # Extract itself, with other values, steered widgets among them
        settled(page, looking_copied(2))
    page.get_by_text("Open an exported run").click(timeout=PATIENCE)
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(exported)
    press(page.get_by_role("button", name="Open this run"))
    expect(page.get_by_role("heading", name=looking_copied(3))).to_be_visible(timeout=PATIENCE)
    settled(page, looking_copied(3))
    assert urlsplit(page.url).path == "/"
    wanted = {"model": "ideal", "count": "3", "steps": "9", "seed": "40", "spacing": "karras", "first_timestep": "900"}
    wanted |= {"score": "nl2", "threshold_nl2": "0.5"}
    assert wanted.items() <= query(page).items() and float(query(page)["eta"]) == 0.5
    assert ("demo" in start) == ("view" in query(page))
    found = digest(page)
    page.goto("about:blank")
    page.goto(f"{address}{link_of(ExtractSettings.read(SETTINGS))}")
    settled(page, looking_copied(3))
    assert digest(page) == found


def test_back_returns_to_what_was_before(page: Page, address: str, exported: Path) -> None:
    page.goto(f"{address}/models?model=ideal")
    page.get_by_text("Open an exported run").click(timeout=PATIENCE)
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(exported)
    press(page.get_by_role("button", name="Open this run"))
    settled(page, looking_copied(3))
    for _ in range(MOST_BACK):
        page.go_back()  # the address that comes back may at once be mended to the one before
        ended(page)
        if urlsplit(page.url).path == "/models":
            break
    expect(page.get_by_role("heading", name="Bring your own model")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_back_to_a_link_that_was_off_is_no_trap(page: Page, address: str) -> None:
    page.goto(f"{address}/models?model=ideal")
    expect(page.get_by_role("heading", name="Bring your own model")).to_be_visible(timeout=PATIENCE)
    page.evaluate("address => { location.href = address }", f"{address}/?model=ideal&count=0")
    settled(page, looking_copied(1))
    for _ in range(MOST_BACK):
        page.go_back()
        page.wait_for_timeout(1000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        if urlsplit(page.url).path == "/models":
            break
    expect(page.get_by_role("heading", name="Bring your own model")).to_be_visible(timeout=PATIENCE)
