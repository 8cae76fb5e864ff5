"""Of how many memorised prompts a person's name is the most significant word, and of how many others."""

from collections.abc import Generator
from dataclasses import dataclass, replace

from side_core.dpm.text.denoiser import TextDenoiser
from side_core.progress import finish
from side_core.prompts.evaluation import Stage
from side_core.prompts.explain import explaining
from side_core.prompts.groups import Group, Groups
from side_core.settings import SIGNIFICANCE_AT, PromptSettings, SignificanceAt
from side_core.stats.rate import Rate, rate


@dataclass(frozen=True)
class NamedFirst:
    """How often a name is the most significant word.

    Attributes:
        at: of what the significance is, as the settings have it.
        memorised: of the memorised prompts.
        held_out: of as many prompts that the model never saw, the control.
    """

    at: SignificanceAt
    memorised: Rate
    held_out: Rate


def named_first(
    denoiser: TextDenoiser, groups: Groups, settings: PromptSettings
) -> Generator[Stage, None, tuple[NamedFirst, ...]]:
    """By each kind of significance; nothing where names are not known.

    Raises:
        ValueError: the model returns NaN.
    """
    found = []
    memorised, held_out = groups.memorised, groups.held_out
    if memorised.names and held_out.names:
        count = len(memorised.prompts)
        few = replace(held_out, prompts=held_out.prompts[:count], names=held_out.names[:count])
        for at in SIGNIFICANCE_AT:
            own = settings.model_copy(update={"significance_at": at})
            one = yield from _name_first(denoiser, memorised, own)
            other = yield from _name_first(denoiser, few, own)
            found.append(NamedFirst(at, one, other))
    return tuple(found)


def _name_first(denoiser: TextDenoiser, group: Group, settings: PromptSettings) -> Generator[Stage, None, Rate]:
    """How many prompts have a name first in significance (Wen et al. 2024), over the settings' images and steps.

    Args:
        denoiser: the model.
        group: prompts whose names are known.
        settings: images, steps, first seed, guidance.

    Raises:
        ValueError: the names are not known; the model returns NaN.
    """
    if not group.names:
        raise ValueError("It is not known which words of these prompts are names: leave the names out.")
    hits = 0
    for place, (prompt, names) in enumerate(zip(group.prompts, group.names, strict=True)):
        own = settings.model_copy(update={"seed": settings.seed + place * settings.score_images})
        hits += finish(explaining(denoiser, prompt, own)).ranked[0].text in names
        yield Stage(f"significance of words: {group.name}, {settings.significance_at}", place + 1, len(group.prompts))
    return rate(hits, len(group.prompts))
