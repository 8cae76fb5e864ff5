"""The adapter for a U-Net of diffusers, on pixels or on latents, unconditional or class-conditional."""

import hashlib

import torch
from diffusers import UNet2DModel
from torch import Tensor

from side_core.dpm.arithmetic import chosen, place
from side_core.dpm.denoiser import FEATURE_TIMESTEP, PixelSpace, Space, check_condition, pooled
from side_core.dpm.fingerprint import network_digest
from side_core.dpm.formats.own_sampling import OwnSampling
from side_core.dpm.formats.scheduler import check_prediction, noise_from
from side_core.dpm.forward import embed_timestep, encode, is_plain, least_timestep, predict
from side_core.settings import Mode

_PLAIN = OwnSampling()


class UnetDenoiser:
    """A U-Net as a Denoiser, for noise, v and sample prediction.

    Args:
        unet: float32 weights.
        alphas_cumprod: (T,) noise schedule.
        prediction: what the U-Net returns: `epsilon`, `v_prediction` or `sample`.
        device: where to compute.
        mode: `exact` is float32; `fast` is what a short probe finds fastest here.
        space: what it works on; left out: pixels.
        own_sampling: how its own pipeline samples.
        recorded: text of the arithmetic that pictures were begun in, see `chosen`.
    """

    def __init__(
        self,
        unet: UNet2DModel,
        alphas_cumprod: Tensor,
        prediction: str = "epsilon",
        device: str | torch.device = "cpu",
        mode: Mode = "exact",
        space: Space | None = None,
        own_sampling: OwnSampling = _PLAIN,
        recorded: str | None = None,
    ):
        check_prediction(prediction)
        size = unet.config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        self.space = PixelSpace() if space is None else space
        self.shape = (unet.config.in_channels, height, width)
        self.image_size = self.space.size_of(self.shape)
        self.bounded = self.space.bounded
        self.classes = unet.config.num_class_embeds or 0
        self.device = torch.device(device)
        # A schedule that ends in no signal at all would divide by zero; the cosine schedule ends at 2.4e-9.
        self.alphas_cumprod = alphas_cumprod.double().cpu().clamp(min=1e-9)
        self.least_timestep = least_timestep(unet)
        self.prediction, self.own_sampling = prediction, own_sampling
        self.fingerprint = network_digest(unet, prediction, self.alphas_cumprod.numpy().tobytes())
        if self.space.digest:
            self.fingerprint = hashlib.sha256((self.fingerprint + self.space.digest).encode()).hexdigest()
        self.unet = unet.eval().requires_grad_(False).to(self.device)
        self.arithmetic = chosen(mode, recorded, self.unet, self.shape, self.device)
        place(self.unet, self.arithmetic)

    @torch.no_grad()
    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) float32 noise in x at timestep t, whatever the U-Net itself predicts.

        Raises:
            ValueError: `condition` is not the (n,) int64 labels of a class-conditional model, or not None of another.
        """
        return self.noise(x, t, condition)

    def noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """The same, with its gradient."""
        check_condition(condition, self.classes, len(x))
        labels = None if condition is None else condition.to(self.device)
        output = predict(self.unet, self.placed(x), t, labels).float()
        return noise_from(output, x, float(self.alphas_cumprod[t]), self.prediction)

    @torch.no_grad()
    def bottleneck(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) pixels in 0..1 to (n, d) float32: the middle of the U-Net, pooled to at most 4 x 4, flattened.

        The images are scaled as at timestep 50 but carry no noise, so that the same image has the same features. A
        class-conditional U-Net is given the average of its class embeddings: the classes of training images and of
        drawn ones need not be known or equal, and no class is preferred.

        Raises:
            ValueError: the U-Net is of an unusual kind, whose middle cannot be read.
        """
        if not is_plain(self.unet):
            raise ValueError(
                "The features of this model's U-Net cannot be read (it has unusual blocks): choose the pixel encoder."
            )
        t = min(FEATURE_TIMESTEP, len(self.alphas_cumprod) - 1)
        x = self.placed(float(self.alphas_cumprod[t]) ** 0.5 * self.encode(images))
        embedding = embed_timestep(self.unet, t, x)
        if self.classes:
            embedding = embedding + self.unet.class_embedding.weight.mean(dim=0)
        return pooled(encode(self.unet, x, embedding).middle)

    def decode(self, x: Tensor) -> Tensor:
        """(n, C, H, W) in the model's space to (n, 3, H', W') pixels in 0..1."""
        return self.space.decode(x)

    def encode(self, images: Tensor) -> Tensor:
        """(n, 3, H', W') pixels in 0..1 to the model's space."""
        return self.space.encode(images)

    def placed(self, x: Tensor) -> Tensor:
        """The tensor on the model's device, in its number type and memory layout."""
        return x.to(self.device, self.arithmetic.dtype).contiguous(memory_format=self.arithmetic.layout)
