"""Build a surrogate from nothing but a model: draw, encode, cluster, train. Each stage can also be used alone."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch

from side_core.data.training_set import Reading, TrainingSet
from side_core.dpm.denoiser import Denoiser, from_uint8
from side_core.settings import SettingError, SurrogateSettings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.encoder import Encoder, open_encoder
from side_core.surrogate.card import Training, make_card
from side_core.surrogate.clusters import Clustering, Clusters, check_clusters, cluster
from side_core.surrogate.sheet import PICTURES, cluster_pictures
from side_core.surrogate.strength import strength_of
from side_core.surrogate.surrogate import Surrogate
from side_core.surrogate.synthetic import SyntheticStep, draw_synthetic, read_synthetic
from side_core.surrogate.training import Evaluation, Lesson, SurrogateStep, make_lesson, train_classifier

STAGES: dict[type, str] = {  # what an event of the building of a surrogate belongs to, for people
    SyntheticStep: "drawing synthetic images",
    Reading: "reading pictures",
    Embedding: "encoding",
    Clustering: "grouping",
    SurrogateStep: "training",
}
_MOST_BYTES = 8 * 2**30  # of features in memory
_ENCODED = 256  # images brought to the model's space at once


@dataclass(frozen=True, eq=False)
class Material:
    """What a surrogate is made of, before it is trained.

    Attributes:
        synthetic: images that the model drew.
        encoder: what they are clustered by.
        clusters: their pseudo-labels.
    """

    synthetic: TrainingSet
    encoder: Encoder
    clusters: Clusters


def gather(
    denoiser: Denoiser, settings: SurrogateSettings, training: TrainingSet | None = None, device: str | None = None
) -> Generator[SyntheticStep | Reading | Embedding | Clustering, None, Material]:
    """Draw (or read) synthetic images, encode and cluster them, handing out the progress.

    Args:
        denoiser: the model.
        settings: what to do.
        training: the model's training images, where they are known: they may not be passed off as synthetic.
        device: of the encoders clip and sscd.

    Raises:
        ValueError: the settings do not fit the model or each other, or the training images were given.
    """
    # Complain before anything is drawn.
    if settings.synthetic is None:
        check_clusters(settings, settings.synthetic_count)
        _check_memory(settings, settings.synthetic_count, denoiser)
    strength_of(settings, len(denoiser.alphas_cumprod))
    encoder = open_encoder(settings.encoder, settings.encoder_weights, denoiser, device)
    if settings.synthetic is not None:
        synthetic = yield from read_synthetic(settings.synthetic, denoiser, training)
        check_clusters(settings, len(synthetic))
        _check_memory(settings, len(synthetic), denoiser)
    else:
        synthetic = yield from draw_synthetic(denoiser, settings)
    return Material(synthetic, encoder, (yield from grouping(synthetic, encoder, settings)))


def grouping(
    synthetic: TrainingSet, encoder: Encoder, settings: SurrogateSettings
) -> Generator[Embedding | Clustering, None, Clusters]:
    """Encode images and group them by their features, handing out the progress."""
    vectors = yield from embed(synthetic, encoder)
    return (yield from cluster(vectors[:], settings))


def _check_memory(settings: SurrogateSettings, images: int, denoiser: Denoiser) -> None:
    """Raise ValueError where the colours of so many synthetic images would not fit in memory as features."""
    height, width = denoiser.image_size
    size = 12 * images * height * width  # float32
    if settings.encoder == "pixel" and size > _MOST_BYTES:
        raise SettingError(
            f"The colours of {images:,} images of {height} x {width} pixels would take {size / 2**30:.0f} GiB: "
            "draw fewer, or group by the features of dpm.",
            "encoder",
        )


def learn(
    model: str, denoiser: Denoiser, material: Material, settings: SurrogateSettings
) -> Generator[SurrogateStep, None, Surrogate]:
    """Train the classifier on gathered material, handing out every step.

    Whoever stops early gets a surrogate of the best so far by `finished` from the steps seen.

    Raises:
        ValueError: the loss is no number.
    """
    lesson = lesson_of(denoiser, material, settings)
    record = Record()
    for step in train_classifier(lesson, settings, str(denoiser.device)):
        record.see(step)
        yield step
    surrogate = finished(model, denoiser, material, settings, lesson, record)
    assert surrogate is not None  # the last step ends with an evaluation
    return surrogate


class Record:
    """What a training has shown so far: enough to make a surrogate of the best so far at any time."""

    def __init__(self) -> None:
        self.evaluations: list[Evaluation] = []
        self.last: SurrogateStep | None = None

    def see(self, step: SurrogateStep) -> None:
        """Take note of a step."""
        if self.last is not None and step.part != self.last.part:
            self.evaluations.clear()  # those of the teacher
        self.last = step
        if step.evaluation is not None:
            self.evaluations.append(step.evaluation)


def lesson_of(denoiser: Denoiser, material: Material, settings: SurrogateSettings) -> Lesson:
    """The synthetic images in the model's space, with their labels."""
    images = material.synthetic.images
    parts = [
        denoiser.encode(from_uint8(images[start : start + _ENCODED]).to(denoiser.device)).cpu()
        for start in range(0, len(images), _ENCODED)
    ]
    labels = torch.from_numpy(np.asarray(material.clusters.labels, np.int64))
    return make_lesson(torch.cat(parts), labels, denoiser.alphas_cumprod, len(material.clusters.kept), settings)


def finished(
    model: str, denoiser: Denoiser, material: Material, settings: SurrogateSettings, lesson: Lesson, record: Record
) -> Surrogate | None:
    """A surrogate of the best classifier so far; None before the first evaluation."""
    last, clusters = record.last, material.clusters
    if last is None or last.best is None or last.best_evaluation is None or not record.evaluations:
        return None
    if settings.objective == "distilled" and last.part == "teacher":
        return None  # a teacher knows no noise: it is not what was asked for
    training = Training(last.done, last.best_evaluation.step, last.seconds, tuple(record.evaluations), lesson.chance)
    card = make_card(model, denoiser, settings, material.synthetic, material.encoder, clusters, last.best, training)
    weights = {name: value.detach().half().cpu().contiguous() for name, value in last.best.state_dict().items()}
    shown = (clusters.nearest_members(int(number), PICTURES) for number in clusters.kept)
    return Surrogate(weights, card, clusters.kept, cluster_pictures(material.synthetic.images, shown))
