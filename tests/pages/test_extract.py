"""The Extract page, through the router, without a browser."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages._parts.extract import results
from pages._parts.inputs.controls import OF_MODEL
from pages._parts.show.headline import beating_in_words
from pages._parts.surrogate import saving
from side_core.data.source import open_training_set
from side_core.extraction.effect import effect_of
from side_core.extraction.run import Extraction, extract
from side_core.extraction.subject import open_subject, references_of
from side_core.progress import finish
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from side_core.stats.rate import Rate
from tests.pages.app import opened, pairs_of, parts_of, text_of, unescaped
from tests.similarity.altered import photographs


def extracted(**settings: object) -> Extraction:
    """What the library draws."""
    read = ExtractSettings.read(settings)
    subject = open_subject(read)
    *_, result = extract(read, subject, finish(references_of(read, subject)), MemoryStore())
    return result


@pytest.fixture(scope="module")
def ideal() -> AppTest:
    return opened(model="ideal")


def test_first_visit_shows_pairs_headline_control_and_interval_without_a_click(ideal: AppTest) -> None:
    assert not ideal.exception and not ideal.error
    assert "All of these 16 look copied; by chance we would expect none." in text_of(ideal)
    assert "16 of 16 pictures beat the threshold d₁/d₂ < 0.33" in text_of(ideal)
    assert [metric.label for metric in ideal.metric][:2] == [
        "Against the training images",
        "Same pictures against the control",
    ]
    assert "16 of 16; 95 % interval 80.6 to 100.0 %" in text_of(ideal)
    assert len(pairs_of(ideal)) == 16


def test_every_setting_of_the_page_is_named_by_its_field(ideal: AppTest) -> None:
    keys = {widget.key for kind in ("slider", "selectbox", "number_input") for widget in ideal.get(kind)}
    shown = {key.split("_ratio")[0] for key in keys if key}
    assert shown - {"threshold_by"} <= set(ExtractSettings.model_fields)
    assert {
        "count",
        "steps",
        "spacing",
        "first_timestep",
        "last_timestep",
        "eta",
        "seed",
        "score",
        "threshold",
    } <= shown


def test_moving_a_slider_redraws_without_a_click() -> None:
    app = opened(model="ideal")
    app.slider(key="count").set_value(5).run()
    assert "5 of 5 pictures" in text_of(app)


def test_threshold_of_zero_lets_nothing_pass(ideal: AppTest) -> None:
    app = opened(model="ideal", threshold_ratio="0")
    assert "0 of 16 pictures beat the threshold" in text_of(app)


def test_page_draws_what_the_library_draws() -> None:
    app = opened(model="ideal", count="3", seed="40", spacing="karras", steps="12")
    result = extracted(model="ideal", count=3, seed=40, spacing="karras", steps=12)
    names, scores = result.match.names, result.match.training.scores.ratio
    assert pairs_of(app) == [f"d₁/d₂ {score:.2f} · seed {name}" for name, score in zip(names, scores, strict=True)]
    best = int(result.match.order("ratio")[0])
    (large,) = parts_of(app, "pair")
    assert large["card"]["drawn"]["below"] == f"drawn by the model, seed {names[best]}"


def test_spacing_and_clip_are_the_model_s_own_until_something_is_chosen() -> None:
    app = opened(model="pixel-faces", count="2", steps="5", surrogate="none")
    spacing, clip = app.selectbox(key="spacing"), app.selectbox(key="clip")
    even = "Even, from the image on"
    assert (spacing.value, spacing.options[:2]) == (OF_MODEL, [f"The model's own: {even}", even])
    assert (clip.value, clip.options[:2]) == (OF_MODEL, ["The model's own: The estimate", "Never"])
    own = pairs_of(app)
    spacing.set_value("leading").run()
    assert not app.exception and not app.warning and pairs_of(app) == own
    app.selectbox(key="spacing").set_value("karras").run()
    assert pairs_of(app) != own
    app.selectbox(key="spacing").set_value(OF_MODEL).run()
    assert pairs_of(app) == own


def test_the_model_s_own_sampling_is_shown_and_what_is_not_followed_is_said(
    make_pipeline: Callable[..., Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(make_pipeline(timestep_spacing="trailing", clip_sample=False), tmp_path / "own")
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"")
    app = opened(model=str(folder), data="pixel-faces[0:60]", control="pixel-faces[60:120]", count="2", steps="3")
    assert not app.exception and not app.error
    assert app.selectbox(key="spacing").options[0] == "The model's own: Even, from pure noise on"
    assert app.selectbox(key="clip").options[0] == "The model's own: Never"
    assert "The LoRA 'pytorch_lora_weights.safetensors' in the model's folder is not applied" in text_of(app)
    app.selectbox(key="model").set_value("ideal").run()
    assert (app.selectbox(key="spacing").value, app.error) == (OF_MODEL, [])
    assert "LoRA" not in text_of(app)


def test_choosing_a_pair_shows_it_in_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(model="ideal", count="4")
    assert "Its ten nearest training images" not in text_of(app)
    real = results.show_gallery
    monkeypatch.setattr(results, "show_gallery", lambda *about: real(*about) or "2")  # as a click does
    app.run()
    assert not app.exception and "Its ten nearest training images" in text_of(app)
    assert "drawn by the model, seed 2" in text_of(app)


def test_the_figures_are_shown_to_who_asks_how_sure_it_is() -> None:
    app = opened(model="ideal", count="4", sure=False)
    assert "All of these 4 look copied" in text_of(app) and not app.metric and not app.get("plotly_chart")
    app.button(key="how-sure").click().run()
    assert app.metric and app.get("plotly_chart") and "95 % interval" in text_of(app)
    app.button(key="how-sure").click().run()
    assert not app.metric


def test_more_than_a_page_of_pairs_comes_nearest_first() -> None:
    app, result = opened(count="20", surrogate="none"), extracted(count=20, mode="fast")
    order = result.match.order("ratio")[:16]
    assert [pair.partition("seed ")[2] for pair in pairs_of(app)] == [result.match.names[place] for place in order]


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"steps": "9999"}, "The link asks for Steps = '9999', not 1 to 250: 250 is used."),
        ({"eta": "much"}, "The link asks for Noise added back (eta) = 'much', not 0 to 1: 0 is used."),
        ({"spacing": "foo"}, "The link asks for Spacing = 'foo', not one of leading"),
    ],
)
def test_a_link_out_of_bounds_says_what_is_used_instead(link: dict[str, str], sentence: str) -> None:
    app = opened(model="ideal", count="2", **link)
    assert any(sentence in warning.value for warning in app.warning)
    assert "2 of 2 pictures" in text_of(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"last_timestep": "600", "first_timestep": "500"}, "Last timestep 600 does not come after first timestep 500"),
        ({"first_timestep": "10"}, "25 steps do not fit between timesteps 10 and 0"),
        ({"eta": "0.5", "solver": "multistep"}, "The multistep solver adds no noise, but eta is 0.5"),
        ({"encoder": "dpm"}, "the ideal denoiser has none: choose encoder pixel"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_traceback(link: dict[str, str], sentence: str) -> None:
    app = opened(model="ideal", **link)
    assert not app.exception
    assert [sentence in unescaped(error.value) for error in app.error] == [True]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures somebody generated (two copies), training images and a control, with awkward names."""
    home = tmp_path_factory.mktemp("own")
    parts = {"samples": "pixel-faces[0:4]", "train": "pixel-faces[2:62]", "control": "pixel-faces[100:140]"}
    for part, source in parts.items():
        (home / part).mkdir()
        for i, image in enumerate(open_training_set(source).images):
            Image.fromarray(image).save(home / part / f"{i:02} <b>*x*_[y](z).png")
    (home / "train" / "broken.png").write_bytes(b"nothing")
    return home


def scored(own: Path, **link: str) -> AppTest:
    return opened(**{"pictures": "Score a folder"}, samples=str(own / "samples"), data=str(own / "train"), **link)


def test_a_folder_is_scored_without_a_model(own: Path) -> None:
    app = scored(own, control=str(own / "control"))
    text = text_of(app)
    assert not app.exception and not app.error
    assert "Against 40 training images, as many as the control has" in [metric.label for metric in app.metric]
    assert "generated, picture 02 <b>*x*_[y](z).png" in text
    assert pairs_of(app)[0] == "d₁/d₂ 0.00 · 02 <b>*x*_[y](z).png"


def test_without_a_control_the_page_withholds_the_headline(own: Path) -> None:
    app = scored(own)
    assert "The headline is withheld" in text_of(app) and not app.metric
    assert len(pairs_of(app)) == 4


def test_before_anything_is_named_the_page_says_what_it_needs() -> None:
    app = opened(pictures="Score a folder")
    assert "Name a folder of generated pictures and the training images" in text_of(app)
    assert not app.exception and not app.error


def test_a_wrong_folder_gets_one_sentence(own: Path) -> None:
    app = opened(pictures="Score a folder", samples="/no/such/*folder*", data=str(own / "train"))
    assert not app.exception
    assert "There is no data source '/no/such/*folder*'" in unescaped(app.error[0].value)


def test_another_control_of_a_built_in_model_is_named_in_the_sidebar() -> None:
    app = opened(model="ideal", count="2", control="pixel-faces[5000:5500]")
    assert "Against 499 training images, as many as the control has" in [metric.label for metric in app.metric]
    notes = "".join(item.proto.body for item in app.get("html"))
    assert "1 control image is a near-duplicate of another and counts as one with it." in notes


def test_a_control_rate_can_take_the_thresholds_place() -> None:
    app = opened(model="ideal", count="2", threshold_by="control rate", control_percent="1.0")
    assert not app.exception and "stands for a control rate of 0.85 % (35 of 4,096" in text_of(app)


def test_mirrored_copies_are_found_where_they_are_looked_for(tmp_path: Path) -> None:
    images = photographs(100, 0, 20)
    for part, chosen in (("samples", images[:4, :, ::-1]), ("train", images[:50]), ("control", images[50:])):
        (tmp_path / part).mkdir()
        for i, image in enumerate(chosen):
            Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / part / f"{i:02}.png")
    link = {"samples": "samples", "data": "train", "control": "control"}
    app = opened(pictures="Score a folder", **{name: str(tmp_path / part) for name, part in link.items()})
    assert "0 of 4 pictures beat the threshold" in text_of(app)
    app = app.checkbox(key="mirror").check().run()
    text = text_of(app)
    assert not app.exception and "4 of 4 pictures beat the threshold" in text and "an exact copy, mirrored" in text
    app = app.slider(key="align").set_value(1).run()
    assert not app.exception and "36 views of each picture" in text_of(app)


def test_the_threshold_that_the_control_sets_stands_beside_the_published_one(ideal: AppTest) -> None:
    text = text_of(ideal)
    assert re.search(r"Where the control sets the threshold \(0\.5 %\), d₁/d₂ < 0\.\d+: 16 of 16", text)
    assert re.search(r"; control \d of 16 \(", text)
    other = text_of(opened(model="ideal", count="2", threshold_by="control rate", control_percent="1.0"))
    assert "As published, d₁/d₂ < 0.33: 2 of 2" in other


def test_other_images_than_the_card_names_are_warned_of() -> None:
    app = opened(model="ideal", count="2", data="pixel-faces[4000:4060]", control="pixel-faces[2000:2060]")
    assert not app.exception
    (warning,) = [unescaped(item.value) for item in app.warning if "card" in item.value]
    assert "'ideal' says that it was trained on 'pixel-faces[0:1000]'" in warning


def test_a_threshold_that_the_control_beats_as_often_has_no_headline(ideal: AppTest) -> None:
    app = opened(model="pixel-faces-twin", count="4", data="pixel-faces[0:60]", threshold_ratio="1.0")
    text = text_of(app)
    assert "The headline is withheld: 4 of 4 pictures beat" in text and "Choose a stricter threshold" in text
    assert "beat the threshold" not in "".join(item.value for item in app.subheader)


@pytest.fixture(scope="module")
def surrogate(make_surrogate: Callable[..., Path]) -> str:
    """Made of the ideal model, with clusters 0, 2 and 3 of four."""
    return str(make_surrogate())


@pytest.fixture(scope="module")
def steered(surrogate: str) -> AppTest:
    return opened(model="ideal", count="5", surrogate=surrogate)


def test_steered_pictures_stand_beside_plain_ones_as_the_library_draws_them(steered: AppTest, surrogate: str) -> None:
    result = extracted(model="ideal", count=5, surrogate=surrogate)
    assert not steered.exception and not steered.error
    found, plain = (part.training.scores.ratio for part in (result.match, result.plain))
    values = zip(found, plain, result.match.names, strict=True)
    assert pairs_of(steered) == [f"d₁/d₂ {a:.2f} · seed {name} · plain {b:.2f}" for a, b, name in values]
    text, effect = text_of(steered), effect_of(result)
    assert effect is not None
    counts = f"{effect.guided.training.beat} of 5 steered pictures beat the threshold d₁/d₂ < 0.333; plain: 5 of 5"
    assert counts in text
    assert f"**{effect.different.value:.0f}** different training images came back with the surrogate, **5**" in text
    values = [metric.value for metric in steered.metric]
    assert [metric.label for metric in steered.metric] == ["steered", "plain"] * 3
    assert values[1] == "100.0 %" and values[3] == "0.0 %" and values[5] == "5"
    assert "λ 20 from t = 900 to 0, constant, label balanced" in text and "surrogate " in text


def test_a_steered_pair_tells_its_cluster_and_its_plain_twin(
    steered: AppTest, surrogate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = results.show_gallery
    for seed, cluster in enumerate((0, 2, 3, 0, 2)):  # each kept one in turn
        monkeypatch.setattr(results, "show_gallery", lambda *about, seed=seed: real(*about) or str(seed))
        app = opened(model="ideal", count=5, surrogate=surrogate)
        assert f"**Steered to cluster {cluster}**" in text_of(app) and "Plain, the same seed is at" in text_of(app)


def test_every_setting_of_steering_is_named_by_its_field(steered: AppTest) -> None:
    keys = {w.key for kind in ("slider", "selectbox", "number_input", "checkbox") for w in steered.get(kind)}
    assert {"surrogate", "guidance_scale", "guide_from", "guide_to", "guidance_shape", "label", "compare_plain"} <= keys
    assert "foreign_surrogate" not in keys
    assert {key.split("_ratio")[0] for key in keys if key} - {"threshold_by"} <= set(ExtractSettings.model_fields)


def test_lambda_of_zero_shows_exactly_the_plain_pictures(surrogate: str) -> None:
    app = opened(model="ideal", count="4", surrogate=surrogate, guidance_scale="0")
    assert pairs_of(app) == pairs_of(opened(model="ideal", count="4"))
    assert "At λ = 0 the model draws by itself" in text_of(app)
    app.slider(key="guidance_scale").set_value(0.5).run()
    assert "4 steered pictures" in text_of(app) and not app.exception


def test_without_the_comparison_steered_pictures_stand_alone(surrogate: str) -> None:
    app = opened(model="ideal", count="2", surrogate=surrogate, compare_plain="false")
    assert not app.exception and " of 2 steered pictures beat the threshold" in text_of(app)
    assert "plain" not in "".join(pairs_of(app)) and len(pairs_of(app)) == 2


def test_a_cluster_is_chosen_by_its_pictures(surrogate: str) -> None:
    app = opened(model="ideal", count="2", surrogate=surrogate)
    next(button for button in app.button if button.label == "Choose by pictures").click().run()
    offered = [button.label for button in app.button if str(button.key).startswith("cluster-")]
    assert offered == ["**2** · cohesion 0.90", "**0** · cohesion 0.80", "**3** · cohesion 0.70"]
    app.session_state["picked_cluster"] = 3  # as a click does, which reruns the dialog alone
    app.run()
    assert app.selectbox(key="label").value == "3"
    assert not app.exception


def test_another_surrogate_begins_with_its_own_card(
    surrogate: str, make_surrogate: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "HOME", Path(surrogate).parent)  # so that the list offers both
    other = str(make_surrogate(guidance={"guidance_scale": 12.5, "guide_to": 300}, clusters={"kept": [0, 3]}))
    app = opened(model="ideal", count="2", surrogate=surrogate, guidance_scale="7", label="2")
    assert app.slider(key="guidance_scale").value == 7
    app.selectbox(key="surrogate").select(other).run()
    assert not app.warning and not app.error
    assert [app.slider(key=key).value for key in ("guidance_scale", "guide_from", "guide_to")] == [12.5, 900, 300]
    assert app.selectbox(key="label").value == "balanced"


def test_choosing_another_model_brings_its_own_surrogate_or_none() -> None:
    """Without a word, and never the surrogate of the model before."""
    app = opened(count="2", steps="20")
    expected = {"pixel-faces-twin": "pixel-faces-twin", "ideal": "none", "pixel-faces": "pixel-faces"}
    for model, surrogate in expected.items():
        app.selectbox(key="model").set_value(model).run()
        assert not app.exception and not app.error and not app.warning
        assert app.selectbox(key="surrogate").value == surrogate
        assert len(pairs_of(app)) == 2


def test_a_surrogate_of_another_model_must_be_allowed(make_surrogate: Callable[..., Path]) -> None:
    folder = make_surrogate(model={"name": "some other", "fingerprint": "0123456789abcdef"})
    app = opened(model="ideal", count="2", surrogate=str(folder))
    assert "was made of another model (some other, 0123456789ab;" in unescaped(app.error[0].value)
    assert "or allow a foreign surrogate" in app.error[0].value and not pairs_of(app)
    app.checkbox(key="foreign_surrogate").check().run()
    assert not app.error and len(pairs_of(app)) == 2


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"surrogate": str(Path(__file__).parent)}, "card.json' cannot be read as JSON"),
        ({"guide_from": "100", "guide_to": "500"}, "The guidance window from 100 to 500 is empty"),
    ],
)
def test_a_mistake_in_steering_leaves_the_sidebar_usable(link: dict[str, str], sentence: str, surrogate: str) -> None:
    app = opened(**{"model": "ideal", "count": "2", "surrogate": surrogate} | link)
    assert not app.exception
    assert [sentence in unescaped(error.value) for error in app.error] == [True]
    assert {"count", "steps", "eta"} <= {slider.key for slider in app.slider}
    app.selectbox(key="surrogate").select("none").run()
    assert not app.error and "2 of 2 pictures beat the threshold" in text_of(app)


def test_without_the_surrogate_of_the_link_the_page_goes_on_and_says_so() -> None:
    app = opened(model="ideal", count="2", surrogate="/no/such/*folder*", guidance_scale="20")
    assert not app.exception and not app.error
    assert ["There is no surrogate '/no/such/*folder*'" in unescaped(item.value) for item in app.warning] == [True]
    assert app.selectbox(key="surrogate").value == "none" and "2 of 2 pictures beat the threshold" in text_of(app)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            {"label": "1"},
            "The link asks for Label = '1', not uniform, balanced or one that there is: balanced is used.",
        ),
        ({"guidance_scale": "80"}, "The link asks for Guidance scale λ = '80', not 0 to 50: 50 is used."),
        ({"guide_from": "10", "guide_to": "5"}, "No step of the schedule lies between timesteps 10 and 5"),
    ],
)
def test_what_a_link_cannot_steer_is_said(link: dict[str, str], sentence: str, surrogate: str) -> None:
    app = opened(model="ideal", count="2", surrogate=surrogate, **link)
    assert not app.exception and len(pairs_of(app)) == 2
    assert [sentence in unescaped(warning.value) for warning in app.warning] == [True]


def test_a_surrogate_of_another_size_is_refused(make_surrogate: Callable[..., Path]) -> None:
    app = opened(model="ideal", count="2", surrogate=str(make_surrogate(network={"shape": [3, 8, 8]})))
    assert not app.exception
    assert "The surrogate works on 3 x 8 x 8, the model on 3 x 16 x 16" in unescaped(app.error[0].value)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (Rate(1, 1, 0.2, 1.0), "1 of 1 picture beats the threshold d < 1"),
        (Rate(1, 16, 0.0, 0.3), "1 of 16 pictures beat the threshold d < 1"),
    ],
)
def test_one_picture_is_said_as_one(rate: Rate, words: str) -> None:
    assert beating_in_words(rate, "picture", "d < 1") == words
