"""The adapter for an unconditional U-Net of diffusers that works on pixels."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass

import torch
from diffusers import UNet2DModel
from torch import Tensor

from side_core.dpm.denoiser import PixelSpace
from side_core.settings import Mode

FEATURE_TIMESTEP = 50  # of 1000: little noise, so that the features still tell images apart
PROBE_BATCH = 16
PROBE_CALLS = 2


@dataclass(frozen=True)
class Arithmetic:
    """How a U-Net is evaluated: number type and memory layout of weights and activations."""

    dtype: torch.dtype
    layout: torch.memory_format

    def __str__(self) -> str:
        layout = " channels-last" if self.layout == torch.channels_last else ""
        return f"{str(self.dtype).removeprefix('torch.')}{layout}"


EXACT = Arithmetic(torch.float32, torch.channels_last)  # the faster of both layouts where it was measured
probed: dict[tuple[object, ...], Arithmetic] = {}  # what `fastest` found, by device and kind of U-Net
probing = threading.Lock()  # two probes at once would time each other


class UnetDenoiser(PixelSpace):
    """An unconditional pixel U-Net as a Denoiser, for noise, v and sample prediction.

    Args:
        unet: float32 weights.
        alphas_cumprod: (T,) noise schedule.
        prediction: what the U-Net returns: `epsilon`, `v_prediction` or `sample`.
        device: where to compute.
        mode: `exact` is float32; `fast` is what a short probe finds fastest here.
    """

    def __init__(
        self,
        unet: UNet2DModel,
        alphas_cumprod: Tensor,
        prediction: str = "epsilon",
        device: str | torch.device = "cpu",
        mode: Mode = "exact",
    ):
        if prediction not in ("epsilon", "v_prediction", "sample"):
            raise ValueError(
                f"The model's prediction type is '{prediction}': only epsilon, v_prediction and sample are understood."
            )
        size = unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        self.shape = (unet.config.in_channels, height, width)
        self.device = torch.device(device)
        # A schedule that ends in no signal at all would divide by zero; the cosine schedule ends at 2.4e-9.
        self.alphas_cumprod = alphas_cumprod.double().cpu().clamp(min=1e-9)
        self.prediction = prediction
        self.fingerprint = unet_fingerprint(unet, self.alphas_cumprod, prediction)
        self.unet = unet.eval().requires_grad_(False).to(self.device)
        self.arithmetic = EXACT if mode == "exact" else fastest(self.unet, self.shape, self.device)
        place(self.unet, self.arithmetic)

    @torch.no_grad()
    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) float32 noise in x at timestep t, whatever the U-Net itself predicts."""
        inputs = x.to(self.arithmetic.dtype).contiguous(memory_format=self.arithmetic.layout)
        output = predict(self.unet, inputs, t).float()
        if self.prediction == "epsilon":
            return output
        signal, noise = float(self.alphas_cumprod[t]) ** 0.5, float(1 - self.alphas_cumprod[t]) ** 0.5
        if self.prediction == "v_prediction":  # Salimans & Ho 2022, appendix D
            return signal * output + noise * x
        return (x - signal * output) / noise

    @torch.no_grad()
    def bottleneck(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) pixels in 0..1 to (n, d) float32: the middle of the U-Net, pooled to at most 4 x 4, flattened.

        The images are scaled as at timestep 50 but carry no noise, so that the same image has the same features.
        """
        t = min(FEATURE_TIMESTEP, len(self.alphas_cumprod) - 1)
        x = float(self.alphas_cumprod[t]) ** 0.5 * self.encode(images)
        inputs = x.to(self.device, self.arithmetic.dtype).contiguous(memory_format=self.arithmetic.layout)
        h = encode(self.unet, inputs, t).middle.float()
        return torch.nn.functional.adaptive_avg_pool2d(h, (min(4, h.shape[2]), min(4, h.shape[3]))).flatten(1)


@dataclass(frozen=True)
class Encoded:
    """The first half of a U-Net's evaluation.

    Attributes:
        middle: (n, c, h, w) after the middle block, at the lowest resolution.
        skips: what the second half takes from the first, in order.
        embedding: (1, d) of the timestep, one row for the whole batch.
    """

    middle: Tensor
    skips: tuple[Tensor, ...]
    embedding: Tensor


def encode(unet: UNet2DModel, x: Tensor, t: int) -> Encoded:
    """The way down and through the middle, with the timestep embedded once for the whole batch.

    Args:
        unet: a plain one, see `is_plain`.
        x: (n, C, H, W).
        t: timestep.
    """
    timestep = torch.tensor([t], device=x.device)
    embedding = unet.time_embedding(unet.time_proj(timestep).to(x.dtype))
    h = unet.conv_in(x)
    skips: tuple[Tensor, ...] = (h,)
    for block in unet.down_blocks:
        h, more = block(hidden_states=h, temb=embedding)
        skips += more
    return Encoded(unet.mid_block(h, embedding), skips, embedding)


def predict(unet: UNet2DModel, x: Tensor, t: int) -> Tensor:
    """What `unet(x, t).sample` is; plain U-Nets are evaluated with one row of timestep embedding, which saves time."""
    if not is_plain(unet):
        return unet(x, t).sample
    first = encode(unet, x, t)
    h, skips = first.middle, first.skips
    for block in unet.up_blocks:
        count = len(block.resnets)
        h = block(h, skips[-count:], first.embedding)
        skips = skips[:-count]
    return unet.conv_out(unet.conv_act(unet.conv_norm_out(h)))


def is_plain(unet: UNet2DModel) -> bool:
    """Whether the U-Net is of the ordinary kind: no skip convolutions, no Fourier embedding, inputs as they are."""
    blocks = (*unet.down_blocks, *unet.up_blocks)
    ordinary = unet.config.time_embedding_type == "positional" and not unet.config.center_input_sample
    return ordinary and unet.mid_block is not None and not any(hasattr(block, "skip_conv") for block in blocks)


def unet_fingerprint(unet: UNet2DModel, alphas_cumprod: Tensor, prediction: str) -> str:
    """SHA-256 over configuration, noise schedule and weights (as loaded: half and full precision files differ)."""
    config = {key: value for key, value in unet.config.items() if not key.startswith("_")}
    digest = hashlib.sha256(json.dumps([config, prediction], sort_keys=True, default=str).encode())
    digest.update(alphas_cumprod.numpy().tobytes())
    for name, value in sorted(unet.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().data)
    return digest.hexdigest()


def place(unet: UNet2DModel, arithmetic: Arithmetic) -> None:
    """Convert the U-Net's weights in place."""
    torch.nn.Module.to(unet, dtype=arithmetic.dtype)  # diffusers' own `to` warns of modules that none of these have
    torch.nn.Module.to(unet, memory_format=arithmetic.layout)


def fastest(unet: UNet2DModel, shape: tuple[int, int, int], device: torch.device) -> Arithmetic:
    """The fastest arithmetic here: each candidate is timed on a small batch, once a process and kind of U-Net.

    Which one wins cannot be told from the hardware alone: on one CPU bfloat16 is nearly twice as fast as float32,
    on another slower, and group normalisation may prefer either layout. The float32 weights are left as they were.
    """
    kind = (device.type, shape, str(sorted(unet.config.items(), key=str)))
    with probing:
        if kind not in probed:
            probed[kind] = probe(unet, shape, device)
        return probed[kind]


def probe(unet: UNet2DModel, shape: tuple[int, int, int], device: torch.device) -> Arithmetic:
    """Time each candidate and name the fastest."""
    half = torch.float16 if device.type in ("cuda", "mps") else torch.bfloat16
    weights = {name: value.clone() for name, value in unet.state_dict().items()}
    seconds: dict[Arithmetic, float] = {}
    for dtype in (torch.float32, half):
        for layout in (torch.contiguous_format, torch.channels_last):
            arithmetic = Arithmetic(dtype, layout)
            place(unet, arithmetic)
            x = torch.zeros(PROBE_BATCH, *shape, device=device, dtype=dtype).contiguous(memory_format=layout)
            seconds_of_call(unet, x)  # warms up
            seconds[arithmetic] = min(seconds_of_call(unet, x) for _ in range(PROBE_CALLS))
    place(unet, EXACT)
    unet.load_state_dict(weights)
    return min(seconds, key=seconds.__getitem__)


@torch.no_grad()
def seconds_of_call(unet: UNet2DModel, x: Tensor) -> float:
    """Wall-clock seconds of one evaluation."""
    synchronize(x.device)
    start = time.perf_counter()
    predict(unet, x, 500)
    synchronize(x.device)
    return time.perf_counter() - start


def synchronize(device: torch.device) -> None:
    """Wait until the device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
