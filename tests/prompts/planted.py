"""A text model whose memory is known: what the text changes in the noise is written into the prompt."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

import torch
from torch import Tensor

from side_core.dpm.text.attention import AttentionMaps, LayerMap

CONTEXT = 6
SHAPE = (2, 4, 4)


class Planted:
    """The contract of a text model. `pull 3.5` changes the noise by a vector of length 3.5 at every timestep.

    With `curved`, the change is `pull` times a fixed symmetric matrix times x in place of the fixed vector.

    Args:
        curved: whether the change depends on x.
        broken: the number of the evaluation from which on it returns NaN.
    """

    shape, image_size, bounded, classes, context = SHAPE, (4, 4), False, 0, CONTEXT
    device, fingerprint, arithmetic = torch.device("cpu"), "planted", "float32"

    def __init__(self, curved: bool = False, broken: int | None = None):
        generator = torch.Generator().manual_seed(0)
        self.alphas_cumprod = torch.linspace(0.999, 0.001, 100, dtype=torch.float64)
        direction = torch.randn(SHAPE, generator=generator)
        self.direction = direction / direction.norm()
        matrix = torch.randn(32, 32, generator=generator, dtype=torch.float64)
        self.matrix = (matrix + matrix.T).float() / 10
        self.curved, self.broken = curved, broken
        self.empty = torch.zeros(1, CONTEXT, 1)
        self.sizes: list[int] = []  # rows of each evaluation
        self.embedded: list[list[str]] = []
        self.maps: AttentionMaps | None = None

    def tokens(self, prompt: str) -> SimpleNamespace:
        """Start, one token a word, end, padding."""
        end = min(len(prompt.split()) + 1, CONTEXT - 1)
        return SimpleNamespace(end=end, cut="", unknown=())

    def embed(self, prompts: Sequence[str]) -> Tensor:
        """(n, L, 1) the pull in every row."""
        self.embedded.append(list(prompts))
        pulls = [float(prompt.split()[1]) for prompt in prompts]
        return torch.tensor(pulls).view(-1, 1, 1).expand(-1, CONTEXT, 1)

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """Half of x, and what the text adds."""
        self.sizes.append(len(x))
        if self.broken is not None and len(self.sizes) >= self.broken:
            return torch.full_like(x, torch.nan)
        text = self.empty.expand(len(x), -1, -1) if condition is None else condition
        if self.maps is not None:
            self.maps.layers[:] = [self.layer(text, 2), self.layer(text, 4), self.layer(text, 4)]
        pull = text[:, 0, 0].view(-1, 1, 1, 1)
        change = (x.flatten(1) @ self.matrix).view_as(x) if self.curved else self.direction
        return x / 2 + pull * change

    def layer(self, text: Tensor, side: int) -> LayerMap:
        """Attention that looks the more to the last token, the larger the pull."""
        logits = torch.zeros(len(text), 2, side * side, CONTEXT)
        logits[..., -1] = text[:, 0, 0].view(-1, 1, 1)
        return LayerMap(f"layer {side}", (side, side), logits.softmax(dim=-1))

    @contextmanager
    def watching(self) -> Iterator[AttentionMaps]:
        """Shows the maps of the latest evaluation."""
        self.maps = AttentionMaps()
        try:
            yield self.maps
        finally:
            self.maps = None

    def decode(self, x: Tensor) -> Tensor:
        """The first channel as grey pixels."""
        return (x[:, :1].tanh() / 2 + 0.5).expand(-1, 3, -1, -1)
