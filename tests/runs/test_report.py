"""The report stands alone, says the numbers with their control, and nothing of others in it is markup."""

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from side_core.runs.exchange.command import command_of
from side_core.runs.exchange.places import without_places
from side_core.runs.report.page import STYLE, report_html
from side_core.runs.report.text import said
from side_core.runs.result import Result
from side_core.settings import ExtractSettings

KINDS = ("plain", "steered", "no control", "scored")
VOID = {"meta", "img", "br", "line", "rect"}


class Page(HTMLParser):
    """Elements with their attributes, text, and whether all of them are closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [about for name, about in self.elements if name == tag]


@pytest.mark.parametrize("kind", KINDS)
def test_it_stands_alone(results: Mapping[str, Result], kind: str) -> None:
    text = report_html(results[kind])
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "form", "base"} & {name for name, _ in page.elements}
    for _, about in page.elements:
        assert "href" not in about and not any(name.startswith("on") for name in about)
        assert (about.get("src") or "data:image/png;base64,").startswith("data:image/png;base64,")
    assert not re.search(r"url\(|@import|https?:", text)
    assert text == report_html(replace(results[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_headings_language_and_alternative_texts(results: Mapping[str, Result], kind: str) -> None:
    page = Page(report_html(results[kind]))
    assert page.all("html") == [{"lang": "en"}] and len(page.all("h1")) == 1 and len(page.all("title")) == 1
    headings = [name for name, _ in page.elements if re.fullmatch(r"h\d", name)]
    assert set(headings) == {"h1", "h2", "h3"} and headings[:2] == ["h1", "h2"]
    assert len(page.all("img")) == len(results[kind].names) * (3 if kind == "steered" else 2)
    for image in page.all("img"):
        assert re.search(r"d₁/d₂ \d\.\d\d$", image["alt"] or "")
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_pictures_are_inside_pixel_by_pixel_nearest_first(results: Mapping[str, Result]) -> None:
    result = results["steered"]
    found = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(image["src"].split(",")[1]))))
        for image in Page(report_html(result)).all("img")
    ]
    first = result.order()[0]
    expected = (result.images[first], result.plain[result.names[first]], result.training[result.nearest[first]])
    for picture, image in zip(found, expected, strict=False):
        assert np.array_equal(picture, image)


def test_numbers_come_with_control_count_and_interval(results: Mapping[str, Result]) -> None:
    result = results["plain"]
    text = Page(report_html(result)).text
    assert "4 of 4 pictures (100.0 %) come nearer to a training image than the threshold d₁/d₂ < 0.333" in text
    assert "against images the model never saw 0 do." in text
    assert "4 of 4; 95 % interval 51.0 to 100.0 %" in text  # Wilson: 4 / (4 + 1.96²) = 0.510
    assert "0 of 4; 95 % interval 0.0 to 49.0 %" in text
    for words in ("AMS, control", "UMS, nearest", "Normalised L2", "Distance (RMS)", "mid+"):
        assert words in text


def test_the_sampler_is_named_as_it_drew_also_where_it_was_left_to_the_model(results: Mapping[str, Result]) -> None:
    result = results["plain"]
    usual = "4 steps, leading spacing, from pure noise to timestep 0; no noise is added back; the estimate of the clean"
    assert f"{usual} image is kept within −1..1 at every step" in Page(report_html(result)).text
    before = dict(result.summary) | {"settings": dict(result.settings) | {"spacing": "leading", "clip": "clip"}}
    del before["sampling"]  # of a version that left nothing to the model
    assert (
        f"{usual} image is kept within −1..1 at every step" in Page(report_html(replace(result, summary=before))).text
    )
    own = {"spacing": {"value": "trailing"}, "clip": {"value": "clip"}, "clip_range": {"value": 2.5}}
    other = replace(result, summary=dict(result.summary) | {"sampling": own})
    assert "trailing spacing" in (text := Page(report_html(other)).text) and "kept within −2.5..2.5" in text


def test_a_steered_run_says_what_the_surrogate_changed(results: Mapping[str, Result]) -> None:
    text = Page(report_html(results["steered"])).text
    assert "steered pictures" in text and "without the surrogate" in text
    assert "different training image" in text and "λ 20, constant, from timestep 900 to 0" in text
    assert "must not" not in text and "the plain pictures say that" in text


def test_without_a_control_no_rate_is_said(results: Mapping[str, Result]) -> None:
    text = Page(report_html(results["no control"])).text
    assert "The headline is withheld: without a control nobody can tell" in text
    assert "95 % interval" not in text and "AMS, control" not in text and " of 4 " not in text
    assert "There is no control here" in text


@pytest.mark.parametrize("kind", KINDS)
def test_how_to_do_it_again(results: Mapping[str, Result], kind: str) -> None:
    result, text = results[kind], Page(report_html(results[kind])).text
    if kind == "scored":
        assert "score --data 'pixel-faces[0:1000]' --samples 'some/<folder>'" in text
    else:
        assert command_of(ExtractSettings.read(without_places(result).settings)) in text
        assert f"seeds {result.names[0]} to {result.names[-1]}" in text
    for about in ("data", "encoder"):
        assert result.summary[about]["fingerprint"] in text
    assert all(f"{name} {number}" in text for name, number in result.summary["versions"].items())


def test_text_of_others_is_no_markup(results: Mapping[str, Result]) -> None:
    evil = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
    result = results["plain"]
    summary = {
        **result.summary,
        "notes": [evil],
        "model": {"name": evil, "fingerprint": "f"},
        "data": {**result.summary["data"], "source": evil},
        "encoder": {**result.summary["encoder"], "description": evil},
        "versions": {"side_core": evil},
    }
    ids = tuple(evil for _ in result.training_ids)
    page = Page(report_html(replace(result, summary=summary, training_ids=ids)))
    assert not page.all("script") and len(page.all("img")) == 8
    assert evil in page.text and evil in page.all("img")[1]["alt"]
    assert "onerror" not in {name for _, about in page.elements for name in about}


def test_invisible_characters_are_written_out() -> None:
    assert said("a\u202eb\0\udcff<") == "a\\u202eb\\x00\\xff&lt;"
    assert said("0123456789", 4) == "01…9"


def test_many_large_pictures_stay_a_page_that_can_be_sent(results: Mapping[str, Result]) -> None:
    result, count = results["plain"], 60
    noise = np.random.default_rng(0).integers(0, 256, (1, 512, 384, 3), dtype=np.uint8)
    many = replace(
        result,
        names=tuple(map(str, range(count))),
        images=np.repeat(noise, count, axis=0),
        nearest=np.zeros(count, int),
        scores={name: np.resize(values, count) for name, values in result.scores.items()},
    )
    text = report_html(many)
    assert len(Page(text).all("img")) == 48 and "The 24 of 60 nearest." in text
    assert len(text) < 10 * 2**20  # noise packs worst of all


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_every_text_has_enough_contrast(place: int) -> None:
    """WCAG AA: 4.5 for text, 3 for marks in charts."""
    found = re.findall(r"--(\w+): (#\w{6})", STYLE)
    colors = dict(found[: len(found) // 2] if place == 0 else found[len(found) // 2 :])
    assert len(colors) == 9
    for front, backs, least in (
        ("ink", ("paper", "sheet", "wash", "warn"), 7),
        ("soft", ("paper", "sheet", "wash"), 4.5),
        ("main", ("paper", "sheet"), 4.5),
        ("other", ("paper", "sheet"), 3),
    ):
        for back in backs:
            dark, light = sorted((luminance(colors[front]), luminance(colors[back])))
            assert (light + 0.05) / (dark + 0.05) >= least, (front, back)
