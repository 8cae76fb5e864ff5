"""What methods are judged on: prompts that bring pictures back, by kind, and prompts that the model never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from side_core.mitigation.opened import held_out_of
from side_core.prompts.held_out import captions_of
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import SettingError
from side_core.settings.mitigation import EvaluateMitigationSettings

VERBATIM, TEMPLATE, GIVEN = "verbatim", "template", "given"  # kinds of triggers
GENERAL = "general"


@dataclass(frozen=True)
class PromptKinds:
    """The prompts of a table.

    Attributes:
        triggers: by kind: `verbatim` (one caption, one picture), `template` (one picture under many captions), or
            `given` of a file.
        general: prompts that the model never saw, and that the gate's threshold was not chosen on.
    """

    triggers: dict[str, tuple[str, ...]]
    general: tuple[str, ...]

    @property
    def all(self) -> dict[str, tuple[str, ...]]:
        """By kind, the general ones last."""
        return {**self.triggers, GENERAL: self.general}

    @property
    def main(self) -> str:
        """The kind of triggers that methods are compared by."""
        return next(iter(self.triggers))


def kinds_of(settings: EvaluateMitigationSettings) -> PromptKinds:
    """The settings' triggers and general prompts, or those of the model.

    Raises:
        ValueError: neither is known, a file cannot be read, or one prompt is of both kinds.
    """
    triggers = _triggers(settings)
    general = _general(settings)[: settings.general]
    both = next((prompt for own in triggers.values() for prompt in own if prompt in general), None)
    if both is not None:
        raise ValueError(f"{both!r} stands among the triggers and among the held-out prompts: take it out of one.")
    return PromptKinds(triggers, general)


def _triggers(settings: EvaluateMitigationSettings) -> dict[str, tuple[str, ...]]:
    """By kind."""
    if settings.prompts is not None:
        found = tuple(dict.fromkeys(read_prompts(Path(settings.prompts)).prompts))
        return {GIVEN: found[: settings.triggers]}
    if captions_of(settings.model) is None:
        raise SettingError(f"It is not known which prompts '{settings.model}' has memorised: give some.", "prompts")
    from side_core.data.captioned import captioned_faces

    faces = captioned_faces()
    verbatim = [face.caption for face in faces if face.group == "many"]
    template = {face.family: face.caption for face in reversed(faces) if face.group == "template"}
    return {VERBATIM: spread(verbatim, settings.triggers), TEMPLATE: spread([*template.values()], settings.triggers)}


def _general(settings: EvaluateMitigationSettings) -> tuple[str, ...]:
    """Held-out prompts that no threshold is chosen on: the threshold is that of the even ones."""
    own = None if settings.held_out else captions_of(settings.model)
    if own is not None:
        from side_core.prompts.held_out import TRIED

        return own[:TRIED]
    found = held_out_of(settings)
    if found is None:
        raise SettingError(f"'{settings.model}' has no held-out prompts of its own: name a file of them.", "held_out")
    return found[1::2]


def spread(prompts: Sequence[str], count: int) -> tuple[str, ...]:
    """At most so many, evenly spread: repeated captions come in the order of their repeats."""
    if len(prompts) <= count:
        return tuple(prompts)
    return tuple(prompts[place * len(prompts) // count] for place in range(count))
