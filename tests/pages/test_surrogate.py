"""The Surrogate page, through the router, without a browser: draw, cluster, train, save, load, compare."""

import io
import json
import re
import shutil
import zipfile
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._parts.surrogate import grouping, learning, saving, synthetic
from side_core.dpm.folder import open_denoiser
from side_core.progress import finish
from side_core.settings import PRESETS, SurrogateSettings
from side_core.surrogate.building import gather, learn
from side_core.surrogate.folder import load_surrogate, save_surrogate
from side_core.surrogate.surrogate import Surrogate
from tests.pages import app
from tests.pages.app import html_of, stop_when, text_of, unescaped

SMALL = {
    "of": "ideal",
    "synthetic_count": "256",
    "steps": "5",
    "label_source": "clusters",
    "clusters": "6",
    "cohesion": "0",
    "lesson": "Own settings",
    "train_steps": "20",
}
SETTINGS = SurrogateSettings(
    **PRESETS["quick"].model_dump(exclude_unset=True)
    | {
        "synthetic_count": 256,
        "steps": 5,
        "label_source": "clusters",
        "clusters": 6,
        "cohesion": 0.0,
        "encoder": "pixel",
    }
    | {"train_steps": 20, "evaluate_every": 2}
)


@pytest.fixture(scope="module")
def made() -> Surrogate:
    """What the library makes of the small settings."""
    denoiser = open_denoiser("ideal", "fast")
    return finish(learn("ideal", denoiser, finish(gather(denoiser, SETTINGS)), SETTINGS))


@pytest.fixture
def saved(made: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with it, where the page looks for saved ones."""
    monkeypatch.chdir(tmp_path)
    save_surrogate(made, saving.HOME / "first")
    return saving.HOME / "first"


opened = partial(app.opened, "surrogate")


def drawn(**link: str) -> AppTest:
    """The page with its images drawn."""
    app = opened(**SMALL | link)
    begin = [button for button in app.button if button.label.startswith("Draw")]
    return begin[0].click().run() if begin else app


def trained() -> AppTest:
    """The page with its surrogate trained."""
    app = drawn()
    begin = [button for button in app.button if button.label == "Train"]
    return begin[0].click().run() if begin else app


def press(app: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    return next(button for button in app.button if button.label == label).click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_first_visit_says_how_long_drawing_takes_and_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "draw_synthetic", None)
    app = opened(of="ideal", synthetic_count="320")
    assert not app.exception and not app.error
    assert "Draw 320 images" in labels(app)
    assert re.search(r"About [\d,]+ \w+ here", text_of(app)) and "2 · Cluster" not in text_of(app)


def test_drawn_images_are_grouped_as_the_library_groups_them(made: Surrogate) -> None:
    app = drawn(cohesion="0.4")
    assert not app.exception and not app.error
    kept = int((made.cohesion >= 0.4).sum())
    assert f"{kept} of 6 clusters are kept" in text_of(app)
    assert html_of(app).count("· dropped") == 6 - kept
    assert "An image the model drew" in html_of(app) and "image 3 from its centre" in html_of(app)
    counts = [int(count) for count in re.findall(r"(\d+) images? ·", html_of(app))]
    assert sum(counts) == 256


def test_tau_and_a_known_k_group_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app = drawn()
    app.slider(key="clusters").set_value(7).run()
    assert "7 of 7 clusters are kept" in text_of(app)
    monkeypatch.setattr(grouping, "grouping", None)
    monkeypatch.setattr(synthetic, "draw_synthetic", None)
    app.slider(key="clusters").set_value(6).run()
    assert "6 of 6 clusters are kept" in text_of(app)
    app.slider(key="cohesion").set_value(1.0).run()
    assert "All 6 clusters are dropped" in app.error[0].value and not app.exception


def test_duplicates_are_found_among_the_images_of_a_memoriser() -> None:
    app = drawn(label_source="duplicates", clusters="300")
    assert not app.exception and not app.error
    found = re.search(r"(\d+) of (\d+) clusters are kept\*\*, with (\d+) of 256 images", text_of(app))
    assert found and int(found[1]) >= 5 and int(found[3]) < 256


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"clusters": "300"}, "300 clusters cannot be made of 256 synthetic images"),
        ({"encoder": "sscd"}, "Encoder sscd has no weights here"),
        ({"encoder": "sscd", "encoder_weights": "/no/such/folder"}, "/no/such/folder"),
    ],
)
def test_mistakes_get_one_sentence(link: dict[str, str], sentence: str) -> None:
    app = drawn(**link)
    assert not app.exception
    assert [sentence in unescaped(error.value) for error in app.error] == [True]


def test_without_the_model_of_the_link_the_page_goes_on_and_says_so() -> None:
    app = opened(of="/no/such/folder")
    assert not app.exception and not app.error
    assert ["There is no model folder '/no/such/folder'" in unescaped(item.value) for item in app.warning] == [True]
    assert app.selectbox(key="of").value == "pixel-faces" and "Draw 2,048 images" in labels(app)


def test_a_link_out_of_bounds_says_what_is_used_instead() -> None:
    app = opened(of="ideal", synthetic_count="99999")
    assert any("Synthetic images = '99999', not 256 to 4096: 4096" in warning.value for warning in app.warning)


def test_the_page_trains_what_the_library_trains_and_says_how_well_it_does(made: Surrogate) -> None:
    app = trained()
    assert not app.exception and not app.error
    (learned,) = {id(entry.value): entry.value for entry in learning.TRAINED.entries.values()}.values()
    assert learned.stopped is None and learned.surrogate.fingerprint == made.fingerprint
    table = app.dataframe[0].value
    assert list(table["timestep"]) == [level["timestep"] for level in made.card["training"]["levels"]]
    assert str(made.card["training"]["levels"][0]["right"]) + " of 26" in table["right on held-out images"][0]
    assert [w.value for w in app.warning] == made.card["warnings"]
    assert "Train" not in labels(app)


@pytest.mark.parametrize(("objective", "rows"), [("time-independent", 1), ("distilled", 11)])
def test_other_objectives_show_the_noise_levels_they_have(objective: str, rows: int) -> None:
    app = press(drawn(objective=objective, train_steps="10"), "Train")
    assert not app.exception and not app.error
    assert len(app.dataframe[0].value) == rows


def test_a_stopped_teacher_is_not_kept_in_its_pupils_place(monkeypatch: pytest.MonkeyPatch) -> None:
    app = drawn(objective="distilled", train_steps="60")
    stop_when(monkeypatch, lambda at: at.done == 20)
    press(app, "Train")  # the teacher has 24 steps and was evaluated
    assert "there is nothing to keep" in text_of(app)


def test_stop_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    app = drawn(train_steps="40")
    stop_when(monkeypatch, lambda at: at.done == 18)
    press(app, "Train")
    assert "Stopped after 16 of 40 steps. This is the best so far." in text_of(app)
    assert "4 · Save" in text_of(app) and "Train again" in labels(app)


def test_stop_before_the_first_evaluation_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    app = drawn(train_steps="50")
    stop_when(monkeypatch, lambda at: True)
    press(app, "Train")
    assert "Stopped before the first evaluation: there is nothing to keep." in text_of(app)
    assert "4 · Save" not in text_of(app)


def test_stop_while_drawing_keeps_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(**SMALL | {"steps": "6"})
    stop_when(monkeypatch, lambda at: at.done == 14)  # in the third batch of six steps
    press(app, "Draw 256 images")
    assert "Stopped: 128 of 256 images are drawn and kept." in text_of(app)
    steps: list[int] = []
    stop_when(monkeypatch, lambda at: bool(steps.append(at.done)))
    press(app, "Go on")
    assert "256 images are drawn." in text_of(app)
    assert steps[:3] == [6, 12, 13]  # two batches as a whole, then the third


def test_a_trained_surrogate_is_saved_and_leads_on(
    made: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = press(trained(), "Save")
    assert load_surrogate("runs/surrogates/ideal-6-of-6").fingerprint == made.fingerprint
    assert f"Saved in {tmp_path}/runs/surrogates/ideal-6-of-6" in text_of(app)
    press(app, "Steer with it on Extract")
    assert "What has this model memorised?" in text_of(app) and not app.exception and not app.error
    assert app.query_params["surrogate"] == "runs/surrogates/ideal-6-of-6"
    assert app.query_params["model"] == "ideal"


@pytest.mark.parametrize(
    ("folder", "sentence"), [("", "No folder is named"), ("taken", "holds something else already"), ("x" * 999, "x")]
)
def test_a_folder_that_will_not_do_gets_a_sentence(
    folder: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "card.json").write_text("{}")
    app = trained()
    app.text_input[-1].set_value(folder)
    press(app, "Save")
    assert not app.exception and sentence in app.error[0].value
    assert (tmp_path / "taken" / "card.json").read_text() == "{}"


def test_a_public_app_offers_a_download_alone(made: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    app = trained()
    assert not app.exception and "Save" not in labels(app) and not app.text_input
    assert len(app.get("download_button")) == 1
    zipfile.ZipFile(io.BytesIO(saving.zipped(made, "mine"))).extractall(tmp_path)
    monkeypatch.delenv("SIDE_PUBLIC")
    assert load_surrogate(str(tmp_path / "mine")).fingerprint == made.fingerprint


def test_loading_shows_the_card_and_whether_it_fits(saved: Path) -> None:
    app = opened(of="ideal", way="Load", load=str(saved))
    text = text_of(app)
    assert not app.exception and not app.error
    for part in ("Fits the chosen model yes", "Made of ideal", "6 of 6 kept", "labels: cross-entropy", "parameters"):
        assert part in text
    assert "Best used with λ = " in text and "Steer with it on Extract" in labels(app)
    assert html_of(app).count('class="kept"') == 6


def test_a_surrogate_of_another_model_does_not_lead_on(saved: Path) -> None:
    app = opened(of="pixel-faces", way="Load", load=str(saved))
    assert "The surrogate was made of another model (ideal" in text_of(app)
    assert "Fits the chosen model no" in text_of(app) and "Steer with it on Extract" not in labels(app)


@pytest.mark.parametrize("way", ["Load", "Compare two"])
def test_without_any_surrogate_it_asks_for_one(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(saving, "SURROGATES", {})
    app = opened(of="ideal", way=way)
    assert not app.exception and "Name the folder of a surrogate" in text_of(app)


@pytest.mark.parametrize("levels", [None, [], [{"timestep": 0}], [{"timestep": 0, "right": 3, "count": 2}], "many"])
def test_a_card_without_its_figures_gets_a_sentence(saved: Path, levels: object) -> None:
    card = json.loads((saved / "card.json").read_text())
    (saved / "card.json").write_text(json.dumps(card | {"training": {"levels": levels, "chance": 0.1}}))
    app = opened(of="ideal", way="Load", load=str(saved))
    assert not app.exception and "does not say how well it does" in app.error[0].value


def test_two_are_compared_by_curves_results_and_settings(saved: Path) -> None:
    other = saved.with_name("second")
    shutil.copytree(saved, other)
    card = json.loads((other / "card.json").read_text())
    card["settings"]["train_steps"] = 77
    (other / "card.json").write_text(json.dumps(card))
    app = opened(of="ideal", way="Compare two", one=str(saved), other=str(other))
    assert not app.exception and not app.error
    rows = {
        unescaped(row[0]): [unescaped(cell) for cell in row[1:]] for row in app.table[0].value.itertuples(index=False)
    }
    assert rows["Setting: Training steps, at most"] == ["20", "77"]
    assert len([what for what in rows if what.startswith("Setting")]) == 1
    assert all("6 of 6 kept" in cell for cell in rows["Clusters"])


def test_comparing_one_with_itself_gets_a_sentence(saved: Path) -> None:
    app = opened(of="ideal", way="Compare two", one=str(saved), other=str(saved))
    assert "choose two different surrogates" in app.error[0].value
