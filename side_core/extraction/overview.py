"""What was understood of a model and its pictures, as lines for people; before anything is drawn."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from side_core.data.duplicates import overlap
from side_core.data.training_set import Skipped, TrainingSet
from side_core.dpm.description import Description
from side_core.similarity.near_duplicates import Grouping, grouping, near_copies
from side_core.similarity.views import views_of

_CLASSES = 12  # that are named


@dataclass(frozen=True)
class SetOverview:
    """What a set of pictures holds.

    Attributes:
        source: where they come from.
        pictures: how many.
        size: height and width they have been brought to.
        copies: how many are exact copies of others.
        near: how many are near-duplicates of others besides.
        fingerprint: of pixels and names.
        labels: how many of each class; empty where there are none.
        captions: how many have one, and
        example: the first of them.
        attributes: their names.
        shared: of a control: how many are also training images; else None.
        nearly_shared: of a control: how many are near-copies of training images; else None.
        compared: of a control of another size than the training set: how many of both are compared; else None.
        notes: a sentence for each thing to know.
        skipped: what could not be read.
    """

    source: str
    pictures: int
    size: tuple[int, int]
    copies: int
    near: int
    fingerprint: str
    labels: dict[str, int]
    captions: int
    example: str
    attributes: tuple[str, ...]
    shared: int | None
    nearly_shared: int | None
    compared: int | None
    notes: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    def lines(self) -> dict[str, str]:
        """Name and value of each line."""
        lines = {
            "Source": self.source,
            "Pictures": f"{self.pictures:,} of {self.size[1]} x {self.size[0]} pixels",
            "Exact copies of others": f"{self.copies:,}",
            "Near-duplicates of others": f"{self.near:,}",
            "Fingerprint": self.fingerprint[:16],
        }
        if self.shared is not None:
            lines["Also among the training images"] = f"{self.shared:,}, and nearly {self.nearly_shared:,}"
        if self.compared is not None:
            lines["Compared"] = f"{self.compared:,} of each, so that both have the same chance to lie near"
        if self.labels:
            named = ", ".join(f"{name} ({count:,})" for name, count in list(self.labels.items())[:_CLASSES])
            lines["Labels"] = named + (f" and {len(self.labels) - _CLASSES:,} more" * (len(self.labels) > _CLASSES))
        if self.captions:
            lines["Captions"] = f"{self.captions:,}, for example '{self.example}'"
        if self.attributes:
            lines["Attributes"] = ", ".join(self.attributes)
        return lines


def overviewing(
    images: TrainingSet, training: TrainingSet | None = None, mirror: bool = False
) -> Generator[Grouping, None, SetOverview]:
    """Look through a set of pictures, handing out the progress of the search for near-duplicates.

    Args:
        images: the set.
        training: if it is a control: the training images.
        mirror: mirrored pictures may be near-duplicates, too.
    """
    views = views_of(mirror, 0)
    groups = yield from grouping(images, views)
    labels: dict[str, int] = {}
    if images.labels is not None:
        names, counts = np.unique(images.labels.astype(str), return_counts=True)
        labels = dict(zip(names.tolist(), counts.tolist(), strict=True))
    captions = [str(caption) for caption in images.captions if caption] if images.captions is not None else []
    shared = nearly = compared = None
    if training is not None:
        known = yield from grouping(training, views)
        seen = overlap(images.digests, training.digests)
        unseen = groups.different[~seen[groups.different]]
        near = yield from near_copies(images.images, unseen, training.images, known.different, views)
        shared, nearly = int(seen.sum()), len(near)
        left = len(np.setdiff1d(groups.of[unseen], groups.of[near]))
        compared = min(left, known.count) if left != known.count else None
    return SetOverview(
        source=images.name,
        pictures=len(images),
        size=images.size,
        copies=groups.copies,
        near=groups.near,
        fingerprint=images.fingerprint,
        labels=labels,
        captions=len(captions),
        example=captions[0] if captions else "",
        attributes=tuple(images.attributes),
        shared=shared,
        nearly_shared=nearly,
        compared=compared,
        notes=images.notes,
        skipped=images.skipped,
    )


def lines_of_model(description: Description) -> dict[str, str]:
    """Kind, size, network, noise schedule and memory of a model."""
    latents = description.latent_shape
    space = "pixels" if latents is None else f"latents of {latents[2]} x {latents[1]}, {latents[0]} channels"
    height, width = description.image_size
    text = {} if description.text is None else {"Text": str(description.text)}
    return {
        "Kind": description.kind,
        "Images": f"{width} x {height} pixels; it works on {space}",
        "Parameters": f"{description.parameters:,} ({description.dtype}, {in_bytes(description.file_bytes)} on disk)",
        "Noise schedule": f"{description.scheduler}, {description.timesteps:,} timesteps, {description.beta_schedule}; "
        f"{_in_percent(description.last_signal)} of the signal's variance is left at the last",
        "Own sampling": f"{description.own_sampling}; followed where nothing else is chosen",
        **text,
        "Prediction type": description.prediction,
        "Memory": f"{in_bytes(description.weights_bytes)} of weights and about {in_bytes(description.bytes_per_image)} "
        "for each picture drawn at once (float32)",
        "Trained on": description.source or "not said: name its training images",
    }


def _in_percent(share: float) -> str:
    """A share for people."""
    return f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"


def in_bytes(count: int) -> str:
    """A size for people."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
