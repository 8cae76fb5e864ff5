"""Prompts, through the router, on a small untrained text-to-image model; figures against the library's."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages._parts.prompts import detectors, looking
from pages._parts.prompts import held_out as held_out_part
from pages._parts.runtime import live
from pages._parts.runtime.background import WORKS, Plan
from pages._parts.runtime.work import StopBar
from pages._parts.show import heading
from side_core.data.captioned import CONTROL_ROWS, captioned_faces
from side_core.data.training_set import TrainingSet
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.extraction.matching import match
from side_core.extraction.pairs import copies_in_words
from side_core.extraction.run import Extraction
from side_core.extraction.subject import ImageSets, references_of
from side_core.files.public import Limits
from side_core.progress import finish
from side_core.prompts.examples import embedded_examples
from side_core.prompts.explain import explaining
from side_core.prompts.held_out import held_out_norms, known_norms
from side_core.prompts.norms import norms_of, score_of
from side_core.runs import store
from side_core.runs.opening import open_workspace
from side_core.runs.reading import result_in
from side_core.settings import ExtractSettings, PromptSettings
from side_core.wording import rounded
from tests.dpm.text.small_folders import save_small
from tests.pages import app
from tests.pages.app import button, html_of, parts_of

PROMPT = "portrait of Ada Novak, long hair"
NAMES = ("Ada", "Boris", "Carla", "Dario", "Emil", "Fiona", "Goran", "Hugo")
NEVER = tuple(f"portrait of {name} Berg, hat" for name in NAMES)
STEPS = 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small model that says it was trained on the captioned faces."""
    folder = save_small(tmp_path_factory.mktemp("text") / "model", "sd1")
    (folder / "card.json").write_text(json.dumps({"data": {"source": "captioned-faces"}}))
    return str(folder)


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of prompts that it was never trained on."""
    file = tmp_path_factory.mktemp("held-out") / "never.txt"
    file.write_text("\n".join(NEVER))
    return str(file)


@pytest.fixture(scope="module")
def denoiser(model: str) -> TextDenoiser:
    return need_text(open_denoiser(model))


@pytest.fixture
def link(model: str, held_out: str) -> dict[str, str]:
    """What a link says for a quick page."""
    own = {"model": model, "score_images": "1", "held_out": held_out, "control": "captioned-control", "prompt": PROMPT}
    return own | {"steps": str(STEPS), "count": "2"}


opened = partial(app.opened, "prompts")


def text_of(app: AppTest) -> str:
    """Everything the page says in words."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error")
    said = "\n".join(element.value for kind in kinds for element in app.get(kind))
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", said) + re.sub("<[^>]+>", " ", html_of(app))


def words_of(app: AppTest) -> list[str]:
    """What the buttons of the words say."""
    return [button.label for button in app.button if re.fullmatch(r"word-\d+", str(button.key))]


def pictures_of(app: AppTest) -> list[dict[str, Any]]:
    """The galleries of the page: of each prompt one."""
    return [gallery for gallery in parts_of(app, "gallery") if gallery["alone"]]


def tried_of(app: AppTest) -> list[str]:
    """The prompts in the table of what was tried."""
    (table,) = re.findall('<table class="tried">(.*?)</table>', html_of(app), re.DOTALL) or [""]
    return re.findall(r'<th scope="row">(.*?)</th>', table)


def score_in(denoiser: TextDenoiser, prompt: str, **settings: object) -> float:
    """What the library finds."""
    read = PromptSettings.read({"steps": STEPS} | settings)
    return float(score_of(finish(norms_of(denoiser, [prompt], read)))[0])


def test_score_words_and_pictures_are_those_of_the_library(link: dict[str, str], denoiser: TextDenoiser) -> None:
    app = opened(**link)
    assert not app.exception and not app.error and not app.warning
    value = score_in(denoiser, PROMPT)
    assert app.metric[0].value == rounded(value) and app.metric[0].label == "Score after the first of 4 steps"
    others = finish(held_out_norms(denoiser, NEVER, PromptSettings(steps=STEPS)))
    assert f"As high or higher: {others.at_or_above(value)} of the held-out prompts" in text_of(app)
    assert f"{value / np.median(others.scores):.1f} times" in text_of(app)
    found = finish(explaining(denoiser, PROMPT, PromptSettings(steps=STEPS)))
    assert words_of(app) == [f"{word.text} :small[{word.rank}]" for word in found.words]
    table = app.dataframe[0].value
    assert list(table["rank"]) == [word.rank for word in found.words]
    assert list(table["significance"]) == pytest.approx([word.value for word in found.words], abs=1e-4)
    assert f"start of the text {rounded(found.start)}, its end {rounded(found.end)}" in text_of(app)
    helps = [button.help for button in app.button if str(button.key).startswith("word-")]
    assert helps[2].startswith(f"Significance {rounded(found.words[2].value)}: number {found.words[2].rank} of 6.")


def test_each_picture_stands_beside_a_training_picture_with_its_caption(link: dict[str, str]) -> None:
    app = opened(**link)
    assert "None of these 2 looks copied" in text_of(app)
    assert "0 of 2 pictures beat the threshold d₁/d₂ < 0.33" in text_of(app)
    assert [metric.label for metric in app.metric][1:] == [
        "Against 1,999 training pictures",  # two of the 2,000 are near-duplicates
        f"The same against {len(CONTROL_ROWS) - 1:,} pictures it has never seen",  # one is a near-copy
    ]
    (gallery,) = pictures_of(app)
    assert gallery["alone"] and [card["small"] for card in gallery["cards"]] == ["seed 0", "seed 1"]
    shown = r"<figcaption>(\d) of 2: (portrait of [^<]*) \(shown (?:once|\d+ times) in training\)"
    nearest = re.findall(shown, html_of(app))
    assert sum(int(times) for times, _ in nearest) == 2
    assert {caption for _, caption in nearest} <= {face.caption for face in captioned_faces()}


def test_pictures_that_are_finished_while_another_page_is_looked_at_are_kept(
    link: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path))

    def leave(plan: Plan[Any, Any], show: object = None) -> None:  # as a person does who goes to another page
        work = WORKS.start(plan, "me", None)
        work.join(60)
        WORKS.drop(work)
        st.stop()

    monkeypatch.setattr(live, "follow", leave)
    opened(**link | {"seed": "90"})
    here = open_workspace(tmp_path)
    (run,) = store.listed(here)
    assert (run.state, run.finished, run.settings["prompt"]) == ("finished", 2, PROMPT)
    assert result_in(here, run).names == ("90", "91")


def test_the_pictures_are_kept_in_the_history(
    link: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_WORKSPACE", str(tmp_path))
    assert "Kept as run 1. See History." in text_of(opened(**link))


def test_a_word_is_left_out_replaced_and_brought_back_beside_the_prompt(
    link: dict[str, str], denoiser: TextDenoiser
) -> None:
    app = opened(**link)
    assert len(pictures_of(app)) == 1 and app.metric[0].label.startswith("Score after")
    app.button(key="word-2").click().run()
    without = "portrait of Novak, long hair"
    assert (app.text_input(key="prompt").value, app.text_input(key="edited").value) == (PROMPT, without)
    assert [metric.label for metric in app.metric[:2]] == ["Score as typed", "Score edited"]
    expected = [rounded(score_in(denoiser, text)) for text in (PROMPT, without)]
    assert [metric.value for metric in app.metric[:2]] == expected and len(set(expected)) == 2
    assert (
        words_of(app)[2].startswith("~~Ada~~ :small[") and app.selectbox(key="replacement").label == "In place of Ada"
    )
    seeds = [[card["small"] for card in each["cards"]] for each in pictures_of(app)]
    assert seeds == [["seed 0", "seed 1"]] * 2  # the same noise
    drawn = [each["cards"][0]["drawn"]["src"] for each in pictures_of(app)]
    assert drawn[0] != drawn[1] and f"Edited: {without}" in text_of(app).replace("**", "")
    assert "Boris" in app.selectbox(key="replacement").options
    app.selectbox(key="replacement").set_value("Boris").run()
    assert app.text_input(key="edited").value == "portrait of Boris Novak, long hair"
    assert words_of(app)[2].startswith("~~Ada~~ Boris")
    assert tried_of(app) == [without]  # what is shown is not listed
    app.button(key="word-2").click().run()
    assert app.text_input(key="edited").value == "" and len(pictures_of(app)) == 1
    assert tried_of(app) == ["portrait of Boris Novak, long hair", without] and not app.exception
    assert html_of(app).count('alt="First picture of ') == 2


def test_words_are_left_out_one_after_the_other_but_for_the_last(link: dict[str, str]) -> None:
    app = opened(**link | {"prompt": "Ada Novak, hat", "count": "1"})
    for place in (0, 1):
        app.button(key=f"word-{place}").click().run()
        assert not app.exception
    assert app.text_input(key="edited").value == "hat" and app.button(key="word-2").disabled
    app.button(key="word-0").click().run()
    assert app.text_input(key="edited").value == "Ada, hat" and not app.button(key="word-2").disabled


def test_another_prompt_begins_without_an_edited_one(link: dict[str, str]) -> None:
    app = opened(**link | {"edited": "portrait of Berg"})
    assert len(pictures_of(app)) == 2 and not app.warning
    app.text_input(key="prompt").set_value("portrait of Emil Novak, hat").run()
    assert app.text_input(key="edited").value == "" and len(pictures_of(app)) == 1


def test_an_edited_prompt_that_says_the_same_is_none(link: dict[str, str]) -> None:
    app = opened(**link | {"edited": f" {PROMPT} "})
    assert len(pictures_of(app)) == 1 and not app.warning and not app.exception


def test_examples_are_of_every_kind_and_the_first_is_where_one_begins(link: dict[str, str]) -> None:
    app = opened(**{name: value for name, value in link.items() if name != "prompt"})
    assert app.text_input(key="prompt").value == embedded_examples()[0].prompt
    kinds = ("shown 300 times", "shown 30 times", "one face under 40 names", "shown once", "never shown")
    options = app.selectbox(key="example").options
    assert all(any(option.startswith(f"{kind}: portrait of ") for option in options) for kind in kinds)
    app.selectbox(key="example").select_index(len(options) - 1).run()
    assert options[-1] == f"never shown: {app.text_input(key='prompt').value}" and not app.exception


def test_what_was_tried_can_be_taken_again(link: dict[str, str]) -> None:
    app = opened(**link)
    app.text_input(key="prompt").set_value("portrait of Boris Berg, hat").run()
    assert f"tried before: {PROMPT}" in app.selectbox(key="example").options
    app.selectbox(key="example").set_value(PROMPT).run()
    assert app.text_input(key="prompt").value == PROMPT and tried_of(app)[0] == "portrait of Boris Berg, hat"


def test_what_does_not_fit_and_what_is_not_known_is_said(link: dict[str, str]) -> None:
    app = opened(**link | {"prompt": "portrait of Ada Novak " * 6 + "and a quokka"})
    said = text_of(app)
    assert "The model reads 18 tokens at most. Cut off, and without any effect: **" in said
    assert "Ada Novak portrait of Ada Novak and a quokka**" in said
    assert "read in pieces: and, quokka" in said.replace(" a,", "") and not app.exception and not app.error


def test_markup_in_a_prompt_is_shown_as_text(link: dict[str, str]) -> None:
    prompt = "<b>Ada</b> **Novak** <script>alert(1)</script> [x](y)"
    app = opened(**link | {"prompt": prompt})
    app.text_input(key="prompt").set_value(f"{prompt} hat").run()
    assert not app.exception and not app.error
    assert "<script>" not in html_of(app) and "<b>Ada" not in html_of(app)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html_of(app)
    assert words_of(app)[0].startswith("b ") and len(words_of(app)) > 2


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("   ", "The prompt is empty: type what the picture shall show."),
        ("... ,,, !", "There is no word in '... ,,, !' to explain"),
    ],
)
def test_a_prompt_without_a_word_gets_a_sentence(link: dict[str, str], prompt: str, sentence: str) -> None:
    app = opened(**link)
    app.text_input(key="prompt").set_value(prompt).run()
    assert not app.exception and len(app.error) == 1 and sentence in text_of(app)


def test_a_link_with_a_prompt_that_is_too_long_for_any_says_so(link: dict[str, str]) -> None:
    app = opened(**link | {"prompt": "x" * 2001})
    assert not app.exception and "The link asks for Prompt = 'xxx" in text_of(app)


def test_a_model_without_text_is_refused_with_a_way_out() -> None:
    app = opened(model="pixel-faces")
    assert not app.exception
    assert "'pixel-faces' draws without a text: choose pixel-faces-text" in text_of(app)
    assert app.button(key="use-own").label == "Use pixel-faces-text"


def test_a_model_of_unknown_pictures_still_scores_and_draws(link: dict[str, str], tmp_path: Path) -> None:
    app = opened(**link | {"model": str(save_small(tmp_path / "unknown", "sd2"))})
    assert not app.exception and not app.error
    assert "The training images of" in text_of(app) and "are not known" in text_of(app)
    assert len(re.findall(r'alt="Picture of seed \d"', html_of(app))) == 2 and len(app.metric) == 1


def test_no_score_is_shown_as_one_without_held_out_prompts(link: dict[str, str], tmp_path: Path) -> None:
    app = opened(**link | {"model": str(save_small(tmp_path / "unknown", "sd1")), "held_out": ""})
    assert not app.exception and not app.error and not app.metric
    assert "nobody can tell what that is worth" in text_of(app)


def test_the_score_comes_first_and_held_out_prompts_that_take_long_wait_for_a_click_and_go_on_where_they_were(
    link: dict[str, str], denoiser: TextDenoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_out_part, "LIVE_SECONDS", -1)
    own = rounded(score_in(denoiser, PROMPT, steps=6))
    app = opened(**link | {"steps": "6"})
    assert (app.metric[0].label, app.metric[0].value) == ("Score after the first of 6 steps", own)
    assert "Nothing to hold it against yet: none of 8 held-out prompts is scored" in text_of(app)
    assert "8 held-out prompts take about" in text_of(app) and "Nearest training picture" in text_of(app)
    assert "above the threshold" not in text_of(app) and "times** what prompts do" not in text_of(app)
    settings = PromptSettings(steps=6, batch_size=4)
    for event in held_out_norms(denoiser, NEVER, settings):
        if event.finished:
            break  # 4 of 8 are kept
    some = known_norms(denoiser, NEVER, settings)
    app.run()
    assert app.metric[0].value == own and "4 held-out prompts take about" in text_of(app)
    above = some.at_or_above(score_in(denoiser, PROMPT, steps=6))
    assert len(some.norms) == 4 and f"As high or higher so far: {above} of the held-out prompts" in text_of(app)
    assert "The threshold comes when all 8 are scored" in text_of(app)
    button(app, "Score them").click().run()
    assert app.metric[0].value == own and "Above the threshold by chance" in text_of(app)
    assert "so far" not in text_of(app) and not app.exception


def test_scoring_held_out_prompts_is_stopped_and_goes_on(link: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = PromptSettings.read
    few = lambda values: real(values).model_copy(update={"batch_size": 2})  # noqa: E731
    monkeypatch.setattr(PromptSettings, "read", few)
    shown: list[int] = []
    monkeypatch.setattr(held_out_part, "REDRAW", -1)
    known = held_out_part.known_now

    def counted(inquiry: Any) -> Any:
        shown.append(len(known(inquiry).norms))
        return known(inquiry)

    for module in (held_out_part, looking):
        monkeypatch.setattr(module, "known_now", counted)
    watched = StopBar.see

    def stopping(bar: StopBar, event: Any, text: str) -> bool:
        if text.startswith("6 of 8"):
            bar.press()  # type: ignore[attr-defined]
            st.stop()
        return watched(bar, event, text)

    made = StopBar.__init__

    def making(bar: StopBar, stop: str, help: str, on_stop: Any, phases: Any = (), **rest: Any) -> None:
        bar.press = on_stop  # type: ignore[attr-defined]
        made(bar, stop, help, on_stop, phases, **rest)

    monkeypatch.setattr(StopBar, "__init__", making)
    monkeypatch.setattr(StopBar, "see", stopping)
    app = opened(**link | {"steps": "7"})
    assert shown == [0, 0, 2, 4] and not app.exception  # looked up twice, and then for each finished batch
    monkeypatch.setattr(StopBar, "see", watched)
    app.run()
    assert "Stopped: 6 of 8 held-out prompts are scored. The rest takes about" in text_of(app)
    assert "As high or higher so far: " in text_of(app) and " of 6 (" in text_of(app)
    assert tried_of(app) == [] and app.metric[0].label.startswith("Score after")
    button(app, "Go on").click().run()
    assert "Stopped" not in text_of(app) and "Above the threshold by chance" in text_of(app) and not app.exception


def test_a_public_app_that_scores_no_held_out_prompts_still_says_the_score(
    link: dict[str, str], model: str, held_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", model)
    monkeypatch.setenv("SIDE_ROOTS", str(Path(held_out).parent))
    monkeypatch.setattr(held_out_part, "seconds_of", lambda inquiry, count: 1e9)
    app = opened(**link | {"steps": "8", "score_images": "2"})
    assert len(app.error) == 1 and not app.exception and app.metric[0].label.startswith("Score after")
    assert "Scoring 8 held-out prompts with 2 images and 1 step takes" in text_of(app)
    assert "Nearest training picture" in text_of(app)


def test_broken_lines_of_held_out_prompts_are_named(link: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "broken.txt"
    file.write_bytes("\n".join(NEVER).encode() + b"\n\n\xff\xfe\nportrait")
    app = opened(**link | {"held_out": str(file)})
    assert "line 9: empty" in text_of(app) and "line 10: byte 1 is no UTF-8" in text_of(app)
    assert not app.exception and app.metric


def test_a_link_carries_every_setting(link: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    links: list[str] = []
    monkeypatch.setattr(heading, "copy_link", links.append)
    other = {"text_scale": "4.5", "seed": "7", "first_steps": "2", "score_images": "3", "false_percent": "5.0"}
    other |= {"score": "nl2", "threshold_nl2": "0.5", "mode": "fast", "view": "demo"}
    app = opened(**link | other)
    assert not app.exception and not app.error and not app.warning
    said = {name: values[0] for name, values in parse_qs(urlsplit(links[-1]).query).items()}
    assert said.items() >= (link | other).items() and urlsplit(links[-1]).path == "/prompts"
    again = opened(**said)
    assert links[-1] == links[-2] and again.metric[0].value == app.metric[0].value


def detectors_of(app: AppTest) -> list[list[str]]:
    """The rows of the table of other detectors, cell by cell."""
    (table,) = re.findall('<table class="detectors">(.*?)</table>', html_of(app)) or [""]
    rows = re.findall("<tr[^>]*>(.*?)</tr>", table)
    return [[re.sub("<[^>]+>", " ", cell).strip() for cell in re.findall("<t[hd].*?</t[hd]>", row)] for row in rows]


def test_other_detectors_stand_beside_held_out_prompts(link: dict[str, str]) -> None:
    head, *rows = detectors_of(opened(**link))
    assert head == ["detector", "this prompt"] and len(rows) == 7
    assert rows[0][0].startswith("Pull of the text ") and rows[1][0].startswith("Distance between pictures ")
    assert all(re.search(r" \d of 8 \(", value) for _, value in rows)
    head, *rows = detectors_of(opened(**link | {"edited": "portrait of Novak"}))
    assert head == ["detector", "as typed", "edited"] and {len(row) for row in rows} == {3}
    assert any(one != other for _, one, other in rows)


def test_other_detectors_that_take_long_wait_for_a_click(link: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "LIVE_SECONDS", 0)
    app = opened(**link | {"prompt": "portrait of Ada Novak, glasses", "steps": "5"})
    assert not detectors_of(app) and "Six more, published by others" in text_of(app)
    app.button(key="try-detectors").click().run()
    assert len(detectors_of(app)) == 8 and not app.exception


def test_other_detectors_are_stopped_and_go_on_where_they_were(
    link: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[tuple[str, ...]] = []
    real = detectors.scores_of

    def counted(denoiser: Any, names: Any, prompts: Any, settings: Any, seeds: Any) -> Any:
        scored.append(prompts)
        return real(denoiser, names, prompts, settings, seeds)

    pressed, watched, made = list[Any](), StopBar.see, StopBar.__init__

    def making(bar: StopBar, stop: str, help: str, on_stop: Any, phases: Any = (), **rest: Any) -> None:
        pressed.append(on_stop)
        made(bar, stop, help, on_stop, phases, **rest)

    def stopping(bar: StopBar, event: Any, text: str) -> bool:
        if "other detectors" in text and len(scored) == 3:  # the prompt and four others are scored
            pressed[-1]()
            st.stop()
        return watched(bar, event, text)

    monkeypatch.setattr(detectors, "scores_of", counted)
    monkeypatch.setattr(StopBar, "__init__", making)
    monkeypatch.setattr(StopBar, "see", stopping)
    app = opened(**link | {"prompt": "portrait of Emil Novak, hat", "steps": "9"})
    app.run()
    assert "5 of 9 prompts are scored and kept, the rest takes about" in text_of(app) and not detectors_of(app)
    assert app.button(key="try-detectors").label == "Go on"
    app.button(key="try-detectors").click().run()
    assert scored == [("portrait of Emil Novak, hat",), NEVER[:4], NEVER[4:], NEVER[4:]]
    assert len(detectors_of(app)) == 8 and not app.exception


def test_a_search_that_cannot_be_done_is_a_sentence_in_its_place(link: dict[str, str]) -> None:
    app = opened(**link, search="glasses", search_weights="local-dir:/nowhere")
    assert not app.exception and len(app.error) == 1 and "/nowhere" in text_of(app)
    assert app.metric and "Nearest training picture" in text_of(app)


def test_training_pictures_are_found_by_words(link: dict[str, str]) -> None:
    app = opened(**link, search="portrait of Ada Novak, dark glasses")
    assert not app.exception and not app.error
    found = re.findall(r"<figcaption>(-?\d\.\d\d): (portrait of [^<]*)</figcaption>", html_of(app))
    assert len(found) == 8 and [value for value, _ in found] == sorted((value for value, _ in found), reverse=True)


def test_a_public_app_draws_few_pictures_in_few_steps_of_short_prompts(
    link: dict[str, str], model: str, held_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", model)
    monkeypatch.setenv("SIDE_ROOTS", str(Path(held_out).parent))
    app = opened(**link)
    assert not app.exception and not app.error
    ends = {str(slider.key): slider.max for slider in app.slider}
    assert ends["count"] == Limits().count and ends["steps"] == Limits().steps
    app.text_input(key="prompt").set_value("word " * 120).run()
    assert "this app is public and allows 500 or less" in text_of(app) and len(app.error) == 1


def test_a_public_app_reads_neither_models_nor_prompts_of_others(
    link: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.delenv("SIDE_MODELS", raising=False)
    app = opened(**link)
    assert not app.exception
    assert "this app is public" in text_of(app) and link["model"] not in app.selectbox(key="model").value


def test_copies_are_counted_with_how_many_different_pictures_they_are_of(faces: TrainingSet) -> None:
    shown = faces.images[[3, 3, 8]].copy()
    shown[:, 0, 0] = 0  # a copy of a copy is no exact one
    noise = np.random.default_rng(0).integers(0, 256, (1, *faces.images.shape[1:]), dtype=np.uint8)
    settings = ExtractSettings(model="ideal", data="pixel-faces[0:60]")
    subject = ImageSets(faces, None)
    references = finish(references_of(settings, subject))
    for images, words in ((shown, "3 of 3, of 2 pictures"), (shown[:2], "2 of 2, of 1 picture"), (noise, "0 of 1")):
        found = match(images, tuple(map(str, range(len(images)))), references)
        assert copies_in_words(Extraction(settings, subject, references, found)) == words
