"""Folders of pictures: what is read, what is skipped and named, and when the cache is used."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from side_core.data import folder
from side_core.data.folder import read_folder
from side_core.data.source import open_training_set, reading
from side_core.data.training_set import Reading
from side_core.progress import finish

Draw = Callable[..., Path]
Pixels = Callable[..., np.ndarray]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were decoded into a cache, in their order."""
    names: list[str] = []
    real = folder.picture_or_reason

    def noted(place: Path, size: tuple[int, int], file: folder.File) -> object:
        names.append(file.path)
        return real(place, size, file)

    monkeypatch.setattr(folder, "picture_or_reason", noted)
    return names


def entries(cache: Path) -> list[str]:
    """What the cache holds, half-filled entries too."""
    return sorted(entry.name for entry in cache.glob("pictures/*"))


def test_pictures_come_in_the_order_of_their_paths(home: Path, draw: Draw, pixels: Pixels) -> None:
    for seed, name in enumerate(["b.PNG", "a.png", "deep/er/c.Png", "B.png"]):
        draw(home / name, seed)
    opened = open_training_set(str(home))
    assert opened.ids.tolist() == ["B.png", "a.png", "b.PNG", "deep/er/c.Png"]
    assert np.array_equal(opened.images, [pixels(seed) for seed in (3, 1, 0, 2)])
    assert not opened.notes
    assert opened.name == str(home)


def test_hidden_and_other_files_are_ignored(home: Path, draw: Draw) -> None:
    for name in ("a.png", ".hidden.png", ".git/b.png", "__MACOSX/._a.png"):
        draw(home / name)
    (home / "readme.txt").write_text("no picture")
    opened = open_training_set(str(home))
    assert opened.ids.tolist() == ["a.png"]
    assert not opened.skipped


def test_sub_folders_are_labels(home: Path, draw: Draw) -> None:
    for name in ("cats/1.png", "cats/deeper/2.png", "dogs/1.png", "loose.png"):
        draw(home / name)
    opened = open_training_set(str(home))
    assert dict(zip(opened.ids, opened.labels, strict=True)) == {
        "cats/1.png": "cats",
        "cats/deeper/2.png": "cats",
        "dogs/1.png": "dogs",
        "loose.png": "",
    }


def test_without_sub_folders_there_are_no_labels(home: Path, draw: Draw) -> None:
    draw(home / "a.png")
    assert open_training_set(str(home)).labels is None


def test_an_empty_folder(home: Path) -> None:
    with pytest.raises(ValueError, match=r"home' has no pictures: give a folder with png, jpg or webp files\.$"):
        open_training_set(str(home))


@pytest.mark.parametrize("count", [1, 5])
def test_a_folder_with_nothing_readable(home: Path, count: int) -> None:
    for number in range(count):
        (home / f"{number}.png").write_bytes(b"nothing")
    for _ in range(2):  # also from the cache
        with pytest.raises(
            ValueError, match=rf"^Nothing of {count} pictures? in '.*home' can be read \('0\.png' \(no PNG"
        ):
            open_training_set(str(home))


def test_one_in_a_hundred_of_3_000_files_fails(home: Path, draw: Draw, pixels: Pixels, cache: Path) -> None:
    content = draw(home / "first.png", 1).read_bytes()
    for number in range(3000):
        bad = number % 100 == 50
        (home / f"{number:04}.png").write_bytes(content[:-30] if bad else content)
    events: list[Reading] = []
    opened = finish(read_folder(home), events.append)
    assert len(opened) == 2971
    assert [item.name for item in opened.skipped] == [f"{number:04}.png" for number in range(50, 3000, 100)]
    assert (opened.images == pixels(1)).all()
    assert len(opened.images) == len(opened.ids) == 2971
    assert opened.notes[0].startswith("30 of 3,001 pictures in '")
    assert "could not be read and are left out: '0050.png' (damaged: " in opened.notes[0]
    assert opened.notes[0].endswith(" and 27 more.")
    assert events[-1] == Reading(3001, 3001)
    stored = cache / "pictures" / entries(cache)[0] / "images.npy"
    assert stored.stat().st_size < 2971 * 6 * 6 * 3 + 1000  # no room for what was skipped


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<b>bold</b>.png".replace("/", "|"), "<b>bold<|b>.png"),
        ("*star* [x](y).png", "*star* [x](y).png"),
        ("two\nlines.png", r"two\nlines.png"),
        ("bell\a tab\t.png", r"bell\x07 tab\t.png"),
        ("turned\u202egnp.png", r"turned\u202egnp.png"),
        (os.fsdecode(b"latin-\xe9.png"), r"latin-\xe9.png"),
        ("漢字 🙂.png", "漢字 🙂.png"),
    ],
)
@pytest.mark.parametrize("readable", [True, False])
def test_odd_names(home: Path, draw: Draw, name: str, shown: str, readable: bool) -> None:
    draw(home / "plain.png")
    if readable:
        draw(home / "x.png").rename(home / name)
    else:
        (home / name).write_bytes(b"nothing")
    for _ in range(2):  # also from the cache
        opened = open_training_set(str(home))
        found = opened.ids.tolist() if readable else [item.name for item in opened.skipped]
        assert shown in found
        assert "".join([*opened.ids, *opened.notes, *(item.name for item in opened.skipped)]).isprintable()


def test_an_odd_folder_name_is_written_on_one_line(home: Path) -> None:
    (home / "two\nlines").mkdir()
    with pytest.raises(ValueError, match=r"^'.*two\\nlines' has no pictures: .*\.$"):
        open_training_set(str(home / "two\nlines"))


def test_other_sizes_follow_the_first_and_are_counted(home: Path, draw: Draw) -> None:
    draw(home / "a.png", 0, 8, 4)
    draw(home / "b.png", 1, 8, 4)
    draw(home / "c.png", 2, 9, 4)
    opened = open_training_set(str(home))
    assert opened.size == (8, 4)
    assert opened.notes[0].startswith("1 of 3 pictures in '")
    assert opened.notes[0].endswith("' were scaled from 4 x 9 and cropped to their centre, 4 x 8 pixels.")


def test_the_note_names_the_sizes_that_most_pictures_had(home: Path, draw: Draw) -> None:
    for number, (height, width) in enumerate([(4, 4), (8, 6), (8, 6), (8, 6), (4, 9), (5, 5), (7, 7)]):
        draw(home / f"{number}.png", number, height, width)
    opened = open_training_set(str(home))
    assert opened.notes[0].endswith(
        "' were scaled from 6 x 8 (3), 9 x 4 (1), 5 x 5 (1) and 1 other size and cropped to their centre, 4 x 4 pixels."
    )
    assert opened.own_size == (8, 6)
    assert open_training_set(str(home)).notes == opened.notes  # of the cache
    for number in range(4, 7):
        (home / f"{number}.png").unlink()
    assert open_training_set(str(home), (8, 6)).own_size is None  # most are as they were


def test_a_wanted_size_is_decoded_straight(home: Path, draw: Draw, cache: Path) -> None:
    draw(home / "a.png", 0, 8, 8)
    draw(home / "b.png", 1, 4, 4)
    opened = open_training_set(str(home), (4, 4))
    assert opened.size == (4, 4)
    assert "1 of 2 pictures" in opened.notes[0]
    assert len(entries(cache)) == 1


def test_moving_pictures_are_noted(home: Path, draw: Draw) -> None:
    draw(home / "a.png", 0, 4, 4)
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime")]
    frames[0].save(home / "b.webp", save_all=True, append_images=frames[1:], lossless=True)
    opened = open_training_set(str(home))
    assert opened.notes[0].startswith("1 of 2 pictures in '")
    assert opened.notes[0].endswith("' is moving: the first frame was taken.")


def test_what_is_no_file_is_skipped_and_not_waited_for(home: Path, draw: Draw) -> None:
    draw(home / "a.png")
    os.mkfifo(home / "pipe.png")
    (home / "folder.png").mkdir()
    (home / "dangling.png").symlink_to(home / "nowhere.png")
    (home / "loop.png").symlink_to(home / "loop.png")
    opened = open_training_set(str(home))
    assert {item.name: item.reason for item in opened.skipped} == {
        "dangling.png": "a link that leads nowhere",
        "loop.png": "a link that leads nowhere",
        "pipe.png": "no file",
    }


def test_a_folder_that_may_not_be_looked_into_is_named(home: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(home / "a.png")
    draw(home / "closed/b.png")
    scan = os.scandir

    def denied(place: Path) -> object:
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", denied)  # chmod does not stop root
    opened = open_training_set(str(home))
    assert [(item.name, item.reason) for item in opened.skipped] == [("closed/", "permission denied")]


# links


def test_links_are_followed_once(home: Path, draw: Draw, tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere/far.png")
    draw(home / "real/a.png")
    (home / "link.png").symlink_to(tmp_path / "elsewhere/far.png")
    (home / "all").symlink_to(home / "real")  # goes by its own name
    (home / "real/up").symlink_to(home)  # a loop
    (home / "other").symlink_to(tmp_path / "elsewhere")
    assert open_training_set(str(home)).ids.tolist() == ["link.png", "other/far.png", "real/a.png"]


def test_links_out_of_the_roots_are_left_out_of_a_public_app(
    home: Path, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "secret/s.png")
    draw(home / "a.png")
    (home / "file.png").symlink_to(tmp_path / "secret/s.png")
    (home / "folder").symlink_to(tmp_path / "secret")
    (home / "near.png").symlink_to(home / "a.png")
    assert len(open_training_set(str(home))) == 4
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(home))
    opened = open_training_set(str(home))
    assert opened.ids.tolist() == ["a.png", "near.png"]
    assert {item.name: item.reason for item in opened.skipped} == {
        "file.png": "a link that leads out of the allowed folders",
        "folder": "a link that leads out of the allowed folders",
    }


def test_metadata_out_of_the_roots_is_refused_in_a_public_app(
    home: Path, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(home / "a.png")
    (tmp_path / "secret.csv").write_text("file_name,text\na.png,secret\n")
    (home / "metadata.csv").symlink_to(tmp_path / "secret.csv")
    assert open_training_set(str(home)).captions.tolist() == ["secret"]
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    monkeypatch.setenv("SIDE_ROOTS", str(home))
    with pytest.raises(ValueError, match=r"metadata\.csv' cannot be read here: this app is public"):
        open_training_set(str(home))


# the cache


def test_the_second_time_nothing_is_decoded(home: Path, draw: Draw, decoded: list[str]) -> None:
    draw(home / "a.png", 0)
    (home / "b.png").write_bytes(b"nothing")
    first, second = open_training_set(str(home)), open_training_set(str(home))
    assert decoded == ["a.png", "b.png"]
    assert isinstance(second.images, np.memmap)
    assert first.fingerprint == second.fingerprint
    assert (first.skipped, first.notes) == (second.skipped, second.notes)


def test_a_changed_picture_is_read_anew(home: Path, draw: Draw, pixels: Pixels, decoded: list[str]) -> None:
    file = draw(home / "a.png", 0)
    open_training_set(str(home))
    status = file.stat()
    draw(file, 1)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # not even its date tells
    assert np.array_equal(open_training_set(str(home)).images, [pixels(1)])
    draw(home / "b.png", 2)
    assert len(open_training_set(str(home))) == 2
    (home / "a.png").unlink()
    assert np.array_equal(open_training_set(str(home)).images, [pixels(2)])
    assert decoded == ["a.png", "a.png", "a.png", "b.png", "b.png"]


def overwrite(file: Path, position: int, content: bytes) -> None:
    with file.open("r+b") as raw:
        raw.seek(position)
        raw.write(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no pixels": lambda place: (place / "images.npy").unlink(),
    "short pixels": lambda place: os.truncate(place / "images.npy", 200),
    "no header": lambda place: overwrite(place / "images.npy", 0, b"x"),
    "other shape": lambda place: np.save(place / "images.npy", np.zeros((3, 6, 6, 3), np.uint8)),
    "other type": lambda place: np.save(place / "images.npy", np.zeros((2, 6, 6, 3), np.int8)),
    "no text": lambda place: (place / "about.json").unlink(),
    "empty text": lambda place: (place / "about.json").write_text(""),
    "one letter": lambda place: overwrite(place / "about.json", 80, b"?"),
    "no UTF-8": lambda place: overwrite(place / "about.json", 80, b"\xff"),
    "a file": lambda place: (shutil.rmtree(place), place.write_text("")),
    "empty": lambda place: (shutil.rmtree(place), place.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_again(home: Path, draw: Draw, cache: Path, decoded: list[str], damage: str) -> None:
    draw(home / "a.png", 0)
    draw(home / "b.png", 1)
    good = open_training_set(str(home)).fingerprint
    (entry,) = entries(cache)
    DAMAGES[damage](cache / "pictures" / entry)
    assert open_training_set(str(home)).fingerprint == good
    assert len(decoded) == 4
    open_training_set(str(home))
    assert len(decoded) == 4
    assert entries(cache) == [entry]


def test_stopping_half_way_leaves_nothing_behind(
    home: Path, draw: Draw, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SECONDS", -1)  # a report after each picture
    for number in range(5):
        draw(home / f"{number}.png", number)
    for stop in range(1, 6):
        events = reading(str(home))
        assert [next(events) for _ in range(stop)] == [Reading(done, 5) for done in range(1, stop + 1)]
        assert len(entries(cache)) == 1
        events.close()
        assert entries(cache) == []
    assert len(open_training_set(str(home))) == 5


@pytest.mark.parametrize("large", [0, 10**9])
def test_threads_change_nothing(home: Path, draw: Draw, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LARGE", large)
    for number in range(100):
        draw(home / f"{number:03}.png", number)
    (home / "050.png").write_bytes(b"nothing")
    opened = open_training_set(str(home))
    assert opened.ids.tolist() == [f"{number:03}.png" for number in range(100) if number != 50]
    for name, image in zip(opened.ids, opened.images, strict=True):
        with Image.open(home / name) as picture:
            assert np.array_equal(image, np.asarray(picture))


def test_two_may_fill_the_same_entry(home: Path, draw: Draw, cache: Path) -> None:
    for number in range(50):
        draw(home / f"{number}.png", number)
    found: list[str] = []
    together = threading.Barrier(4)

    def open_it() -> None:
        together.wait()
        found.append(open_training_set(str(home)).fingerprint)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(entries(cache)) == 1


def test_two_processes_may_fill_the_same_entry(home: Path, draw: Draw, cache: Path) -> None:
    for number in range(200):
        draw(home / f"{number}.png", number)
    script = "import sys; from side_core.data.source import open_training_set as o; print(o(sys.argv[1]).fingerprint)"
    command = [sys.executable, "-c", script, str(home)]
    here = Path(folder.__file__).parent.parent.parent
    processes = [subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = {process.communicate()[0].strip() for process in processes}
    assert found == {open_training_set(str(home)).fingerprint}
    assert len(entries(cache)) == 1


def test_one_who_was_overtaken_uses_what_is_there(home: Path, draw: Draw, cache: Path, decoded: list[str]) -> None:
    draw(home / "a.png")
    slow = reading(str(home))
    next(slow)
    quick = open_training_set(str(home))
    overtaken = finish(slow)
    assert overtaken.fingerprint == quick.fingerprint
    assert decoded == ["a.png", "a.png"]
    assert len(entries(cache)) == 1


# metadata.csv


def test_captions_and_attributes(home: Path, draw: Draw) -> None:
    for name in ("a.png", "b.png", "sub/c.png", "d.png"):
        draw(home / name)
    (home / "metadata.csv").write_text(
        'file_name,text,hat,\na.png,"one, two",cap,0\n./sub/c.png,three,none,1\nd.png,four\ngone.png,five,none,2,7,8\n',
        encoding="utf-8-sig",
    )
    opened = open_training_set(str(home))
    assert opened.captions.tolist() == ["one, two", "", "four", "three"]
    assert {name: values.tolist() for name, values in opened.attributes.items()} == {"hat": ["cap", "", "", "none"]}
    assert "1 row of '" in opened.notes[0]
    assert opened.notes[0].endswith("metadata.csv' is without a picture that could be read.")
    assert opened.notes[1].endswith("' is without a row in metadata.csv.")
    assert opened.slice(2, 4, "part").captions.tolist() == ["four", "three"]


def test_the_column_caption_will_do(home: Path, draw: Draw) -> None:
    draw(home / "a.png")
    (home / "metadata.csv").write_text("caption,file_name\nhello,a.png\n\nshort\n")
    opened = open_training_set(str(home))
    assert opened.captions.tolist() == ["hello"]
    assert not opened.attributes


def test_a_new_caption_needs_no_decoding(home: Path, draw: Draw, decoded: list[str]) -> None:
    draw(home / "a.png")
    for text in ("one", "two"):
        (home / "metadata.csv").write_text(f"file_name,text\na.png,{text}\n")
        assert open_training_set(str(home)).captions.tolist() == [text]
    assert decoded == ["a.png"]


def test_names_and_texts_that_are_no_utf_8(home: Path, draw: Draw) -> None:
    draw(home / os.fsdecode(b"\xe9.png"))
    (home / "metadata.csv").write_bytes(b"file_name,text\n\xe9.png,caf\xe9 \0\n")
    assert open_training_set(str(home)).captions.tolist() == [r"caf\xe9 \x00"]


def test_one_long_caption_takes_no_memory_of_others(home: Path, draw: Draw) -> None:
    for number in range(50):
        draw(home / f"{number}.png")
    (home / "metadata.csv").write_text(f"file_name,text\n0.png,{'x' * 100_000}\n1.png,short\n")
    assert open_training_set(str(home)).captions.nbytes < 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"name,text\na.png,hello\n",
        "file_name,text\na.png,hello\n".encode("utf-16"),
        b"\0\0\0\0",
        b"\xff" * 50,
    ],
)
def test_no_column_of_file_names(home: Path, draw: Draw, content: bytes) -> None:
    draw(home / "a.png")
    (home / "metadata.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"metadata\.csv' has no column file_name: .*remove the table\.$"):
        open_training_set(str(home))


@pytest.mark.parametrize(
    "content", ["file_name,text\na.png," + "x" * 200_000, 'file_name,text\na.png,"' + "x\n" * 200_000]
)
def test_a_broken_table(home: Path, draw: Draw, content: str) -> None:
    draw(home / "a.png")
    (home / "metadata.csv").write_text(content)
    with pytest.raises(ValueError, match=r"metadata\.csv' cannot be read as a table \(.*\): mend or remove it\.$"):
        open_training_set(str(home))


def test_metadata_that_is_no_file_is_ignored(home: Path, draw: Draw) -> None:
    draw(home / "a.png")
    os.mkfifo(home / "metadata.csv")
    assert open_training_set(str(home)).captions is None
