"""What a person concludes of altered copies, doubled training pictures, controls that are none: known beforehand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.extraction.effect import Effect
from side_core.extraction.headline import second_figure
from side_core.extraction.matching import Match, match
from side_core.extraction.metrics import Band, band_metrics
from side_core.extraction.mismatch import mismatch
from side_core.extraction.references import References, make_references
from side_core.extraction.returned import returned
from side_core.extraction.run import Extraction
from side_core.extraction.subject import ImageSets, contradiction
from side_core.extraction.summary import run_summary
from side_core.extraction.tables import samples_csv, training_csv
from side_core.progress import finish
from side_core.settings import MatchSettings, ScoreSettings
from side_core.similarity.encoder import open_encoder
from side_core.similarity.scores import SCORES
from tests.similarity.altered import brighter, cropped, jpeg, photographs, set_of, shifted

EACH = 40


def references(data: TrainingSet, control: TrainingSet | None, mirror: bool = False, align: int = 0) -> References:
    return finish(make_references(data, control, open_encoder("pixel", None, None), mirror, align))


def named(images: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, range(len(images))))


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    """400 pictures; the last 40 are stored a second time, as JPEG."""
    images = photographs(400, 0)
    return set_of(np.concatenate([images, np.stack([jpeg(image, 92) for image in images[-EACH:]])]), "training")


@pytest.fixture(scope="module")
def control() -> TrainingSet:
    return set_of(photographs(400, 1), "control")


@pytest.fixture(scope="module")
def samples(training: TrainingSet) -> dict[str, np.ndarray]:
    """Altered copies, each kind of other training pictures, and pictures that nobody saw."""
    random = np.random.default_rng(2)
    kinds = {
        "exact": lambda image: image,
        "jpeg": lambda image: jpeg(brighter(image), 60),
        "mirrored": lambda image: image[:, ::-1],
        "shifted": lambda image: shifted(image, *random.permutation([2, int(random.integers(-2, 3))])),
        "cropped": lambda image: cropped(image, *random.integers(0, 5, 2), 28),
        "doubled": lambda image: jpeg(image, 95),
    }
    found = {}
    for number, (kind, alter) in enumerate(kinds.items()):
        start = 400 - EACH if kind == "doubled" else number * EACH
        found[kind] = np.stack([alter(image) for image in training.images[start : start + EACH]])
    return found | {"unseen": photographs(4 * EACH, 3)}


def found_by(match: Match, samples: dict[str, np.ndarray], threshold: float) -> dict[str, float]:
    """The share of each kind that beats a threshold of d1/d2."""
    kinds = np.repeat(list(samples), [len(images) for images in samples.values()])
    hits = match.compared.scores.ratio < threshold
    return {kind: float(hits[kinds == kind].mean()) for kind in samples}


def test_copies_are_found_also_of_pictures_that_are_stored_twice(
    training: TrainingSet, control: TrainingSet, samples: dict[str, np.ndarray]
) -> None:
    found = references(training, control)
    assert any("40 of 440 training images are near-duplicates of others" in note for note in found.notes)
    assert found.training.count == found.compared.count == 400
    images = np.concatenate(list(samples.values()))
    shares = found_by(match(images, named(images), found), samples, 1 / 3)
    assert min(shares["exact"], shares["doubled"]) == 1 and shares["jpeg"] >= 0.95 and shares["unseen"] == 0
    assert shares["mirrored"] == 0  # as the page says, pixel scores do not see them


def test_mirrored_shifted_and_cropped_copies_are_found_where_they_are_looked_for(
    training: TrainingSet, control: TrainingSet, samples: dict[str, np.ndarray]
) -> None:
    found = references(training, control, mirror=True, align=2)
    images = np.concatenate(list(samples.values()))
    matched = match(images, named(images), found)
    settings = MatchSettings(control_rate=0.005)
    second = second_figure(matched, MatchSettings(), "ratio", None)
    assert second is not None and second.rate == 0.005 and second.control.share <= 0.005
    shares = found_by(matched, samples, second.threshold)
    assert shares.pop("unseen") <= 0.01 and min(shares.values()) >= 0.9, shares
    published = second_figure(matched, settings, "ratio", None)
    assert published is not None and published.rate is None and published.threshold == 1 / 3
    views = {str(matched.view(2 * EACH + place)) for place in range(EACH)}
    assert views == {"mirrored"}  # exactly so are the mirrored copies nearest


def test_what_the_control_allows_is_said_beside_what_misses_the_published_threshold(
    training: TrainingSet, control: TrainingSet, samples: dict[str, np.ndarray]
) -> None:
    images = np.concatenate([samples["exact"], samples["cropped"]])
    matched = match(images, named(images), references(training, control))
    second = second_figure(matched, MatchSettings(), "ratio", None)
    assert second is not None
    between = (matched.compared.scores.ratio < second.threshold) & (matched.compared.scores.ratio >= 1 / 3)
    assert second.missed == int(between.sum()) > 0
    assert f"{second.missed} of these have the same nearest picture and miss the threshold d₁/d₂ < 0.333" in str(second)


def test_a_group_comes_back_once_and_both_counts_are_shown(training: TrainingSet, control: TrainingSet) -> None:
    """Copies of 40 pictures and of their second versions: 40 images came back, 80 pictures."""
    images = np.concatenate([training.images[360:400], training.images[400:440]])
    matched = match(images, named(images), references(training, control))
    found = band_metrics(matched.training, "ratio", Band("copies", 1 / 3, None), None)
    assert (found.ams.beat, found.nearest.count.value, found.nearest.pictures) == (80, 40, 80)
    items = returned(matched.training, "ratio", 1 / 3)
    assert [item.times for item in items if item.times] == [2] * 40
    published = band_metrics(matched.training, "nl2", Band("copies", 1.0, None), None).published
    assert published is not None and published.count.value == 40


def test_near_copies_in_the_control_are_left_out_and_said(training: TrainingSet, control: TrainingSet) -> None:
    """Fifty training pictures that were saved again would make the control beat the threshold as often."""
    resaved = np.stack([jpeg(image, 80) for image in training.images[:50]])
    mixed = set_of(np.concatenate([control.images, resaved]), "mixed")
    found = references(training, mixed)
    assert "50 of 450 control images are near-copies of training images and left out." in found.notes
    assert found.control is not None and found.control.rows.tolist() == list(range(400))
    matched = match(resaved, named(resaved), found)
    assert matched.control is not None and not (matched.control.scores.ratio < 1 / 3).any()


def extraction_of(data: TrainingSet, control: TrainingSet | None, images: np.ndarray, **more: float) -> Extraction:
    subject, found = ImageSets(data, control), references(data, control)
    settings = ScoreSettings(samples="samples", data=data.name, **more)
    return Extraction(settings, subject, found, match(images, named(images), found), set_of(images, "samples"))


def test_no_headline_where_the_control_beats_the_threshold_as_often(
    training: TrainingSet, control: TrainingSet
) -> None:
    found = extraction_of(training, control, photographs(20, 5), threshold=1.0)
    assert found.headline() is None and found.second() is None
    why = found.withheld()
    assert why is not None and "20 of 20 pictures beat d₁/d₂ < 1 against images that the model never saw" in why
    assert "Choose a stricter threshold or a control rate." in why
    said = run_summary(found)["scores"]["ratio"]
    assert said["withheld"] == why and "training" not in said
    usual = replace(found, settings=found.settings.model_copy(update={"threshold": None}))
    assert usual.headline() is not None and usual.withheld() is None


@pytest.mark.parametrize("with_control", [True, False])
def test_pictures_far_from_everything_are_no_all_clear(
    training: TrainingSet, control: TrainingSet, with_control: bool
) -> None:
    """Faces drawn by one model, compared with another's photographs; and, as it should be, photographs with them."""
    faces = open_training_set("pixel-faces[0:60]", (32, 32)).images
    found = extraction_of(training, control if with_control else None, faces)
    (warning,) = found.warnings
    assert "no all-clear" in warning and warning in run_summary(found)["warnings"]
    assert ("every control image" in warning) == with_control
    for seed in range(5):
        assert extraction_of(training, control, photographs(16, 10 + seed)).warnings == ()
    found = extraction_of(training, control, training.images[:16])
    assert mismatch(found.match, found.references) == ()


def test_a_contradiction_to_the_card_is_said(training: TrainingSet) -> None:
    card = {"data": {"source": "my/faces", "fingerprint": "of other pictures"}}
    (sentence,) = contradiction("my/model", card, training)
    assert "'my/model' says that it was trained on 'my/faces', but it is compared with 'training'" in sentence
    assert not contradiction(
        "my/model", {"data": {"source": "elsewhere", "fingerprint": training.fingerprint}}, training
    )
    assert not contradiction("my/model", {"data": {"source": "training"}}, training) and not contradiction(
        "x", {}, training
    )


def test_tables_keep_their_columns_and_add_the_view_where_there_are_several(
    training: TrainingSet, control: TrainingSet, samples: dict[str, np.ndarray]
) -> None:
    plain = extraction_of(training, control, samples["exact"])
    header = samples_csv(plain).splitlines()[0].split(",")
    scores = ["l2", "nl2", "ratio"]
    assert header == ["sample", "name", "nearest", "second", *scores, *(f"control_{name}" for name in scores)]
    looked = references(training, control, mirror=True)
    images = samples["mirrored"]
    several = replace(plain, references=looked, match=match(images, named(images), looked))
    lines = samples_csv(several).splitlines()
    assert lines[0] == ",".join([*header, "view"]) and all(line.endswith(",mirrored") for line in lines[1:])
    columns = training_csv(plain).splitlines()[0].split(",")
    assert columns[-2:] == ["copies", "near_duplicates"]
    summary = run_summary(several)
    assert summary["views"] == ["as it is", "mirrored"]
    assert summary["data"]["near_duplicates"] == 40 and summary["data"]["searched"] == 400
    json.dumps(summary)


def test_nothing_over_nothing_is_no_ratio(training: TrainingSet, control: TrainingSet) -> None:
    found = extraction_of(training, control, photographs(8, 6))
    line = found.headline()
    assert line is not None
    from side_core.stats.bootstrap import Interval, ratio_interval

    none = np.zeros(8, bool)
    text = str(Effect(line, line, ratio_interval(none, none), Interval(0, 0, 2), Interval(0, 0, 2)))
    assert "no ratio" in text and "nan" not in text and "inf" not in text


def test_different_images_are_at_most_as_many_as_there_are_pictures(
    training: TrainingSet, control: TrainingSet
) -> None:
    """Eleven of sixteen brought back one each: not 4 to 18 of 16."""
    images = np.concatenate([training.images[:11], photographs(5, 7)])
    matched = match(images, named(images), references(training, control))
    for score in ("ratio", "nl2", "l2"):
        for band in (Band("copies", SCORES[score].threshold, None), Band("all", SCORES[score].largest + 1, None)):
            found = band_metrics(matched.compared, score, band, None)
            assert 0 <= found.nearest.count.low <= found.nearest.count.value <= found.nearest.count.high <= 16
            if found.published is not None:
                assert found.published.count.high <= 400
