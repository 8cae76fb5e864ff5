"""The file that keeps the vectors of a set of images while it is filled and ever after."""

import errno
import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

_FILE = "vectors.npy"


@dataclass(frozen=True)
class Record:
    """What is known of a chunk: its first `count` rows are written, `width` numbers each, with this SHA-256."""

    count: int
    width: int
    digest: str


class VectorStore:
    """The vectors of n images in one .npy file, filled chunk by chunk; a context manager.

    Beside the file lies a record for each chunk, which is written after its rows and replaced in one stroke. A row
    without a record that fits is not believed, so a killed process, a damaged file and two processes that fill one
    file (with the same numbers) do no harm. The rows are read from the file that was opened, even if it is deleted.

    Args:
        folder: where the file and the records are; made if there is none.
        count: n.
    """

    def __init__(self, folder: Path, count: int):
        self.folder = folder
        self.count = count
        self.rows: np.ndarray | None = None

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            ValueError: the cache cannot be written.
        """
        with _sentences(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _FILE).touch()
            self.raw = (self.folder / _FILE).open("r+b", buffering=0)
        record = self.record(0)
        if record is not None and record.width > 0:
            header = _header_of((self.count, record.width))
            if self.raw.read(len(header)) == header and self.raw.seek(0, 2) == len(header) + self.bytes_of(
                record.width
            ):
                self.map(header, record.width)
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.close()

    @property
    def width(self) -> int | None:
        """Numbers of a vector; None before the first."""
        return None if self.rows is None else self.rows.shape[1]

    def bytes_of(self, width: int) -> int:
        """Of all vectors with `width` numbers each."""
        return 4 * self.count * width

    def known(self, first: int, limit: int) -> int:
        """How many of the `limit` rows of the chunk that starts at row `first` are there, and are what was written."""
        record = self.record(first)
        if self.rows is None or record is None or record.width != self.width or not 0 < record.count <= limit:
            return 0
        return record.count if _digest_of(self.rows[first : first + record.count]) == record.digest else 0

    def append(self, first: int, limit: int, known: int, vectors: np.ndarray) -> int:
        """Write the (k, d) float32 that follow the `known` rows of a chunk, unless another process was quicker.

        Returns:
            How many of the chunk's `limit` rows are known now.

        Raises:
            ValueError: the cache cannot be written.
        """
        with _sentences(self.folder):
            if self.rows is None:
                header = _header_of((self.count, vectors.shape[1]))
                self.write(0, header)
                self.raw.truncate(len(header) + self.bytes_of(vectors.shape[1]))
                self.map(header, vectors.shape[1])
            assert self.rows is not None
            stop = known + len(vectors)
            others = self.known(first, limit)
            if others >= stop:
                return others
            self.write(self.start + (first + known) * vectors.shape[1] * 4, vectors.astype("<f4").tobytes())
            record = Record(stop, vectors.shape[1], _digest_of(self.rows[first : first + stop]))
            file = self.record_file(first)
            partial = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                partial.write_text(json.dumps(asdict(record)))
                partial.replace(file)
            finally:
                partial.unlink(missing_ok=True)
        return stop

    def map(self, header: bytes, width: int) -> None:
        """Map the rows, which lie behind the header; they are read through the map and written past it."""
        self.start = len(header)
        self.rows = np.asarray(np.memmap(self.raw, "<f4", "r", self.start, (self.count, width)))

    def write(self, place: int, content: bytes) -> None:
        """Write into the file; a full disk is an OSError here, and would kill the process in a map."""
        self.raw.seek(place)
        if self.raw.write(content) != len(content):
            raise OSError(errno.ENOSPC, "No space left on device")

    def record_file(self, first: int) -> Path:
        """Where the record of the chunk that starts at row `first` is kept."""
        return self.folder / f"{first:09}.json"

    def record(self, first: int) -> Record | None:
        """That record; None where there is none, or something else."""
        try:
            record = Record(**json.loads(self.record_file(first).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return record if type(record.count) is type(record.width) is int else None


def _header_of(shape: tuple[int, int]) -> bytes:
    """The beginning of a .npy file of float32, the same for the same shape."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return content.getvalue()


def _digest_of(vectors: np.ndarray) -> str:
    """SHA-256 of float32 numbers."""
    return hashlib.sha256(np.ascontiguousarray(vectors).data).hexdigest()


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence.

    Raises:
        ValueError: the cache cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise ValueError(
            f"The cache '{folder}' cannot be written ({error.strerror or error}): "
            "free some space, or set SIDE_CACHE to another folder."
        ) from None
