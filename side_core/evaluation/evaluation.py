"""SIDE against its baselines: the same seeds by every method, one threshold for all, intervals and controls."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from side_core.dpm.denoiser import Denoiser, HasBottleneck
from side_core.dpm.folder import open_denoiser
from side_core.dpm.formats.config import read_json
from side_core.evaluation.comparison import Comparison, compare
from side_core.evaluation.methods import Method, methods_of, surrogate_of, twin_of
from side_core.extraction.matching import Match, match
from side_core.extraction.subject import Subject, data_and_control, opening, references_of
from side_core.files.whole_file import write_json
from side_core.job import arithmetic_in
from side_core.progress import mapped
from side_core.sampling.missing import SampleSet, draw_missing, images_of
from side_core.sampling.picture_arrays import ArrayStore
from side_core.sampling.store import SampleStore
from side_core.settings import EvaluateSettings, ExtractSettings, SettingError
from side_core.similarity.encoder import BottleneckEncoder, PixelEncoder
from side_core.similarity.quality import Quality, quality_reference
from side_core.similarity.scores import SCORES
from side_core.surrogate.building import STAGES, Material
from side_core.surrogate.steering import make_steering
from side_core.surrogate.surrogate import Surrogate

ABOUT = "evaluation.json"


@dataclass(frozen=True)
class Stage:
    """How far an evaluation is: `done` of `total` of what `what` names."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Evaluated:
    """One method's images, scored.

    Attributes:
        method: which.
        match: against the first model's training images and the control.
        quality: against the control, in features of the model that was examined.
        lost: images that guidance drove to NaN or infinity.
    """

    method: Method
    match: Match
    quality: Quality
    lost: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All methods on the same seeds.

    Attributes:
        settings: what was asked for.
        subject: model, training images, control.
        methods: plain first.
        comparison: the figures of each, by the most generous threshold that the control rate allows.
        usual: the same by the score's usual threshold.
    """

    settings: EvaluateSettings
    subject: Subject
    methods: tuple[Evaluated, ...]
    comparison: Comparison
    usual: Comparison


def evaluate_side(settings: EvaluateSettings, out: Path, device: str | None = None) -> Generator[Any, None, Evaluation]:
    """Run what is missing in `out`, handing out the progress, and compare all.

    Surrogates and images are kept in `out` as they are finished; whoever stops and calls again repeats nothing.

    Raises:
        ValueError: methods that cannot be compared, or a folder that holds another evaluation.
    """
    data, control = data_and_control(
        ExtractSettings(model=settings.model, data=settings.data, control=settings.control)
    )
    examined = ExtractSettings(
        model=settings.model, data=data, control=control, mode=settings.mode, prompt=settings.prompt
    )
    recorded = arithmetic_in(out, ABOUT)
    subject = yield from opening(examined, device, recorded)
    denoiser = subject.denoiser
    methods = methods_of(settings, subject.data)
    if subject.control is None:
        raise SettingError(
            "Methods are compared by what their control is worth: name images the model never saw.", "control"
        )
    twin = None
    if any(method.kind == "twin" for method in methods):
        twin = open_denoiser(str(twin_of(settings)), settings.mode, device, recorded)
    _begin(out, settings, subject, twin)
    references = yield from references_of(examined, subject, device)
    encoder = BottleneckEncoder(denoiser) if isinstance(denoiser, HasBottleneck) else PixelEncoder()
    reference = quality_reference(encoder(subject.control.images))
    store, evaluated = ArrayStore(out / "images"), list[Evaluated]()
    gathered: dict[str, Material] = {}
    for method in methods:
        surrogate = None
        if method.surrogate is not None:
            work = surrogate_of(method, settings, denoiser, subject.data, out, gathered)
            surrogate = yield from mapped(work, partial(_stage_of, method.name))
        drawn = twin if method.kind == "twin" and twin is not None else denoiser
        images = yield from _images_of_method(method, settings, drawn, surrogate, store)
        seeds = tuple(map(str, images))
        stack = np.stack(list(images.values()))
        found = match(stack, seeds, references)
        evaluated.append(Evaluated(method, found, reference.judge(encoder(stack)), settings.count - len(images)))
    matches = {item.method.name: item.match for item in evaluated}
    usual = compare(matches, settings, SCORES[settings.score].threshold)
    return Evaluation(settings, subject, tuple(evaluated), compare(matches, settings), usual)


def _stage_of(name: str, event: Any) -> Stage:
    """How far the making of a method's surrogate is."""
    return Stage(f"{name}: {STAGES[type(event)]}", event.done, event.total)


def _images_of_method(
    method: Method, settings: EvaluateSettings, denoiser: Denoiser, surrogate: Surrogate | None, store: SampleStore
) -> Generator[Stage, None, dict[int, np.ndarray]]:
    """The images of a method by their seeds, (H, W, 3) uint8; those not in the store yet are drawn now.

    Lost images are left out.

    Raises:
        ValueError: all are lost.
    """
    steering, foreign = None, method.kind == "twin"
    if surrogate is not None:
        steering = make_steering(surrogate, denoiser, settings.guidance, settings.label, foreign=foreign)
    samples = SampleSet(denoiser, settings.sampling.model_copy(update={"label": None}), steering)
    what = f"{method.name}: drawing"
    work = draw_missing(samples, store)
    found = images_of((yield from mapped(work, lambda drawing: Stage(what, drawing.done, drawing.total))))
    if not found:
        raise SettingError(f"Guidance lost every image of method '{method.name}': lower lambda.", "guidance_scale")
    return found


def _begin(out: Path, settings: EvaluateSettings, subject: Subject, twin: Denoiser | None) -> None:
    """Note in the folder what is compared there.

    Raises:
        ValueError: it holds results of another model or other images, in another fast arithmetic, or surrogates made
            otherwise.
    """
    assert subject.control is not None  # checked before
    arithmetic = recorded = arithmetic_in(out, ABOUT)
    if settings.mode == "fast":  # images of exact mode lie apart
        arithmetic = str(subject.denoiser.arithmetic)
    about = {
        "model": subject.denoiser.fingerprint,
        "data": subject.data.fingerprint,
        "control": subject.control.fingerprint,
        "surrogates": {
            "preset": settings.preset,
            "encoder": settings.encoder,
            "images": settings.synthetic_count,
            "train_steps": settings.train_steps,
            "attribute": settings.attribute,
        },
    }
    file = out / ABOUT
    if file.is_file():
        known = read_json(file)
        for key, what in (
            ("model", "of another model"),
            ("data", "of other training images"),
            ("control", "of another control"),
            ("surrogates", "with surrogates made otherwise"),
        ):
            if known.get(key) != about[key]:
                raise ValueError(f"'{out}' holds an evaluation {what}: results are not mixed, choose another folder.")
    if recorded not in (None, arithmetic):
        raise ValueError(
            f"'{out}' holds an evaluation in {recorded}, and here it would go on in {arithmetic}: images of two "
            "arithmetics are not mixed, choose the device it began with or another folder."
        )
    out.mkdir(parents=True, exist_ok=True)
    done = {"settings": settings.model_dump(mode="json"), "twin": twin and twin.fingerprint, "arithmetic": arithmetic}
    write_json(file, about | done)
