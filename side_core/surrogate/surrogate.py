"""A surrogate: a classifier with its clusters and its card, and which models it fits."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.settings import GuidanceSettings, Label, SettingError
from side_core.surrogate.classifier import TimeClassifier


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
            raise SettingError(
                f"The surrogate was made of another model ({self.card['model']['name']}, {made_of[:12]}; this one is "
                f"{denoiser.fingerprint[:12]}): train one of this model, or allow a foreign surrogate.",
                "foreign_surrogate",
            )


def network_of(about: Mapping[str, Any]) -> TimeClassifier:
    """An untrained classifier of the shape that a card tells."""
    channels, height, width = about["shape"]
    return TimeClassifier(
        channels, (height, width), about["labels"], about["width"], about["blocks"], timed=about["timed"]
    )
