"""Opening a text-to-image folder: what is not needed may be missing, and whatever does not fit gets one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file

from side_core.dpm.description import describe
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import need_text
from side_core.extraction.overview import lines_of_model
from side_core.sampling.drawing import draw
from side_core.settings import SamplingSettings
from tests.dpm.text.small_folders import save_small

Folder = Callable[..., Path]


def edit(file: Path, **changes: object) -> None:
    """Change some entries of a JSON file; `...` takes one away."""
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in content.items() if value is not ...}))


def index(folder: Path, **changes: object) -> None:
    """Change some entries of model_index.json."""
    edit(folder / "model_index.json", **changes)


def unet(folder: Path, **changes: object) -> None:
    """Change the U-Net's configuration."""
    edit(folder / "unet" / "config.json", **changes)


def encoder(folder: Path, **changes: object) -> None:
    """Change the text encoder's configuration."""
    edit(folder / "text_encoder" / "config.json", **changes)


def tokenizer(folder: Path, **changes: object) -> None:
    """Change how the vocabulary is used."""
    edit(folder / "tokenizer" / "tokenizer_config.json", **changes)


def resize(folder: Path, name: str, rows: int) -> None:
    """Give a tensor of the text encoder another number of rows."""
    file = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(file)
    key = next(key for key in tensors if key.endswith(name))
    tensors[key] = torch.zeros(rows, tensors[key].shape[1])
    save_file(tensors, file)


def fewer_words(folder: Path) -> None:
    """A text encoder that knows fewer tokens than the vocabulary has."""
    resize(folder, "token_embedding.weight", 500)
    encoder(folder, vocab_size=500)


def shorter(folder: Path) -> None:
    """A text encoder with a shorter context than the vocabulary's."""
    resize(folder, "position_embedding.weight", 12)
    encoder(folder, max_position_embeddings=12)


def as_xl(folder: Path) -> None:
    """The kind that SDXL has."""
    index(folder, _class_name="StableDiffusionXLPipeline")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "SDXL": (as_xl, "holds a StableDiffusionXLPipeline: only DDPMPipeline"),
    "Flux": (lambda f: index(f, _class_name="FluxPipeline"), "holds a FluxPipeline: only DDPMPipeline"),
    **{
        f"no {part}": (lambda f, part=part: shutil.rmtree(f / part), f"no {words}")
        for part, words in {
            "tokenizer": "tokenizer folder, which a StableDiffusionPipeline needs",
            "text_encoder": "text_encoder folder, which a StableDiffusionPipeline needs",
            "vae": "vqvae or vae folder",
            "scheduler": "scheduler folder",
            "unet": "unet folder",
        }.items()
    },
    "pickled encoder": (
        lambda f: (f / "text_encoder" / "model.safetensors").rename(f / "text_encoder" / "pytorch_model.bin"),
        "is a pickle, which could run code",
    ),
    "no encoder weights": (
        lambda f: (f / "text_encoder" / "model.safetensors").unlink(),
        "text_encoder' has no weights: a file model.safetensors is needed",
    ),
    "renamed encoder weights": (
        lambda f: (f / "text_encoder" / "model.safetensors").rename(f / "text_encoder" / "model.fp16.safetensors"),
        "are called model.fp16.safetensors: rename the file to model.safetensors",
    ),
    "truncated encoder": (
        lambda f: (f / "text_encoder" / "model.safetensors").write_bytes(b"\0" * 99),
        "text_encoder' are damaged",
    ),
    "encoder is T5": (
        lambda f: index(f, text_encoder=["transformers", "T5EncoderModel"]),
        "is a T5EncoderModel: only CLIPTextModel",
    ),
    "encoder says T5": (lambda f: encoder(f, model_type="t5"), "is a 't5': only CLIP's"),
    "encoder of many layers": (lambda f: encoder(f, num_hidden_layers=10**9), "num_hidden_layers is 1000000000"),
    "encoder of long context": (
        lambda f: encoder(f, max_position_embeddings=10**9),
        "max_position_embeddings is 1000000000",
    ),
    "encoder of other width": (lambda f: encoder(f, hidden_size=64), "do not fit their config.json"),
    "encoder of no heads": (lambda f: encoder(f, num_attention_heads=5), "do not fit their config.json"),
    "masked encoder": (lambda f: encoder(f, use_attention_mask=True), "use_attention_mask"),
    "tokenizer is T5": (
        lambda f: index(f, tokenizer=["transformers", "T5Tokenizer"]),
        "is a T5Tokenizer: only CLIPTokenizer",
    ),
    "no vocabulary": (lambda f: (f / "tokenizer" / "vocab.json").unlink(), "has no vocabulary"),
    "no merges": (lambda f: (f / "tokenizer" / "merges.txt").unlink(), "has no vocabulary"),
    "vocabulary is no json": (lambda f: (f / "tokenizer" / "vocab.json").write_text("{"), "vocabulary in"),
    "vocabulary is a list": (lambda f: (f / "tokenizer" / "vocab.json").write_text("[1]"), "vocabulary in"),
    "merges are no text": (lambda f: (f / "tokenizer" / "merges.txt").write_bytes(b"\xff\xfe\0"), "vocabulary in"),
    "ids beyond the encoder": (fewer_words, "it has ids up to 552, the encoder knows 500"),
    "context beyond the encoder": (shorter, "it makes 20 tokens, the encoder takes 12"),
    "no context": (lambda f: tokenizer(f, model_max_length=2), "it makes 2 tokens"),
    "other end": (lambda f: encoder(f, eos_token_id=7), "end-of-text has id 552, the encoder looks for 7"),
    "end is not the highest": (
        lambda f: tokenizer(f, eos_token="hat</w>"),
        "end-of-text has id 536, the encoder looks for 552",
    ),
    "other texts": (lambda f: unet(f, cross_attention_dim=64), "do not fit their config.json"),
    "many transformers": (
        lambda f: unet(f, transformer_layers_per_block=10**9),
        "transformer_layers_per_block is 1000000000",
    ),
    "unconditional u-net": (
        lambda f: index(f, unet=["diffusers", "UNet2DModel"]),
        "is a UNet2DModel: only UNet2DConditionModel",
    ),
    "no size": (lambda f: unet(f, sample_size=None), "set sample_size"),
    "prediction": (
        lambda f: edit(f / "scheduler" / "scheduler_config.json", prediction_type="wind"),
        "prediction type is 'wind'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_folder_gets_one_sentence(text_folder: Folder, tmp_path: Path, fault: str) -> None:
    change, says = FAULTS[fault]
    folder = shutil.copytree(text_folder("sd1"), tmp_path / "model")
    change(folder)
    with pytest.raises(ValueError) as error:
        open_denoiser(str(folder))
    with pytest.raises(ValueError) as described:
        describe(str(folder))
    sentence = str(error.value)
    assert str(described.value) == sentence
    assert says in sentence
    assert "\n" not in sentence and len(sentence) < 500
    assert str(folder) in sentence or fault == "prediction"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cross_attention_dim": 64}, "attends to texts of width 64, its text encoder makes 32"),
        ({"cross_attention_dim": [32, 48]}, r"attends to texts of width \[32, 48\], its text encoder makes 32"),
        (
            {
                "addition_embed_type": "text_time",
                "addition_time_embed_dim": 8,
                "projection_class_embeddings_input_dim": 16,
            },
            "also wants size or pooled text, as SDXL's does",
        ),
        ({"encoder_hid_dim": 32, "encoder_hid_dim_type": "text_proj"}, "also wants a text of another kind"),
        ({"time_cond_proj_dim": 8}, "also wants the guidance scale, as distilled ones do"),
        ({"class_embed_type": "timestep"}, "also wants a class"),
        ({"num_class_embeds": 10}, "also wants a class"),
        ({"in_channels": 9}, "takes 9 channels and returns 4: its autoencoder has 4"),
    ],
    ids=str,
)
def test_u_nets_of_other_models_are_refused(text_folder: Folder, tmp_path: Path, changes: dict, says: str) -> None:
    folder = shutil.copytree(text_folder(), tmp_path / "model")
    config = {**UNet2DConditionModel.load_config(folder / "unet"), **changes}
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    with pytest.raises(ValueError, match=says) as error:
        open_denoiser(str(folder))
    assert str(folder) in str(error.value)


def test_what_is_not_needed_may_be_named_and_missing(text_folder: Folder, tmp_path: Path) -> None:
    """As most folders on the Hub: a safety checker and a feature extractor, here named and not there."""
    folder = shutil.copytree(text_folder(), tmp_path / "model")
    index(
        folder,
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPImageProcessor"],
        requires_safety_checker=True,
    )
    assert open_denoiser(str(folder)).fingerprint == open_denoiser(str(text_folder())).fingerprint


@pytest.mark.parametrize(("said", "context"), [(None, 20), (10**30, 20), (12, 12)])
def test_a_tokenizer_may_be_shorter_than_its_encoder_or_say_nothing(
    text_folder: Folder, tmp_path: Path, said: int | None, context: int
) -> None:
    folder = shutil.copytree(text_folder(), tmp_path / "model")
    tokenizer(folder, model_max_length=... if said is None else said)
    model = need_text(open_denoiser(str(folder)))
    assert model.context == context
    assert model.embed(["hat " * 30]).shape == (1, context, 32)


def test_sizes_that_are_odd_have_maps_of_their_own_size(text_folder: Folder, tmp_path: Path) -> None:
    folder = shutil.copytree(text_folder(), tmp_path / "model")
    unet(folder, sample_size=[7, 10])
    model = need_text(open_denoiser(str(folder)))
    assert model.image_size == (14, 20)
    with model.watching() as maps:
        model.predict_noise(torch.zeros(1, *model.shape), 500)
    assert {found.size for found in maps.layers} == {(4, 5)}
    assert all(found.probabilities.shape[2] == 20 for found in maps.layers)


@pytest.mark.parametrize(("kind", "layers", "context"), [("sd1", 2, 20), ("sd2", 1, 77)])
def test_it_is_described(text_folder: Folder, kind: str, layers: int, context: int) -> None:
    folder = text_folder(kind)
    found = describe(str(folder))
    assert found.kind == "text-to-image latent DPM (U-Net, KL autoencoder)"
    assert (found.image_size, found.latent_shape, found.classes) == ((16, 16), (4, 8, 8), 0)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    networks = pipeline.unet, pipeline.vae, pipeline.text_encoder
    assert found.parameters == sum(value.numel() for network in networks for value in network.parameters())
    words = f"CLIP text encoder ({layers} layers, width 32), vocabulary of 553, context of {context} tokens"
    assert lines_of_model(found)["Text"] == words.replace("1 layers", "1 layer")


@pytest.mark.parametrize(
    "own",
    [
        {"set_alpha_to_one": False},
        {"set_alpha_to_one": True},
        {"timestep_spacing": "trailing", "set_alpha_to_one": False},
        {"timestep_spacing": "linspace"},
    ],
    ids=str,
)
def test_pictures_are_those_of_its_own_pipeline_where_nothing_is_chosen(tmp_path: Path, own: dict) -> None:
    folder = save_small(tmp_path, "sd2", **own)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(5))
    given = {"num_inference_steps": 7, "guidance_scale": 3.0, "height": 16, "width": 16, "output_type": "latent"}
    theirs = pipeline("a hat", latents=noise, **given).images
    *_, last = draw(open_denoiser(str(folder)), SamplingSettings(count=1, seed=5, steps=7, prompt="a hat"))
    torch.testing.assert_close(last.step.x, theirs, atol=1e-4, rtol=1e-4)


def test_a_scheduler_of_former_days_is_mended_as_its_own_pipeline_does_it(tmp_path: Path) -> None:
    folder = save_small(tmp_path)
    edit(folder / "scheduler" / "scheduler_config.json", steps_offset=0, clip_sample=True)
    own = open_denoiser(str(folder)).own_sampling
    assert (own.steps_offset, own.clip) == (1, "off")
    with pytest.warns(FutureWarning):
        config = StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True).scheduler.config
    assert (config.steps_offset, config.clip_sample) == (1, False)
    (folder / "card.json").write_text('{"sampling": {"steps_offset": 0}}')
    assert open_denoiser(str(folder)).own_sampling.steps_offset == 0


def test_a_model_without_text_has_no_line_of_it(pipeline: Path) -> None:
    assert "Text" not in lines_of_model(describe(str(pipeline)))


def test_a_link_out_of_the_allowed_folder_is_refused_in_a_public_app(
    text_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(text_folder(), tmp_path / "model")
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_MODELS", str(folder))
    assert open_denoiser(str(folder)).shape == (4, 8, 8)
    (folder / "tokenizer" / "vocab.json").rename(tmp_path / "vocab.json")
    (folder / "tokenizer" / "vocab.json").symlink_to(tmp_path / "vocab.json")
    with pytest.raises(ValueError, match=r"vocab\.json"):
        open_denoiser(str(folder))
