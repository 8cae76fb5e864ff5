"""Score pictures that others generated: no model is needed."""

from collections.abc import Generator
from dataclasses import replace

from side_core.data.source import check_source, reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.extraction.matching import match, match_looks
from side_core.extraction.run import Extraction, Subject, references_of
from side_core.settings import ScoreSettings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.near_duplicates import Grouping
from side_core.similarity.views import AS_IT_IS

MUCH = 1.5  # times a side; enlarged four times, none of 50 copies of pixel faces was found, at their own size all were


def score(
    settings: ScoreSettings, device: str | None = None
) -> Generator[Reading | Grouping | Embedding, None, Extraction]:
    """Read the training images, the control and the pictures, match and score, handing out the progress.

    Control and pictures are brought to the size of the training images, whose own is that of the first of them.

    Raises:
        ValueError: something cannot be read, or does not go together.
    """
    for source in (settings.data, settings.control, settings.samples):
        if source is not None:
            check_source(source)
    data = yield from reading(settings.data)
    control = None
    if settings.control is not None:
        control = yield from reading(settings.control, data.size)
    samples = yield from reading(settings.samples, data.size)
    subject = Subject(None, data, control, None, remarks=doubts_by_size(samples))
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


def doubts_by_size(samples: TrainingSet) -> tuple[str, ...]:
    """A sentence where pictures were much smaller than the training images, at whose size they are compared.

    They lack the detail that training images have, so a copy lies far from its original. Of larger ones a note tells:
    what they have more of is left out, and copies stay near.
    """
    if samples.own_size is None:
        return ()
    (own_height, own_width), (height, width) = samples.own_size, samples.size
    if max(height / own_height, width / own_width) <= MUCH:
        return ()
    own = f"{own_width} x {own_height}"
    return (
        f"Pictures of {own} were enlarged to the training images' {width} x {height} pixels and lack their detail, so "
        f"copies can be missed: save training images and control at {own} and score against these.",
    )
