"""A surrogate: a classifier with its clusters and its card; how it is saved, loaded and checked."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from side_core.data.picture import BadPictureError, read_picture
from side_core.dpm.config import first_line, read_config, whole_number
from side_core.dpm.denoiser import Denoiser
from side_core.pictures import thumbnail, webp
from side_core.roots import check_allowed
from side_core.settings import GuidanceSettings, Label
from side_core.surrogate.card import KIND
from side_core.surrogate.classifier import GROUPS, TimeClassifier
from side_core.surrogate.names import surrogate_folder
from side_core.whole_file import write_json, write_whole

WEIGHTS, CARD, SHEET = "surrogate.safetensors", "card.json", "clusters.webp"
DIGEST = "weights_sha256"  # in the card: weights that were exchanged, or of a save that was killed, are noticed
ACROSS = 16  # clusters in a line of the sheet
PICTURES = 3  # of each cluster that are shown
LARGEST_SIDE = 48  # pixels of such a picture: a sheet of 5,000 clusters can still be read
MOST_WIDTH, MOST_BLOCKS, MOST_CLUSTERS, MOST_SIDE = 512, 8, 5000, 4096


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A trained classifier of a model's pseudo-labels.

    Attributes:
        weights: of the classifier, as half-precision files hold them.
        card: all that a reader must know: see `side_core.surrogate.card`.
        kept: (k,) sorted numbers of the clusters it knows; position i is the classifier's label i.
        pictures: (k, PICTURES, h, w, 3) uint8, each cluster's nearest to its centre, white where it has fewer.
    """

    weights: Mapping[str, Tensor]
    card: Mapping[str, Any]
    kept: np.ndarray
    pictures: np.ndarray

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of weights, labels and shape: all that steered pictures depend on."""
        digest = hashlib.sha256(json.dumps([self.card["network"], self.kept.tolist()], sort_keys=True).encode())
        for name, value in sorted(self.weights.items()):
            digest.update(name.encode())
            digest.update(value.numpy().tobytes())
        return digest.hexdigest()

    @property
    def guidance(self) -> GuidanceSettings:
        """How it is best used, as its card says."""
        known = {name: self.card["guidance"].get(name) for name in GuidanceSettings.model_fields}
        return GuidanceSettings.read(known)

    @property
    def label(self) -> Label:
        """Which labels are best steered to, as its card says."""
        label = self.card["guidance"].get("label")
        return "balanced" if label is None else label

    @property
    def cohesion(self) -> np.ndarray:
        """(K,) of all clusters, the dropped ones included."""
        return np.asarray(self.card["clusters"]["cohesion"], float)

    def position(self, cluster: int) -> int:
        """Position among the kept clusters of one by its number.

        Raises:
            ValueError: there is no such cluster, or it was dropped.
        """
        found = np.flatnonzero(self.kept == cluster)
        if len(found):
            return int(found[0])
        cohesion, tau = self.cohesion, self.card["clusters"]["tau"]
        some = ", ".join(map(str, self.kept[:3]))
        if cluster < len(cohesion):
            raise ValueError(
                f"Label {cluster} was dropped (cohesion {cohesion[cluster]:.2f}, less than tau {tau:g}): choose a kept "
                f"one such as {some}, or uniform, or balanced."
            )
        raise ValueError(
            f"Label {cluster} does not exist: the surrogate has clusters 0 to {len(cohesion) - 1}; choose one such as "
            f"{some}, or uniform, or balanced."
        )

    def fresh_network(self) -> TimeClassifier:
        """The classifier, in float32, for one user alone."""
        network = network_of(self.card["network"])
        network.load_state_dict({name: value.float() for name, value in self.weights.items()})
        return network.eval()

    def check_fits(self, denoiser: Denoiser, foreign: bool) -> None:
        """Raise ValueError unless it can steer this model: see `side_core.surrogate.steering.make_steering`."""
        own = tuple(self.card["network"]["shape"])
        if own != denoiser.shape:
            mine, theirs = (" x ".join(map(str, shape)) for shape in (own, denoiser.shape))
            raise ValueError(f"The surrogate works on {mine}, the model on {theirs}: train a surrogate of this model.")
        made_of = self.card["model"]["fingerprint"]
        if made_of != denoiser.fingerprint and not foreign:
            raise ValueError(
                f"The surrogate was made of another model ({self.card['model']['name']}, {made_of[:12]}; this one is "
                f"{denoiser.fingerprint[:12]}): train one of this model, or allow it with --foreign-surrogate."
            )


def network_of(about: Mapping[str, Any]) -> TimeClassifier:
    """An untrained classifier of the shape that a card tells."""
    channels, height, width = about["shape"]
    return TimeClassifier(
        channels, (height, width), about["labels"], about["width"], about["blocks"], timed=about["timed"]
    )


def prepare_surrogate_folder(out: Path) -> None:
    """Make the folder of a surrogate, before anything is done for it.

    Raises:
        ValueError: it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"Folder '{out}' cannot be written ({error.strerror}): choose another one.") from None


def save_surrogate(surrogate: Surrogate, out: Path) -> None:
    """Write `surrogate.safetensors`, `clusters.webp` and, last, `card.json` into a folder.

    Raises:
        ValueError: it cannot be written.
    """
    prepare_surrogate_folder(out)
    content = save(dict(surrogate.weights))
    write_whole(out / WEIGHTS, content)
    write_whole(out / SHEET, webp(sheet_of(surrogate.pictures)))
    write_json(out / CARD, {**surrogate.card, DIGEST: hashlib.sha256(content).hexdigest()})


def load_surrogate(name: str) -> Surrogate:
    """Load a surrogate by its built-in name or its folder.

    Raises:
        ValueError: there is none, or its files are damaged or do not fit each other.
    """
    folder = surrogate_folder(name)
    card = read_config(folder / CARD)
    if card.get("kind") != KIND:
        raise ValueError(f"'{folder}' is no surrogate: name a folder made by train surrogate.")
    try:
        kept = checked_card(card, folder)
        network = torch.nn.Module.to(meta_network(card["network"]), "meta")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{folder / CARD}' is damaged ({first_line(error)}): train the surrogate again.") from None
    file = check_allowed(folder / WEIGHTS, str(folder / WEIGHTS))
    try:
        content = file.read_bytes()
        weights = load(content)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"'{file}' is damaged ({first_line(error)}): train the surrogate again.") from None
    expected = {key: (value.shape, torch.float16) for key, value in network.state_dict().items()}
    found = {key: (value.shape, value.dtype) for key, value in weights.items()}
    if found != expected or len(kept) != card["network"]["labels"]:
        raise ValueError(
            f"The weights in '{file}' do not fit its card ({len(kept)} labels): train the surrogate again."
        )
    if not all(value.isfinite().all() for value in weights.values()):
        raise ValueError(f"The weights in '{file}' hold NaN or infinity: train the surrogate again.")
    if card.get(DIGEST) not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"The weights in '{file}' are not those its card tells of: train the surrogate again.")
    return Surrogate(weights, card, kept, pictures_of(folder / SHEET, len(kept)))


def meta_network(about: Mapping[str, Any]) -> TimeClassifier:
    """The network without memory for its weights."""
    with torch.device("meta"):
        return network_of(about)


def checked_card(card: Mapping[str, Any], folder: Path) -> np.ndarray:
    """(k,) kept clusters of a card whose numbers were checked.

    Raises:
        ValueError: a number is missing or out of bounds.
        KeyError, TypeError, AttributeError: a whole part is missing or something else.
    """
    network, clusters, file = card["network"], card["clusters"], folder / CARD
    if not isinstance(network["shape"], list) or len(network["shape"]) != 3:
        raise TypeError("shape")
    for key, most in (("labels", MOST_CLUSTERS), ("width", MOST_WIDTH), ("blocks", MOST_BLOCKS)):
        whole_number(network, key, file, 1, most)
    channels, *sides = network["shape"]
    whole_number({"channels": channels}, "channels", file, 1, MOST_WIDTH)
    for side in sides:
        whole_number({"side": side}, "side", file, 1, MOST_SIDE)
    if network["width"] % GROUPS or type(network["timed"]) is not bool:
        raise TypeError("width or timed")
    kept, cohesion = numbers(clusters["kept"], "i"), numbers(clusters["cohesion"], "if")
    if (np.diff(kept) <= 0).any() or kept[0] < 0 or kept[-1] >= len(cohesion):
        raise TypeError("kept clusters")
    numbers([clusters["tau"]], "if")
    if not isinstance(card["model"]["fingerprint"], str) or not isinstance(card["model"]["name"], str):
        raise TypeError("model")
    try:
        GuidanceSettings.read({name: card["guidance"].get(name) for name in GuidanceSettings.model_fields})
    except ValueError as error:
        raise TypeError(str(error)) from None
    if card["guidance"].get("label") not in (None, "uniform", "balanced", *kept.tolist()):
        raise TypeError("label")
    return kept


def numbers(values: Any, kinds: str) -> np.ndarray:
    """(n,) one or more numbers of a card; TypeError where they are something else.

    Args:
        values: a list of them, or anything.
        kinds: NumPy's letters for the kinds that are allowed.
    """
    try:
        found = np.asarray(values)
    except ValueError:  # lists of unlike lengths
        raise TypeError("numbers") from None
    if found.ndim != 1 or not len(found) or found.dtype.kind not in kinds:
        raise TypeError("numbers")
    return found


def sheet_of(pictures: np.ndarray) -> np.ndarray:
    """(k, p, h, w, 3) pictures as one image, the pictures of ACROSS clusters in each line; the rest is white."""
    k, p, h, w, _ = pictures.shape
    lines = -(-k // ACROSS)
    padded = np.full((lines * ACROSS, p, h, w, 3), 255, np.uint8)
    padded[:k] = pictures
    cells = padded.reshape(lines, ACROSS * p, h, w, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(cells.reshape(lines * h, ACROSS * p * w, 3))


def pictures_of(sheet: Path, count: int) -> np.ndarray:
    """The pictures of a sheet of `count` clusters, (count, PICTURES, h, w, 3); ValueError if it is damaged."""
    try:
        pixels = read_picture(check_allowed(sheet, str(sheet))).pixels
    except BadPictureError as error:
        raise ValueError(f"'{sheet}' cannot be read ({error}): train the surrogate again.") from None
    (height, width, _), lines, cells = pixels.shape, -(-count // ACROSS), ACROSS * PICTURES
    if height % lines or width % cells:
        raise ValueError(f"'{sheet}' has no place for each of {count} clusters: train the surrogate again.")
    h, w = height // lines, width // cells
    parts = pixels.reshape(lines, h, cells, w, 3).transpose(0, 2, 1, 3, 4)
    return parts.reshape(lines * ACROSS, PICTURES, h, w, 3)[:count]


def cluster_pictures(images: np.ndarray, members: Iterator[np.ndarray]) -> np.ndarray:
    """(k, PICTURES, h, w, 3) the first images of each cluster, small; white where it has fewer.

    Args:
        images: (n, H, W, 3) uint8.
        members: for each cluster positions of its images, the best first.
    """
    sample = thumbnail(images[0], LARGEST_SIDE)
    rows = []
    for positions in members:
        row = np.full((PICTURES, *sample.shape), 255, np.uint8)
        for place, position in enumerate(positions[:PICTURES]):
            row[place] = thumbnail(images[position], LARGEST_SIDE)
        rows.append(row)
    return np.stack(rows)
