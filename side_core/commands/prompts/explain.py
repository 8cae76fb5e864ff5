"""`prompts explain`: which words carry a prompt. Heavy imports wait until needed."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from side_core.commands.options import given
from side_core.commands.prompts.options import add_subject, asked_prompts, opened, say
from side_core.commands.terminal import INTERRUPTED, Progress, complain
from side_core.progress import finish
from side_core.settings import PromptSettings
from side_core.wording import counted

if TYPE_CHECKING:
    from side_core.prompts.explain import Significance


ABOUT = "say which words of a prompt carry it"


def add(parser: argparse.ArgumentParser) -> None:
    """Prompts and settings."""
    add_subject(parser, PromptSettings)


def run(options: argparse.Namespace) -> int:
    """The words of each prompt, the most significant first; interrupted, of those that are finished."""
    settings = PromptSettings.read(given(options, PromptSettings))
    asked = asked_prompts(options)
    from side_core.prompts.explain import explaining
    from side_core.prompts.prompt_file import NAMED

    denoiser = opened(settings, options.device)
    read = [(prompt, denoiser.tokens(prompt)) for prompt in asked.prompts]
    prompts = [(prompt, tokens.cut) for prompt, tokens in read if tokens.words]
    if without := [repr(prompt) for prompt, tokens in read if not tokens.words]:
        sentence = f"There is no word in {', '.join(without[:NAMED])} to explain"
        if not prompts:
            raise ValueError(f"{sentence}: type some.")
        complain(f"{sentence}: left out.")
    progress, code = Progress("explaining"), 0
    found: list[Significance] = []
    try:
        for prompt, _ in prompts:
            found.append(finish(explaining(denoiser, prompt, settings)))
            progress.show(len(found) / len(prompts))
    except KeyboardInterrupt:
        if not found:
            raise
        code = INTERRUPTED
        complain(f"interrupted; {len(found):,} of {counted(len(prompts), 'prompt')} are explained.")
    explained = [(prompt, cut, words) for (prompt, cut), words in zip(prompts, found, strict=False)]
    if asked.note:
        complain(asked.note)
    if options.json:
        say(
            {
                "settings": settings.model_dump(mode="json", exclude={"prompt"}),
                "fingerprint": denoiser.fingerprint,
                "prompts": [{"prompt": prompt, "cut": cut, **asdict(words)} for prompt, cut, words in explained],
            }
        )
    else:
        say([line for prompt, cut, words in explained for line in _lines_of(prompt, cut, words)])
    return code


def _lines_of(prompt: str, cut: str, significance: "Significance") -> list[str]:
    """A prompt for a terminal: a line for each word, and what the model does not read."""
    most = significance.ranked[0].value
    lines = [prompt]
    lines += [
        f"{word.rank:4}  {word.value:9.4f}  {'#' * round(30 * word.value / most) if most else '':30}  {word.text}"
        for word in significance.ranked
    ]
    return [*lines, f"      cut off, as the model reads no more: {cut}"] if cut else lines
