"""Detectors on prompts whose memorisation was planted: they find it, with the figures it was planted with."""

import json
from pathlib import Path

import numpy as np
import pytest

from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.data.names import FAMILY, GIVEN, TEMPLATE_FAMILY
from side_core.progress import finish
from side_core.prompts.detector_report import evaluation_json, markdown, scores_csv, write_evaluation
from side_core.prompts.evaluation import DetectorEvaluation, Stage, evaluate
from side_core.prompts.groups import Group, Groups, captioned_groups, groups_for
from side_core.settings import DETECTORS, DetectorSettings
from tests.prompts.planted import Planted


def pulled(name: str, pulls: np.ndarray) -> Group:
    return Group(name, f"prompts named {name}", tuple(f"pull {pull:.4f}" for pull in pulls))


@pytest.fixture(scope="module")
def groups() -> Groups:
    random = np.random.default_rng(0)
    return Groups(
        pulled("many", np.r_[random.normal(6, 0.3, 29), 0.1]),  # one that left no trace
        pulled("held-out", random.uniform(0.5, 1, 200)),
        pulled("once", random.uniform(0.8, 1.3, 120)),
        (pulled("some", random.uniform(0.9, 3, 15)),),
    )


@pytest.fixture(scope="module")
def evaluation(groups: Groups) -> DetectorEvaluation:
    settings = DetectorSettings(steps=5, detectors=DETECTORS, detector_prompts=40, detector_images=2, text_scale=8)
    return finish(evaluate(Planted(curved=True), groups, settings))


def test_the_planted_ones_are_found_and_the_one_without_a_trace_is_not(evaluation: DetectorEvaluation) -> None:
    found = evaluation.by_name("text-norm")
    assert found is not None
    assert found.held_out.auc.value == pytest.approx(29 / 30, abs=0.002)
    assert found.held_out.tpr.value == pytest.approx(29 / 30) and found.held_out.found.beat == 29
    assert found.held_out.alarms.beat == 1 and found.held_out.alarms.count == 200  # strictly below 1 %
    assert found.training is not None and found.training.auc.value == pytest.approx(29 / 30, abs=0.002)
    assert found.training.alarms.count == 120
    assert found.calibrated.threshold.chosen_on == 100 and found.calibrated.threshold.alarms.count == 100
    assert found.calibrated.found.beat == 29
    assert [row.group.name for row in found.groups] == ["many", "held-out", "once", "some"]
    assert found.groups[1].against is None
    assert 0.4 < found.groups[2].against.auc.value < 1 and found.groups[2].against.auc.value < found.held_out.auc.value
    assert (found.images, found.steps) == (1, 1)
    assert 0 < found.seconds_per_prompt < 1


def test_slow_detectors_see_fewer_prompts_and_more_pictures(evaluation: DetectorEvaluation) -> None:
    for name in DETECTORS[1:]:
        item = evaluation.by_name(name)
        assert item is not None and item.images == 2
        assert [len(row.scores) for row in item.groups] == [30, 40, 40]
        assert item.steps == (1 if name in ("sharpness", "layer-entropy") else 5)
    sharp = evaluation.by_name("sharpness")
    assert sharp is not None and sharp.held_out.auc.value == pytest.approx(29 / 30, abs=0.002)


def test_no_two_prompts_start_from_the_same_noise(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noted(denoiser, names, prompts, settings, seeds):  # type: ignore[no-untyped-def]
        seen.extend(seeds.flatten().tolist())
        yield Stage("", 1, 1)
        return {name: np.arange(len(prompts), dtype=float) for name in names}

    monkeypatch.setattr("side_core.prompts.evaluation.scores_of", noted)
    finish(evaluate(Planted(), groups, DetectorSettings(score_images=3, seed=5)))
    assert len(seen) == len(set(seen)) == 3 * (30 + 200 + 120 + 15)


def test_what_the_caller_does_meanwhile_is_not_the_detectors_time(groups: Groups) -> None:
    import time

    work = evaluate(Planted(), groups, DetectorSettings(steps=5, batch_size=400))
    found = finish(work, lambda event: time.sleep(0.05))
    assert found.detectors[0].seconds_per_prompt * 365 < 0.15


def test_json_has_plain_figures_on_top_and_says_nothing_that_is_none(evaluation: DetectorEvaluation) -> None:
    found = json.loads(json.dumps(evaluation_json(evaluation), allow_nan=False))
    assert found["detector"] == "text-norm"
    for part in (found, found["against_training_captions"], *found["detectors"].values()):
        assert part["auc_interval"][0] <= part["auc"] <= part["auc_interval"][1]
        assert part["tpr_at_1_fpr_interval"][0] <= part["tpr_at_1_fpr"] <= part["tpr_at_1_fpr_interval"][1]
        assert part["found"]["count"] == 30 and part["false_positives"]["share"] < 0.01
    assert found["auc"] == found["detectors"]["text-norm"]["auc"]
    assert found["seconds_per_prompt"] > 0
    assert found["model"]["fingerprint"] == "planted"
    assert found["settings"]["text_scale"] == 8 and found["settings"]["first_steps"] == 1
    assert found["detectors"]["tiles"]["higher_is_memorised"] is False
    assert found["detectors"]["text-norm"]["groups"]["held-out"]["count"] == 200


def test_tables(evaluation: DetectorEvaluation, tmp_path: Path) -> None:
    text = markdown(evaluation)
    assert text.count("\n| ") == 1 + len(DETECTORS) - 1 + 1 + 4 + 0
    assert "29 of 30" in text and "TPR@1%FPR" in text
    rows = scores_csv(evaluation).splitlines()
    assert rows[0] == "detector,group,prompt,score"
    assert len(rows) == 1 + 365 + (len(DETECTORS) - 1) * 110
    write_evaluation(evaluation, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["detectors.json", "detectors.md", "scores.csv"]


def test_the_embedded_models_groups_are_what_they_say() -> None:
    held = held_out_captions()
    groups = captioned_groups(held, 500)
    faces = captioned_faces()
    pairs, known = {(face.given, face.family) for face in faces}, {face.caption for face in faces}
    assert len(groups.memorised.prompts) == 60 and len(groups.held_out.prompts) == 500
    assert groups.training is not None and len(groups.training.prompts) == 500
    assert all(face.repeats >= 100 for face in faces if face.caption in groups.memorised.prompts)
    assert set(groups.training.prompts) <= known and not set(groups.held_out.prompts) & known
    words = {word.strip(",") for caption in known for word in caption.split()}
    assert {word.strip(",") for prompt in groups.held_out.prompts for word in prompt.split()} <= words
    some, template, new = groups.others
    assert (len(some.prompts), len(template.prompts), len(new.prompts)) == (60, 500, 200)
    assert not set(new.names) & pairs and not set(new.prompts) & known
    assert {family for _, family in new.names} == set(TEMPLATE_FAMILY)
    for group in (groups.memorised, some, template, new):
        for prompt, (given, family) in zip(group.prompts, group.names, strict=True):
            assert prompt.startswith(f"portrait of {given} {family}, ")
            assert given in GIVEN and family in (*FAMILY, *TEMPLATE_FAMILY)


def test_given_prompts_take_the_place_of_the_models_own(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"data": {"source": "captioned-faces"}}')
    (tmp_path / "p.txt").write_text("a\nb\nc\n")
    own = groups_for(str(tmp_path), (), None, None, 20)
    assert len(own.held_out.prompts) == len(own.training.prompts) == 20 and len(own.others) == 3
    mixed = groups_for(str(tmp_path), ("x",), None, tmp_path / "p.txt", 20)
    assert mixed.memorised.prompts == ("x",) and mixed.held_out == own.held_out and mixed.others == ()
    assert mixed.training.prompts == ("a", "b", "c")
    foreign = groups_for("pixel-faces", ("x",), tmp_path / "p.txt", None, 2)
    assert foreign.held_out.prompts == ("a", "b") and foreign.training is None


def test_a_prompt_is_in_one_group_only(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("a\nb\n")
    (tmp_path / "t.txt").write_text("x\ny\n")
    found = groups_for("pixel-faces", ("x",), tmp_path / "p.txt", tmp_path / "t.txt", 20)
    assert found.training.prompts == ("y",)
    with pytest.raises(ValueError, match="'b' stands among the memorised and among the held-out prompts: take it out"):
        groups_for("pixel-faces", ("b",), tmp_path / "p.txt", None, 20)


@pytest.mark.parametrize(
    ("prompts", "control", "sentence"),
    [
        ((), "p.txt", "It is not known which prompts 'pixel-faces' has memorised: give some."),
        (("x",), None, "'pixel-faces' has no held-out prompts of its own: give some."),
    ],
)
def test_what_is_not_known_must_be_given(
    tmp_path: Path, prompts: tuple[str, ...], control: str | None, sentence: str
) -> None:
    (tmp_path / "p.txt").write_text("a\nb\n")
    with pytest.raises(ValueError) as error:
        groups_for("pixel-faces", prompts, control and tmp_path / control, None, 20)
    assert sentence in str(error.value)


def test_more_held_out_prompts_than_there_are_is_refused() -> None:
    with pytest.raises(
        ValueError, match="held-out-count cannot be 501: there are 500 such captions, choose 500 or less"
    ):
        captioned_groups(held_out_captions(), 501)
