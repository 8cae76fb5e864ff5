"""Damage files at random and open them, one after another; run as a process of its own, with little memory.

    python worker.py KIND FOLDER SEED COUNT [PIPELINE]

One line of JSON for each case: its seed, the file, what was done to it, and `opened`, `refused` or `failed` with the
text. A case that takes longer than ten seconds, or more than 8 GB of memory, has failed.
"""

import faulthandler
import io
import json
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

SECONDS = 10
MEMORY = 8 * 2**30  # bytes of address space, beyond what the imports take
ODD: list[Any] = [
    -1,
    0,
    1,
    7,
    10**9,
    10**30,
    0.5,
    float("nan"),
    float("inf"),
    True,
    "",
    "x",
    "a\nb\0",
    "9" * 30,
    [],
    [1],
]
ODD += [[[]], {}, {"a": 1}, [None], [0, 0], [64, -3], "../..", "/etc/passwd", "fixed_small", "\ud800"]
NOTHING = "nothing"
CAPTIONS = "file_name,text,hat\n" + "".join(f'{row}.png,"a face, {row}",cap\n' for row in range(3))


class Hangs(BaseException):
    """A case took too long."""


def noise(rng: np.random.Generator, side: int, channels: int) -> Image.Image:
    small = rng.integers(0, 256, (side // 4, side // 4, channels), dtype=np.uint8)
    return Image.fromarray(small[..., 0] if channels == 1 else small).resize((side, side), Image.Resampling.NEAREST)


@lru_cache
def picture_files() -> dict[str, bytes]:
    """A small picture of each kind."""
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb, grey, rgba = (noise(rng, 32, channels) for channels in (3, 1, 4))
    frames = {"save_all": True, "append_images": [noise(rng, 32, 3)]}
    palette = rgb.quantize(16)
    kinds: dict[str, tuple[Image.Image, str, dict]] = {
        "rgb.png": (rgb, "PNG", {}),
        "grey.png": (grey, "PNG", {}),
        "bits.png": (grey.convert("1"), "PNG", {}),
        "deep.png": (Image.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG", {}),
        "palette.png": (palette, "PNG", {"transparency": bytes(range(16)), "exif": exif}),
        "rgba.png": (rgba, "PNG", {}),
        "moving.png": (rgb, "PNG", frames),
        "rgb.jpg": (rgb, "JPEG", {"exif": exif}),
        "progressive.jpg": (rgb, "JPEG", {"progressive": True, "quality": 95}),
        "cmyk.jpg": (rgb.convert("CMYK"), "JPEG", {}),
        "grey.jpeg": (grey, "JPEG", {}),
        "preview.jpg": (rgb, "MPO", frames),
        "lossy.webp": (rgb, "WEBP", {"exif": exif}),
        "lossless.webp": (rgba, "WEBP", {"lossless": True}),
        "moving.webp": (rgb, "WEBP", frames),
    }
    return {name: saved(image, kind, options) for name, (image, kind, options) in kinds.items()}


def saved(image: Image.Image, kind: str, options: dict) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@lru_cache
def array_files() -> dict[str, bytes]:
    """Array files of each kind."""
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 3), dtype=np.uint8)
    columns = {"images": images, "labels": np.arange(20), "captions": np.full(20, "é"), "ids": np.full(20, b"a")}
    files = {}
    for name, save, arrays in (
        ("x.npy", lambda out, images: np.save(out, images), {"images": images}),
        ("grey.npy", lambda out, images: np.save(out, images), {"images": np.asfortranarray(images[..., 0])}),
        ("plain.npz", np.savez, columns),
        ("packed.npz", np.savez_compressed, columns),
    ):
        buffer = io.BytesIO()
        save(buffer, **arrays)
        files[name] = buffer.getvalue()
    return files


def damaged(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """The content with one to four flipped bits, overwritten, lost or added bytes, or without its end.

    One in twenty is left whole, and must open. JSON is also damaged in a value, and headers in a digit, so that not
    all of it is refused as no JSON at all.
    """
    if rng.random() < 0.05:
        return content, NOTHING
    if content[:1] == b"{" and rng.random() < 0.7:
        return other_value(content, rng)
    if rng.random() < 0.2:
        length = int(rng.integers(0, len(content)))
        return content[:length], f"cut to {length}"
    data, done = bytearray(content), []
    for _ in range(rng.integers(1, 5)):
        early = rng.random() < 0.5  # where headers are
        at = int(rng.integers(0, min(len(data), 200) if early else len(data)))
        how = rng.choice(["digit", "flip", "write", "ends", "lose", "add"])
        length = int(rng.integers(1, 9))
        digits = [place for place, byte in enumerate(data[:2000]) if chr(byte).isdigit()]
        if how == "digit" and digits:
            at = int(rng.choice(digits))
            data[at] = ord(str(rng.integers(10)))
        elif how == "flip":
            data[at] ^= 1 << int(rng.integers(8))
        elif how == "write":
            data[at : at + length] = rng.bytes(length)
        elif how == "ends":
            data[at : at + length] = bytes([rng.choice([0, 255, 127, 128])]) * length
        elif how == "lose":
            del data[at : at + length]
        else:
            data[at:at] = rng.bytes(length)
        done.append(f"{how} at {at}")
        data = data or bytearray(1)
    return bytes(data), ", ".join(done)


def other_value(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """JSON with another value, or none, in one place."""
    tree = json.loads(content)
    places: list[tuple[Any, Any]] = []  # container and key

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(tree)
    node, key = places[rng.integers(len(places))]
    value = ODD[rng.integers(len(ODD) + 1) - 1] if rng.random() < 0.9 else None
    if rng.random() < 0.1:
        del node[key]
        return json.dumps(tree).encode(), f"without {key}"
    node[key] = value
    return json.dumps(tree).encode(), f"{key} = {value!r}"[:80]


def look(images: object) -> None:
    """Use all that a page shows of a set."""
    from side_core.data.training_set import TrainingSet

    assert isinstance(images, TrainingSet)
    texts = [*images.ids, *images.notes, *(images.labels if images.labels is not None else [])]
    texts += [*(images.captions if images.captions is not None else []), *images.attributes]
    if not all(str(text).isprintable() for text in texts):
        raise RuntimeError("texts with control characters")
    json.dumps(images.fingerprint)


def open_pictures(folder: Path, rng: np.random.Generator) -> str:
    from side_core.data.source import open_training_set

    files = picture_files()
    name = str(rng.choice(list(files)))
    content, done = damaged(files[name], rng)
    (folder / name).write_bytes(content)
    return attempt(f"{name}: {done}", lambda: look(open_training_set(str(folder), (16, 16))))


def open_arrays(folder: Path, rng: np.random.Generator) -> str:
    from side_core.data.source import open_training_set

    files = array_files()
    name = str(rng.choice(list(files)))
    content, done = damaged(files[name], rng)
    (folder / name).write_bytes(content)
    return attempt(f"{name}: {done}", lambda: look(open_training_set(str(folder / name))))


def open_metadata(folder: Path, rng: np.random.Generator) -> str:
    from side_core.data.source import open_training_set

    for row in range(3):
        noise(np.random.default_rng(row), 8, 3).save(folder / f"{row}.png")
    content, done = damaged(CAPTIONS.encode("utf-8-sig"), rng)
    (folder / "metadata.csv").write_bytes(content)
    return attempt(f"metadata.csv: {done}", lambda: look(open_training_set(str(folder))))


def open_model(folder: Path, rng: np.random.Generator, pipeline: Path) -> str:
    from side_core.dpm.folder import open_denoiser, read_card

    shutil.copytree(pipeline, folder / "model")
    (folder / "model" / "card.json").write_text(
        json.dumps({"data": {"source": "pixel-faces[0:1000]"}, "control": None})
    )
    files = sorted(file for file in (folder / "model").rglob("*") if file.suffix in (".json", ".safetensors"))
    file = files[rng.integers(len(files))]
    content, done = damaged(file.read_bytes(), rng)
    file.write_bytes(content)

    def open_it() -> None:
        denoiser = open_denoiser(str(folder / "model"), device="cpu")
        json.dumps([denoiser.fingerprint, denoiser.image_size])
        read_card(folder / "model")

    return attempt(f"{file.relative_to(folder / 'model')}: {done}", open_it)


def open_calibration(folder: Path, rng: np.random.Generator) -> str:
    from safetensors.numpy import save_file

    from side_core.extraction.calibration import FILE, read_calibration

    columns = {
        f"{side}/pixel/{score}": np.ones(9, np.float32) for side in ("training", "control") for score in ("l2", "nl2")
    }
    model, data, control = (SimpleNamespace(fingerprint=letter * 8) for letter in "abc")
    about = {"model": model.fingerprint, "data": data.fingerprint, "control": control.fingerprint}
    save_file(columns, folder / FILE, metadata=about)
    content, done = damaged((folder / FILE).read_bytes(), rng)
    (folder / FILE).write_bytes(content)

    def open_it() -> None:
        calibration = read_calibration(folder, model, data, control)  # type: ignore[arg-type]
        if calibration is not None:
            calibration.control_rate("pixel", "l2", 0.5)
            calibration.training_rate("pixel", "nl2", 0.5)

    return attempt(f"{FILE}: {done}", open_it)


def attempt(what: str, work: Callable[[], None]) -> str:
    """Do it; one line of JSON about how it went."""
    signal.alarm(SECONDS)
    faulthandler.dump_traceback_later(2 * SECONDS, exit=True)  # where no Python code runs that an alarm could stop
    try:
        work()
        outcome, text = "opened", ""
    except ValueError as error:
        text = str(error)
        good = len(text.splitlines()) == 1 and text.endswith(".") and "Traceback" not in text
        outcome = "refused" if good else "failed"
        text = text if good else f"{type(error).__name__}: {text}"
    except BaseException as error:
        import traceback

        outcome, text = "failed", f"{type(error).__name__}: {error} at {traceback.extract_tb(error.__traceback__)[-3:]}"
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
    if what.endswith(f": {NOTHING}") and outcome != "opened":
        outcome = "failed"
    return json.dumps({"what": what, "outcome": outcome, "text": text})


KINDS: dict[str, Callable[..., str]] = {
    "pictures": open_pictures,
    "arrays": open_arrays,
    "metadata": open_metadata,
    "model": open_model,
    "calibration": open_calibration,
}


def hang(*_: object) -> None:
    raise Hangs


def main(kind: str, folder: str, seed: str, count: str, *pipeline: str) -> None:
    if kind in ("model", "calibration"):
        import side_core.dpm.unet
        import side_core.extraction.calibration  # noqa: F401
    signal.signal(signal.SIGALRM, hang)
    with Path("/proc/self/statm").open() as pages:
        taken = int(pages.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    warnings.simplefilter("error")
    for number in range(int(seed), int(seed) + int(count)):
        place = Path(folder) / str(number)
        place.mkdir(parents=True)
        print(KINDS[kind](place, np.random.default_rng(number), *map(Path, pipeline)), flush=True)
        shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
