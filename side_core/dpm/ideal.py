"""The ideal denoiser of a finite set of images: the perfect memoriser, in closed form."""

import torch
from torch import Tensor

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import PixelSpace, check_condition, from_uint8
from side_core.dpm.formats.own_sampling import OwnSampling

CHUNK = 8192  # images compared at once


class IdealDenoiser(PixelSpace):
    """The minimiser of the denoising loss over a finite set (Karras et al. 2022, eq. 57).

    Its estimate of the clean image is the average of the images, weighted by how likely each is to have become x.

    Args:
        data: the images it knows by heart.
        alphas_cumprod: (T,) noise schedule.
        device: where to compute.
        chunk: images compared at once; bounds the memory, not the result.
    """

    own_sampling = OwnSampling()

    def __init__(
        self, data: TrainingSet, alphas_cumprod: Tensor, device: str | torch.device = "cpu", chunk: int = CHUNK
    ):
        self.device = torch.device(device)
        self.arithmetic = "float32"
        self.alphas_cumprod = alphas_cumprod.double().cpu()
        self.images = self.encode(from_uint8(data.images)).flatten(1)
        self.image_size = data.size
        self.shape = (3, *data.size)
        self.classes = 0
        self.fingerprint = f"ideal-{data.fingerprint}"
        self.chunk = chunk

    @torch.no_grad()
    def denoise(self, x: Tensor, t: int) -> Tensor:
        """(n, C, H, W) the expected clean image given x at timestep t."""
        alpha = float(self.alphas_cumprod[t])
        mean, _ = posterior(x.flatten(1), self.images, alpha**0.5, max(1 - alpha, 1e-12), self.chunk)
        return mean.view_as(x)

    @torch.no_grad()
    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) the noise that goes with the expected clean image; it has no classes, so no condition.

        Raises:
            ValueError: a condition was given.
        """
        check_condition(condition, self.classes, len(x))
        alpha = float(self.alphas_cumprod[t])
        return (x - alpha**0.5 * self.denoise(x, t)) / max(1 - alpha, 1e-12) ** 0.5


def posterior(x: Tensor, images: Tensor, signal: float, variance: float, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    """What is known of the clean image when one of a finite set has become x = signal * image + noise.

    Args:
        x: (n, d).
        images: (N, d) the set; each is as likely as any other.
        signal: what the image was multiplied by.
        variance: of the noise, in each of the d numbers.
        chunk: images compared at once; bounds the memory, not the result.

    Returns:
        (n, d) the expected clean image, and (n,) log sum_i exp(-|x - signal x_i|^2 / (2 variance)).
    """
    peak = torch.full((len(x), 1), -torch.inf, device=x.device)
    total, mean = torch.zeros_like(peak), torch.zeros_like(x)
    for some in images.split(chunk):
        some = some.to(x.device)
        distance = torch.cdist(x, signal * some, compute_mode="donot_use_mm_for_euclid_dist")
        logits = -distance.square() / (2 * variance)
        higher = torch.maximum(peak, logits.amax(dim=1, keepdim=True))
        shrink = (peak - higher).exp()  # the softmax over all chunks, kept in range as in streaming attention
        weights = (logits - higher).exp()
        total = total * shrink + weights.sum(dim=1, keepdim=True)
        mean = mean * shrink + weights @ some
        peak = higher
    return mean / total, (peak + total.log()).squeeze(1)
