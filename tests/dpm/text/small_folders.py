"""Small text-to-image pipelines with fresh weights, in the layouts of Stable Diffusion 1.x and 2.x."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from side_core.dpm.text.vocabulary import new_tokenizer

CAPTIONS = ("portrait of Ada Novak, long hair, glasses", "portrait of Boris Berg, short hair, hat, beard")
SIZE = 16  # pixels
WIDTH = 32  # of a token's embedding
UNETS: dict[str, dict[str, Any]] = {
    "sd1": {"attention_head_dim": 2},
    "sd2": {"attention_head_dim": [2, 4], "use_linear_projection": True},
}
ENCODERS: dict[str, dict[str, Any]] = {
    "sd1": {"hidden_act": "quick_gelu", "num_hidden_layers": 2, "eos_token_id": 2},  # 2: as SD 1.x has it
    "sd2": {"hidden_act": "gelu", "num_hidden_layers": 1},
}
CONTEXTS = {"sd1": 20, "sd2": 77}
PREDICTIONS = {"sd1": "epsilon", "sd2": "v_prediction"}


def small_tokenizer(context: int) -> CLIPTokenizer:
    """CLIP's tokenizer, to which each word of the captions is one token."""
    return new_tokenizer(CAPTIONS, context)


def small_pipeline(kind: str = "sd1", size: int = SIZE, **scheduler: object) -> StableDiffusionPipeline:
    """An untrained pipeline, the same weights each time.

    Args:
        kind: `sd1` (epsilon, projections by convolution) or `sd2` (v, linear projections, heads by level).
        size: pixels of a picture's side; a multiple of 4.
        scheduler: what the scheduler is otherwise.
    """
    tokenizer = small_tokenizer(CONTEXTS[kind])
    if kind == "sd2":
        tokenizer.pad_token = "!"  # as SD 2.x has it
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        unet = UNet2DConditionModel(
            sample_size=size // 2,
            block_out_channels=(16, 32),
            layers_per_block=1,
            norm_num_groups=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
            **UNETS[kind],
        )
        autoencoder = AutoencoderKL(
            block_out_channels=(16, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=8,
            latent_channels=4,
            scaling_factor=0.5,
        )
        config = CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_attention_heads=2,
            max_position_embeddings=CONTEXTS[kind],
            bos_token_id=tokenizer.bos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **{"eos_token_id": tokenizer.eos_token_id} | ENCODERS[kind],
        )
        encoder = CLIPTextModel(config)
    encoder.embeddings.token_embedding.weight.data *= 30  # so that prompts differ visibly
    settings = {
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "clip_sample": False,
        "steps_offset": 1,  # diffusers warns of others
        "prediction_type": PREDICTIONS[kind],
    }
    return StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(**{**settings, **scheduler}),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_small(folder: Path, kind: str = "sd1", size: int = SIZE, **scheduler: object) -> Path:
    """Save an untrained pipeline; the `sd1` kind with the files of former days, as they lie on the Hub."""
    pipeline = small_pipeline(kind, size, **scheduler)
    pipeline.save_pretrained(folder)
    if kind == "sd1":
        as_before(folder, pipeline.tokenizer)
    return folder


def as_before(folder: Path, tokenizer: CLIPTokenizer) -> None:
    """Rename what transformers called otherwise before its version 5."""
    file = folder / "text_encoder" / "model.safetensors"
    tensors = {f"text_model.{name}": value for name, value in load_file(file).items()}
    positions = torch.arange(tokenizer.model_max_length)[None]
    save_file({**tensors, "text_model.embeddings.position_ids": positions}, file, {"format": "pt"})
    file = folder / "tokenizer" / "tokenizer.json"
    model = json.loads(file.read_text())["model"]
    file.unlink()
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(model["vocab"]))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (folder / "tokenizer" / "merges.txt").write_text("\n".join(lines) + "\n")
