"""A steered extraction beside its plain twin: what is drawn, what is lost, what changed."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

from side_core.data.source import open_training_set
from side_core.data.training_set import TrainingSet
from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction.effect import effect_of
from side_core.extraction.references import References
from side_core.extraction.run import Drawn, Extraction, extract, score_images
from side_core.extraction.subject import Subject, references_of, sample_sets
from side_core.progress import finish
from side_core.sampling.guidance import Guidance
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from side_core.surrogate.strength import Strength
from tests.pictures import kept

SETTINGS = ExtractSettings(model="ideal", surrogate="some", count=6, steps=8, batch_size=4)


@dataclass(frozen=True)
class Pusher:
    """A steering that pushes every image by a number of its own; the real one is tested where it lives."""

    push: dict[int, float]
    strength: Strength = field(default_factory=lambda: Strength(1.0, 999, 0))
    digest: str = "pusher"

    def guide(self, seeds) -> Guidance:  # type: ignore[no-untyped-def]
        amounts = torch.tensor([self.push.get(seed, 0.0) for seed in seeds]).view(-1, 1, 1, 1)
        return lambda x, t: amounts.expand_as(x)


@pytest.fixture
def subject(ideal: IdealDenoiser, faces: TrainingSet) -> Subject:
    return Subject(faces, open_training_set("pixel-faces[100:160]"), ideal)


@pytest.fixture
def references(subject: Subject) -> References:
    return finish(references_of(SETTINGS, subject))


def run(subject: Subject, references: References, push: dict[int, float], **changes: object) -> Extraction:
    steered = replace(subject, steering=Pusher(push))  # type: ignore[arg-type]
    *_, last = extract(SETTINGS.model_copy(update=changes), steered, references, MemoryStore())
    assert isinstance(last, Extraction)
    return last


def test_the_same_seeds_are_drawn_with_and_without(subject: Subject, references: References) -> None:
    found = run(subject, references, {2: 3.0})
    assert found.plain is not None
    assert found.match.names == found.plain.names == tuple("012345")
    same = (found.match.images == found.plain.images).all(axis=(1, 2, 3))
    assert same.tolist() == [True, True, False, True, True, True]  # only the one that was pushed


def test_without_comparison_nothing_plain_is_drawn(subject: Subject, references: References) -> None:
    found = run(subject, references, {2: 3.0}, compare_plain=False)
    assert found.plain is None and effect_of(found) is None


def test_lost_images_are_told_and_the_others_are_none_the_worse(subject: Subject, references: References) -> None:
    found = run(subject, references, {1: float("inf"), 4: float("nan")})
    assert found.match.names == ("0", "2", "3", "5")
    assert found.plain is not None and np.array_equal(found.match.images, found.plain.images[[0, 2, 3, 5]])
    (note,) = [note for note in found.notes if "too strong" in note]
    assert note.startswith("Guidance was too strong for 2 images, which were lost to NaN or infinity and are left out:")
    assert "seed 1 at step 1, seed 4 at step 1" in note
    effect = effect_of(found)
    assert effect is not None and effect.guided.training.count == 4 and effect.plain.training.count == 6
    assert effect.ratio.value == 1.0  # over the seeds that both have


def test_where_every_image_is_lost_there_is_nothing_to_score(subject: Subject, references: References) -> None:
    with pytest.raises(ValueError, match=r"^No image is left to score \(seed 0 at step 1\): lower the guidance scale"):
        run(subject, references, {seed: float("nan") for seed in range(6)})


def test_finished_pictures_of_both_kinds_are_not_drawn_again(subject: Subject, references: References) -> None:
    steered = replace(subject, steering=Pusher({0: 1.0}))  # type: ignore[arg-type]
    images, store = subject.data.images, MemoryStore()
    for samples, count in zip(sample_sets(SETTINGS, steered), (5, 2), strict=True):
        store.put(samples.key, kept(images[:count]))
    *drawings, last = extract(SETTINGS, steered, references, store)
    seen = {(seed, drawing.steered) for drawing in drawings for seed in drawing.seeds}
    assert seen == {(5, True), *((seed, False) for seed in (2, 3, 4, 5))}
    assert isinstance(last, Extraction) and np.array_equal(last.match.images[:5], images[:5])


def test_the_effect_counts_by_one_threshold_for_both(subject: Subject, references: References) -> None:
    """Guided: six copies of six images. Plain: two copies, four control images."""
    images, strangers = subject.data.images, open_training_set("pixel-faces[100:160]").images
    steered = replace(subject, steering=Pusher({}))  # type: ignore[arg-type]
    plain = np.concatenate([images[:2], strangers[:4]])
    drawn = Drawn(kept(images[:6]), kept(plain))
    found = score_images(SETTINGS.model_copy(update={"threshold": 0.1}), steered, references, drawn)
    effect = effect_of(found)
    assert effect is not None and effect.plain.threshold == effect.guided.threshold
    assert (effect.guided.training.beat, effect.plain.training.beat) == (6, 2)
    assert effect.ratio.value == 3.0 and effect.ratio.low < 3 < effect.ratio.high
    assert (effect.different.value, effect.different_plain.value) == (6, 2)
    assert "steered over plain, with 95 % intervals: 3.00 (" in str(effect)
