"""The settings' prompt, given to a model that draws from a text."""

from dataclasses import dataclass

from torch import Tensor

from side_core.dpm.denoiser import Denoiser
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided
from side_core.files.public import check_limit
from side_core.settings import SamplingSettings
from side_core.wording import shortened

_LONGEST = 60  # characters of a prompt in a sentence


@dataclass(frozen=True, eq=False)
class Prompted:
    """How a prompt is drawn.

    Attributes:
        denoiser: with classifier-free guidance; the model itself where there is no prompt.
        condition: (1, L, d) the embedded prompt; None where there is none.
    """

    denoiser: Denoiser
    condition: Tensor | None


def check_prompt(prompt: str | None, denoiser: Denoiser) -> None:
    """Raise ValueError where a model draws without a text, or a public app does not read one as long."""
    if prompt is None:
        return
    if not isinstance(denoiser, TextDenoiser):
        raise ValueError(
            f"The prompt '{shortened(prompt, _LONGEST)}' was given, but the model draws without a text: leave the "
            "prompt out, or choose a text-to-image model."
        )
    check_limit("prompt_characters", len(prompt))


def prompted(denoiser: Denoiser, settings: SamplingSettings) -> Prompted:
    """The model as the settings ask it; without a prompt, a text-to-image model draws what it does for the empty one.

    Raises:
        ValueError: see `check_prompt`.
    """
    check_prompt(settings.prompt, denoiser)
    if settings.prompt is None or not isinstance(denoiser, TextDenoiser):
        return Prompted(denoiser, None)
    return Prompted(Guided(denoiser, settings.text_scale), denoiser.embed([settings.prompt]))
