"""Open a model by its name or folder, and say in one sentence what is wrong with one that cannot be opened."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from side_core.assets import BUILT_INS
from side_core.data.source import open_training_set
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.ideal import IdealDenoiser
from side_core.settings import Mode

if TYPE_CHECKING:
    from diffusers import UNet2DModel

PIPELINES = ("DDPMPipeline", "DDIMPipeline")


def best_device() -> str:
    """`cuda`, `mps` or `cpu`, whichever is there."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def model_folder(model: str) -> Path:
    """The folder of a built-in name, or the folder that was named itself."""
    return BUILT_INS[model].folder if model in BUILT_INS else Path(model).expanduser()


def read_card(folder: Path) -> dict[str, Any]:
    """What `card.json` beside the weights says; empty where there is none."""
    file = folder / "card.json"
    return read_json(file) if file.is_file() else {}


def open_denoiser(model: str, mode: Mode = "exact", device: str | None = None) -> Denoiser:
    """Open a built-in model or a local diffusers folder of an unconditional pixel DPM.

    Args:
        model: name of a built-in model, or path of a folder with `model_index.json`.
        mode: `exact` or `fast` arithmetic.
        device: left out: the best there is.

    Raises:
        ValueError: the folder is missing, empty, not a pipeline, of another kind, or its files are damaged.
    """
    folder = model_folder(model)
    device = device or best_device()
    if not folder.is_dir():
        known = ", ".join(BUILT_INS)
        raise ValueError(f"There is no model folder '{model}': give a diffusers folder or one of {known}.")
    card = read_card(folder)
    if card.get("kind") == "ideal denoiser":
        return IdealDenoiser(open_training_set(card["data"]["source"]), cosine_alphas_cumprod(), device)
    check_pipeline(folder)
    return open_unet_pipeline(folder, mode, device)


def check_pipeline(folder: Path) -> None:
    """Raise ValueError unless `folder` holds an unconditional pixel pipeline with safetensors weights."""
    if not any(folder.iterdir()):
        raise ValueError(f"The model folder '{folder}' is empty: give a folder saved with save_pretrained.")
    index = folder / "model_index.json"
    if not index.is_file():
        raise ValueError(f"'{folder}' is not a diffusers pipeline: it has no model_index.json.")
    kind = read_json(index).get("_class_name", "unknown")
    if kind not in PIPELINES:
        raise ValueError(
            f"'{folder}' holds a {kind}: only unconditional pixel models ({', '.join(PIPELINES)}) can be opened."
        )
    for part in ("unet", "scheduler"):
        if not (folder / part).is_dir():
            raise ValueError(f"'{folder}' has no {part} folder: save the whole pipeline with save_pretrained.")
    if not list((folder / "unet").glob("*.safetensors")):
        pickles = list((folder / "unet").glob("*.bin"))
        if pickles:
            raise ValueError(
                f"'{pickles[0]}' is a pickle, which could run code: save the model again with safe_serialization=True."
            )
        raise ValueError(f"'{folder / 'unet'}' has no weights: a file diffusion_pytorch_model.safetensors is needed.")


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file; ValueError if it is none."""
    try:
        content = json.loads(file.read_text())
    except (ValueError, OSError) as error:
        raise ValueError(f"'{file}' cannot be read as JSON ({error}): save the model again.") from None
    if not isinstance(content, dict):
        raise ValueError(f"'{file}' holds no JSON object: save the model again.")
    return content


def load_unet(folder: Path) -> "UNet2DModel":
    """The float32 U-Net of a checked pipeline folder.

    Raises:
        ValueError: weights are damaged or do not fit their configuration, or it draws something else than RGB images.
    """
    from diffusers import UNet2DModel  # seconds to import
    from diffusers.utils import logging

    weights, verbosity = folder / "unet", logging.get_verbosity()
    logging.set_verbosity_error()  # what it would warn of becomes one sentence below
    try:
        unet, report = UNet2DModel.from_pretrained(
            weights, use_safetensors=True, local_files_only=True, output_loading_info=True, torch_dtype=torch.float32
        )
    except (SafetensorError, OSError) as error:  # diffusers wraps the one in the other
        raise ValueError(
            f"The weights in '{weights}' are damaged ({first_line(error)}): copy the folder again."
        ) from None
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(
            f"The weights in '{weights}' do not fit their config.json ({first_line(error)}): save the model again."
        ) from None
    finally:
        logging.set_verbosity(verbosity)
    odd = [*report["missing_keys"], *report["unexpected_keys"]]
    if odd:
        raise ValueError(
            f"The weights in '{weights}' do not fit their config.json (for example '{odd[0]}'): save the model again."
        )
    config = unet.config
    if config.num_class_embeds or config.class_embed_type:
        raise ValueError(f"'{folder}' is a class-conditional model: only unconditional models can be opened.")
    if (config.in_channels, config.out_channels) != (3, 3):
        raise ValueError(
            f"The U-Net of '{folder}' takes {config.in_channels} channels and returns {config.out_channels}: "
            "only RGB models (3 and 3) can be opened."
        )
    if config.sample_size is None:
        raise ValueError(f"'{folder}' does not say how large its images are: set sample_size in unet/config.json.")
    return unet


def open_unet_pipeline(folder: Path, mode: Mode, device: str) -> Denoiser:
    """The U-Net and noise schedule of a checked pipeline folder.

    Raises:
        ValueError: weights are damaged or do not fit their configuration, or the noise schedule is not understood.
    """
    from side_core.dpm.unet import UnetDenoiser

    unet = load_unet(folder)
    config = read_json(folder / "scheduler" / "scheduler_config.json")
    return UnetDenoiser(unet, scheduler_alphas(folder, config), config.get("prediction_type", "epsilon"), device, mode)


def scheduler_alphas(folder: Path, config: dict[str, Any]) -> torch.Tensor:
    """(T,) alphas_cumprod from the scheduler's configuration, any beta schedule that diffusers knows."""
    from diffusers import DDIMScheduler, DDPMScheduler

    kind = {"DDPMScheduler": DDPMScheduler}.get(config.get("_class_name", ""), DDIMScheduler)
    try:
        return kind.from_config(config).alphas_cumprod
    except (NotImplementedError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"The scheduler in '{folder}' is not understood ({first_line(error)}): save it as DDIM or DDPM."
        ) from None


def cosine_alphas_cumprod(timesteps: int = 1000) -> torch.Tensor:
    """(T,) the `squaredcos_cap_v2` schedule (Nichol & Dhariwal 2021, eq. 17), which the embedded models use."""
    from diffusers import DDPMScheduler

    return DDPMScheduler(num_train_timesteps=timesteps, beta_schedule="squaredcos_cap_v2").alphas_cumprod


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened, for use inside a sentence."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text[:140].rstrip(". ")
