"""The tour, through the router: every step, every control, and figures against ones computed here."""

import re

import numpy as np
import pytest
from safetensors.numpy import load_file
from streamlit.testing.v1 import AppTest

from pages._parts.tour import ballot, nearest, playing, proof, stage, vote
from pages._parts.tour.ballot import COPY, INVENTION
from pages._parts.tour.steps import STEPS, Step
from side_core.data.source import open_training_set
from side_core.files.assets import BUILT_INS, STRIPS
from side_core.sampling.strips import read_strips
from tests.pages import app
from tests.pages.app import html_of


def opened(**link: str) -> AppTest:
    """The tour as a link opens it."""
    tour = app.opened("tour", **link)
    assert not tour.exception and not tour.error
    return tour


def words_of(app: AppTest) -> str:
    """Everything that is said."""
    parts = [re.sub("<[^>]+>", " ", html_of(app))]
    parts += [element.value for kind in ("title", "markdown", "caption", "warning") for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(parts))


def pictures(app: AppTest, alt: str) -> list[str]:
    """The pictures (as data) whose alternative text matches."""
    return re.findall(rf'<img src="([^"]+)" alt="{alt}[^"]*"', html_of(app))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_link_opens_each_step_with_few_words_and_a_picture(step: Step) -> None:
    app = opened(step=step.name)
    assert [title.value for title in app.title] == [step.title] and "<img" in html_of(app)
    plain = re.sub(r"\[\[([^|\]]+\|)?|\]\]", "", step.words)
    assert len(plain) < 300 and 2 <= len(re.findall(r"[.?](\s|$|\*)", plain)) <= 4


def test_next_and_back_walk_through_all_steps_and_stop_at_the_ends() -> None:
    app = opened()
    assert app.button(key="back").disabled
    for step in STEPS[1:]:
        app.button(key="next").click().run()
        assert app.title[0].value == step.title and not app.exception
    assert "next" not in {button.key for button in app.button}
    assert [item.proto.label for item in app.get("page_link")] == ["Try it yourself"]
    app.button(key="back").click().run()
    assert app.title[0].value == STEPS[-2].title


def test_the_numbers_of_older_links_mean_what_they_meant() -> None:
    assert [step.name for step in STEPS if step.name.isdigit()] == ["1", "2", "3", "4", "5", "6"]


def test_play_moves_the_control_to_its_end_and_stops_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "_PAUSE", 0.0)
    app = opened(at="20")
    app.button(key="play").click().run()
    assert app.slider(key="at").value == 25 and app.button(key="play").label == "Play" and not app.exception


def test_play_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing.st, "rerun", lambda: None)  # as if each frame waited for the person
    app = opened()
    app.button(key="play").click().run()
    seen = [app.slider(key="at").value, app.run().slider(key="at").value]
    app.button(key="play").click().run()
    assert seen == [1, 2] and app.run().slider(key="at").value == 2 and app.button(key="play").label == "Play"


def test_a_class_votes_before_it_sees_the_answers() -> None:
    teacher = opened(step="vote", room="ab cd!")
    assert "Room ABCD" in words_of(teacher).replace("*", "") and "said copy" not in html_of(teacher)
    phones = [opened(step="vote", room="abcd") for _ in range(3)]
    for number, phone in enumerate(phones):
        phone.segmented_control(key="vote-ABCD-0").set_value(COPY if number else INVENTION).run()
        assert "said copy" not in html_of(phone)
    assert "3 voted" in words_of(teacher.run())
    teacher.button(key="answers").click().run()
    for seen in (teacher, phones[0].run()):  # all see them
        assert "2 said copy, 1 invention" in html_of(seen)
        assert html_of(seen).count("; against faces never seen") == len(vote.PAIRS)
    strips = read_strips(STRIPS["extract"])
    values = [
        next(strip for strip in strips.strips if strip.scale == scale).scores[strips.seeds.index(seed)]
        for scale, seed in vote.PAIRS
    ]
    assert html_of(teacher).count("<b>◎ Copy</b>") == sum(value < 1 / 3 for value in values) == 3
    teacher.button(key="answers").click().run()
    assert "0 voted" in words_of(teacher)


def test_a_room_of_its_own_stands_in_the_link_and_in_the_code() -> None:
    app = opened(step="vote")
    room = app.query_params["room"]
    assert len(room[0] if isinstance(room, list) else room) == 4
    assert any("room=" in caption.value for caption in app.caption)


def test_votes_after_the_answers_do_not_count_and_rooms_are_few() -> None:
    ballot.vote("X", "a", 0, COPY)
    ballot.vote("X", "a", 0, None)
    assert ballot.count("X").voters == 0
    ballot.vote("X", "a", 0, COPY)
    ballot.answer("X", True)
    ballot.vote("X", "b", 0, COPY)
    assert ballot.count("X") == ballot.Count(1, {0: {COPY: 1}}, True)
    for number in range(ballot._ROOMS):
        ballot.count(f"Y{number}")
    assert ballot.count("X").voters == 0 and len(ballot._OPEN) == ballot._ROOMS


def test_a_step_that_does_not_exist_is_the_first() -> None:
    assert opened(step="9").title[0].value == STEPS[0].title


def test_at_the_last_step_the_noisy_picture_is_the_estimate() -> None:
    app = opened(at="1")
    assert "99 % noise after step 1 of 25" in words_of(app)
    noisy, clear = pictures(app, "Seed"), pictures(app, "What the model takes")
    assert len(noisy) == len(clear) == 4 and not set(noisy) & set(clear)
    app.slider(key="at").set_value(25).run()
    assert "0 % noise after step 25 of 25" in words_of(app)
    assert pictures(app, "Seed") == pictures(app, "What the model takes") != clear


def test_moving_a_slider_draws_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(at="3")
    monkeypatch.setattr(stage, "draw", lambda *_: pytest.fail("it was drawn again"))
    app.slider(key="at").set_value(20).run()
    assert not app.exception and "after step 20 of 25" in words_of(app)


@pytest.mark.parametrize("seed", [13, 24])
def test_distances_and_their_ratio_are_those_of_the_pixels(seed: int) -> None:
    app = opened(step="2", face=str(seed))
    images = open_training_set(BUILT_INS["pixel-faces"].data).images.astype(float) / 255
    own = stage.paths().images[stage.FACES.index(seed)].astype(float) / 255
    distances = np.sqrt(((images - own) ** 2).mean(axis=(1, 2, 3)))
    best = np.sort(distances)[: nearest.NEIGHBOURS]
    words = words_of(app)
    for rank, distance in enumerate(best):
        assert f"d{'₁₂₃₄'[rank]} = {distance:.3f}" in words
    assert f"d₁ / d₂ = {best[0]:.3f} / {best[1]:.3f} = {best[0] / best[1]:.2f}" in words
    assert ("below ⅓" in html_of(app)) == (best[0] / best[1] < 1 / 3) == (seed == 13)
    assert "reached by 0 of 4,096 (0.0 %, 95 % interval 0.0 to 0.1 %) plain pictures" in words


def test_choosing_another_face_changes_the_neighbours() -> None:
    app = opened(step="2")
    before = pictures(app, "Training image")
    app.segmented_control(key="face").set_value("40").run()
    assert not app.exception and "generated, seed 40" in words_of(app)
    assert len(before) == 4 and before != pictures(app, "Training image")


def percent_of_first(app: AppTest) -> int:
    """How sure the surrogate is of its likeliest cluster."""
    found = re.search(r'class="value">(?:(\d+) %|below)', html_of(app))
    assert found is not None
    return int(found[1] or 0)


def test_the_surrogate_is_surer_of_a_clear_picture_than_of_noise() -> None:
    app = opened(step="3", face="13", noise="0")
    clear = percent_of_first(app)
    app.slider(key="noise").set_value(999).run()
    assert clear > 50 > percent_of_first(app)
    assert "At timestep 999 the surrogate was right about" in words_of(app)
    assert re.search(r"of 3,277 \(.* 95 % interval .* %\).*guessing the commonest cluster: 0\.7 %", words_of(app))
    assert len(pictures(app, "Cluster")) == 8


def test_lambda_zero_is_the_model_alone_and_more_brings_back_more() -> None:
    app = opened(step="4", lam="0")
    assert pictures(app, "Alone") == pictures(app, "Steered with")
    alone, counts = pictures(app, "Alone"), re.compile(r"steered \*\*(\d) of 6 .*alone \*\*(\d) of 6 .*\*\*(\d) of 6 ")
    app.select_slider(key="lam").set_value(20).run()
    assert pictures(app, "Alone") == alone and not set(pictures(app, "Steered with")) & set(alone)
    found = counts.search(words_of(app))
    assert found is not None
    steered, plain, control = map(int, found.groups())
    assert steered > plain >= control == 0 and words_of(app).count("95 % interval") >= 3


@pytest.mark.parametrize("threshold", [0.33, 0.9])
def test_shares_of_the_last_step_are_those_of_the_shipped_calibration(threshold: float) -> None:
    table = load_file(BUILT_INS["pixel-faces"].folder / "calibration.safetensors")
    app = opened(step="5", limit=str(threshold))
    assert len(app.metric) == 2
    for side, metric in zip(("training", "control"), app.metric, strict=True):
        values = table[f"{side}/pixel/ratio"]
        assert metric.value == f"{100 * (values < threshold).mean():.1f} %"
        assert f"{(values < threshold).sum():,} of 4,096; 95 % interval" in words_of(app)


def test_without_the_control_nobody_can_tell() -> None:
    app = opened(step="5")
    app.toggle(key="alone").set_value(True).run()
    assert [metric.label for metric in app.metric] == ["Against training images"]
    assert "Nobody can tell" in app.warning[0].value
    (chart,) = app.get("plotly_chart")
    assert "against control" not in chart.proto.spec


def test_a_flipped_copy_is_not_found() -> None:
    app = opened(step="5")
    before = pictures(app, "Seed 18")
    assert "d₁/d₂ = 0.2" in words_of(app) and 'class="mark"' in html_of(app)
    app.toggle(key="flip").set_value(True).run()
    flipped = stage.matched(flipped=True)
    assert (flipped.images[proof.COPY] == stage.matched().images[proof.COPY][:, ::-1]).all()
    assert f"d₁/d₂ = {flipped.training.scores.ratio[proof.COPY]:.2f}" in words_of(app)
    assert flipped.training.scores.ratio[proof.COPY] > 0.6 and 'class="mark"' not in html_of(app)
    assert pictures(app, "Seed 18") != before
