"""The text adapter against diffusers' StableDiffusionPipeline, finite differences, and its own contract."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import Tensor

from side_core.dpm.arithmetic import Arithmetic, place
from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.text.guided import Guided, Halves
from side_core.dpm.timing import measure_timing
from side_core.sampling.sampler import sample
from side_core.sampling.schedule import make_schedule

Model = Callable[..., TextDenoiser]
KINDS = ["sd1", "sd2"]
PROMPT = "portrait of Ada Novak, glasses"
OTHER = "portrait of Boris Berg, hat"
SEEDS = [3, 11]
SCALE = 4.0


def noise(model: TextDenoiser, count: int = 2) -> Tensor:
    """Noise in a model's space."""
    return torch.randn(count, *model.shape, generator=torch.Generator().manual_seed(0))


def theirs(folder: Path, kind: str, prompts: list[str], scale: float) -> tuple[Tensor, Tensor]:
    """Ten steps of diffusers' pipeline from our latents: latents, and pixels in 0..1."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    config = dict(pipeline.scheduler.config) | {"steps_offset": 0, "set_alpha_to_one": True}
    pipeline.scheduler = DDIMScheduler.from_config(config)
    pipeline.set_progress_bar_config(disable=True)
    rows = [
        torch.randn(pipeline.unet.config.in_channels, 8, 8, generator=torch.Generator().manual_seed(s)) for s in SEEDS
    ]
    given = {"num_inference_steps": 10, "guidance_scale": scale, "height": 16, "width": 16}
    latents = pipeline(prompts, latents=torch.stack(rows), output_type="latent", **given).images
    images = pipeline(prompts, latents=torch.stack(rows), output_type="np", **given).images
    return latents, torch.from_numpy(images).permute(0, 3, 1, 2)


@pytest.mark.parametrize("scale", [1.0, SCALE])
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_pictures_are_those_of_stable_diffusion_pipeline(
    text_model: Model, text_folder: Callable[..., Path], kind: str, scale: float
) -> None:
    model, prompts = text_model(kind), [PROMPT, OTHER]
    schedule = make_schedule(model.alphas_cumprod, 10)
    *_, last = sample(Guided(model, scale), schedule, SEEDS, condition=model.embed(prompts))
    latents, images = theirs(text_folder(kind), kind, prompts, scale)
    torch.testing.assert_close(last.x, latents, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model.decode(last.x), images, atol=1e-4, rtol=0)
    *_, plain = sample(model, schedule, SEEDS)
    assert (plain.x - last.x).abs().max() > 0.05  # the text matters


@pytest.mark.parametrize("prompt", [PROMPT, "", "hat " * 200, "Zoë O'Neil 😀 1990!"])
@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_are_those_of_the_pipeline(
    text_model: Model, text_folder: Callable[..., Path], kind: str, prompt: str
) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(text_folder(kind), use_safetensors=True)
    expected, _ = pipeline.encode_prompt(prompt, "cpu", 1, do_classifier_free_guidance=False)
    found = text_model(kind).embed([OTHER, prompt])[1:]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_image_k_is_the_same_in_any_batch(text_model: Model, kind: str) -> None:
    model = text_model(kind)
    schedule, condition = make_schedule(model.alphas_cumprod, 6), model.embed([PROMPT])
    *_, pair = sample(Guided(model, SCALE), schedule, SEEDS, condition=condition)
    for place_, seed in enumerate(SEEDS):
        *_, alone = sample(Guided(model, SCALE), schedule, [seed], condition=condition)
        torch.testing.assert_close(alone.x[0], pair.x[place_], atol=1e-4, rtol=1e-4)


def test_both_halves_come_from_one_evaluation(text_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen, sizes = text_model("sd2"), [], []
    x, condition = noise(model), model.embed([PROMPT, OTHER])
    evaluate = model.unet.forward
    monkeypatch.setattr(
        model.unet, "forward", lambda x, *rest, **more: sizes.append(len(x)) or evaluate(x, *rest, **more)
    )
    guided = Guided(model, SCALE, seen.append).predict_noise(x, 700, condition)
    assert sizes == [4]
    (halves,) = seen
    assert isinstance(halves, Halves) and halves.timestep == 700
    torch.testing.assert_close(halves.with_text, model.predict_noise(x, 700, condition), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(halves.without_text, model.predict_noise(x, 700), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(guided, (1 - SCALE) * halves.without_text + SCALE * halves.with_text)
    torch.testing.assert_close(Guided(model, SCALE).predict_noise(x, 700), model.predict_noise(x, 700))


def test_a_scale_of_one_is_evaluated_without_the_other_half_unless_somebody_watches(
    text_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, sizes, seen = text_model(), [], []
    x, condition = noise(model), model.embed([PROMPT])
    evaluate = model.unet.forward
    monkeypatch.setattr(
        model.unet, "forward", lambda x, *rest, **more: sizes.append(len(x)) or evaluate(x, *rest, **more)
    )
    alone = Guided(model, 1).predict_noise(x, 700, condition)
    watched = Guided(model, 1, seen.append).predict_noise(x, 700, condition)
    assert (sizes, len(seen)) == ([2, 4], 1)
    torch.testing.assert_close(alone, watched, atol=1e-5, rtol=1e-5)


def test_left_out_means_the_empty_prompt(text_model: Model) -> None:
    model = text_model()
    torch.testing.assert_close(
        model.predict_noise(noise(model), 500), model.predict_noise(noise(model), 500, model.embed([""]))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_attention_maps_sum_to_one_and_explain_what_the_layer_returns(text_model: Model, kind: str) -> None:
    model = text_model(kind)
    x, condition = noise(model), model.embed([PROMPT, OTHER])
    plain = model.predict_noise(x, 500, condition)
    inputs: list[tuple[Tensor, Tensor]] = []
    layer = model.unet.mid_block.attentions[0].transformer_blocks[0].attn2
    hook = layer.register_forward_hook(lambda _, arguments, output: inputs.append((arguments[0], output)))
    with model.watching() as maps:
        torch.testing.assert_close(model.predict_noise(x, 500, condition), plain, atol=0, rtol=0)
        model.predict_noise(x, 500, condition)  # the maps are those of the latest evaluation
    hook.remove()
    heads = 4 if kind == "sd2" else 2
    assert len(maps.layers) == 4
    for found in maps.layers:
        assert found.size == (4, 4)
        assert found.probabilities.shape == (2, heads, 16, model.context)
        torch.testing.assert_close(found.probabilities.sum(dim=-1), torch.ones(2, heads, 16))
    (middle,) = [found for found in maps.layers if found.layer.startswith("mid_block")]
    value = layer.to_v(condition).unflatten(2, (heads, -1)).transpose(1, 2)
    mixed = (middle.probabilities @ value).transpose(1, 2).flatten(2)
    torch.testing.assert_close(layer.to_out[0](mixed), inputs[0][1], atol=1e-5, rtol=1e-4)


def test_others_are_not_watched_and_nothing_is_after_the_block(text_model: Model) -> None:
    model = text_model()
    with model.watching() as maps:
        other = threading.Thread(target=model.predict_noise, args=(noise(model), 500))
        other.start()
        other.join()
        assert not maps.layers
        with model.watching() as inner:
            model.predict_noise(noise(model), 500)
        assert inner.layers and not maps.layers
        model.predict_noise(noise(model), 500)
        assert len(maps.layers) == len(inner.layers)
    maps.layers.clear()
    model.predict_noise(noise(model), 500)
    assert not maps.layers


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_to_the_condition_is_that_of_finite_differences(text_model: Model, kind: str) -> None:
    model, x = text_model(kind), noise(text_model(kind), 1)
    condition = model.embed([PROMPT]).requires_grad_()
    without = model.predict_noise(x, 800)

    def norm(text: Tensor) -> Tensor:
        return (model.noise(x, 800, text) - without).double().norm()

    (gradient,) = torch.autograd.grad(norm(condition), condition)
    assert gradient.isfinite().all() and gradient.shape == condition.shape
    assert gradient[0, : len(PROMPT.split())].abs().sum() > 0
    direction = torch.randn(condition.shape, generator=torch.Generator().manual_seed(1))
    step = 1e-2
    with torch.no_grad():
        slope = (norm(condition + step * direction) - norm(condition - step * direction)) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum().double(), slope, rtol=0.02, atol=1e-4)
    assert all(parameter.grad is None for parameter in model.unet.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_changes_little_and_not_the_fingerprint(text_folder: Callable[..., Path], kind: str) -> None:
    exact, half = (need_text(open_denoiser(str(text_folder(kind)))) for _ in range(2))
    half.arithmetic = Arithmetic(torch.bfloat16, torch.channels_last)
    place(half.unet, half.arithmetic)
    x, condition = noise(exact), exact.embed([PROMPT])
    found = half.predict_noise(x, 500, condition)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, exact.predict_noise(x, 500, condition), atol=0.1, rtol=0.1)
    assert half.bottleneck(torch.rand(1, 3, 16, 16)).dtype == torch.float32
    with half.watching() as maps:
        half.predict_noise(x, 500, condition)
    assert maps.layers[0].probabilities.dtype == torch.float32


def test_the_fastest_arithmetic_is_found_and_leaves_the_weights(
    text_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("side_core.dpm.arithmetic.probed", {})
    exact, fast = (need_text(open_denoiser(str(text_folder()), mode)) for mode in ("exact", "fast"))
    assert fast.fingerprint == exact.fingerprint
    for name, value in exact.unet.state_dict().items():
        torch.testing.assert_close(fast.unet.state_dict()[name].float(), value, atol=0.02, rtol=0.02)


def test_features_are_those_of_the_middle_block(text_model: Model) -> None:
    model, seen = text_model("sd2"), []
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    hook = model.unet.mid_block.register_forward_hook(lambda module, inputs, output: seen.append(output))
    model.predict_noise(model.alphas_cumprod[50].sqrt().float() * model.encode(images), 50)
    hook.remove()
    torch.testing.assert_close(model.bottleneck(images), seen[0].flatten(1), atol=1e-4, rtol=1e-4)


def test_the_fingerprint_covers_every_part(text_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = text_folder()
    own = open_denoiser(str(folder)).fingerprint
    found = {own}
    weights = {
        "unet": "diffusion_pytorch_model.safetensors",
        "vae": "diffusion_pytorch_model.safetensors",
        "text_encoder": "model.safetensors",
    }
    for part, name in weights.items():
        copy = shutil.copytree(folder, tmp_path / part)
        assert open_denoiser(str(copy)).fingerprint == own
        tensors = load_file(copy / part / name)
        tensors[sorted(tensors)[0]].view(-1)[0] += 1e-3
        save_file(tensors, copy / part / name)
        found.add(open_denoiser(str(copy)).fingerprint)
    copy = shutil.copytree(folder, tmp_path / "tokenizer")
    merges = copy / "tokenizer" / "merges.txt"
    merges.write_text("\n".join(merges.read_text().splitlines()[:-1]) + "\n")
    found.add(open_denoiser(str(copy)).fingerprint)
    assert len(found) == 5


def test_former_files_and_todays_have_the_same_fingerprint(text_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = text_folder("sd1")
    StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True).save_pretrained(tmp_path)
    assert not (tmp_path / "tokenizer" / "merges.txt").exists()
    assert open_denoiser(str(tmp_path)).fingerprint == open_denoiser(str(folder)).fingerprint


def test_its_pace_can_be_measured(text_model: Model) -> None:
    pace = measure_timing(text_model(), 2)
    assert pace.step > 0 and pace.decode > 0


def test_an_unconditional_model_is_refused_where_a_text_is_needed(pipeline: Path) -> None:
    with pytest.raises(ValueError, match=r"^This model draws without a text: choose a text-to-image model"):
        need_text(open_denoiser(str(pipeline)))


@pytest.mark.parametrize("shape", [(2, 19, 32), (3, 20, 32), (2, 20, 31), (20, 32)])
def test_a_condition_of_another_shape_is_refused(text_model: Model, shape: tuple[int, ...]) -> None:
    model = text_model()
    with pytest.raises(ValueError, match=r"embed the prompts first, to \[2, 20, 32\]"):
        model.predict_noise(noise(model), 500, torch.zeros(shape))


def test_nan_of_the_text_encoder_is_said_when_it_is_opened(text_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = shutil.copytree(text_folder(), tmp_path / "broken")
    file = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(file)
    tensors["text_model.final_layer_norm.bias"][0] = float("nan")
    save_file(tensors, file)
    with pytest.raises(ValueError, match=r"text encoder returned NaN or infinity: its weights are damaged"):
        open_denoiser(str(folder))


def test_nan_of_the_u_net_is_said_by_the_sampler(text_folder: Callable[..., Path]) -> None:
    model = need_text(open_denoiser(str(text_folder())))
    model.unet.conv_out.bias.data[0] = float("nan")
    with pytest.raises(ValueError, match="returned NaN or infinity at timestep"):
        list(sample(Guided(model, SCALE), make_schedule(model.alphas_cumprod, 2), [0], condition=model.embed([PROMPT])))
