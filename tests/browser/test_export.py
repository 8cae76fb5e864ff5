"""Draw, take the run along, read its report alone, drop a picture of it: the same run is back."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.waiting import PATIENCE, looking_copied, press, settled

pytestmark = pytest.mark.browser


def download(page: Page, label: str) -> Path:
    """What a button gives."""
    with page.expect_download(timeout=PATIENCE) as found:
        page.get_by_role("button", name=label).click()
    return Path(found.value.path())


@pytest.fixture(scope="module")
def exported(chromium: Browser, address: str) -> zipfile.ZipFile:
    """The zip of a small run, as the page gives it."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1600})
    page = context.new_page()
    page.goto(f"{address}/?model=ideal&count=5&seed=7&steps=9")
    settled(page, looking_copied(5))
    content = download(page, "Export").read_bytes()
    context.close()
    return zipfile.ZipFile(io.BytesIO(content))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_stands_alone(chromium: Browser, exported: zipfile.ZipFile, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "report.html").write_bytes(exported.read("report.html"))
    context = chromium.new_context(color_scheme=scheme, offline=True)  # type: ignore[arg-type]
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", name="What has this model memorised?", level=1)).to_be_visible()
    expect(page.get_by_text("5 of 5 pictures (100.0 %)")).to_be_visible()
    assert not said and all(url.startswith(("file:", "data:")) for url in asked)
    sizes = page.locator("img").evaluate_all("all => all.map(e => [e.complete, e.naturalWidth, e.clientWidth > 40])")
    assert sizes == [[True, 16, True]] * 10
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 18, 29)"
    )
    page.set_viewport_size({"width": 360, "height": 800})  # nothing is cut off on a telephone
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()


def test_the_report_can_be_had_by_itself(page: Page, address: str, exported: zipfile.ZipFile) -> None:
    page.goto(f"{address}/?model=ideal&count=5&seed=7&steps=9")
    settled(page, looking_copied(5))
    assert download(page, "Report (HTML)").read_bytes() == exported.read("report.html")


@pytest.mark.parametrize("member", ["pictures/8.png", "run.json"])
def test_a_dropped_export_opens_the_same_run(page: Page, address: str, exported: zipfile.ZipFile, member: str) -> None:
    page.goto(f"{address}/?model=ideal&count=2")
    settled(page, looking_copied(2))
    drop(page, "a <b>run</b>." + member.split(".")[1], exported.read(member))
    expect(page.get_by_text("5 from seed 7 on, 9 steps")).to_be_visible(timeout=PATIENCE)
    press(page.get_by_role("button", name="Open this run"))
    settled(page, looking_copied(5))
    for part in ("model=ideal", "count=5", "seed=7", "steps=9"):
        assert part in page.url
    assert page.locator('img[alt^="Generated with seed 11"]').count() == 1


def test_another_file_gets_a_sentence(page: Page, address: str) -> None:
    page.goto(f"{address}/models")
    drop(page, "<img src=x onerror=alert(1)>.png", b"no picture")
    expect(page.get_by_text("'<img src=x onerror=alert(1)>.png' cannot be opened: it is none of")).to_be_visible(
        timeout=PATIENCE
    )
    expect(page.get_by_test_id("stException")).to_have_count(0)


def drop(page: Page, name: str, content: bytes) -> None:
    """Give a file to the sidebar."""
    page.get_by_text("Open an exported run").click(timeout=PATIENCE)
    mime = "image/png" if name.endswith(".png") else "application/json"
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": mime, "buffer": content}
    )


_DRAG = """([name, text]) => {
  window.carried = new DataTransfer();
  window.carried.items.add(new File([text], name));
  window.drag = (kind) => document.querySelector('[data-testid="stMain"] h1').dispatchEvent(
    new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: window.carried }));
  window.drag("dragenter");
}"""


def test_a_file_dropped_anywhere_opens(page: Page, address: str, exported: zipfile.ZipFile) -> None:
    page.goto(f"{address}/models")
    expect(page.locator(".side-veil")).to_be_attached(timeout=PATIENCE)  # dropped at once: the uploader may come later
    page.evaluate(_DRAG, ["run.json", exported.read("run.json").decode()])
    expect(page.get_by_text("Drop it to open the run")).to_be_visible()
    page.evaluate("window.drag('drop')")
    settled(page, looking_copied(5))
    assert "seed=7" in page.url and "steps=9" in page.url
    page.evaluate(_DRAG, ["junk.json", "{}"])
    page.evaluate("window.drag('drop')")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("'junk.json' cannot be opened", timeout=PATIENCE)
