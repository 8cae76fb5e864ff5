"""The adapter for a Stable Diffusion pipeline: a U-Net on latents that attends to a text."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from side_core.dpm.arithmetic import chosen, place
from side_core.dpm.denoiser import FEATURE_TIMESTEP, Denoiser, Space, pooled
from side_core.dpm.fingerprint import network_digest
from side_core.dpm.formats.own_sampling import OwnSampling
from side_core.dpm.formats.scheduler import check_prediction, noise_from
from side_core.dpm.text.attention import AttentionMaps, Edit, install
from side_core.dpm.text.tokens import Tokens, Vocabulary
from side_core.settings import Mode

_CHUNK = 64  # prompts embedded at once
_ENCODER_ENTRIES = ("hidden_act", "num_attention_heads", "layer_norm_eps")  # beside the weights, all that it depends on

_UNCLIPPED = OwnSampling(clip="off")


class TextDenoiser:
    """A U-Net with text condition as a Denoiser, for noise, v and sample prediction.

    The text encoder computes in float32 whatever the mode.

    Args:
        unet: float32 weights.
        encoder: of the text, float32 weights.
        vocabulary: of the encoder.
        alphas_cumprod: (T,) noise schedule.
        space: the latents it works on.
        prediction: what the U-Net returns: `epsilon`, `v_prediction` or `sample`.
        device: where to compute.
        mode: `exact` is float32; `fast` is what a short probe finds fastest here.
        own_sampling: how its own pipeline samples.

    Raises:
        ValueError: the prediction is unknown, or the text encoder returns NaN.
    """

    bounded = False
    classes = 0

    def __init__(
        self,
        unet: Any,
        encoder: Any,
        vocabulary: Vocabulary,
        alphas_cumprod: Tensor,
        space: Space,
        prediction: str = "epsilon",
        device: str | torch.device = "cpu",
        mode: Mode = "exact",
        own_sampling: OwnSampling = _UNCLIPPED,
        recorded: str | None = None,
    ):
        check_prediction(prediction)
        size = unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        self.space, self.vocabulary, self.prediction = space, vocabulary, prediction
        self.own_sampling = own_sampling
        self.shape = (unet.config.in_channels, height, width)
        self.image_size = space.size_of(self.shape)
        self.context = vocabulary.context
        self.device = torch.device(device)
        self.alphas_cumprod = alphas_cumprod.double().cpu().clamp(min=1e-9)  # as of an unconditional U-Net
        digests = (
            network_digest(unet, prediction, self.alphas_cumprod.numpy().tobytes()),
            space.digest,
            network_digest(encoder, "text", config={name: getattr(encoder.config, name) for name in _ENCODER_ENTRIES}),
            vocabulary.digest,
        )
        self.fingerprint = hashlib.sha256("".join(digests).encode()).hexdigest()
        self.encoder = encoder.eval().requires_grad_(False).to(self.device)
        self.unet = unet.eval().requires_grad_(False).to(self.device)
        self.watch = install(self.unet, (height, width))
        self.attends = any(name.endswith(".attn2") for name, _ in self.unet.named_modules())
        self.empty = self.embed([""])
        self.arithmetic = chosen(mode, recorded, self.unet, self.shape, self.device, self.evaluate_empty)
        place(self.unet, self.arithmetic)

    def tokens(self, prompt: str) -> Tokens:
        """How the model reads a prompt."""
        return self.vocabulary.tokens(prompt)

    @torch.no_grad()
    def embed(self, prompts: Sequence[str]) -> Tensor:
        """(n, L, d) float32 of n prompts, on the model's device: what the U-Net attends to. No gradient.

        Raises:
            ValueError: the text encoder returns NaN or infinity.
        """
        ids = self.vocabulary.ids(prompts).to(self.device)
        found = torch.cat([self.encoder(input_ids=part).last_hidden_state for part in ids.split(_CHUNK)])
        if not found.isfinite().all():
            raise ValueError(
                "The text encoder returned NaN or infinity: its weights are damaged, copy the folder again."
            )
        return found

    def words(self, prompt: str) -> Tensor:
        """(1, L, d) what goes into the text encoder: the embedding of each token, without its position."""
        embedding: Tensor = self.encoder.get_input_embeddings()(self.vocabulary.ids([prompt]).to(self.device))
        return embedding

    def encode_words(self, words: Tensor) -> Tensor:
        """(n, L, d) of what goes into the text encoder to what `embed` makes of it, with a gradient.

        The encoder's own way from there on: transformers takes only token ids, and the network is shared by threads,
        so that it must not be changed to take anything else.
        """
        from transformers.masking_utils import create_causal_mask

        text_encoder = self.encoder
        hidden = text_encoder.embeddings(inputs_embeds=words)
        mask = create_causal_mask(config=text_encoder.config, inputs_embeds=hidden, attention_mask=None, cache=None)
        encoded = text_encoder.encoder(inputs_embeds=hidden, attention_mask=mask, is_causal=True).last_hidden_state
        normalised: Tensor = text_encoder.final_layer_norm(encoded)
        return normalised

    @torch.no_grad()
    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) float32 noise in x at timestep t, whatever the U-Net itself predicts. No gradient.

        Args:
            x: (n, C, H, W).
            t: timestep.
            condition: (n, L, d), or (1, L, d) for all, as `embed` makes it; left out: the empty prompt.

        Raises:
            ValueError: the condition has another shape.
        """
        return self.noise(x, t, self.empty if condition is None else condition)

    def noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """The same with a gradient to `x` and `condition`, where they ask for one."""
        condition = self.empty if condition is None else condition
        self.check_condition(condition, len(x))
        if (maps := self.watch.present) is not None:
            maps.layers.clear()
        text = condition.to(self.device, self.arithmetic.dtype).expand(len(x), -1, -1)
        output = self.unet(self.placed(x), t, text, return_dict=False)[0].float()
        return noise_from(output, x, float(self.alphas_cumprod[t]), self.prediction)

    def watching(self) -> AbstractContextManager[AttentionMaps]:
        """Inside this block, what this thread's latest evaluation looked at in the text stands in the maps."""
        return self.watch.watching()

    def editing(self, edit: Edit) -> AbstractContextManager[None]:
        """Inside this block this thread's evaluations look at the text as `edit` says."""
        return self.watch.editing(edit)

    @torch.no_grad()
    def bottleneck(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) pixels in 0..1 to (n, d) float32: the middle of the U-Net for the empty prompt.

        As `UnetDenoiser.bottleneck`: scaled as at timestep 50, without noise, pooled to at most 4 x 4, flattened.
        """
        t = min(FEATURE_TIMESTEP, len(self.alphas_cumprod) - 1)
        x = self.placed(float(self.alphas_cumprod[t]) ** 0.5 * self.encode(images))
        return pooled(_middle(self.unet, x, t, self.empty.to(x.dtype).expand(len(x), -1, -1)))

    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) in the model's space to (n, 3, H', W') pixels in 0..1."""
        return self.space.decode(x)

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to the model's space."""
        return self.space.encode(images)

    def placed(self, x: Tensor) -> Tensor:
        """The tensor on the model's device, in its number type and memory layout."""
        return x.to(self.device, self.arithmetic.dtype).contiguous(memory_format=self.arithmetic.layout)

    def evaluate_empty(self, x: Tensor) -> Tensor:
        """What the U-Net returns for the empty prompt, in the number type of x: the probe for speed."""
        return self.unet(x, 500, self.empty.to(x.dtype).expand(len(x), -1, -1), return_dict=False)[0]

    def check_condition(self, condition: Tensor, count: int) -> None:
        """Raise ValueError unless it is a text for each of `count` images, or one for all."""
        width = self.empty.shape[2]
        if condition.ndim != 3 or len(condition) not in (1, count) or condition.shape[1:] != (self.context, width):
            raise ValueError(
                f"The condition is {list(condition.shape)}: embed the prompts first, to "
                f"[{count}, {self.context}, {width}]."
            )


def _middle(unet: Any, x: Tensor, t: int, text: Tensor) -> Tensor:
    """(n, c, h, w) after the middle block of a U-Net with text condition.

    Args:
        unet: of diffusers.
        x: (n, C, H, W).
        t: timestep.
        text: (n, L, d).
    """
    embedding = unet.time_embedding(unet.time_proj(torch.tensor([t], device=x.device)).to(x.dtype))
    h = unet.conv_in(x)
    for block in unet.down_blocks:
        more = {"encoder_hidden_states": text} if hasattr(block, "attentions") else {}
        h, _ = block(hidden_states=h, temb=embedding, **more)
    return unet.mid_block(h, embedding, encoder_hidden_states=text)


def need_text(denoiser: Denoiser) -> TextDenoiser:
    """The denoiser itself, where it draws what a text says.

    Raises:
        ValueError: it draws without a text.
    """
    if not isinstance(denoiser, TextDenoiser):
        raise ValueError(
            "This model draws without a text: choose a text-to-image model, such as a StableDiffusionPipeline folder."
        )
    return denoiser
