"""The built-in pixel faces, the names by which sets and slices of them are opened, and what a public app may open."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from side_core.data import pixel_faces, source
from side_core.data.image_file import ImageFile
from side_core.data.picture import cover
from side_core.data.render import BACKGROUNDS, COLORS, VARIANTS, face_attributes
from side_core.data.source import open_training_set, reading
from side_core.data.training_set import Reading, TrainingSet
from side_core.extraction.run import score
from side_core.files.assets import BUILT_INS, PIXEL_FACES
from side_core.files.public import Limits
from side_core.progress import finish
from side_core.settings import ScoreSettings


@pytest.fixture(scope="module")
def all_faces() -> TrainingSet:
    return open_training_set("pixel-faces")


def test_there_are_30_000_faces_and_no_two_are_equal(all_faces: TrainingSet) -> None:
    assert all_faces.images.shape == (30_000, 16, 16, 3)
    assert len({image.tobytes() for image in all_faces.images}) == 30_000
    assert len(set(all_faces.ids)) == 30_000


def test_every_attribute_is_there_and_varies(all_faces: TrainingSet) -> None:
    assert set(all_faces.attributes) == {*VARIANTS, *COLORS, "background"}
    assert all(len(set(values)) > 1 for values in all_faces.attributes.values())


def test_the_named_background_is_the_colour_in_the_corner(all_faces: TrainingSet) -> None:
    code_of = {name: bytes.fromhex(code) for code, name in BACKGROUNDS.items()}
    expected = np.array([list(code_of[name]) for name in all_faces.attributes["background"]], np.uint8)
    assert np.array_equal(all_faces.images[:, 0, 0], expected)


def test_faces_without_hat_have_no_hat_colour(all_faces: TrainingSet) -> None:
    for thing in ("hat", "glasses"):
        bare = all_faces.attributes[thing] == "none"
        assert 0 < bare.sum() < 30_000
        assert np.array_equal(all_faces.attributes[f"{thing}_color"] == "none", bare)


def test_built_in_models_share_no_face_with_their_control() -> None:
    for model in BUILT_INS.values():
        data, control = open_training_set(model.data), open_training_set(model.control)
        assert not {image.tobytes() for image in data.images} & {image.tobytes() for image in control.images}


@pytest.mark.parametrize(
    ("name", "first", "stop"),
    [
        ("pixel-faces", 0, 30_000),
        ("pixel-faces[:]", 0, 30_000),
        ("pixel-faces[:7]", 0, 7),
        ("pixel-faces[29990:]", 29_990, 30_000),
        (" pixel-faces[5:9] ", 5, 9),
    ],
)
def test_slices(all_faces: TrainingSet, name: str, first: int, stop: int) -> None:
    assert open_training_set(name).ids.tolist() == all_faces.ids[first:stop].tolist()


def test_the_name_of_a_slice_opens_the_same_slice() -> None:
    opened = open_training_set("pixel-faces[:7]")
    assert open_training_set(opened.name).fingerprint == opened.fingerprint


@pytest.mark.parametrize(
    "name", ["", "cats", "pixel-faces[1]", "pixel-faces[-5:10]", "pixel-faces[a:b]", "pixel-faces["]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no data source '") as error:
        open_training_set(name)
    assert f"'{name}'" in str(error.value)


@pytest.mark.parametrize("slice_", ["0:30001", "30000:", "9:9", ":0", "9:4"])
def test_slices_outside_the_data_are_refused(slice_: str) -> None:
    with pytest.raises(ValueError, match=r"^Rows \d+:\d+ do not lie in pixel-faces, which has 30,000 images: "):
        open_training_set(f"pixel-faces[{slice_}]")


def test_a_missing_file_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_faces, "PIXEL_FACES", PIXEL_FACES.with_name("gone.npz"))
    with pytest.raises(ValueError, match=r"gone\.npz' is missing: .*data build"):
        pixel_faces.load_pixel_faces.__wrapped__()


def test_attributes_of_a_rendered_face() -> None:
    options = {
        "hairVariant": "long01",
        "hairColor": ["#603015"],
        "hatColor": ["#2663a3"],
        "glassesVariant": "dark02",
        "glassesColor": ["#191919"],
        "backgroundColor": ["#1f2a5a"],
    }
    attributes = face_attributes(options)
    assert attributes["background"] == "navy"
    assert (attributes["hair"], attributes["hair_color"]) == ("long01", "#603015")
    assert (attributes["hat"], attributes["hat_color"]) == ("none", "none")
    assert (attributes["glasses"], attributes["glasses_color"]) == ("dark02", "#191919")


# other sources


@pytest.fixture
def array_file(home: Path) -> Path:
    """A hundred images of 4 x 6 pixels, each of one grey level."""
    np.save(home / "x.npy", np.arange(100, dtype=np.uint8).repeat(72).reshape(100, 4, 6, 3))
    return home / "x.npy"


def test_reading_ends_with_the_set_that_opening_gives(array_file: Path) -> None:
    progress: list[Reading] = []
    last = finish(reading(str(array_file), (2, 3)), progress.append)
    assert progress == [Reading(100, 100)]
    assert last.fingerprint == open_training_set(str(array_file), (2, 3)).fingerprint


def test_a_slice_of_another_size(array_file: Path) -> None:
    opened = open_training_set(f"{array_file}[10:50:10]", (2, 2))
    assert opened.images.tolist() == [[[[level] * 3] * 2] * 2 for level in (10, 20, 30, 40)]
    assert opened.ids.tolist() == ["10", "20", "30", "40"]
    assert opened.notes == ("All 4 pictures were scaled from 6 x 4 and cropped to their centre, 2 x 2 pixels.",)
    assert open_training_set(opened.name, (2, 2)).fingerprint == opened.fingerprint


def test_a_slice_of_a_folder_of_another_size(home: Path, draw: Callable[..., Path]) -> None:
    for number in range(5):
        draw(home / f"{number}.png", number, 8, 8)
    opened = open_training_set(f"{home}[1:3]", (4, 4))
    assert opened.ids.tolist() == ["1.png", "2.png"]
    assert opened.images.shape == (2, 4, 4, 3)
    assert opened.notes[0].startswith(f"5 of 5 pictures in '{home}' were scaled")
    assert opened.name == f"{home}[1:3]"


def test_scaled_images_are_kept_by_fingerprint(array_file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scaled: list[object] = []
    monkeypatch.setattr(source, "cover", lambda image, size: scaled.append(image) or cover(image, size))
    first = open_training_set(f"{array_file}[0:5]", (2, 2))
    assert len(scaled) == 5
    pixels = first.images.copy()
    copy = array_file.rename(array_file.with_name("renamed.npy"))
    assert open_training_set(f"{copy}[0:5]", (2, 2)).fingerprint == first.fingerprint
    assert len(scaled) == 5
    (entry,) = cache.glob("pictures/*")
    os.truncate(entry / "images.npy", 100)
    assert np.array_equal(open_training_set(f"{copy}[0:5]", (2, 2)).images, pixels)
    assert len(scaled) == 10
    open_training_set(f"{copy}[1:6]", (2, 2))
    assert len(scaled) == 15


def test_scaling_that_is_stopped_leaves_nothing_behind(
    array_file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "REPORT", 10)
    events = reading(str(array_file), (2, 2))
    assert [next(events), next(events)] == [Reading(10, 100), Reading(20, 100)]
    events.close()
    assert list(cache.glob("pictures/*")) == []


def test_a_folder_may_be_called_like_a_slice(home: Path, draw: Callable[..., Path]) -> None:
    for number in range(3):
        draw(home / "x[0:1]" / f"{number}.png", number)
    assert len(open_training_set(str(home / "x[0:1]"))) == 3
    assert open_training_set(f"{home}/x[0:1][1:2]").ids.tolist() == ["1.png"]


def test_a_full_disk_is_noticed_before_anything_is_written(
    array_file: Path, home: Path, draw: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(home / "a.png")
    full = SimpleNamespace(total=10**10, used=9 * 10**9, free=10**9)
    monkeypatch.setattr("side_core.files.cache.shutil.disk_usage", lambda place: full)
    for name, size in ((str(array_file), (2, 2)), (str(home), None)):
        with pytest.raises(
            ValueError,
            match=r"^The [\d,]+ pictures? of '.*' would take \d\.\d kB in '.*cache', where 1\.0 GB are free: free some "
            r"space, or set SIDE_CACHE to a folder on a larger disk\.$",
        ):
            open_training_set(name, size)
    assert not cache.exists()


def test_a_disk_that_fills_up_while_it_is_written(
    array_file: Path, home: Path, draw: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    draw(home / "a.png")
    monkeypatch.setattr(ImageFile, "append", full)
    for name, size in ((str(array_file), (2, 2)), (str(home), None)):
        with pytest.raises(
            ValueError, match=r"' cannot be written \(No space left on device\): free some space, or set"
        ):
            open_training_set(name, size)
    assert list(cache.glob("pictures/*")) == []


def test_a_cache_that_cannot_be_written(array_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE", str(array_file / "cache"))
    with pytest.raises(ValueError, match=r"^The cache '.*' cannot be written \(Not a directory\): free some space"):
        open_training_set(str(array_file), (2, 2))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("no\nwhere", r"no\nwhere"),
        ("no\0where", r"no\x00where"),
        ("~nobody-of-this-name/x", "~nobody-of-this-name/x"),
        ("~nobody-of-this-name/x[0:5]", "~nobody-of-this-name/x"),
        ("x" * 5000, "x" * 5000),
        ("\ud800", r"\ud800"),
        (f"pixel-faces[{'9' * 5000}:]", f"pixel-faces[{'9' * 5000}:]"),
        ("[0:5]", "[0:5]"),
        ("pixel-faces[0:5][0:2]", "pixel-faces[0:5]"),
    ],
)
@pytest.mark.parametrize("public", ["0", "1"])
def test_names_that_no_file_has(name: str, shown: str, public: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", public)
    with pytest.raises(ValueError, match=r"^(There is no data source |)'.+\.$") as error:
        open_training_set(name)
    assert f"'{shown}'" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_step_of_nothing() -> None:
    with pytest.raises(
        ValueError, match=r"^The step is 0, but rows of pixel-faces are taken upwards: choose 1 or more\.$"
    ):
        open_training_set("pixel-faces[0:5:0]")


def test_another_file(home: Path) -> None:
    (home / "x.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"x\.txt' is no \.npy or \.npz file: give one, or a folder of pictures\.$"):
        open_training_set(str(home / "x.txt"))


# a public app


def test_a_public_app_reads_its_roots_only(
    array_file: Path, home: Path, tmp_path: Path, draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(home / "a.png")
    (tmp_path / "open").mkdir()
    (tmp_path / "open/link").symlink_to(home)
    (tmp_path / "open/link.npy").symlink_to(array_file)
    ways_out = [
        home,
        array_file,
        *(tmp_path / "open" / way for way in ("link", "link.npy", "../home", "../home/x.npy")),
    ]
    for path in ways_out:
        assert len(open_training_set(str(path))) > 0
        assert len(open_training_set(f"{path}[0:1]")) == 1
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path / "open"))
    for path in ways_out:
        for name in (str(path), f"{path}[0:1]"):
            with pytest.raises(
                ValueError, match=rf"^'{path}' cannot be read here: this app is public and reads its own"
            ):
                open_training_set(name)
    assert len(open_training_set("pixel-faces[0:5]")) == 5
    monkeypatch.setenv("SIDE_ROOTS", f"{tmp_path / 'open'}{os.pathsep}{home}")
    for path in ways_out:
        assert len(open_training_set(str(path))) > 0


def test_a_public_app_does_not_tell_what_exists_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "there").mkdir()
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    sentences = set()
    for name in ("there", "gone"):
        with pytest.raises(ValueError, match="this app is public") as error:
            open_training_set(str(home / name))
        sentences.add(str(error.value).replace(name, ""))
    assert len(sentences) == 1


@pytest.fixture
def limited(home: Path, draw: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A public app with small limits, and what is just too much for it."""
    monkeypatch.setattr("side_core.files.public.Limits", lambda: Limits(image_size=20, rows=4, data_mib=1))
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(home))
    for number in range(5):
        draw(home / "five" / f"{number}.png", number)
    draw(home / "wide" / "a.png", 0, 6, 21)
    np.save(home / "five.npy", np.zeros((5, 4, 4, 3), np.uint8))
    np.save(home / "wide.npy", np.zeros((2, 4, 21, 3), np.uint8))
    np.save(home / "much.npy", np.zeros((2, 500, 500, 3), np.uint8))
    np.savez_compressed(home / "much.npz", images=np.zeros((2, 500, 500, 3), np.uint8))
    return home


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        ("five", None, "rows of '{}' cannot be 5: this app is public and allows 4 or less"),
        ("five[0:2]", None, "rows of '{0[0]}' cannot be 5: this app is public and allows 4 or less"),
        ("five.npy", None, "rows of '{}' cannot be 5: this app is public and allows 4 or less"),
        ("wide", None, "image-size of '{}' cannot be 21: this app is public and allows 20 or less"),
        ("wide.npy", None, "image-size of '{}' cannot be 21: this app is public and allows 20 or less"),
        ("five.npy[0:2]", (21, 4), "image-size of '{}' cannot be 21: this app is public and allows 20 or less"),
        ("five", (4, 21), "image-size of '{}' cannot be 21: this app is public and allows 20 or less"),
        ("much.npy", (4, 4), "data-mib of '{}' cannot be 2: this app is public and allows 1 or less"),
        ("much.npz", (4, 4), "data-mib of '{}' cannot be 2: this app is public and allows 1 or less"),
        ("much.npz[0:1]", (4, 4), "data-mib of '{0[0]}' cannot be 2: this app is public and allows 1 or less"),
    ],
)
def test_a_public_app_reads_so_many_pictures_and_bytes(
    limited: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    size: tuple[int, int] | None,
    sentence: str,
) -> None:
    source = f"{limited}/{name}"
    shown = sentence.replace("{0[0]}", source.partition("[")[0]).replace("{}", source)
    with pytest.raises(ValueError) as error:
        open_training_set(source, size)
    assert str(error.value) == f"{shown}; run the app on your own machine for more."
    assert not cache.exists()
    monkeypatch.delenv("SIDE_PUBLIC")
    assert len(open_training_set(source, size))


def test_rows_that_are_few_enough_may_be_taken_of_a_file_of_more(limited: Path) -> None:
    assert len(open_training_set(f"{limited}/five.npy[0:4]")) == 4
    assert open_training_set(f"{limited}/much.npy[0:1]", (4, 4)).size == (4, 4)


def test_the_built_in_faces_are_within_a_public_apps_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    assert len(open_training_set("pixel-faces")) == 30_000
    with pytest.raises(
        ValueError, match=r"^data-mib of 'pixel-faces' cannot be 352: this app is public and allows 256"
    ):
        open_training_set("pixel-faces", (64, 64))


def test_no_picture_of_a_stranger_makes_the_faces_large(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One link that filled the disk: the screenshots of the README as samples, scaled the faces to their size."""
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.chdir(Path(__file__).parents[2])
    work = score(ScoreSettings(samples="assets/pictures", data="pixel-faces[0:150]"))
    with pytest.raises(
        ValueError, match=r"^'assets/pictures' cannot be read here: this app is public and reads its own"
    ):
        finish(work)
    assert not cache.exists()


def test_what_is_larger_than_the_cache_is_refused_unwritten(
    array_file: Path, home: Path, draw: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(home / "a.png")
    monkeypatch.setenv("SIDE_CACHE_GB", "1e-8")
    for name, size in ((str(array_file), (2, 2)), (str(home), None)):
        with pytest.raises(
            ValueError, match=r"^The [\d,]+ pictures? of '.*' would take .*, and the cache keeps 0\.0 kB"
        ):
            open_training_set(name, size)
    assert not cache.exists()
