"""The methods that are compared: plain sampling, SIDE and its baselines, and how the surrogate of each is made."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser
from side_core.files.assets import BUILT_INS
from side_core.settings import EVALUATED, PRESETS, EvaluateSettings, MethodName, SettingError, SurrogateSettings
from side_core.similarity.encoder import PixelEncoder
from side_core.surrogate.building import Material, gather, learn
from side_core.surrogate.clusters import centred, with_cohesion
from side_core.surrogate.folder import CARD, load_surrogate, save_surrogate
from side_core.surrogate.surrogate import Surrogate

_PUBLISHED_CLUSTERS = 100  # SIDE, arXiv 2410.02467, section 5.1: K = 100, tau = 0.5


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    Attributes:
        name: of its folder, e.g. `side-1`.
        kind: what it is.
        title: for people.
        seed: of its surrogate.
    """

    name: str
    kind: MethodName
    title: str
    seed: int = 0

    @property
    def surrogate(self) -> str | None:
        """Folder name of the surrogate that steers it; the twin is steered by SIDE's first."""
        return None if self.kind == "plain" else "side-0" if self.kind == "twin" else self.name


_TITLES: dict[MethodName, str] = {
    "plain": "plain sampling",
    "side": "SIDE, near-duplicates",
    "k-means": "SIDE, k-means as published",
    "time-independent": "time-independent classifier",
    "random": "random labels",
    "cells": "random cells of feature space",
    "attribute": "real attribute (upper reference)",
    "twin": "twin test: SIDE on the twin model",
}


def twin_of(settings: EvaluateSettings) -> str | None:
    """The twin model: the settings', or the model's own."""
    own = BUILT_INS.get(settings.model)
    return settings.twin or (own.twin if own else None)


def methods_of(settings: EvaluateSettings, data: TrainingSet) -> tuple[Method, ...]:
    """The methods in their order, SIDE once for each surrogate seed; plain comes first whatever was asked for.

    Raises:
        ValueError: the twin test was asked for without a twin or without SIDE.
    """
    twin, asked = twin_of(settings), settings.methods
    if asked is None:
        able = {"twin": twin is not None, "attribute": settings.attribute in _known_attributes(data)}
        asked = tuple(kind for kind in EVALUATED if able.get(kind, True))
    if "twin" in asked and (twin is None or "side" not in asked):
        what = "a twin model" if twin is None else "the method side, whose surrogate it uses"
        sentence = f"The twin test needs {what}: name it, or leave twin out of the methods."
        raise SettingError(sentence, "twin" if twin is None else "methods")
    found = [Method("plain", "plain", _TITLES["plain"])]
    for kind in dict.fromkeys(asked):
        if kind == "side":
            seeds = range(settings.surrogate_seeds)
            found += [Method(f"side-{seed}", kind, f"{_TITLES[kind]}, seed {seed}", seed) for seed in seeds]
        elif kind != "plain":
            found.append(Method(kind, kind, _TITLES[kind]))
    return tuple(found)


def _surrogate_settings(method: Method, settings: EvaluateSettings, labels: int | None = None) -> SurrogateSettings:
    """How the surrogate of a method is made: all alike but for what the method is about.

    Args:
        method: which.
        settings: preset, training steps, guidance.
        labels: how many SIDE has; random baselines have as many.
    """
    guidance = settings.guidance.over(PRESETS[settings.preset].guidance)
    changes: dict[str, Any] = {"seed": method.seed, **guidance.model_dump()}
    own = {
        "synthetic_count": settings.synthetic_count,
        "train_steps": settings.train_steps,
        "encoder": settings.encoder,
    }
    changes |= {name: value for name, value in own.items() if value is not None}
    if method.kind == "k-means":
        changes |= {"label_source": "clusters", "clusters": _PUBLISHED_CLUSTERS, "cohesion": 0.5}
    elif method.kind in ("random", "cells"):
        changes |= {"label_source": method.kind, "clusters": labels or _PUBLISHED_CLUSTERS, "cohesion": -1}
    elif method.kind == "time-independent":
        changes["objective"] = "time-independent"
    return SurrogateSettings.read(PRESETS[settings.preset].model_dump() | changes)


def surrogate_of(
    method: Method,
    settings: EvaluateSettings,
    denoiser: Denoiser,
    data: TrainingSet,
    out: Path,
    gathered: dict[str, Material],
) -> Generator[Any, None, Surrogate]:
    """The surrogate of a method, loaded from `out/surrogates/NAME` or made there, handing out the progress.

    Args:
        method: which.
        settings: of the evaluation.
        denoiser: the model.
        data: its training images, for the upper reference alone.
        out: folder of the evaluation.
        gathered: material by what it depends on, shared by the methods; what is gathered now is added.

    Raises:
        ValueError: it cannot be made.
    """
    assert method.surrogate is not None  # plain sampling has none
    folder = out / "surrogates" / method.surrogate
    if (folder / CARD).is_file():
        return load_surrogate(str(folder))
    labels = None
    if method.kind in ("random", "cells") and (out / "surrogates" / "side-0" / CARD).is_file():
        labels = len(load_surrogate(str(out / "surrogates" / "side-0")).kept)
    chosen = _surrogate_settings(method, settings, labels)
    if method.kind == "attribute":
        material = _attribute_material(data, settings.attribute)
    else:
        seedless = chosen.label_source == "duplicates"  # the same whatever the seed of the training
        key = chosen.model_copy(update={"objective": "labels"} | ({"seed": 0} if seedless else {})).digest
        if key not in gathered:
            gathered[key] = yield from gather(denoiser, chosen)
        material = gathered[key]
    surrogate = yield from learn(settings.model, denoiser, material, chosen)
    save_surrogate(surrogate, folder)
    return surrogate


def _known_attributes(data: TrainingSet) -> dict[str, np.ndarray]:
    """(n,) values of each attribute of the training images; their class is one, too."""
    return dict(data.attributes) | ({} if data.labels is None else {"label": data.labels})


def _attribute_material(data: TrainingSet, attribute: str) -> Material:
    """The training images themselves, labelled by a real attribute: what no attacker has, so an upper reference.

    Raises:
        ValueError: they have no such attribute, or all the same value.
    """
    known = _known_attributes(data)
    if attribute not in known:
        some = ", ".join(known) or "none"
        raise SettingError(
            f"The training images have no attribute '{attribute}' (they have {some}): leave attribute out of the "
            "methods, or choose one of these.",
            "attribute",
        )
    values, codes = np.unique(known[attribute].astype(str), return_inverse=True)
    if len(values) < 2:
        raise ValueError(f"All training images have the same '{attribute}': choose another attribute.")
    features = centred(np.asarray(data.images).reshape(len(data), -1))
    clusters = with_cohesion(features, codes, len(values), -1, relabelled=False)
    return Material(data, PixelEncoder(), clusters)
