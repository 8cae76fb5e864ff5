"""Embeddings: no image is encoded twice, whatever is cancelled; no damaged file is believed."""

import shutil
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from side_core.data.training_set import TrainingSet
from side_core.files import cache
from side_core.files.cache import MARK
from side_core.progress import finish
from side_core.settings import EncoderName
from side_core.similarity import embeddings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.encoder import Encoder, open_encoder
from side_core.similarity.vectors import MappedVectors, PixelVectors, Vectors


def embed_all(images: TrainingSet, encoder: Any) -> Any:
    """The vectors of all images, (n, d)."""
    return finish(embed(images, encoder))


class Counting:
    """A made-up encoder that remembers which images it was given, by their first two bytes."""

    name: EncoderName = "clip"
    description = "made up"
    unit = True

    def __init__(self, fingerprint: str = "a"):
        self.fingerprint = fingerprint
        self.seen: Counter[int] = Counter()
        self.width = 5

    def __call__(self, images: np.ndarray) -> np.ndarray:
        numbers = images[:, 0, 0, 0].astype(int) * 256 + images[:, 0, 0, 1]
        self.seen.update(numbers.tolist())
        return np.sin(numbers[:, None] + np.arange(self.width)).astype(np.float32)


@pytest.fixture(autouse=True)
def small_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, small chunks, and a report after each batch."""
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embeddings, "CHUNK", 20)
    monkeypatch.setattr(embeddings, "BATCH", 6)
    monkeypatch.setattr(embeddings, "SECONDS", 0.0)


@pytest.fixture
def images() -> TrainingSet:
    """Fifty images that carry their numbers."""
    pixels = np.zeros((50, 2, 2, 3), np.uint8)
    pixels[:, 0, 0, 1] = np.arange(50)
    return TrainingSet("numbered", pixels, np.arange(50).astype(str))


def expected(count: int = 50) -> np.ndarray:
    return np.sin(np.arange(count)[:, None] + np.arange(5)).astype(np.float32)


def run_of(images: TrainingSet, encoder: Encoder) -> Iterator[Embedding | Vectors]:
    """The events of `embed`, then what it returns."""
    yield (yield from embed(images, encoder))


def everything(vectors: Vectors) -> np.ndarray:
    return vectors[0 : len(vectors)]


def files(tmp_path: Path) -> list[Path]:
    everything = (tmp_path / "cache").rglob("*")
    return sorted(file for file in everything if file.is_file() and file.name != MARK)


def test_progress_grows_to_the_end_and_the_vectors_come_last(images: TrainingSet) -> None:
    *events, vectors = run_of(images, Counting())
    assert all(isinstance(event, Embedding) and event.total == 50 for event in events)
    done = [event.done for event in events]
    assert done == [6, 12, 18, 20, 26, 32, 38, 40, 46, 50]
    assert isinstance(vectors, Vectors) and vectors.shape == (50, 5)
    assert np.array_equal(everything(vectors), expected())


def test_every_event_and_only_the_result_are_told_apart(images: TrainingSet) -> None:
    assert not isinstance(Embedding(1, 2), Vectors)
    assert isinstance(np.zeros((2, 3), np.float32), Vectors) and isinstance(PixelVectors(images.images), Vectors)


@pytest.mark.parametrize("stop", range(1, 11))
def test_cancelled_anywhere_no_image_is_encoded_twice(images: TrainingSet, stop: int) -> None:
    encoder = Counting()
    run = run_of(images, encoder)
    for _ in range(stop):
        last = next(run)
    assert sum(encoder.seen.values()) == last.done  # nothing ahead of what was reported
    run.close()
    again = Counting()  # as in a new process
    assert np.array_equal(everything(embed_all(images, again)), expected())
    assert encoder.seen + again.seen == Counter(range(50))
    third = Counting()
    assert np.array_equal(everything(embed_all(images, third)), expected())
    assert not third.seen


def test_cancelled_at_every_step_it_still_ends(images: TrainingSet) -> None:
    encoder = Counting()
    for _ in range(11):
        run, before = run_of(images, encoder), sum(encoder.seen.values())
        event = next(event for event in run if isinstance(event, Vectors) or sum(encoder.seen.values()) > before)
        run.close()
    assert isinstance(event, Vectors) and encoder.seen == Counter(range(50))


def test_an_encoder_that_fails_loses_only_its_own_batch(images: TrainingSet) -> None:
    class Failing(Counting):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            if sum(self.seen.values()) > 30:
                raise KeyboardInterrupt
            return super().__call__(images)

    failing, again = Failing(), Counting()
    with pytest.raises(KeyboardInterrupt):
        embed_all(images, failing)
    assert np.array_equal(everything(embed_all(images, again)), expected())
    assert failing.seen + again.seen == Counter(range(50))


def test_the_same_batches_however_often_it_is_stopped(images: TrainingSet) -> None:
    """Batches of other sizes would change the last digits of real features."""

    class Batches(Counting):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            found.append(images[0, 0, 0, 1])
            return super().__call__(images)

    found: list[int] = []
    embed_all(images, Batches("b"))
    at_once, found = found, []
    for _ in range(9):
        next(event for event in run_of(images, Batches()) if isinstance(event, Embedding))
    embed_all(images, Batches())
    assert found == at_once


def test_many_batches_are_encoded_between_two_reports(images: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "SECONDS", 1000.0)
    *events, vectors = run_of(images, Counting())
    assert [event.done for event in events] == [20, 40, 50]
    assert np.array_equal(everything(vectors), expected())


def test_another_encoder_and_another_set_have_their_own_vectors(images: TrainingSet) -> None:
    embed_all(images, Counting())
    for other_images, other in ((images, Counting("b")), (images.slice(10, 40, "part"), Counting())):
        vectors = embed_all(other_images, other)
        assert len(vectors) == len(other_images) == sum(other.seen.values())
    assert np.array_equal(everything(vectors), expected()[10:40])


def flipped(content: bytes, place: int) -> bytes:
    """The same with one bit of one byte changed."""
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def size_of_header(file: Path) -> int:
    with file.open("rb") as raw:
        np.lib.format.read_magic(raw)
        np.lib.format.read_array_header_1_0(raw)
        return raw.tell()


VECTORS, RECORD = "vectors.npy", "000000020.json"
HEADER, CHUNK = 128, 20 * 5 * 4
FIRST, SECOND, LAST = range(0, 20), range(20, 40), range(40, 50)
# which file is spoiled, how, and which images at most are to be encoded again
SPOILS = {
    "number in chunk 1": (VECTORS, lambda content: flipped(content, HEADER + 3), FIRST),
    "number in chunk 2": (VECTORS, lambda content: flipped(content, HEADER + CHUNK + 3), SECOND),
    "number in chunk 3": (VECTORS, lambda content: flipped(content, len(content) - 1), LAST),
    "header": (VECTORS, lambda content: flipped(content, 3), FIRST),
    "shape": (VECTORS, lambda content: content.replace(b"(50, 5)", b"(50, 4)"), FIRST),
    "last byte": (VECTORS, lambda content: content[:-1], (*FIRST, *LAST)),
    "cut": (VECTORS, lambda content: content[: HEADER + CHUNK], range(50)),
    "a number less each": (VECTORS, lambda content: content[:-200], (*FIRST, *SECOND, *LAST)),
    "longer": (VECTORS, lambda content: content + bytes(200), FIRST),
    "empty": (VECTORS, lambda content: b"", range(50)),
    "zeros": (VECTORS, lambda content: bytes(len(content)), range(50)),
    "text": (VECTORS, lambda content: b"hello", range(50)),
    "empty record": (RECORD, lambda content: b"", SECOND),
    "record of zeros": (RECORD, lambda content: bytes(len(content)), SECOND),
    "list as record": (RECORD, lambda content: b"[1, 2, 3]", SECOND),
    "true as count": (RECORD, lambda content: content.replace(b"20,", b"true,"), SECOND),
    "larger count": (RECORD, lambda content: content.replace(b"20,", b"21,"), SECOND),
    "other width": (RECORD, lambda content: content.replace(b"5,", b"7,"), SECOND),
    "other width of the first": ("000000000.json", lambda content: content.replace(b"5,", b"7,"), FIRST),
    "no width of the first": ("000000000.json", lambda content: content.replace(b"5,", b"-5,"), FIRST),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_damage_is_noticed_and_what_is_whole_is_kept(images: TrainingSet, tmp_path: Path, spoil: str) -> None:
    embed_all(images, Counting())
    name, change, lost = SPOILS[spoil]
    (file,) = (file for file in files(tmp_path) if file.name == name)
    content = file.read_bytes()
    assert change(content) != content
    file.write_bytes(change(content))
    again = Counting()
    assert np.array_equal(everything(embed_all(images, again)), expected())
    assert again.seen <= Counter(lost)
    third = Counting()
    assert np.array_equal(everything(embed_all(images, third)), expected())
    assert not third.seen


@pytest.mark.parametrize("name", [VECTORS, "000000000.json", RECORD, "000000040.json"])
def test_files_that_are_gone_are_made_again(images: TrainingSet, tmp_path: Path, name: str) -> None:
    embed_all(images, Counting())
    next(file for file in files(tmp_path) if file.name == name).unlink()
    assert np.array_equal(everything(embed_all(images, Counting())), expected())
    third = Counting()
    embed_all(images, third)
    assert not third.seen


def test_no_single_bit_can_change_a_vector(images: TrainingSet, tmp_path: Path) -> None:
    embed_all(images, Counting())
    for file in files(tmp_path):
        content = file.read_bytes()
        for place in range(0, len(content), 5):
            file.write_bytes(flipped(content, place))
            assert np.array_equal(everything(embed_all(images, Counting())), expected()), (file.name, place)


def test_the_file_is_an_ordinary_array_file(images: TrainingSet, tmp_path: Path) -> None:
    embed_all(images, Counting())
    file = next(file for file in files(tmp_path) if file.name == VECTORS)
    assert np.array_equal(np.load(file), expected())
    assert size_of_header(file) == HEADER and file.stat().st_size == HEADER + 50 * 5 * 4


def test_two_runs_in_turns_share_the_work(images: TrainingSet) -> None:
    one, other = Counting(), Counting()
    runs = [run_of(images, one), run_of(images, other)]
    found: list[Vectors] = []
    while runs:
        for run in tuple(runs):
            event = next(run)
            if isinstance(event, Vectors):
                found.append(event)
                runs.remove(run)
    assert all(np.array_equal(everything(vectors), expected()) for vectors in found) and len(found) == 2
    assert (one.seen + other.seen).total() <= 50 + 2 * 30  # each takes over what the other has written


def test_many_runs_at_once_end_with_the_same_and_leave_nothing_behind(images: TrainingSet, tmp_path: Path) -> None:
    found: list[Vectors] = []
    threads = [threading.Thread(target=lambda: found.append(embed_all(images, Counting()))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and all(np.array_equal(everything(vectors), expected()) for vectors in found)
    assert [file.name for file in files(tmp_path)] == [
        "000000000.json",
        "000000020.json",
        "000000040.json",
        VECTORS,
    ]


def test_a_cache_that_is_deleted_meanwhile_does_no_harm(images: TrainingSet, tmp_path: Path) -> None:
    events = []
    for event in run_of(images, Counting()):
        events.append(event)
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    assert np.array_equal(everything(events[-1]), expected())
    assert np.array_equal(everything(embed_all(images, Counting())), expected())


def test_a_full_disk_is_said_before_anything_is_written(
    images: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SPARE_BYTES", 2**70)
    with pytest.raises(ValueError, match=r"^The vectors of 'numbered' would take .* free some space"):
        embed_all(images, Counting())
    assert not sum(file.stat().st_size for file in files(tmp_path))


def test_a_cache_that_cannot_be_written_gets_a_sentence(
    images: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"cannot be written \(.*\): free some space, or set SIDE_CACHE"):
        embed_all(images, Counting())


def test_vectors_of_changing_length_are_refused(images: TrainingSet) -> None:
    class Changing(Counting):
        def __call__(self, images: np.ndarray) -> np.ndarray:
            self.width += 1
            return super().__call__(images)

    with pytest.raises(ValueError, match=r"^Encoder 'clip' turned 6 images into \(6, 7\) numbers instead of \(6, 6\)"):
        embed_all(images, Changing())


def test_no_images_at_all() -> None:
    none = TrainingSet("none", np.empty((0, 2, 2, 3), np.uint8), np.empty(0, str))
    with pytest.raises(ValueError, match=r"^'none' has 0 images to encode"):
        embed_all(none, Counting())


def test_pixels_come_at_once_and_are_kept_nowhere(images: TrainingSet, tmp_path: Path) -> None:
    (vectors,) = run_of(images, open_encoder("pixel"))
    assert isinstance(vectors, PixelVectors) and vectors.shape == (50, 12)
    assert not files(tmp_path)


@pytest.mark.parametrize(
    "rows",
    [
        slice(0, 50),
        slice(13, 44),
        slice(45, 999),
        slice(7, 7),
        slice(40, None, -3),
        np.array([49, 0, 20, 19, 19, -1]),
        np.array([], np.int64),
    ],
    ids=str,
)
def test_rows_are_read_as_of_one_array(images: TrainingSet, rows: slice | np.ndarray) -> None:
    plain = images.images.reshape(50, 12).astype(np.float32) / 255
    for vectors in (PixelVectors(images.images), MappedVectors(plain)):
        found = vectors[rows]
        assert np.array_equal(found, plain[rows])
        assert found.dtype == np.float32 and found.flags.writeable and type(found) is np.ndarray
    with pytest.raises(IndexError):
        vectors[np.array([50])]


def test_vectors_read_from_the_cache_are_writable_copies(images: TrainingSet) -> None:
    vectors = embed_all(images, Counting())
    vectors[0:50][:] = 0
    assert np.array_equal(everything(vectors), expected())


def test_the_pixels_of_200_000_images_never_exist_all_at_once() -> None:
    images = np.broadcast_to(np.uint8(51), (200_000, 32, 32, 3))
    vectors = PixelVectors(images)
    tracemalloc.start()
    try:
        assert vectors.shape == (200_000, 3072)
        assert vectors[100_000:101_000].max() == pytest.approx(0.2)
        assert vectors[np.array([5, 199_999])].shape == (2, 3072)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000  # of 2.4 GB
    finally:
        tracemalloc.stop()


def test_real_features_go_through_the_cache(pipeline: Path, faces: TrainingSet) -> None:
    from side_core.dpm.folder import open_denoiser

    encoder = open_encoder("dpm", None, open_denoiser(str(pipeline)))
    np.testing.assert_allclose(everything(embed_all(faces, encoder)), encoder(faces.images), atol=1e-5)
    assert np.array_equal(everything(embed_all(faces, encoder)), everything(embed_all(faces, encoder)))
