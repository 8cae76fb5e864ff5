"""What a picture depends on besides its seed, said once: pictures of one key and seed are equal, and are drawn once."""

import hashlib
from collections.abc import Iterator

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.formats.own_sampling import own_sampling_of
from side_core.sampling.completed import clip_of, completed, ends_clean, offset_of, stride_of
from side_core.sampling.guidance import Digested
from side_core.settings import SamplingSettings


def picture_key(denoiser: Denoiser, settings: SamplingSettings, steering: Digested | None = None) -> str:
    """Names what a picture depends on besides its seed: 32 hexadecimal digits.

    Args:
        denoiser: the model.
        settings: how it is drawn.
        steering: what steers it, or otherwise changes it; None where nothing does.
    """
    return hashlib.sha256("/".join(picture_parts(denoiser, settings, steering).values()).encode()).hexdigest()[:32]


def picture_parts(denoiser: Denoiser, settings: SamplingSettings, steering: Digested | None = None) -> dict[str, str]:
    """The same in parts that a person can compare: weights, arithmetic, sampling and, of a steered one, what steers."""
    parts = {
        "fingerprint": denoiser.fingerprint,
        "arithmetic": str(denoiser.arithmetic),
        "picture_digest": picture_identity(settings, denoiser),
    }
    return parts if steering is None else parts | {"steering": steering.digest}


def picture_identity(settings: SamplingSettings, denoiser: Denoiser) -> str:
    """Names the sampling of a picture: the settings, filled in from the model.

    What the model's scheduler says besides the settings is part of it only where it differs from the usual, so that
    pictures keep the names that they had before it was followed.
    """
    settings = settings.sampling
    return " ".join([completed(settings, denoiser).picture_digest, *_unusual(settings, denoiser)])


def _unusual(settings: SamplingSettings, denoiser: Denoiser) -> Iterator[str]:
    """What the model's scheduler says that is no setting and not as usual."""
    own = own_sampling_of(denoiser)
    if offset := offset_of(settings, denoiser):
        yield f"offset {offset}"
    if clip_of(settings, denoiser) != "off" and own.clip_range != 1:
        yield f"range {own.clip_range!r}"
    if not ends_clean(settings, denoiser):
        yield "ends at timestep 0"
    if settings.solver == "ddim" and own.spacing != "leading" and stride_of(settings, denoiser) is not None:
        yield "fixed stride"
