"""Pictures that carry their run: a PNG with settings, seed, scores and fingerprints in a text chunk of its own."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from side_core.files.images import png

KEYWORD = "side-explorer"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_TEXT = 2**20  # bytes of a chunk, also unpacked; ours have about 2,000
_MOST_CHUNKS = 100_000


def tagged_png(image: np.ndarray, about: Mapping[str, Any]) -> bytes:
    """A picture at its own size as PNG, with `about` as JSON in an iTXt chunk under the keyword `side-explorer`.

    Args:
        image: (H, W, 3) uint8.
        about: what JSON can say; NaN and infinity it cannot.
    """
    return png(image, {KEYWORD: json.dumps(about, allow_nan=False, separators=(",", ":"))})


def text_of_png(content: bytes) -> str:
    """The text of our chunk. Pixels are not decoded, so that a damaged or giant picture does no harm.

    Args:
        content: of a file that begins as PNG does.

    Raises:
        ValueError: a reason in a few words: there is no such chunk, it is damaged or too large.
    """
    place = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if kind == b"IEND" or place + 12 > len(content):
            break
        end = place + 12 + length
        if kind == b"iTXt" and content.startswith(KEYWORD.encode() + b"\0", place + 8):
            if length > MOST_TEXT:
                raise ValueError(f"its text has {length:,} bytes, more than {MOST_TEXT:,}")
            if content[end - 4 : end] != zlib.crc32(content[place + 4 : end - 4]).to_bytes(4, "big"):
                raise ValueError("the text it carries is damaged; export the picture again")
            return _unpacked(content[place + 8 : end - 4])
        place = end
    raise ValueError("the picture carries no settings; drop one that was exported here and not saved anew elsewhere")


def _unpacked(chunk: bytes) -> str:
    """The text of an iTXt chunk (PNG specification, 11.3.4.5): keyword, compression, language, translation, text.

    Raises:
        ValueError: it is damaged, or unpacks to too much.
    """
    try:
        _, rest = chunk.split(b"\0", 1)
        compressed = rest[0]
        _, _, packed = rest[2:].split(b"\0", 2)
        content = zlib.decompressobj().decompress(packed, MOST_TEXT + 1) if compressed else packed
        text = content.decode() if len(content) <= MOST_TEXT else None
    except (IndexError, ValueError, zlib.error):
        raise ValueError("the text it carries is damaged; export the picture again") from None
    if text is None:
        raise ValueError(f"its text unpacks to more than {MOST_TEXT:,} bytes")
    return text
