"""Models of the Hub, without a network: from its cache, from a pretended Hub, and the sentences for all that fails."""

import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub
import pytest

from side_core.dpm.description import describe
from side_core.dpm.folder import model_folder, open_denoiser
from side_core.dpm.formats.hub import is_hub_id
from tests.dpm.text.small_folders import save_small

MODEL = "some-lab/tiny-ddpm"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of huggingface_hub."""
    folder = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return folder


def keep(cache: Path, pipeline: Path) -> Path:
    """Put a model into the cache as huggingface_hub lays it out."""
    place = cache / "models--some-lab--tiny-ddpm"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(pipeline, place / "snapshots" / COMMIT)


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Path], list[list[str]]]:
    """A Hub that has one model; notes which patterns are asked for."""

    def make(pipeline: Path) -> list[list[str]]:
        asked: list[list[str]] = []

        def download(model: str, **options: object) -> str:
            if options.get("local_files_only"):
                raise FileNotFoundError(model)
            assert options["ignore_patterns"] == "*.*.safetensors"
            asked.append(list(options["allow_patterns"]))
            shutil.copytree(pipeline, tmp_path / "fetched", dirs_exist_ok=True)
            return str(tmp_path / "fetched")

        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        return asked

    return make


def test_a_model_in_the_cache_opens_without_a_network(cache: Path, pipeline: Path) -> None:
    folder = keep(cache, pipeline)
    assert model_folder(MODEL) == folder
    assert open_denoiser(MODEL).fingerprint == open_denoiser(str(pipeline)).fingerprint
    assert describe(MODEL) == describe(str(pipeline))


def test_a_half_fetched_model_is_not_taken_for_a_whole_one(cache: Path, pipeline: Path) -> None:
    shutil.rmtree(keep(cache, pipeline) / "unet")
    with pytest.raises(ValueError, match=rf"^The Hub's '{MODEL}' has no safetensors weights or was not wholly"):
        open_denoiser(MODEL)


def test_without_a_network_one_sentence_says_what_to_do(cache: Path) -> None:
    with pytest.raises(ValueError) as error:
        open_denoiser(MODEL)
    sentence = str(error.value)
    assert sentence.startswith(f"There is no model folder '{MODEL}', and it cannot be fetched from the Hub (")
    assert sentence.endswith("): download it elsewhere and give its folder.")
    assert "\n" not in sentence and len(sentence) < 400


def test_only_json_and_safetensors_are_fetched_after_a_look_at_the_index(
    pretend: Callable[[Path], list[list[str]]], pipeline: Path
) -> None:
    asked = pretend(pipeline)
    assert open_denoiser(MODEL).shape == (3, 16, 16)
    assert asked == [["model_index.json"], ["*.json", "*.safetensors"]]


@pytest.mark.parametrize(
    ("how_broken", "says"), [("text to image", "holds a StableDiffusion"), ("not a pipeline", "no model_index")]
)
def test_nothing_large_is_fetched_of_a_model_that_cannot_be_opened(
    pretend: Callable[[Path], list[list[str]]], broken: Callable[[str], Path], how_broken: str, says: str
) -> None:
    asked = pretend(broken(how_broken))
    with pytest.raises(ValueError, match=says) as error:
        open_denoiser(MODEL)
    assert MODEL in str(error.value)
    assert asked == [["model_index.json"]]


def test_of_a_text_model_only_the_parts_that_are_used_are_fetched(
    pretend: Callable[[Path], list[list[str]]], tmp_path: Path
) -> None:
    folder = save_small(tmp_path / "small")
    asked = pretend(folder)
    opened = open_denoiser(MODEL)
    assert opened.fingerprint == open_denoiser(str(folder)).fingerprint
    _, patterns = asked

    def wanted(file: str) -> bool:
        return any(fnmatch(file, pattern) for pattern in patterns) and not fnmatch(file, "*.*.safetensors")

    for file in folder.rglob("*.*"):
        assert wanted(str(file.relative_to(folder)))
    for file in ("safety_checker/model.safetensors", "v1-5-pruned.safetensors", "unet/diffusion_pytorch_model.bin"):
        assert not wanted(file)


def test_a_local_folder_of_the_same_name_comes_first(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pipeline, tmp_path / MODEL)
    monkeypatch.chdir(tmp_path)
    assert model_folder(MODEL) == Path(MODEL)


def test_a_public_app_fetches_nothing(cache: Path, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(cache, pipeline)
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    for call in (open_denoiser, describe, model_folder):
        with pytest.raises(ValueError, match=rf"^'{MODEL}' cannot be opened here: this app is public"):
            call(MODEL)


@pytest.mark.parametrize(
    ("model", "yes"),
    [
        ("google/ddpm-cifar10-32", True),
        ("CompVis/ldm-celebahq-256", True),
        ("a/b_c.d", True),
        ("/tmp/model", False),
        ("~/model", False),
        ("./model", False),
        ("../model", False),
        ("a/b/c", False),
        ("pixel-faces", False),
        ("a/", False),
        ("a/..", False),
        ("a/b\n", False),
    ],
)
def test_hub_ids_are_an_organisation_and_a_name(model: str, yes: bool) -> None:
    assert is_hub_id(model) is yes
