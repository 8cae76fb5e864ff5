"""Picture files of every kind become the right 8-bit RGB pixels, or a short reason."""

import os
import resource
import struct
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from side_core.data import picture
from side_core.data.picture import BadPictureError, read_picture

GREY = np.array([[0, 100], [200, 255]], np.uint8)
RED_AND_CLEAR = np.array([[[255, 0, 0, 255], [255, 0, 0, 0]]], np.uint8)  # the second is seen as white
HALF_RED = np.array([[[255, 0, 0, 128]]], np.uint8)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG file, written by hand: for what Pillow reads but does not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def as_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=-1)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA"])
def test_modes_without_transparent_pixels(home: Path, mode: str) -> None:
    levels = GREY if mode != "1" else (GREY > 127).astype(np.uint8) * 255
    image = Image.fromarray(as_rgb(levels)).convert("L").convert(mode)
    image.save(home / "x.png")
    assert read_picture(home / "x.png").pixels.tolist() == as_rgb(levels).tolist()


def test_rgba_lies_on_white(home: Path) -> None:
    Image.fromarray(RED_AND_CLEAR).save(home / "x.png")
    assert read_picture(home / "x.png").pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]
    Image.fromarray(HALF_RED).save(home / "x.webp", lossless=True)
    assert read_picture(home / "x.webp").pixels.tolist() == [[[255, 127, 127]]]


def test_grey_with_alpha_lies_on_white(home: Path) -> None:
    Image.fromarray(np.array([[[50, 255], [50, 0]]], np.uint8), "LA").save(home / "x.png")
    assert read_picture(home / "x.png").pixels.tolist() == [[[50, 50, 50], [255, 255, 255]]]


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_palette_with_transparency_lies_on_white(home: Path, transparency: int | bytes) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(home / "x.png", transparency=transparency)
    assert read_picture(home / "x.png").pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_one_transparent_colour_lies_on_white(home: Path) -> None:
    red_and_black = np.array([[[255, 0, 0], [0, 0, 0]]], np.uint8)
    Image.fromarray(red_and_black).save(home / "x.png", transparency=(255, 0, 0))
    assert read_picture(home / "x.png").pixels.tolist() == [[[255, 255, 255], [0, 0, 0]]]


def test_16_bit_grey(home: Path) -> None:
    Image.fromarray(GREY.astype(np.uint16) * 257).save(home / "x.png")
    with Image.open(home / "x.png") as image:
        assert image.mode == "I;16"
    assert read_picture(home / "x.png").pixels.tolist() == as_rgb(GREY).tolist()


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (6, 4)])
def test_16_bit_rgb_and_rgba(home: Path, colour: int, channels: int) -> None:
    levels = np.array([[[10, 20, 30, 255], [200, 100, 0, 255]]])[..., :channels]
    row = (levels * 257).astype(">u2").tobytes()
    (home / "x.png").write_bytes(png(2, 1, 16, colour, b"\0" + row))
    assert read_picture(home / "x.png").pixels.tolist() == levels[..., :3].tolist()


def test_cmyk_jpeg(home: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(home / "x.jpg", quality=100)
    found = read_picture(home / "x.jpg").pixels.astype(int)
    assert abs(found - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_a_jpeg_upright(home: Path, orientation: int) -> None:
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = [255, 0, 0]
    upright[8:, 24:] = [0, 0, 255]
    # How the camera stored it, by the meaning of the tag: row 0 and column 0 of the file are which sides of the picture
    turns: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,  # top, left
        2: lambda a: a[:, ::-1],  # top, right
        3: lambda a: a[::-1, ::-1],  # bottom, right
        4: lambda a: a[::-1],  # bottom, left
        5: lambda a: a.transpose(1, 0, 2),  # left, top
        6: lambda a: a.transpose(1, 0, 2)[::-1],  # right, top
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],  # right, bottom
        8: lambda a: a.transpose(1, 0, 2)[:, ::-1],  # left, bottom
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](upright)))
    stored.save(home / "x.jpg", exif=exif, quality=100, subsampling=0)
    found = read_picture(home / "x.jpg").pixels
    assert found.shape == upright.shape
    assert abs(found.astype(int) - upright).max() < 40


@pytest.mark.parametrize(
    "damage", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_does_not_cost_the_picture(home: Path, draw: Callable[..., Path], damage: bytes) -> None:
    draw(home / "x.jpg", exif=damage)
    assert read_picture(home / "x.jpg").pixels.shape == (6, 6, 3)


@pytest.mark.parametrize("name", ["x.webp", "x.png"])
def test_the_first_frame_of_an_animation_is_taken_and_noted(home: Path, name: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if name.endswith("webp") else {}
    frames[0].save(home / name, save_all=True, append_images=frames[1:], duration=100, **options)
    found = read_picture(home / name)
    assert found.animated
    assert (found.pixels == [255, 0, 0]).all()


def test_a_still_picture_does_not_move(home: Path, draw: Callable[..., Path]) -> None:
    assert not any(read_picture(draw(home / f"x.{kind}")).animated for kind in ("png", "jpg", "webp"))


def test_a_photo_with_its_preview_does_not_move(home: Path) -> None:
    photo = Image.new("RGB", (16, 16), "red")
    photo.save(home / "x.mpo", save_all=True, append_images=[Image.new("RGB", (8, 8), "lime")])
    (home / "x.mpo").rename(home / "x.jpg")
    found = read_picture(home / "x.jpg")
    assert not found.animated
    assert abs(found.pixels.astype(int) - [255, 0, 0]).max() < 5


def test_the_content_decides_not_the_name(home: Path, draw: Callable[..., Path], pixels: Callable) -> None:
    draw(home / "x.jpg", format="PNG")
    assert np.array_equal(read_picture(home / "x.jpg").pixels, pixels(0))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_formats_are_refused_under_any_name(home: Path, draw: Callable[..., Path], kind: str) -> None:
    with pytest.raises(BadPictureError, match=r"^no PNG, JPEG or WebP picture$"):
        read_picture(draw(home / "x.png", 0, 32, 32, format=kind))


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_truncated_files_are_refused(home: Path, draw: Callable[..., Path], kind: str, part: float) -> None:
    file = draw(home / f"x.{kind}", 0, 64, 64)
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    with pytest.raises(BadPictureError, match=r"^(damaged: .+|no PNG, JPEG or WebP picture)$"):
        read_picture(file)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"<html>no picture</html>", b"\x89PNG\r\n\x1a\n"])
def test_no_picture(home: Path, content: bytes) -> None:
    (home / "x.png").write_bytes(content)
    with pytest.raises(BadPictureError, match=r"^(no PNG, JPEG or WebP picture|damaged: .+)$"):
        read_picture(home / "x.png")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (10_000, 10_000), (8_000, 8_001)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(home: Path, width: int, height: int) -> None:
    """Pillow itself refuses the first, warns of the second, and decodes the third."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(2**20)) for _ in range(5)) + rows.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    (home / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with warnings.catch_warnings(record=True) as escaped:
        warnings.simplefilter("always")
        with pytest.raises(BadPictureError, match=r" pixels are more than 64 million$"):
            read_picture(home / "x.png", (32, 32))
    assert not escaped
    assert time.process_time() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_warnings_of_pillow_do_not_escape_and_others_are_not_kept(home: Path) -> None:
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(home / "x.png", transparency=bytes([255, 0]))
    content = (home / "x.png").read_bytes()
    (home / "x.png").write_bytes(content[:33] + chunk(b"acTL", b"\0" * 8) + content[33:])  # an animation of 0 frames
    with pytest.warns(UserWarning, match="Invalid APNG"), Image.open(home / "x.png"):
        pass
    with warnings.catch_warnings(record=True) as escaped:
        warnings.simplefilter("always")
        read_picture(home / "x.png")
        assert not escaped
        warnings.warn("mine", stacklevel=1)
    assert len(escaped) == 1


def test_a_text_chunk_that_unpacks_to_megabytes_is_refused(home: Path, draw: Callable[..., Path]) -> None:
    content = draw(home / "x.png").read_bytes()
    bomb = chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(2**22)))
    (home / "x.png").write_bytes(content[:33] + bomb + content[33:])
    with pytest.raises(BadPictureError, match=r"^damaged: .+"):
        read_picture(home / "x.png")


def test_what_is_no_file_is_refused_and_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "pipe.png")
    (home / "folder.png").mkdir()
    (home / "dangling.png").symlink_to(home / "nowhere.png")
    (home / "loop.png").symlink_to(home / "loop.png")
    (home / "device.png").symlink_to("/dev/zero")
    reasons = {}
    for name in ("pipe", "folder", "dangling", "loop", "device", "missing"):
        with pytest.raises(BadPictureError) as error:
            read_picture(home / f"{name}.png")
        reasons[name] = str(error.value)
    assert reasons == {
        "pipe": "no file",
        "folder": "no file",
        "dangling": "a link that leads nowhere",
        "loop": "a link that leads nowhere",
        "device": "no file",
        "missing": "no such file",
    }


def test_an_unreadable_file_says_why(home: Path, draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "x.png")

    file = draw(home / "x.png")
    monkeypatch.setattr(picture.Image, "open", denied)  # chmod does not stop root
    with pytest.raises(BadPictureError, match=r"^permission denied$"):
        read_picture(file)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_its_own_size_is_that_of_the_upright_picture_however_small_it_is_decoded(home: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.zeros((320, 480, 3), np.uint8)).save(home / "x.jpg", exif=exif)
    found = read_picture(home / "x.jpg", (8, 8))
    assert found.own_size == ((320, 480) if orientation < 5 else (480, 320)) and found.resized
    assert read_picture(home / "x.jpg").own_size == found.own_size


def test_another_size_covers_and_is_cropped_to_the_centre(home: Path) -> None:
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 255
    Image.fromarray(wide).save(home / "x.png")
    found = read_picture(home / "x.png", (8, 8))
    assert found.resized
    assert (found.pixels == 255).all()
    assert not read_picture(home / "x.png", (8, 24)).resized


@pytest.mark.parametrize(("height", "width"), [(1, 5000), (5000, 1), (1, 1)])
def test_extreme_shapes(home: Path, draw: Callable[..., Path], height: int, width: int) -> None:
    assert read_picture(draw(home / "x.png", 0, height, width), (8, 8)).pixels.shape == (8, 8, 3)


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(home: Path) -> None:
    smooth = np.asarray(
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)).resize((1200, 900))
    )
    Image.fromarray(smooth).save(home / "x.jpg", quality=95)
    with Image.open(home / "x.jpg") as image:
        image.save(home / "x.png")
    small, exact = (read_picture(home / name, (48, 64)).pixels.astype(int) for name in ("x.jpg", "x.png"))
    assert abs(small - exact).max() <= 4
