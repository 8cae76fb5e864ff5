"""The folder of a surrogate: how it is written, read and checked."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from side_core.dpm.formats.config import first_line, read_config, whole_number
from side_core.files.assets import SURROGATES
from side_core.files.images import webp
from side_core.files.paths import check_allowed, path_of, printable
from side_core.files.whole_file import make_folder, write_json, write_whole
from side_core.settings import GuidanceSettings
from side_core.surrogate.card import KIND
from side_core.surrogate.classifier import GROUPS, TimeClassifier
from side_core.surrogate.sheet import pictures_of, sheet_of
from side_core.surrogate.surrogate import Surrogate, network_of
from side_core.wording import counted

_WEIGHTS, CARD, _SHEET = "surrogate.safetensors", "card.json", "clusters.webp"
DIGEST = "weights_sha256"  # in the card: weights that were exchanged, or of a save that was killed, are noticed
_MOST_WIDTH, _MOST_BLOCKS, MOST_CLUSTERS, _MOST_SIDE = 512, 8, 5000, 4096


def save_surrogate(surrogate: Surrogate, out: Path) -> None:
    """Write `surrogate.safetensors`, `clusters.webp` and, last, `card.json` into a folder.

    Raises:
        ValueError: it cannot be written.
    """
    make_folder(out)
    content = save(dict(surrogate.weights))
    write_whole(out / _WEIGHTS, content)
    write_whole(out / _SHEET, webp(sheet_of(surrogate.pictures)))
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
        kept = _checked_card(card, folder)
        network = torch.nn.Module.to(_meta_network(card["network"]), "meta")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{folder / CARD}' is damaged ({first_line(error)}): train the surrogate again.") from None
    file = check_allowed(folder / _WEIGHTS, str(folder / _WEIGHTS))
    try:
        content = file.read_bytes()
        weights = load(content)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"'{file}' is damaged ({first_line(error)}): train the surrogate again.") from None
    expected = {key: (value.shape, torch.float16) for key, value in network.state_dict().items()}
    found = {key: (value.shape, value.dtype) for key, value in weights.items()}
    if found != expected or len(kept) != card["network"]["labels"]:
        raise ValueError(
            f"The weights in '{file}' do not fit its card ({counted(len(kept), 'label')}): train the surrogate again."
        )
    if not all(value.isfinite().all() for value in weights.values()):
        raise ValueError(f"The weights in '{file}' hold NaN or infinity: train the surrogate again.")
    if card.get(DIGEST) not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"The weights in '{file}' are not those its card tells of: train the surrogate again.")
    return Surrogate(weights, card, kept, pictures_of(folder / _SHEET, len(kept)))


def _meta_network(about: Mapping[str, Any]) -> TimeClassifier:
    """The network without memory for its weights."""
    with torch.device("meta"):
        return network_of(about)


def _checked_card(card: Mapping[str, Any], folder: Path) -> np.ndarray:
    """(k,) kept clusters of a card whose numbers were checked.

    Raises:
        ValueError: a number is missing or out of bounds.
        KeyError, TypeError, AttributeError: a whole part is missing or something else.
    """
    network, clusters, file = card["network"], card["clusters"], folder / CARD
    if not isinstance(network["shape"], list) or len(network["shape"]) != 3:
        raise TypeError("shape")
    for key, most in (("labels", MOST_CLUSTERS), ("width", _MOST_WIDTH), ("blocks", _MOST_BLOCKS)):
        whole_number(network, key, file, 1, most)
    channels, *sides = network["shape"]
    whole_number({"channels": channels}, "channels", file, 1, _MOST_WIDTH)
    for side in sides:
        whole_number({"side": side}, "side", file, 1, _MOST_SIDE)
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


def surrogate_folder(name: str) -> Path:
    """The folder of a built-in surrogate, or the one that was named itself.

    Raises:
        ValueError: there is none, or a public app may not read it.
    """
    if name in SURROGATES:
        return SURROGATES[name]
    folder = path_of(name)
    if folder is None or not _is_folder(folder):
        known = ", ".join(SURROGATES)
        raise ValueError(
            f"There is no surrogate '{printable(name)}': give a folder made by train surrogate, or one of {known}."
        )
    return folder


def _is_folder(path: Path) -> bool:
    """Whether there is such a folder; False also for names that none can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name too long, one with a null byte
        return False
