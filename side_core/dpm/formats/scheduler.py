"""The noise schedule a model was trained with, as its folder describes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from side_core.dpm.formats.config import first_line, read_config, shown, whole_number
from side_core.dpm.formats.own_sampling import OwnSampling, read_own_sampling
from side_core.dpm.formats.third_party_logs import importing, quiet

_MOST_TIMESTEPS = 10_000  # the sampling settings know timesteps 0..9999
_PREDICTIONS = ("epsilon", "v_prediction", "sample")


@dataclass(frozen=True, eq=False)
class Scheduler:
    """What a scheduler's configuration says of the training, and of how its own pipeline samples.

    Attributes:
        kind: name of diffusers' class.
        beta_schedule: name of the noise schedule, or `trained betas` where each is listed.
        prediction: what the network returns: `epsilon`, `v_prediction` or `sample`.
        alphas_cumprod: (T,) the signal's share of variance.
        own_sampling: how its own pipeline samples.
    """

    kind: str
    beta_schedule: str
    prediction: str
    alphas_cumprod: Tensor
    own_sampling: OwnSampling


def read_scheduler(file: Path) -> Scheduler:
    """The scheduler of a `scheduler_config.json`, any beta schedule that diffusers knows.

    Raises:
        ValueError: the file is damaged, or describes no noise schedule, prediction or sampling that is understood.
    """
    config = read_config(file)
    betas = config.get("trained_betas")
    whole_number({"num_train_timesteps": 1000} | config, "num_train_timesteps", file, 2, _MOST_TIMESTEPS)
    if betas and (not isinstance(betas, list) or len(betas) > _MOST_TIMESTEPS):
        raise ValueError(f"trained_betas is {shown(betas)} in '{file}': a list of at most {_MOST_TIMESTEPS} is needed.")
    if not betas and "beta_schedule" not in config:  # as of flow matching, which is another kind of model
        raise ValueError(f"The scheduler in '{file}' is not understood (no beta_schedule): save it as DDIM or DDPM.")
    prediction = config.get("prediction_type", "epsilon")
    check_prediction(prediction)
    alphas = _alphas_of(config, file)
    name = "trained betas" if betas else str(config["beta_schedule"])
    own = read_own_sampling(config, file, len(alphas))
    return Scheduler(str(config.get("_class_name")), name, prediction, alphas, own)


def check_prediction(prediction: object) -> None:
    """Raise ValueError where a network's output is of an unknown kind."""
    if prediction not in _PREDICTIONS:
        raise ValueError(
            f"The model's prediction type is {shown(prediction)}: only epsilon, v_prediction and sample are understood."
        )


def noise_from(output: Tensor, x: Tensor, alpha: float, prediction: str) -> Tensor:
    """The noise in x, whatever a network predicts of it.

    Args:
        output: what the network returns for x.
        x: (n, C, H, W) noisy.
        alpha: the signal's share of variance there.
        prediction: what `output` is, see `check_prediction`.
    """
    if prediction == "epsilon":
        return output
    signal, noise = alpha**0.5, (1 - alpha) ** 0.5
    if prediction == "v_prediction":  # Salimans & Ho 2022, appendix D
        return signal * output + noise * x
    return (x - signal * output) / noise


def _alphas_of(config: dict[str, Any], file: Path) -> Tensor:
    """(T,) alphas_cumprod of a scheduler's configuration, computed by diffusers.

    Raises:
        ValueError: diffusers does not understand it, or it is no share of variance that falls.
    """
    with importing:
        from diffusers import DDIMScheduler, DDPMScheduler  # seconds to import

    kind = DDPMScheduler if config.get("_class_name") == "DDPMScheduler" else DDIMScheduler
    try:
        with quiet():
            alphas = kind.from_config(config).alphas_cumprod
    except Exception as error:  # whatever torch and diffusers raise for values that make no schedule
        raise ValueError(
            f"The scheduler in '{file}' is not understood ({first_line(error)}): save it as DDIM or DDPM."
        ) from None
    listed = alphas.ndim == 1 and len(alphas) > 1
    inside = listed and ((alphas >= 0) & (alphas < 1)).all()  # NaN is neither
    if not inside or (alphas.diff() > 0).any() or alphas[0] == alphas[-1]:
        raise ValueError(
            f"The noise schedule in '{file}' does not fall from 1 towards 0: mend its betas or save the model again."
        )
    return alphas


def cosine_alphas_cumprod(timesteps: int = 1000) -> Tensor:
    """(T,) the `squaredcos_cap_v2` schedule (Nichol & Dhariwal 2021, eq. 17), which the embedded models use."""
    with importing:
        from diffusers import DDPMScheduler

    schedule: Tensor = DDPMScheduler(num_train_timesteps=timesteps, beta_schedule="squaredcos_cap_v2").alphas_cumprod
    return schedule.to(torch.float32)
