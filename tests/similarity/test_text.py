"""CLIP features of texts: against open_clip's own way, and a sentence for each way a tokenizer can be broken."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from side_core.data.training_set import TrainingSet
from side_core.progress import finish
from side_core.similarity.clip.encoder import CONFIG, WEIGHTS
from side_core.similarity.encoder import open_encoder
from side_core.similarity.text import TextEncoder, clip_score, open_text_encoder
from side_core.similarity.text_search import search
from tests.similarity.small_clip import SMALL, enlarged_faces, save_small_clip

PROMPTS = ["red hat", "a face with glasses", "", "Ada Novak, LONG hair", "zebra 🙂", "hat " * 100]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def encoder(model: Path) -> TextEncoder:
    return opened(model)


@pytest.fixture
def copied(model: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return shutil.copytree(model, tmp_path / "clip")


def opened(folder: Path) -> TextEncoder:
    return open_text_encoder(f"local-dir:{folder}", "cpu")


def edit(file: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_features_are_those_of_open_clip_of_length_one(model: Path, encoder: TextEncoder) -> None:
    import open_clip

    clip = open_clip.create_model(f"local-dir:{model}").eval()
    with torch.no_grad():
        theirs = clip.encode_text(open_clip.get_tokenizer(f"local-dir:{model}")(PROMPTS), normalize=True).numpy()
    ours = encoder.text_features(PROMPTS)
    assert ours.shape == (len(PROMPTS), SMALL.features) and ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)
    assert encoder.text_features([]).shape == (0, SMALL.features)


def test_a_text_has_the_same_features_in_any_batch(encoder: TextEncoder) -> None:
    many = [f"{word} hat" for word in ("red", "blue", "Ada") for _ in range(50)]
    together = encoder.text_features(many)
    np.testing.assert_allclose(together[140], encoder.text_features(["Ada hat"])[0], atol=1e-6)
    assert np.abs(together[0] - together[149]).max() > 1e-3


def test_case_means_nothing_and_words_do(encoder: TextEncoder) -> None:
    lower, upper, other = encoder.text_features(["red hat", "RED Hat", "red hair"])
    np.testing.assert_array_equal(lower, upper)
    assert np.abs(lower - other).max() > 1e-3


def test_pictures_are_encoded_as_by_encoder_clip(model: Path, encoder: TextEncoder, faces: TrainingSet) -> None:
    images = open_encoder("clip", f"local-dir:{model}", None, "cpu")
    assert images.fingerprint == encoder.images.fingerprint
    np.testing.assert_array_equal(images(faces.images[:3]), encoder.images(faces.images[:3]))


def test_the_score_is_the_cosine(encoder: TextEncoder, faces: TrainingSet) -> None:
    scores = clip_score(encoder, faces.images[:5], "red hat")
    with torch.no_grad():
        pictures = torch.from_numpy(encoder.images(faces.images[:5])).double()
        text = torch.from_numpy(encoder.text_features(["red hat"])).double()
    np.testing.assert_allclose(scores, torch.cosine_similarity(pictures, text).numpy(), atol=1e-6)
    assert scores.shape == (5,) and np.ptp(scores) > 0


def test_doubts_name_what_is_cut_and_what_is_known_in_pieces_only(encoder: TextEncoder) -> None:
    fitting = " ".join(["hat"] * (SMALL.context - 2))
    assert encoder.doubts(fitting) == ()
    (cut,) = encoder.doubts(f"{fitting} hat")
    assert cut.startswith(f"The text is longer than the {SMALL.context} tokens that 'local-dir:")
    (unknown,) = encoder.doubts("zebra hat")
    assert unknown.endswith("does not know zebra as whole words.")


def test_search_returns_the_largest_cosines_best_first(encoder: TextEncoder) -> None:
    faces = enlarged_faces("pixel-faces[0:40]")
    cosines = encoder.images(faces.images) @ encoder.text_features(["red hat"])[0]
    hits = finish(search(faces, "red hat", encoder, 7))
    order = np.argsort(-cosines)[:7]
    assert [hit.row for hit in hits] == order.tolist()
    assert [hit.id for hit in hits] == faces.ids[order].tolist() and {hit.caption for hit in hits} == {""}
    np.testing.assert_allclose([hit.cosine for hit in hits], cosines[order], atol=1e-6)
    assert len(finish(search(faces, "red hat", encoder, 1000))) == 40


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_search_gets_its_sentence(text: str, encoder: TextEncoder, faces: TrainingSet) -> None:
    with pytest.raises(ValueError, match=r"^The search is empty: type what to look for, for example"):
        finish(search(faces, text, encoder, 3))


def test_half_characters_get_their_sentence(encoder: TextEncoder) -> None:
    with pytest.raises(ValueError, match=r"not valid text"):
        encoder.text_features(["red \ud83d hat"])


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:100])


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def text_config(**changes: object) -> Callable[[Path], object]:
    return lambda folder: edit(folder / CONFIG, lambda config: config["model_cfg"]["text_cfg"].update(changes))


def own_code(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('this code ran')\nclass Evil: pass\n")
    edit(
        folder / "tokenizer_config.json",
        lambda config: config.update(tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Evil", "evil.Evil"]}),
    )
    text_config(tokenizer_kwargs={"trust_remote_code": True})(folder)


def end_is_low(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", lambda config: config.update(eos_token="a"))


def of_text_network(value: float) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        tensors["text_projection"].fill_(value)
        save_file(tensors, folder / WEIGHTS)

    return spoil


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer": (without("tokenizer.json"), r"has no tokenizer\.json: copy the model's tokenizer there"),
    "no settings": (without("tokenizer_config.json"), r"has no tokenizer_config\.json"),
    "cut tokenizer": (cut("tokenizer.json"), r"cannot be read as JSON"),
    "cut settings": (cut("tokenizer_config.json"), r"cannot be read as JSON"),
    "no tokenizer inside": (lambda folder: (folder / "tokenizer.json").write_text("{}"), r"cannot be read \("),
    "model of another kind": (
        lambda folder: edit(folder / "tokenizer.json", lambda content: content.update(model={"type": "Odd"})),
        r"cannot be read \(",
    ),
    "own code": (own_code, r"^The tokenizer in '.*' cannot be read"),
    "open_clip's vocabulary": (text_config(hf_tokenizer_name=None), r"but open_clip's own vocabulary.*has more: name"),
    "nan": (of_text_network(float("nan")), r"^The text network of '.*' returned NaN or infinity"),
    "infinity": (of_text_network(float("inf")), r"^The text network of '.*' returned NaN or infinity"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_each_broken_text_network_gets_one_sentence_and_pictures_are_still_encoded(kind: str, copied: Path) -> None:
    spoil, expected = BREAKS[kind]
    spoil(copied)
    with pytest.raises(ValueError, match=expected) as caught:
        opened(copied)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 500 and str(copied) in text
    assert open_encoder("clip", f"local-dir:{copied}", None, "cpu").unit


def test_a_tokenizer_with_more_tokens_than_the_network_knows(copied: Path) -> None:
    def more(content: dict) -> None:
        content["model"]["vocab"]["<|endoftext|>"] = 5000
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != "<|endoftext|>"]

    edit(copied / "tokenizer.json", more)
    with pytest.raises(ValueError, match=r"knows [\d,]+ tokens, but its tokenizer has more: name the right one"):
        opened(copied)


def test_the_end_of_a_text_must_be_the_highest_token(copied: Path) -> None:
    end_is_low(copied)
    with pytest.raises(ValueError, match=r"^The end of a text is token .* but its text network takes the highest"):
        opened(copied)


def test_a_public_app_reads_no_tokenizer_that_leads_elsewhere(
    copied: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path))
    assert opened(copied).dimensions == SMALL.features
    (copied / "tokenizer.json").unlink()
    (copied / "tokenizer.json").symlink_to(model / "tokenizer.json")
    with pytest.raises(ValueError, match=r"cannot be read here: this app is public"):
        opened(copied)


def test_a_model_without_its_own_tokenizer_uses_that_of_open_clip(tmp_path: Path) -> None:
    import open_clip

    config = {
        "embed_dim": 8,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
    }
    save_file(open_clip.CLIP(**config).state_dict(), tmp_path / WEIGHTS)
    (tmp_path / CONFIG).write_text(json.dumps({"model_cfg": config}))
    encoder = opened(tmp_path)
    assert encoder.text_features(["red hat"]).shape == (1, 8)
    assert encoder.doubts("xylocarp zebra hat") == () and len(encoder.doubts("hat " * 7)) == 1
