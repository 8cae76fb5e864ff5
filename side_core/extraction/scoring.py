"""Score pictures that others generated: no model is needed."""

from collections.abc import Generator
from dataclasses import replace

from side_core.data.source import reading
from side_core.data.training_set import Reading
from side_core.extraction.matching import match, match_looks
from side_core.extraction.run import Extraction, Subject, references_of
from side_core.settings import ScoreSettings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.near_duplicates import Grouping
from side_core.similarity.views import AS_IT_IS


def score(
    settings: ScoreSettings, device: str | None = None
) -> Generator[Reading | Grouping | Embedding, None, Extraction]:
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
    names = tuple(map(str, samples.ids))
    if references.encoder.name == "pixel":
        found = match(samples.images, names, references)
    else:
        vectors = []
        for view in references.views:  # at most two: as they are, and mirrored
            looked_at = samples if view == AS_IT_IS else replace(samples, images=samples.images[:, :, ::-1])
            vectors.append((yield from embed(looked_at, references.encoder))[:])
        found = match_looks(samples.images, names, references, lambda: vectors)
    return Extraction(settings, subject, references, found, samples)
