"""The cache: entries are found whole or not at all, and those used longest ago make room."""

import os
import time
from pathlib import Path

import pytest

from side_core.files import cache
from side_core.files.cache import ABANDONED, MARK, STALLED, cache_folder, check_space, filling, growing, used


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fill(name: str, size: int = 0, age: float = 0) -> Path:
    """An entry of so many bytes that was used so many seconds ago."""
    folder = cache_folder() / "things" / name
    with filling(folder) as partial:
        (partial / "content").write_bytes(bytes(size))
    os.utime(folder / MARK, (time.time() - age,) * 2)
    return folder


def names(here: Path) -> list[str]:
    return sorted(folder.name for folder in here.glob("*/*"))


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE", "~/x")
    assert cache_folder() == Path.home() / "x"
    monkeypatch.delenv("SIDE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/y")
    assert cache_folder() == Path("/y/side-explorer")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "side-explorer"
    monkeypatch.setenv("SIDE_CACHE", "~nobody-of-this-name/x")
    with pytest.raises(ValueError, match=r"^The cache folder '~nobody-of-this-name/x' is in no home folder: "):
        cache_folder()


def test_an_entry_appears_when_it_is_whole(here: Path) -> None:
    folder = here / "things" / "a"
    with filling(folder) as partial:
        (partial / "content").write_text("half")
        assert not folder.exists()
        (partial / "content").write_text("whole")
    assert (folder / "content").read_text() == "whole"
    assert names(here) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, RuntimeError, ValueError])
def test_what_breaks_off_leaves_nothing(here: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), filling(here / "things" / "a"):
        raise error
    assert names(here) == []


def test_the_quicker_one_wins(here: Path) -> None:
    with filling(here / "things" / "a") as slow:
        (slow / "content").write_text("slow")
        with filling(here / "things" / "a") as quick:
            (quick / "content").write_text("quick")
    assert (here / "things" / "a" / "content").read_text() == "quick"
    assert names(here) == ["a"]


def test_a_folder_that_cannot_be_made(here: Path) -> None:
    here.write_text("a file")
    with pytest.raises(
        ValueError, match=r"^The cache '.*things' cannot be written \(.+\): free some space, or set SIDE_"
    ):
        fill("a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(here: Path) -> None:
    here.mkdir(mode=0o500)
    with pytest.raises(ValueError, match=r"cannot be written \(Permission denied\)"):
        fill("a")


def test_space_is_checked_where_the_folder_will_be(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Disk:
        free = 3 * 2**30

    monkeypatch.setattr(cache.shutil, "disk_usage", lambda place: asked.append(place) or Disk)
    check_space(2 * 2**30, "It")
    assert asked == [here.parent]
    with pytest.raises(
        ValueError, match=r"^It would take 2\.1 GB in '.*cache', where 3\.2 GB are free: free some space"
    ):
        check_space(2 * 2**30 + 1, "It")


def test_what_was_used_longest_ago_goes_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE_GB", "3e-6")  # 3,000 bytes
    for name, age in (("old", 300), ("oldest", 400), ("young", 100)):
        fill(name, 1000, age)
    assert names(here) == ["old", "oldest", "young"]
    used(here / "things" / "oldest")
    fill("new", 1000)
    assert names(here) == ["new", "oldest", "young"]
    fill("large", 2500)
    assert names(here) == ["large"]


def total(here: Path) -> int:
    """Bytes of all entries, finished or not, without their marks."""
    return sum(file.stat().st_size for file in here.glob("*/*/*") if file.name != MARK)


def test_an_entry_larger_than_the_cache_is_refused_before_it_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDE_CACHE_GB", "0.000003")
    fill("small", 1000)
    with (
        pytest.raises(
            ValueError,
            match=r"^It would take 3\.0 kB, and the cache keeps 3\.0 kB at most: take fewer or smaller pictures, or "
            r"set SIDE_CACHE_GB to more\.$",
        ),
        filling(here / "things" / "large", 3001),
    ):
        raise AssertionError
    with pytest.raises(ValueError, match=r"^It would take 5\.0 kB, and the cache keeps"):
        fill("larger than was known", 5000)
    with pytest.raises(ValueError, match=r"^Much would take 4\.0 MB, and the cache keeps"):
        growing(here / "things" / "growing", 4_000_000, "Much")
    assert names(here) == ["small"]


def test_the_cache_is_never_larger_than_its_limit(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is made before an entry is written, not after."""
    monkeypatch.setenv("SIDE_CACHE_GB", "3e-6")
    for name, age in (("old", 200), ("young", 100)):
        fill(name, 1400, age)
    with filling(here / "things" / "new", 1500) as partial:
        assert sorted(set(names(here)) - {partial.name}) == ["young"]
        (partial / "content").write_bytes(bytes(1500))
        assert total(here) <= 3000
    assert names(here) == ["new", "young"]
    growing(here / "things" / "growing", 1500, "It")
    assert names(here) == ["growing", "new"]


def test_two_who_fill_at_once_share_the_room(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_CACHE_GB", "3e-6")
    with filling(here / "things" / "first", 2000) as first:
        with pytest.raises(ValueError, match=r"^It would take 1\.5 kB, and others are filling the cache: try again"):
            fill("second", 1500)
        os.utime(first / MARK, (time.time() - STALLED - 1,) * 2)  # was killed, or waits
        fill("third", 1500)
    assert names(here) == ["first", "third"]


def test_there_is_no_pruning_below_the_limit(here: Path) -> None:
    for number in range(5):
        fill(str(number), 1000, age=10**7)
    assert len(names(here)) == 5


def test_others_folders_are_never_deleted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets SIDE_CACHE to a folder with other things in it."""
    monkeypatch.setenv("SIDE_CACHE_GB", "1e-8")  # 10 bytes
    (here / "photos" / "holidays").mkdir(parents=True)
    (here / "photos" / "holidays" / "1.png").write_bytes(bytes(1000))
    (here / "things").mkdir()
    (here / "things" / "letter.txt").write_text("mine")
    fill("a", 10)
    fill("b", 10)
    assert names(here) == ["b", "holidays", "letter.txt"]
    assert (here / "photos" / "holidays" / "1.png").exists()


def test_what_a_killed_process_left_goes_after_a_day(here: Path) -> None:
    for name, age in ((".old.12345678", ABANDONED + 60), (".young.12345678", ABANDONED - 60)):
        (here / "things" / name).mkdir(parents=True)
        (here / "things" / name / MARK).touch()
        os.utime(here / "things" / name / MARK, (time.time() - age,) * 2)
    fill("a")
    assert names(here) == [".young.12345678", "a"]


@pytest.mark.parametrize("value", ["many", "-1", "nan", "1,5"])
def test_a_limit_that_is_no_number(here: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SIDE_CACHE_GB", value)
    with pytest.raises(
        ValueError, match=rf"^SIDE_CACHE_GB is '{value}': set it to a number of gigabytes, 0 or more\.$"
    ):
        fill("a")
    assert names(here) == []


def test_noting_the_use_of_what_may_not_be_written_is_no_error(here: Path) -> None:
    used(here / "things" / "gone")
    assert not here.exists()
