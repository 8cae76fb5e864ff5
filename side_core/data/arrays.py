"""Pictures from .npy and .npz files, memory-mapped where the file allows it."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from side_core.data.training_set import TrainingSet
from side_core.files.paths import printable
from side_core.files.public import LimitError, check_limit
from side_core.wording import counted

_IMAGE_KEYS = ("images", "x", "x_train", "data", "arr_0")
_ID_KEYS = ("ids", "names")
_LABEL_KEYS = ("labels", "y", "y_train", "label")
_CAPTION_KEYS = ("captions", "texts")
_LARGEST_BYTES = 4 * 10**9  # a compressed array is unpacked into memory
_MOST_IMAGES = 10_000_000
_LOCAL_HEADER = 30  # bytes of a zip entry before its name and extra field (APPNOTE 4.3.7)
_CHUNK = 2**20  # bytes unpacked at once
_PICKLE = 0x80  # the first byte of a pickle, protocol 2 and later


class PythonObjectsError(Exception):
    """An array file holds a pickle, which could run code."""


class TooLargeError(Exception):
    """A compressed array that would not fit into memory; the text says how large it is."""


@dataclass(frozen=True)
class Header:
    """What the header of a .npy file says about its array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    order: Literal["C", "F"]

    @property
    def nbytes(self) -> int:
        """Bytes of the array, never mind whether they are there."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_arrays(file: Path) -> TrainingSet:
    """Images, and what else there is, from an array file.

    A .npy holds images alone; a .npz also `labels`, `captions` and `ids`. Images are uint8, (n, H, W, 3), (n, 3, H, W)
    or grey (n, H, W), (n, H, W, 1).

    Raises:
        ValueError: damaged, of another shape or type, too large to unpack or for a public app, or with Python objects
            in it.
    """
    shown = printable(file)
    try:
        arrays = {"images": _mapped(file)} if file.suffix.lower() == ".npy" else _unpack(file)
    except LimitError:
        raise
    except PythonObjectsError:
        raise ValueError(f"'{shown}' holds Python objects, which could run code: save plain uint8 arrays.") from None
    except (TooLargeError, MemoryError) as error:
        raise ValueError(
            f"'{shown}' is too large to unpack ({_short(error)}): save it uncompressed, with np.save or np.savez."
        ) from None
    except Exception as error:  # zip and array headers of damaged files raise anything
        raise ValueError(f"'{shown}' is damaged ({_short(error)}): save it again.") from None
    key = next((key for key in _IMAGE_KEYS if key in arrays), None)
    if key is None:
        raise ValueError(
            f"'{shown}' has no array called {', '.join(_IMAGE_KEYS[:-1])} or {_IMAGE_KEYS[-1]} "
            f"(it has {', '.join(map(printable, list(arrays)[:5])) or 'none'}): name the images so."
        )
    images = _as_rgb(arrays[key], shown)
    if len(images) > _MOST_IMAGES:
        raise ValueError(f"'{shown}' has {len(images):,} images: save {_MOST_IMAGES:,} at most in one file.")

    def column(keys: tuple[str, ...]) -> np.ndarray | None:
        found = next((key for key in keys if key in arrays), None)
        return None if found is None else texts(arrays[found], len(images), found, shown)

    ids = column(_ID_KEYS)
    if ids is None:
        ids = np.arange(len(images)).astype(f"U{len(str(len(images)))}")
    return TrainingSet(str(file), images, ids, labels=column(_LABEL_KEYS), captions=column(_CAPTION_KEYS))


def _unpack(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz that we know; those that are stored uncompressed are memory-mapped. Others are empty."""
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name not in (*_IMAGE_KEYS, *_ID_KEYS, *_LABEL_KEYS, *_CAPTION_KEYS):
                arrays[name] = np.empty(0)
            elif entry.compress_type == zipfile.ZIP_STORED:
                arrays[name] = _mapped(file, entry)
            else:
                with archive.open(entry) as content:
                    arrays[name] = _unpacked(content, entry.file_size, printable(file))
    return arrays


def _unpacked(content: IO[bytes], length: int, shown: str) -> np.ndarray:
    """The array of a compressed zip entry of `length` bytes; its size is checked before any memory is taken."""
    header = _read_header(content)
    check_limit("data_mib", math.ceil(header.nbytes / 2**20), shown)
    if header.nbytes > _LARGEST_BYTES:
        raise TooLargeError(f"{header.nbytes / 1e9:,.1f} GB")
    if header.nbytes > length:
        raise ValueError("its shape is larger than its content")
    data = np.empty(header.nbytes, np.uint8)
    done = 0
    while part := content.read(min(_CHUNK, max(1, len(data) - done))):  # once more at the end, for the checksum
        if done + len(part) > len(data):
            raise ValueError("its content is larger than its shape")
        data[done : done + len(part)] = np.frombuffer(part, np.uint8)
        done += len(part)
    if done < len(data):
        raise ValueError("its end is missing")
    return np.ndarray(header.shape, header.dtype, data, order=header.order)


def _mapped(file: Path, entry: zipfile.ZipInfo | None = None) -> np.ndarray:
    """The array of a .npy file, or of an uncompressed entry of a .npz, where it lies in the file."""
    with file.open("rb") as raw:
        end = file.stat().st_size
        if entry is not None:
            raw.seek(entry.header_offset)
            local = raw.read(_LOCAL_HEADER)
            if local[:4] != b"PK\3\4" or entry.flag_bits & 1:
                raise ValueError("an entry is encrypted or not where it should be")
            raw.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), 1)
            end = min(end, raw.tell() + entry.file_size)
        header = _read_header(raw)
        if raw.tell() + header.nbytes > end:
            raise ValueError("its shape is larger than its content")
        if not header.nbytes:
            return np.empty(header.shape, header.dtype)
        return np.memmap(file, header.dtype, "r", raw.tell(), header.shape, header.order)


def _read_header(raw: IO[bytes]) -> Header:
    """The header of a .npy file; `raw` then stands at its first number."""
    magic = raw.read(np.lib.format.MAGIC_LEN)
    if magic[:1] == bytes([_PICKLE]):
        raise PythonObjectsError
    if magic[:-2] != np.lib.format.MAGIC_PREFIX or magic[-2:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("no NumPy array")
    one = magic[-2] == 1
    read = np.lib.format.read_array_header_1_0 if one else np.lib.format.read_array_header_2_0
    try:
        shape, fortran, dtype = read(raw)
    except Exception:  # it is Python, of a kind; damaged it raises anything
        raise ValueError("its header cannot be read") from None
    if dtype.hasobject:
        raise PythonObjectsError
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape}")
    return Header(shape, dtype, "F" if fortran else "C")


def _as_rgb(images: np.ndarray, shown: str) -> np.ndarray:
    """A view of shape (n, H, W, 3) of the images, without a copy.

    Raises:
        ValueError: they are not uint8, or of a shape that no images have.
    """
    if images.dtype != np.uint8:
        kind = printable(str(images.dtype))[:60]
        raise ValueError(f"The images of '{shown}' are {kind}, not uint8: scale them to 0..255 and convert them.")
    shape = images.shape
    if images.ndim == 3 and shape[-1] != 3:  # (H, W, 3) is one image, not H grey ones
        images = images[..., None]
    if images.ndim == 4 and images.shape[-1] not in (1, 3) and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
        raise ValueError(f"The images of '{shown}' have shape {shape}: give (n, height, width, 3) with n of 1 or more.")
    return images if images.shape[-1] == 3 else np.broadcast_to(images, (*images.shape[:3], 3))


def texts(values: np.ndarray, count: int, name: str, shown: str) -> np.ndarray:
    """(count,) texts from (count,) or (count, 1) texts or numbers.

    Raises:
        ValueError: there are more or fewer, or they are no texts.
    """
    if values.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"'{shown}' has {counted(count, 'image')}, but its {name} have shape {values.shape}: give one "
            "for each image."
        )
    try:
        plain = values.reshape(count).tolist()
    except (ValueError, SystemError):  # no Unicode
        raise ValueError(f"The {name} of '{shown}' are damaged: save them again, as text or numbers.") from None
    return np.array(
        [printable(item.decode("utf-8", "surrogateescape") if isinstance(item, bytes) else str(item)) for item in plain]
    )


def _short(error: BaseException) -> str:
    """An error in a few words."""
    text = (isinstance(error, OSError) and error.strerror) or str(error).strip() or type(error).__name__
    return printable(text.splitlines()[0][:100]).rstrip(".")
