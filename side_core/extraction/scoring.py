"""Score pictures that others generated: no model is needed."""

from collections.abc import Generator

from side_core.data.source import reading
from side_core.data.training_set import Reading
from side_core.extraction.matching import match_vectors
from side_core.extraction.run import Extraction, Subject, references_of
from side_core.settings import ScoreSettings
from side_core.similarity.embeddings import Embedding, embed


def score(settings: ScoreSettings, device: str | None = None) -> Generator[Reading | Embedding, None, Extraction]:
    """Read the pictures, the training images and the control, match and score, handing out the progress.

    Training images and control are brought to the size of the pictures, whose own is that of the first of them.

    Raises:
        ValueError: something cannot be read, or does not go together.
    """
    samples = yield from reading(settings.samples)
    data = yield from reading(settings.data, samples.size)
    control = None
    if settings.control is not None:
        control = yield from reading(settings.control, samples.size)
    subject = Subject(None, data, control, None)
    references = yield from references_of(settings, subject, device)
    vectors = yield from embed(samples, references.encoder)
    found = match_vectors(samples.images, tuple(map(str, samples.ids)), vectors[:], references)
    return Extraction(settings, subject, references, found, samples)
