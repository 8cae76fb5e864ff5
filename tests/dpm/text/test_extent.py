"""Model files that are far larger than any sane ones, pipes and devices: refused in one sentence, before any work."""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from side_core.dpm.description import describe
from side_core.dpm.formats.config import depth_of
from tests.dpm.text.test_folder import edit

UNET, VOCABULARY = "unet/config.json", "tokenizer/vocab.json"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def set_to(name: str, value: object, config: str = UNET) -> Callable[[Path], None]:
    """A change of one entry of a configuration."""
    return lambda folder: edit(folder / config, **{name: value})


def written(name: str, content: Callable[[], str]) -> Callable[[Path], object]:
    """A file with another content."""
    return lambda folder: (folder / name).write_text(content())


def pipe(name: str) -> Callable[[Path], None]:
    """A pipe in the place of a file: to open it would wait for ever."""

    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return make


def endless(name: str) -> Callable[[Path], None]:
    """A device in the place of a file, which never ends."""

    def make(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to("/dev/zero")

    return make


def long_header(folder: Path) -> None:
    """Weights whose header alone has ten million bytes."""
    header = json.dumps({"__metadata__": {"note": "x" * 10_000_000}}).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header)


def many_tensors(folder: Path) -> None:
    """Weights of twenty thousand tensors."""
    empty = {f"t{number}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(20_000)}
    header = json.dumps(empty).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header)


def words(count: int) -> Callable[[], str]:
    """A vocabulary of so many words."""
    return lambda: json.dumps({f"{number:x}": number for number in range(count)})


def added(count: int) -> Callable[[], str]:
    """A tokenizer.json that adds so many tokens."""
    return lambda: json.dumps({"added_tokens": [{"id": number, "content": f"<{number}>"} for number in range(count)]})


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "blocks": (set_to("block_out_channels", [32] * 5_000), "block_out_channels names 5,000 blocks"),
    "block types": (set_to("down_block_types", ["DownBlock2D"] * 5_000), "down_block_types names 5,000 blocks"),
    "layers": (set_to("layers_per_block", 5_000), "layers_per_block"),
    "more layers than weights": (set_to("layers_per_block", 200), "layers_per_block is 200 in 2 blocks, with"),
    "transformers": (set_to("transformer_layers_per_block", 200), "transformer_layers_per_block is 200, with"),
    "transformers of each": (set_to("transformer_layers_per_block", [1, 200]), "transformer_layers_per_block is [1, 2"),
    "width": (set_to("block_out_channels", [32, 2**40]), "block_out_channels"),
    "encoder": (set_to("num_hidden_layers", 5_000, "text_encoder/config.json"), "num_hidden_layers"),
    "deep": (written(UNET, lambda: '{"a":' * 200 + "1" + "}" * 200), "is nested 200 levels deep, more than 64"),
    "deeper than can be read": (written(UNET, lambda: '{"a":' * 200_000), "cannot be read as JSON"),
    "long": (written(UNET, lambda: json.dumps({"a": "x" * 5_000_000})), "bytes, more than 4,194,304"),
    "pipe": (pipe(UNET), "no plain file"),
    "device": (endless(UNET), "no plain file"),
    "weights a pipe": (pipe(WEIGHTS), "is no plain file"),
    "weights a device": (endless(WEIGHTS), "is no plain file"),
    "header": (long_header, "The header of"),
    "tensors": (many_tensors, "holds 20,000 tensors, more than 16,384"),
    "long vocabulary": (written(VOCABULARY, lambda: json.dumps({"x" * 9_000_000: 0})), "bytes, more than 8,388,608"),
    "short words": (written(VOCABULARY, words(400_000)), "has 399,999 entries, more than 262,144"),
    "merges": (written("tokenizer/merges.txt", lambda: "a b\n" * 400_000), "has 400,000 entries, more than 262,144"),
    "added tokens": (written("tokenizer/tokenizer.json", added(5_000)), "adds 5,000 tokens, more than 4,096"),
    "vocabulary a pipe": (pipe(VOCABULARY), "is no plain file"),
    "tokenizer a pipe": (pipe("tokenizer/tokenizer_config.json"), "no plain file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_no_sane_model_has_is_refused_before_work(
    fault: str, text_folder: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(text_folder(), folder)
    make, sentence = FAULTS[fault]
    make(folder)
    forbid_work(monkeypatch)
    with pytest.raises(ValueError) as caught:
        describe(str(folder))
    text = str(caught.value)
    assert sentence in text and str(folder) in text
    assert text.endswith((".", ")")) and len(text) < 500 and "\n" not in text


def forbid_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever would be long fail in another way: a vocabulary that is parsed, a network that is built."""

    def work(*_: object, **__: object) -> None:
        raise AssertionError("this is work")

    monkeypatch.setattr("transformers.CLIPTokenizer.from_pretrained", work)


def test_depth_is_counted_without_recursion() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert (depth_of({}), depth_of({"a": [{}]}), depth_of(deep)) == (1, 3, 100_001)


def test_what_is_shipped_is_within_the_bounds(text_folder: Callable[..., Path]) -> None:
    for model in ("pixel-faces", "pixel-faces-text", str(text_folder("sd2"))):
        assert describe(model).parameters > 0
