"""Where to compute."""

import torch


def open_device(device: str | None) -> str:
    """`device` itself, if it can be used here; left out: `cuda`, `mps` or `cpu`, whichever is there.

    Raises:
        ValueError: there is no such device here.
    """
    if device is None:
        return _best_device()
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ValueError(f"Device '{device}' cannot be used here: choose cpu or leave it out.") from None
    return device


def _best_device() -> str:
    """`cuda`, `mps` or `cpu`, whichever is there."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
