"""Pictures carry their run in a text chunk that any PNG reader understands, and damage to it is seen."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from side_core.runs.exchange.tagged_png import KEYWORD, MOST_TEXT, SIGNATURE, tagged_png, text_of_png

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
ABOUT = {"settings": {"model": "λ <b>"}, "seed": 3}


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(content: bytes) -> bytes:
    """A PNG whose first chunk is an iTXt of this content."""
    return SIGNATURE + chunk(b"iTXt", content) + chunk(b"IEND", b"")


def test_pixels_and_text_come_back_by_another_reader() -> None:
    with Image.open(io.BytesIO(tagged_png(IMAGE, ABOUT))) as image:
        image.load()
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert np.array_equal(np.asarray(image), IMAGE)
        assert json.loads(image.text[KEYWORD]) == ABOUT


def test_our_reader_reads_what_another_writer_packed() -> None:
    """A compressed chunk, as an image program may leave it, beside chunks of its own and after the pixels."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "another")
    info.add_itxt(KEYWORD, json.dumps(ABOUT), "en", "translated", zip=True)
    buffer = io.BytesIO()
    Image.fromarray(IMAGE).save(buffer, "PNG", pnginfo=info)
    assert json.loads(text_of_png(buffer.getvalue())) == ABOUT


def test_what_json_cannot_say_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        tagged_png(IMAGE, {"score": float("nan")})


def test_one_changed_bit_of_the_text_is_seen() -> None:
    content = bytearray(tagged_png(IMAGE, ABOUT))
    content[content.index(b'"seed":3') + 7] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        text_of_png(bytes(content))


def test_damaged_pixels_do_not_matter() -> None:
    content = bytearray(tagged_png(IMAGE, ABOUT))
    place = content.index(b"IDAT") + 6
    content[place:] = b"\xff" * (len(content) - place)
    assert json.loads(text_of_png(bytes(content))) == ABOUT


BOMB = KEYWORD.encode() + b"\0\1\0\0\0" + zlib.compress(bytes(200 * 2**20), 9)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SIGNATURE, "carries no settings"),
        (SIGNATURE + b"\xff\xff\xff\xff", "carries no settings"),
        (SIGNATURE + chunk(b"IEND", b""), "carries no settings"),
        (tagged_png(IMAGE, ABOUT)[:60], "damaged"),
        (with_chunk(KEYWORD.encode() + b"\0\0\0\0\0" + b" " * MOST_TEXT), "more than 1,048,576"),
        (with_chunk(BOMB), "unpacks to more than 1,048,576"),
        (with_chunk(KEYWORD.encode() + b"\0"), "damaged"),
        (with_chunk(KEYWORD.encode() + b"\0\1\0\0\0no zlib"), "damaged"),
        (with_chunk(KEYWORD.encode() + b"\0\0\0\0\0\xff\xfe"), "damaged"),
        (with_chunk(KEYWORD.encode() + b"\0\0\0no more"), "damaged"),
    ],
    ids=["signature", "giant length", "no chunk", "cut", "giant", "bomb", "bare", "no zlib", "no utf-8", "no fields"],
)
def test_broken_and_giant_chunks_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        text_of_png(content)


def test_endless_empty_chunks_end() -> None:
    with pytest.raises(ValueError, match="carries no settings"):
        text_of_png(SIGNATURE + chunk(b"junk", b"") * 2_000_000)
