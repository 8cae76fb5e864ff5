"""Score prompts for memorisation and hold each score against held-out prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.extraction.summary import rate_json, versions
from side_core.extraction.tables import table
from side_core.files.whole_file import write_json, write_whole
from side_core.prompts.held_out import HeldOut
from side_core.prompts.norms import score_of
from side_core.prompts.prompt_file import BrokenLine
from side_core.settings import PromptSettings
from side_core.stats.rate import Rate
from side_core.stats.roc import Threshold
from side_core.wording import counted

_NO_CONTROL = (
    "There are no held-out prompts to hold these norms against, so they say nothing yet: "
    "give prompts the model was not trained on."
)


@dataclass(frozen=True, eq=False)
class PromptScore:
    """What was found for one prompt.

    Attributes:
        prompt: the text.
        norms: (images, steps) float32, || e_c - e_0 ||_2 of each.
        higher: how many held-out prompts score as high or higher; None where there are none to hold it against.
        above: whether its score is above the threshold.
        cut: what did not fit into the model's context.
        unknown: words that the model knows in pieces only.
    """

    prompt: str
    norms: np.ndarray
    higher: Rate | None
    above: bool | None
    cut: str
    unknown: tuple[str, ...]

    @property
    def score(self) -> float:
        """d(p), the mean over images and steps."""
        return float(score_of(self.norms[None])[0])


@dataclass(frozen=True, eq=False)
class Detection:
    """The scores of some prompts.

    Attributes:
        settings: what was asked for.
        fingerprint: of the model, with the `arithmetic` and `device` it was evaluated in.
        scores: one for each prompt, in their order.
        control: the held-out prompts; None where there are none.
        threshold: what less than the settings' share of one half of them exceed, tried on the other half.
        seconds_per_prompt: wall-clock on this machine, without the held-out prompts.
        broken: lines of the file of prompts that were left out.
    """

    settings: PromptSettings
    fingerprint: str
    arithmetic: str
    device: str
    scores: tuple[PromptScore, ...]
    control: HeldOut | None
    threshold: Threshold | None
    seconds_per_prompt: float
    broken: tuple[BrokenLine, ...] = ()


def detection_of(
    denoiser: TextDenoiser,
    prompts: Sequence[str],
    norms: Mapping[int, np.ndarray],
    settings: PromptSettings,
    control: HeldOut | None,
    seconds: float,
    broken: tuple[BrokenLine, ...] = (),
) -> Detection:
    """What the norms of some prompts say; those that have none yet are left out.

    Args:
        denoiser: the model.
        prompts: all of them.
        norms: by the place of a prompt, its (images, steps) norms.
        settings: they were measured with.
        control: norms of held-out prompts, measured alike.
        seconds: that the norms took.
        broken: lines that held no prompt.
    """
    threshold = None if control is None else control.threshold(settings.false_positives)
    scores = []
    for place in sorted(norms):
        value, tokens = float(score_of(norms[place][None])[0]), denoiser.tokens(prompts[place])
        higher = None if control is None else control.at_or_above(value)
        above = None if threshold is None else value > threshold.value
        scores.append(PromptScore(prompts[place], norms[place], higher, above, tokens.cut, tokens.unknown))
    about = denoiser.fingerprint, str(denoiser.arithmetic), str(denoiser.device)
    per_prompt = seconds / max(len(scores), 1)
    return Detection(settings, *about, tuple(scores), control, threshold, per_prompt, broken)


def lines_of(detection: Detection) -> list[str]:
    """The scores for a terminal: a line for each prompt, what they are held against, and what should be known."""
    settings, control = detection.settings, detection.control
    lines = []
    for item in detection.scores:
        if item.higher is None:
            lines.append(f"{item.score:9.4f}  {item.prompt}")
        else:
            side = "above" if item.above else "below"
            lines.append(f"{item.score:9.4f}  {side}  {item.higher} held-out prompts reach it  {item.prompt}")
        if item.cut:
            lines.append(f"{'':11}cut off, as the model reads no more: {item.cut}")
        if item.unknown:
            lines.append(f"{'':11}known in pieces only: {', '.join(item.unknown)}")
    over = (
        f"{settings.score_images:,} image{'s' * (settings.score_images != 1)} and the first {settings.first_steps} of"
    )
    lines.append(f"Score: || e_c - e_0 || (Wen et al. 2024), mean over {over} {counted(settings.steps, 'step')}")
    threshold = detection.threshold
    if control is None or threshold is None:
        return [*lines, _NO_CONTROL]
    return [
        *lines,
        f"Held against {len(control.scores):,} {control.name}; their median is {np.median(control.scores):.4f}",
        f"Threshold {threshold.value:.4f} from {threshold.chosen_on:,} of them; of the others "
        f"{threshold.alarms} are above it",
    ]


def detection_json(detection: Detection) -> dict[str, Any]:
    """The same with settings, fingerprints and versions."""
    control, threshold = detection.control, detection.threshold
    about: dict[str, Any] | None = None
    if control is not None and threshold is not None:
        about = {
            "name": control.name,
            "count": len(control.scores),
            "digest": control.digest,
            "median": float(np.median(control.scores)),
            "threshold": threshold.value,
            "chosen_on": threshold.chosen_on,
            "false_positives": rate_json(threshold.alarms),
        }
    return {
        "settings": detection.settings.model_dump(mode="json", exclude={"prompt"}),
        "model": {"name": detection.settings.model, "fingerprint": detection.fingerprint},
        "arithmetic": detection.arithmetic,
        "device": detection.device,
        "seconds_per_prompt": detection.seconds_per_prompt,
        "count": len(detection.scores),
        "control": about,
        "note": _NO_CONTROL if control is None else None,
        "prompts": [_prompt_json(item) for item in detection.scores],
        "broken_lines": [asdict(item) for item in detection.broken],
        "versions": versions(),
    }


def _prompt_json(item: PromptScore) -> dict[str, Any]:
    """One prompt."""
    return {
        "prompt": item.prompt,
        "score": item.score,
        "norms": [[round(float(value), 6) for value in image] for image in item.norms],
        "above_threshold": item.above,
        "held_out_at_or_above": None if item.higher is None else rate_json(item.higher),
        "cut": item.cut,
        "unknown": list(item.unknown),
    }


def write_detection(detection: Detection, out: Path) -> None:
    """Write detect.json, and scores.csv with one row a prompt."""
    rows = (
        [
            item.prompt,
            item.score,
            "" if item.above is None else int(item.above),
            "" if item.higher is None else item.higher.beat,
            "" if item.higher is None else item.higher.count,
        ]
        for item in detection.scores
    )
    columns = ["prompt", "score", "above_threshold", "held_out_at_or_above", "held_out"]
    write_whole(out / "scores.csv", table(columns, rows).encode())
    write_json(out / "detect.json", detection_json(detection))
