"""All that is asked of a page about one prompt."""

from dataclasses import dataclass

from pages._parts.prompts.inputs import Asked
from pages._parts.prompts.subject import Examined
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.settings import ExtractSettings, PromptSettings


@dataclass(frozen=True, eq=False)
class Inquiry:
    """A prompt, the model it is for, and how both are looked at.

    Attributes:
        prompt: the text.
        examined: the model with its pictures.
        asked: the settings.
        held_out: prompts that the model has never seen; None where there are none.
    """

    prompt: str
    examined: Examined
    asked: Asked
    held_out: tuple[str, ...] | None

    @property
    def denoiser(self) -> TextDenoiser:
        """The model."""
        return self.examined.denoiser

    @property
    def settings(self) -> PromptSettings:
        """How the prompt is scored."""
        return self.asked.prompts

    @property
    def drawing(self) -> ExtractSettings:
        """How its pictures are drawn, and what they are compared with."""
        return self.asked.drawing(self.prompt)
