"""The ideal denoiser of a finite set of images: the perfect memoriser, in closed form."""

import torch
from torch import Tensor

from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import PixelSpace, check_condition, from_uint8
from side_core.dpm.formats.own_sampling import OwnSampling


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
        self, data: TrainingSet, alphas_cumprod: Tensor, device: str | torch.device = "cpu", chunk: int = 8192
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
        flat = x.flatten(1)
        peak = torch.full((len(x), 1), -torch.inf, device=x.device)
        total = torch.zeros_like(peak)
        mean = torch.zeros_like(flat)
        for images in self.images.split(self.chunk):
            images = images.to(x.device)
            distance = torch.cdist(flat, alpha**0.5 * images, compute_mode="donot_use_mm_for_euclid_dist")
            logits = -distance.square() / (2 * max(1 - alpha, 1e-12))
            higher = torch.maximum(peak, logits.amax(dim=1, keepdim=True))
            shrink = (peak - higher).exp()  # the softmax over all chunks, kept in range as in streaming attention
            weights = (logits - higher).exp()
            total = total * shrink + weights.sum(dim=1, keepdim=True)
            mean = mean * shrink + weights @ images
            peak = higher
        return (mean / total).view_as(x)

    @torch.no_grad()
    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """(n, C, H, W) the noise that goes with the expected clean image; it has no classes, so no condition.

        Raises:
            ValueError: a condition was given.
        """
        check_condition(condition, self.classes, len(x))
        alpha = float(self.alphas_cumprod[t])
        return (x - alpha**0.5 * self.denoise(x, t)) / max(1 - alpha, 1e-12) ** 0.5
