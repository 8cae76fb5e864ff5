"""A family of models trained alike on ever more images, each beside a twin on as many others."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from side_core.dpm.folder import model_folder, read_card, training_source
from side_core.files.assets import GROWN, GROWTH_SIZES, GROWTH_STEPS, GROWTH_WATCHED
from side_core.settings import SettingError

_NAME = re.compile(r"growth-(\d+)")
_WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@dataclass(frozen=True)
class Member:
    """A model of the family, at the end of its training or on the way.

    Attributes:
        model: what opens it.
        twin: what opens the one on as many others; None on the way.
        size: how many images it was trained on.
        steps: of its training so far.
        final: whether these are all.
        data: its training images.
        twin_data: those of the twin.
        control: as many that neither has seen.
    """

    model: str
    twin: str | None
    size: int
    steps: int
    final: bool
    data: str
    twin_data: str | None
    control: str

    @property
    def digest(self) -> str:
        """SHA-256 over the files of the weights: what a measurement of it depends on."""
        files = [model_folder(name) / _WEIGHTS for name in (self.model, self.twin) if name]
        return _digest_of(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(64)
def _digest_of(files: tuple[tuple[Path, int], ...]) -> str:
    """SHA-256 over files that were written at these times: a page asks for it again and again."""
    found = hashlib.sha256()
    for file, _ in files:
        found.update(file.read_bytes())
    return found.hexdigest()


def shipped_family() -> tuple[Member, ...]:
    """The one that is shipped."""
    names = [f"growth-{size}" for size in GROWTH_SIZES]
    names += [f"growth-{GROWTH_WATCHED}-at-{step}" for step in GROWTH_STEPS]
    found = []
    for name in names:
        own = GROWN[name]
        twin = None if own.twin is None else GROWN[own.twin]
        found.append(_member(name, own.folder, own.twin, own.data, None if twin is None else twin.data, own.control))
    return _in_order(found)


def family_in(folder: Path, control: str | None) -> tuple[Member, ...]:
    """One that `train growth` has made, with what it kept on the way.

    Args:
        folder: the family's.
        control: images that none of its models has seen.

    Raises:
        ValueError: there is no such family, or no control.
    """
    if control is None:
        raise SettingError("A family of one's own needs a control: name images that none of its models saw.", "control")
    found = []
    for own in sorted(folder.glob("growth-*")):
        if not _NAME.fullmatch(own.name) or not (own / "card.json").is_file():
            continue
        twin = folder / f"{own.name}-twin"
        has_twin, data = (twin / "card.json").is_file(), _source_of(own)
        beside = (str(twin), _source_of(twin)) if has_twin else (None, None)
        found.append(_member(str(own), own, beside[0], data, beside[1], control))
        for kept in sorted((own / "kept").glob("step-*")):
            if read_card(kept).get("steps") != read_card(own).get("steps"):
                found.append(_member(str(kept), kept, None, data, None, control))
    if not found:
        raise SettingError(f"'{folder}' holds no family of models: give a folder that `train growth` made.", "family")
    return _in_order(found)


def _member(model: str, folder: Path, twin: str | None, data: str, twin_data: str | None, control: str) -> Member:
    """A model by its card."""
    card = read_card(folder)
    steps = int(card["steps"])
    final = steps == card["settings"]["steps"]
    return Member(model, twin, int(card["data"]["rows"]), steps, final, data, twin_data, control)


def _source_of(folder: Path) -> str:
    """The images that a model was trained on."""
    source = training_source(read_card(folder))
    if source is None:
        raise ValueError(f"The card of '{folder}' does not say what it was trained on: train it again.")
    return source


def _in_order(members: list[Member]) -> tuple[Member, ...]:
    """By size, then by steps."""
    return tuple(sorted(members, key=lambda member: (member.size, member.steps)))
