"""SSCD copy-detection features (Pizzi et al. 2022) from a TorchScript file that the user supplies.

This is the one file that is no safetensors: SSCD is published as TorchScript, and its features are the field's
standard. `torch.jit.load` reads a zip archive and does not unpickle arbitrary Python objects as `torch.load` can, but
it runs the program that the file holds, so load only files you trust. A public app loads none but those in its own
folders.
"""

import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from side_core.dpm.formats.config import first_line
from side_core.settings import SettingError
from side_core.similarity.network import NetworkEncoder, weights_path

_MOST_BYTES = 2**31  # many times what the authors publish
_SIZE = 288  # pixels; the authors' recommendation for SSCD
_MEAN = (0.485, 0.456, 0.406)  # of ImageNet, as the authors normalise
_STD = (0.229, 0.224, 0.225)
_PREPARATION = (
    f"resized to {_SIZE} x {_SIZE} pixels whatever their shape (bilinear), ImageNet normalisation, unit vectors"
)


def open_sscd(weights: str | None, device: str) -> NetworkEncoder:
    """Open an SSCD TorchScript file as an encoder; sscd_disc_mixup is what published thresholds are for.

    Args:
        weights: the file, such as sscd_disc_mixup.torchscript.pt.
        device: where it computes.

    Raises:
        ValueError: no such file, no TorchScript, or a network that does not turn images into vectors.
    """
    if not weights:
        raise SettingError(
            "Encoder 'sscd' needs its TorchScript file: name it, for example sscd_disc_mixup.torchscript.pt.",
            "encoder_weights",
        )
    file = weights_path(weights, weights)
    try:
        if not file.is_file():
            raise OSError("it is no file")
        if file.stat().st_size > _MOST_BYTES:
            raise OSError(f"it has more than {_MOST_BYTES // 2**20:,} MiB")
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"The encoder weights '{weights}' cannot be read ({error.strerror or error}): name the TorchScript file."
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    network = _load(content, file, device)
    description = f"SSCD '{file.name}' (SHA-256 {digest[:12]}), {_PREPARATION}"
    fingerprint = hashlib.sha256(f"sscd 1\n{digest}\n{_PREPARATION}".encode()).hexdigest()
    try:
        return NetworkEncoder("sscd", fingerprint, description, network, prepare, device)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        last = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise ValueError(
            f"The TorchScript file '{file}' does not take images of {_SIZE} x {_SIZE} pixels "
            f"({first_line(ValueError(last[0]))}): name a file of SSCD."
        ) from None


def _load(content: bytes, file: Path, device: str) -> torch.jit.ScriptModule:
    """The network in a TorchScript file's bytes.

    Raises:
        ValueError: they are none.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", FutureWarning)
        try:
            network = torch.jit.load(io.BytesIO(content), map_location=device)
        except (RuntimeError, ValueError, EOFError) as error:
            raise ValueError(
                f"'{file}' is no TorchScript file or is damaged ({first_line(error)}): "
                "download it again, for example sscd_disc_mixup.torchscript.pt."
            ) from None
    return network.eval()


def prepare(image: Image.Image) -> Tensor:
    """An RGB image to (3, 288, 288) float32, normalised."""
    pixels = np.asarray(image.resize((_SIZE, _SIZE), Image.Resampling.BILINEAR), np.float32) / 255
    normalised = (pixels - np.array(_MEAN, np.float32)) / np.array(_STD, np.float32)
    return torch.from_numpy(normalised).permute(2, 0, 1)
