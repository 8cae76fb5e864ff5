"""The prompts that a detector is tried on: those that are memorised, and several kinds that are not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from side_core.prompts.held_out import TRIED, captions_of
from side_core.prompts.prompt_file import read_prompts
from side_core.settings import SettingError

TRAINING = "once"  # the group of unrepeated training captions
_SEED = 11  # of the choice of template captions


@dataclass(frozen=True)
class Group:
    """Prompts of one kind.

    Attributes:
        name: for tables: `many`, `some`, `once`, `template`, `template-new`, `held-out`, `prompts`.
        title: what they are, for people.
        prompts: in random order, or as they were given.
        names: of each prompt the words that are a person's name, if that is known.
    """

    name: str
    title: str
    prompts: tuple[str, ...]
    names: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Groups:
    """What a detector is tried on.

    Attributes:
        memorised: prompts that should score high.
        held_out: prompts that the model never saw.
        training: unrepeated training captions, if they are known: seen, but not learnt by heart.
        others: what is reported besides.
    """

    memorised: Group
    held_out: Group
    training: Group | None
    others: tuple[Group, ...]

    @property
    def listed(self) -> tuple[Group, ...]:
        """All of them: the memorised prompts, the held-out ones, the training captions, the others."""
        return (self.memorised, self.held_out, *([self.training] if self.training else []), *self.others)

    def at_most(self, count: int) -> tuple[Group, ...]:
        """All memorised prompts, and so many of the held-out ones and of the training captions; no others."""
        first, *rest = (self.memorised, self.held_out, *([self.training] if self.training else []))
        return (first, *(replace(group, prompts=group.prompts[:count], names=group.names[:count]) for group in rest))


def captioned_groups(held_out: Sequence[str], count: int) -> Groups:
    """The groups of the built-in captioned faces.

    Args:
        held_out: captions that the model never saw, made of words that it knows.
        count: how many of those, and of the unrepeated training captions.

    Raises:
        ValueError: there are fewer.
    """
    from side_core.data.captioned import captioned_faces, held_out_names
    from side_core.data.names import GIVEN

    faces = captioned_faces()
    most = min(TRIED, sum(face.group == "once" for face in faces))
    if count > most:
        raise ValueError(
            f"held-out-count cannot be {count:,}: there are {most:,} such captions, choose {most:,} or less."
        )

    def group(name: str, title: str, most: int | None = None) -> Group:
        own = [face for face in faces if face.group == name][:most]
        return Group(name, title, tuple(face.caption for face in own), tuple((face.given, face.family) for face in own))

    template = group("template", "one face under 40 captions")
    families = {family: caption for caption, (_, family) in zip(template.prompts, template.names, strict=True)}
    used = set(template.names)
    new = [
        (caption.replace(f" {caption.split()[2]} ", f" {given} ", 1), (given, family))
        for family, caption in families.items()
        for given in GIVEN
        if (given, family) not in used
    ]
    some_of = np.random.default_rng(_SEED).permutation(len(template.prompts))[:count]
    return Groups(
        group("many", "training captions repeated 100 to 300 times"),
        Group(
            "held-out",
            "captions the model never saw, in words it knows",
            tuple(held_out[:count]),
            held_out_names()[:count],
        ),
        group(TRAINING, "training captions shown once in a pass", count),
        (
            group("some", "training captions repeated 10 to 30 times"),
            Group(
                "template",
                template.title,
                tuple(template.prompts[place] for place in some_of),
                tuple(template.names[place] for place in some_of),
            ),
            Group(
                "template-new",
                "the same faces' family names with given names they never had",
                tuple(caption for caption, _ in new),
                tuple(names for _, names in new),
            ),
        ),
    )


def groups_for(model: str, prompts: Sequence[str], control: Path | None, training: Path | None, count: int) -> Groups:
    """What a detector of a model is tried on: what was given, and for the rest what is known of the model.

    Args:
        model: name or folder.
        prompts: memorised ones; empty: those of the model.
        control: file of held-out prompts; left out: those of the model.
        training: file of training captions that are not repeated; left out: those of the model.
        count: how many held-out prompts, and how many training captions.

    Raises:
        ValueError: nothing is known of the model, and nothing was given.
    """
    captions = captions_of(model)
    known = None if captions is None else captioned_groups(captions, count)
    if not prompts and known is None:
        raise SettingError(f"It is not known which prompts '{model}' has memorised: give some.", "prompts")
    if control is None and known is None:
        raise SettingError(f"'{model}' has no held-out prompts of its own: give some.", "control")
    memorised = (
        Group("prompts", "the prompts that were given", tuple(prompts)) if prompts or not known else known.memorised
    )
    held_out = known.held_out if known else None
    if control is not None:
        held_out = Group("held-out", f"prompts of {control.name}", read_prompts(control).prompts[:count])
    rest = known.training if known else None
    if training is not None:
        rest = Group(TRAINING, f"prompts of {training.name}", read_prompts(training).prompts[:count])
    assert held_out is not None  # given or known
    both = next((prompt for prompt in held_out.prompts if prompt in memorised.prompts), None)
    if both is not None:
        raise ValueError(f"{both!r} stands among the memorised and among the held-out prompts: take it out of one.")
    if rest is not None:
        others = tuple(prompt for prompt in rest.prompts if prompt not in memorised.prompts)
        rest = replace(rest, prompts=others, names=()) if others else None
    return Groups(memorised, held_out, rest, known.others if known and not prompts else ())
