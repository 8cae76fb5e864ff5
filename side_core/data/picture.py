"""Read one picture file, whatever it holds, as 8-bit RGB."""

import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LARGEST_PIXELS = 64_000_000  # a file of a few bytes can claim any size
_DRAFT = 2  # times the wanted size at which a large JPEG is decoded at least, as Pillow's `thumbnail` does
_WHITE = (255, 255, 255)
_UPRIGHT = {  # by the EXIF orientation, what turns a picture upright (Exif 2.32, tag 0x0112)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_LYING = [_UPRIGHT[orientation] for orientation in (5, 6, 7, 8)]  # these exchange height and width


class BadPictureError(ValueError):
    """A file that cannot be read as a picture; its text is a short reason."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and what was done to it.

    Attributes:
        pixels: (H, W, 3) uint8.
        own_size: height and width that it had before it was scaled to cover the wanted ones and cropped to its centre.
        animated: it moves; this is its first frame.
    """

    pixels: np.ndarray
    own_size: tuple[int, int]
    animated: bool

    @property
    def resized(self) -> bool:
        """Whether it had another size or shape."""
        return self.pixels.shape[:2] != self.own_size


class PillowQuiet:
    """No warnings from Pillow while any thread is inside; `catch_warnings` alone fails where threads overlap."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.before = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.before = warnings.catch_warnings()
                self.before.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.before.__exit__(None, None, None)


_pillow_quiet = PillowQuiet()


def read_picture(file: Path, size: tuple[int, int] | None = None) -> Picture:
    """Read a PNG, JPEG or WebP file: turned as its EXIF says, grey and palette as RGB, transparency on white.

    Args:
        file: what to read; its content decides what it is, not its name.
        size: wanted height and width; left out: the picture's own.

    Raises:
        BadPictureError: it is no such file, damaged, or larger than 64 million pixels.
    """
    if not file.is_file():  # a named pipe would be waited for
        nowhere = "a link that leads nowhere" if file.is_symlink() else "no such file"
        raise BadPictureError("no file" if file.exists() else nowhere)
    try:
        with _pillow_quiet, Image.open(file, formats=tuple(set(FORMATS.values()))) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise BadPictureError(_too_large(f"{image.width:,} x {image.height:,} pixels"))
            animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"  # a photo and its preview
            width, height = image.size if _turn_of(image) not in _LYING else reversed(image.size)
            if size is not None:
                image.draft(None, (_DRAFT * max(size), _DRAFT * max(size)))
            upright = _to_rgb(_turned(image))
    except BadPictureError:
        raise
    except Image.DecompressionBombError:
        raise BadPictureError(_too_large("its pixels")) from None
    except Exception as error:  # decoders of damaged files raise anything
        raise BadPictureError(_reason(error)) from None
    fits = size is None or (upright.height, upright.width) == size
    return Picture(np.asarray(upright if fits else cover(upright, size)), (height, width), animated)


def _turned(image: Image.Image) -> Image.Image:
    """The image as its EXIF says it stands; as it is where that cannot be read."""
    turn = _turn_of(image)
    return image if turn is None else image.transpose(turn)


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """What turns an image upright; None where nothing need, or its EXIF cannot be read."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF raises anything, and the pixels do not need it
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode as 8-bit RGB."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, _WHITE)
        paper.paste(image, mask=image)
        return paper
    return image.convert("RGB")


def cover(image: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """Scale an image until it covers (height, width), bicubic, and crop it to its centre."""
    return image if size is None else ImageOps.fit(image, (size[1], size[0]), Image.Resampling.BICUBIC)


def _too_large(what: str) -> str:
    return f"{what} are more than {LARGEST_PIXELS // 1_000_000} million"


def _reason(error: BaseException) -> str:
    """Why a file could not be read, in a few words."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "no PNG, JPEG or WebP picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"damaged: {text[:100].rstrip('.')}"
