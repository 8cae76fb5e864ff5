"""Methods that change where the model looks in the prompt."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from side_core.dpm.text.attention import Edit
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.dpm.text.guided import Guided, Halves
from side_core.mitigation.treatment import Batch, Known

_KEPT = 0.3  # of a spike's logits (Zhao et al. 2026)
_SPIKE = 2.0  # standard deviations above the mean of a prompt's tokens; not stated in what could be read
_EARLY = ("down_blocks", "mid_block")  # the same: layers on the way down and in the middle


class Masked(Guided):
    """Guidance whose part with text looks neither at the end of the text nor at what follows, and more at its start.

    Args:
        denoiser: the model.
        scale: of the guidance.
        ends: (n,) position of the end-of-text token of each picture.
        factor: on the logits of the start token.
    """

    needs_both = True

    def __init__(self, denoiser: TextDenoiser, scale: float, ends: Sequence[int], factor: float):
        super().__init__(denoiser, scale)
        self.factor = factor
        positions = torch.arange(denoiser.context)
        summary = positions >= torch.tensor(ends)[:, None]
        self.summary = summary.to(denoiser.device)[:, None, None]  # (n, 1, 1, L)

    def edit(self, layer: str, logits: Tensor) -> Tensor:
        """(2 n, heads, h * w, L): of the rows with text, which come first."""
        own, rest = logits.chunk(2)
        own = own.masked_fill(self.summary, -math.inf)
        own = torch.cat([self.factor * own[..., :1], own[..., 1:]], dim=-1)
        return torch.cat([own, rest])

    def halves(self, x: Tensor, t: int, condition: Tensor) -> Halves:
        """Both predictions."""
        with self.denoiser.editing(self.edit):
            return super().halves(x, t, condition)


def masked(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Mask the summary tokens and scale the start token's logits (Ren et al. 2024, section 4.3; 1.25 in their code)."""
    ends = [batch.denoiser.tokens(prompt).end for prompt in batch.prompts]
    yield from ()
    return replace(batch, guided=Masked(batch.denoiser, batch.guided.scale, ends, strength))


@dataclass(frozen=True, eq=False)
class Thirds(Halves):
    """The same with a third prediction.

    Attributes:
        weakened: (n, C, H, W) the noise predicted for the prompt with weakened attention.
    """

    weakened: Tensor


class Attenuated(Guided):
    """Guidance towards what the model sees with its spikes of attention weakened, and away from what it sees with them.

    e = e_0 + s (e_a - e_0) + r (e_a - e_c): e_a is the prediction with weakened attention.

    Args:
        denoiser: the model.
        scale: s, of the guidance.
        repulsion: r.
    """

    needs_both = True

    def __init__(self, denoiser: TextDenoiser, scale: float, repulsion: float):
        super().__init__(denoiser, scale)
        self.repulsion = repulsion

    def halves(self, x: Tensor, t: int, condition: Tensor) -> "Thirds":
        """Three predictions from one evaluation of 3 n."""
        rows, count = (len(x), -1, -1), len(x)
        text = condition.to(self.device).expand(rows)
        all_three = torch.cat([text, text, self.denoiser.empty.expand(rows)])
        with self.denoiser.editing(weakening(count)):
            found = self.denoiser.predict_noise(torch.cat([x, x, x]), t, all_three)
        with_text, weakened, without_text = found.chunk(3)
        return Thirds(t, with_text, without_text, weakened)

    def mixed(self, halves: Halves) -> Tensor:
        """(n, C, H, W)."""
        assert isinstance(halves, Thirds)  # its own
        towards = self.scale * (halves.weakened - halves.without_text)
        return halves.without_text + towards + self.repulsion * (halves.weakened - halves.with_text)


def weakening(count: int) -> Edit:
    """An edit of early layers that weakens, in the second `count` rows, the tokens on which all attention lies.

    A spike is a token that gets more of the attention, averaged over heads and pixels, than the mean of its prompt's
    tokens by two standard deviations; the start token, on which attention rests where nothing is looked for, is none.
    """

    def edit(layer: str, logits: Tensor) -> Tensor:
        if not layer.startswith(_EARLY):
            return logits
        own = logits[count : 2 * count]
        attention = own.softmax(dim=-1).mean(dim=(1, 2))[:, 1:]  # (n, L - 1)
        limit = attention.mean(dim=1) + _SPIKE * attention.std(dim=1)
        spikes = torch.nn.functional.pad(attention > limit[:, None], (1, 0))[:, None, None]
        less = own - (1 - _KEPT) * own.abs()  # a logit below 0 would rise if it were multiplied
        return torch.cat([logits[:count], torch.where(spikes, less, own), logits[2 * count :]])

    return edit


def attenuated(batch: Batch, strength: float, known: Known) -> Generator[None, None, Batch]:
    """Attention attenuation with repulsion (GUARD; Zhao et al. 2026), as far as its abstract and a summary say it."""
    yield from ()
    return replace(batch, guided=Attenuated(batch.denoiser, batch.guided.scale, strength))
