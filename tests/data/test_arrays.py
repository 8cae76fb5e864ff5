"""Array files: memory-mapped where they can be, and one sentence for each way they can be bad."""

import io
import os
import pickle
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from side_core.data.source import open_training_set

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 4, 5, 3), dtype=np.uint8)


def header(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    """A .npy header that claims anything."""
    raw = io.BytesIO()
    np.lib.format.write_array_header_1_0(raw, {"descr": kind, "fortran_order": False, "shape": shape})
    return raw.getvalue()


def save_zip(file: Path, compressed: bool, **entries: bytes) -> Path:
    """A .npz of these very bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return file


def save_npz(file: Path, compressed: bool = False, **arrays: np.ndarray) -> Path:
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file


def save_npy(file: Path, array: np.ndarray) -> Path:
    np.save(file, array)
    return file


def is_view_of_a_file(images: np.ndarray) -> bool:
    while images is not None and not isinstance(images, np.memmap):
        images = images.base
    return images is not None


@pytest.mark.parametrize("name", ["x.npy", "x.NPY"])
def test_npy_is_memory_mapped(home: Path, name: str) -> None:
    with (home / name).open("wb") as raw:
        np.save(raw, IMAGES)
    opened = open_training_set(str(home / name))
    assert np.array_equal(opened.images, IMAGES)
    assert is_view_of_a_file(opened.images)
    assert opened.ids.tolist() == list("0123456789")
    assert opened.labels is opened.captions is None


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("key", ["images", "x", "x_train", "data", "arr_0"])
def test_npz(home: Path, compressed: bool, key: str) -> None:
    arrays = {key: IMAGES, "labels": np.arange(10)[:, None], "captions": np.full(10, "a dog"), "ids": np.arange(10) + 7}
    opened = open_training_set(str(save_npz(home / "x.npz", compressed, **arrays, more=np.ones(3))))
    assert np.array_equal(opened.images, IMAGES)
    assert is_view_of_a_file(opened.images) is not compressed
    assert opened.ids.tolist() == [str(7 + row) for row in range(10)]
    assert opened.labels.tolist() == list("0123456789")
    assert opened.captions.tolist() == ["a dog"] * 10


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "layout",
    [
        lambda x: x.transpose(0, 3, 1, 2),
        np.asfortranarray,
        lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)),
    ],
    ids=["channels first", "fortran", "channels first, copied"],
)
def test_layouts(home: Path, compressed: bool, layout: Callable[[np.ndarray], np.ndarray]) -> None:
    opened = open_training_set(str(save_npz(home / "x.npz", compressed, images=layout(IMAGES))))
    assert np.array_equal(opened.images, IMAGES)


@pytest.mark.parametrize("extra", [(), (1,)])
def test_grey(home: Path, extra: tuple[int, ...]) -> None:
    opened = open_training_set(str(save_npy(home / "x.npy", IMAGES[..., 0].reshape(10, 4, 5, *extra))))
    assert np.array_equal(opened.images, IMAGES[..., :1].repeat(3, -1))
    assert is_view_of_a_file(opened.images)


def test_a_stepped_slice_is_a_view(home: Path) -> None:
    file = save_npy(home / "x.npy", np.arange(2000, dtype=np.uint8).repeat(12).reshape(2000, 2, 2, 3))
    opened = open_training_set(f"{file}[0:2000:10]")
    assert is_view_of_a_file(opened.images)
    assert opened.ids.tolist() == [str(row) for row in range(0, 2000, 10)]
    assert opened.images[:, 0, 0, 0].tolist() == [row % 256 for row in range(0, 2000, 10)]
    assert opened.name == f"{file}[0:2000:10]"


@pytest.mark.parametrize(("name", "side"), [("x.npy", 32), ("x.npz", 12)])
def test_200_000_images_open_at_once_without_a_copy(home: Path, name: str, side: int) -> None:
    images = np.lib.format.open_memmap(
        home / "x.npy", "w+", np.uint8, (200_000, side, side, 3)
    )  # sparse: takes no disk
    images[-1] = 7
    del images
    if name == "x.npz":
        with zipfile.ZipFile(home / "x.npz", "w") as archive:
            archive.write(home / "x.npy", "images.npy")
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    opened = open_training_set(str(home / name))
    assert time.process_time() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 70_000  # kB; the pixels have 614 MB, or 86
    assert len(opened) == 200_000
    assert (opened.images[-1] == 7).all()


def test_texts_that_are_bytes_or_odd(home: Path) -> None:
    captions = np.array([b"caf\xe9", "naïve".encode(), b"two\nlines", *[b"x"] * 7])
    opened = open_training_set(str(save_npz(home / "x.npz", images=IMAGES, captions=captions)))
    assert opened.captions[:3].tolist() == [r"caf\xe9", "naïve", r"two\nlines"]


OBJECTS = np.array([{"a": 1}] * 10, dtype=object)
BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "objects": (
        lambda home: save_npz(home / "x.npz", images=IMAGES.astype(object)),
        r"x\.npz' holds Python objects, which could run code: save plain uint8 arrays\.",
    ),
    "objects, compressed": (
        lambda home: save_npz(home / "x.npz", True, images=IMAGES, labels=OBJECTS),
        r"x\.npz' holds Python objects, which could run code: save plain uint8 arrays\.",
    ),
    "objects in .npy": (
        lambda home: save_npy(home / "x.npy", OBJECTS),
        r"x\.npy' holds Python objects, which could run code: save plain uint8 arrays\.",
    ),
    "a pickle": (
        lambda home: home.joinpath("x.npy").write_bytes(pickle.dumps([1, 2])) and home / "x.npy",
        r"x\.npy' holds Python objects, which could run code: save plain uint8 arrays\.",
    ),
    "floats": (
        lambda home: save_npy(home / "x.npy", IMAGES / 255),
        r"The images of '.*x\.npy' are float64, not uint8: scale them to 0\.\.255 and convert them\.",
    ),
    "integers": (
        lambda home: save_npz(home / "x.npz", images=IMAGES.astype(np.int64)),
        r"The images of '.*x\.npz' are int64, not uint8: .*",
    ),
    "fields": (
        lambda home: save_npy(home / "x.npy", np.zeros(3, [("a\n", "u1"), ("b", "f8")])),
        r"The images of '.*x\.npy' are .*, not uint8: .*",
    ),
    "RGBA": (
        lambda home: save_npy(home / "x.npy", np.zeros((2, 8, 8, 4), np.uint8)),
        r"The images of '.*x\.npy' have shape \(2, 8, 8, 4\): give \(n, height, width, 3\) with n of 1 or more\.",
    ),
    "one image": (
        lambda home: save_npy(home / "x.npy", np.zeros((8, 8, 3), np.uint8)),
        r"The images of '.*x\.npy' have shape \(8, 8, 3\): .*",
    ),
    "flat": (
        lambda home: save_npy(home / "x.npy", np.zeros((2, 192), np.uint8)),
        r"The images of '.*x\.npy' have shape \(2, 192\): .*",
    ),
    "a number": (lambda home: save_npy(home / "x.npy", np.uint8(3)), r"The images of '.*x\.npy' have shape \(\): .*"),
    "empty": (
        lambda home: save_npy(home / "x.npy", IMAGES[:0]),
        r"The images of '.*x\.npy' have shape \(0, 4, 5, 3\): give \(n, height, width, 3\) with n of 1 or more\.",
    ),
    "empty, compressed": (
        lambda home: save_npz(home / "x.npz", True, images=IMAGES[:0]),
        r"The images of '.*x\.npz' have shape \(0, 4, 5, 3\): .*",
    ),
    "no known key": (
        lambda home: save_npz(home / "x.npz", pictures=IMAGES, **{"odd\n": np.ones(1)}),
        r"'.*x\.npz' has no array called images, x, x_train, data or arr_0 \(it has pictures, odd\\n\): "
        r"name the images so\.",
    ),
    "no array": (lambda home: save_zip(home / "x.npz", False), r".* \(it has none\): name the images so\."),
    "too few labels": (
        lambda home: save_npz(home / "x.npz", images=IMAGES, labels=np.arange(9)),
        r"'.*x\.npz' has 10 images, but its labels have shape \(9,\): give one for each image\.",
    ),
    "one-hot labels": (
        lambda home: save_npz(home / "x.npz", images=IMAGES, y=np.eye(10)),
        r"'.*x\.npz' has 10 images, but its y have shape \(10, 10\): give one for each image\.",
    ),
    "one label": (
        lambda home: save_npz(home / "x.npz", images=IMAGES, labels=np.int64(3)),
        r"'.*x\.npz' has 10 images, but its labels have shape \(\): give one for each image\.",
    ),
    "no labels": (
        lambda home: save_npz(home / "x.npz", images=IMAGES, labels=np.zeros((0, 0))),
        r"'.*x\.npz' has 10 images, but its labels have shape \(0, 0\): .*",
    ),
    "no Unicode": (
        lambda home: save_npz(home / "x.npz", images=IMAGES, labels=np.full(10, 2**31, np.uint32).view("U1")),
        r"The labels of '.*x\.npz' are damaged: save them again, as text or numbers\.",
    ),
    "truncated": (
        lambda home: os.truncate(save_npy(home / "x.npy", IMAGES), 300) or home / "x.npy",
        r"'.*x\.npy' is damaged \(its shape is larger than its content\): save it again\.",
    ),
    "truncated header": (
        lambda home: os.truncate(save_npy(home / "x.npy", IMAGES), 50) or home / "x.npy",
        r"'.*x\.npy' is damaged \(.*\): save it again\.",
    ),
    "truncated zip": (
        lambda home: os.truncate(save_npz(home / "x.npz", images=IMAGES), 300) or home / "x.npz",
        r"'.*x\.npz' is damaged \(File is not a zip file\): save it again\.",
    ),
    "no zip": (
        lambda home: home.joinpath("x.npz").write_text("hello") and home / "x.npz",
        r"'.*x\.npz' is damaged \(File is not a zip file\): save it again\.",
    ),
    "no file at all": (
        lambda home: (home / "x.npy").touch() or home / "x.npy",
        r"'.*x\.npy' is damaged \(no NumPy ar.*",
    ),
    "a zip called .npy": (
        lambda home: save_npz(home / "x.npz", images=IMAGES).rename(home / "x.npy"),
        r"'.*x\.npy' is damaged \(no NumPy array\): save it again\.",
    ),
    "10**15 images": (
        lambda home: home.joinpath("x.npy").write_bytes(header((10**15, 4, 4, 3)) + bytes(99)) and home / "x.npy",
        r"'.*x\.npy' is damaged \(its shape is larger than its content\): save it again\.",
    ),
    "10**15 images in a zip": (
        lambda home: save_zip(home / "x.npz", False, images=header((10**15, 4, 4, 3)) + bytes(99)),
        r"'.*x\.npz' is damaged \(its shape is larger than its content\): save it again\.",
    ),
    "2**64 images": (
        lambda home: home.joinpath("x.npy").write_bytes(header((2**64, 1, 1, 3)) + bytes(99)) and home / "x.npy",
        r"'.*x\.npy' is damaged \(its shape is larger than its content\): save it again\.",
    ),
    "a negative shape": (
        lambda home: home.joinpath("x.npy").write_bytes(header((-2, -4, 4, 3)) + bytes(99)) and home / "x.npy",
        r"'.*x\.npy' is damaged \(shape \(-2, -4, 4, 3\)\): save it again\.",
    ),
    "16 GB, compressed": (
        lambda home: save_zip(home / "x.npz", True, images=header((16 * 10**9 // 3, 1, 1, 3)) + bytes(99)),
        r"'.*x\.npz' is too large to unpack \(16\.0 GB\): save it uncompressed, with np\.save or np\.savez\.",
    ),
    "wide texts, compressed": (
        lambda home: save_zip(
            home / "x.npz", True, images=header((1, 1, 1, 3)) + bytes(3), ids=header((4,), "<U500000000")
        ),
        r"'.*x\.npz' is too large to unpack \(8\.0 GB\): .*",
    ),
    "larger than its content, compressed": (
        lambda home: save_zip(home / "x.npz", True, images=header((9, 9, 9, 3)) + bytes(9 * 9 * 9 * 3 - 1)),
        r"'.*x\.npz' is damaged \(its end is missing\): save it again\.",
    ),
    "smaller than its content, compressed": (
        lambda home: save_zip(home / "x.npz", True, images=header((9, 9, 9, 3)) + bytes(9 * 9 * 9 * 3 + 1)),
        r"'.*x\.npz' is damaged \(its content is larger than its shape\): save it again\.",
    ),
    "too many": (
        lambda home: save_npy(home / "x.npy", np.zeros((10_000_001, 1, 1), np.uint8)),
        r"'.*x\.npy' has 10,000,001 images: save 10,000,000 at most in one file\.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(home: Path, case: str) -> None:
    make, sentence = BAD[case]
    file, start = make(home), time.process_time()
    with pytest.raises(ValueError, match=rf"^.*{sentence}$") as error:
        open_training_set(str(file))
    assert "\n" not in str(error.value)
    assert time.process_time() - start < 2


def test_no_code_of_a_pickle_runs(home: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (home / "sprung",)  # type: ignore[return-value]

    np.save(home / "x.npy", np.array([Trap()], dtype=object))
    (home / "y.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("x.npy", "y.npy"):
        with pytest.raises(ValueError, match="could run code"):
            open_training_set(str(home / name))
    assert not (home / "sprung").exists()


def test_a_zip_bomb_that_says_so_is_refused_before_it_is_unpacked(home: Path) -> None:
    """Its directory and its header claim 5 GB."""
    content = io.BytesIO(header((5 * 10**9 // 3072, 32, 32, 3)) + bytes(2**20))
    with zipfile.ZipFile(home / "x.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("images.npy", content.getvalue())
        archive.infolist()[0].file_size = 5 * 10**9
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"is too large to unpack \(5\.0 GB\)"):
        open_training_set(str(home / "x.npz"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_flipped_bit_in_a_compressed_file_is_noticed(home: Path) -> None:
    file = save_npz(home / "x.npz", True, images=IMAGES)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.npz' is damaged \(.*\): save it again\.$"):
        open_training_set(str(file))


def test_a_named_pipe_is_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "x.npy")
    with pytest.raises(ValueError, match=r"x\.npy' is no \.npy or \.npz file"):
        open_training_set(str(home / "x.npy"))
