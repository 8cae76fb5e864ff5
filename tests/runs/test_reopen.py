"""Exported files open again as the same settings; whatever else is dropped gets one sentence, soon."""

import hashlib
import io
import json
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image

from side_core.runs.exchange.export import export_zip
from side_core.runs.exchange.places import without_places
from side_core.runs.exchange.reopen import EDITED, MOST_BYTES, Reopened, read_exported
from side_core.runs.exchange.tagged_png import SIGNATURE, tagged_png
from side_core.runs.result import Result
from side_core.settings import ExtractSettings, ScoreSettings

SOON = 2.0  # seconds
SETTINGS = ExtractSettings(model="ideal", count=4, steps=9)


def sentence_of(name: str, content: bytes) -> str:
    """What is said about a file that cannot be opened: one sentence, on one line."""
    begun = time.perf_counter()
    with pytest.raises(ValueError) as caught:
        read_exported(name, content)
    assert time.perf_counter() - begun < SOON
    sentence = str(caught.value)
    assert sentence.endswith(".") and sentence.isprintable() and len(sentence) < 600
    return sentence


def as_json(**changes: Any) -> bytes:
    """run.json with some settings changed."""
    about = {"settings": SETTINGS.model_dump(mode="json") | changes, "digest": SETTINGS.digest}
    return json.dumps(about).encode()


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=how)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["plain", "steered", "no control", "scored"])
def test_zip_run_json_settings_and_pictures_open_as_the_same_run(results: Mapping[str, Result], kind: str) -> None:
    result = without_places(results[kind])
    expected = (ScoreSettings if kind == "scored" else ExtractSettings).read(result.settings)
    content = export_zip(result)
    archive = zipfile.ZipFile(io.BytesIO(content))
    picture = next(name for name in archive.namelist() if name.startswith("pictures/"))
    bare = json.dumps(result.settings).encode()
    files = {"a.zip": content, "b.json": archive.read("run.json"), "c.png": archive.read(picture), "d.json": bare}
    for name, file in files.items():
        found = read_exported(name, file)
        assert found.settings == expected and found.notes == ()
        assert found.kind == ("score" if kind == "scored" else "extract")
        assert found.seed == (0 if name == "c.png" and kind != "scored" else None)
        if name != "d.json":
            assert found.fingerprints["data"] == result.summary["data"]["fingerprint"]
            assert ("model" in found.fingerprints) == (kind != "scored")
            assert ("surrogate" in found.fingerprints) == (kind == "steered")


def test_a_zip_packed_anew_with_its_folder_opens() -> None:
    assert read_exported("x", zipped(("my run/run.json", as_json()), ("my run/a.txt", b""))).settings == SETTINGS


def test_what_a_file_is_its_content_decides() -> None:
    assert read_exported("run.zip", b"\xef\xbb\xbf\n " + as_json()).settings == SETTINGS


def test_edited_settings_open_and_it_is_said() -> None:
    found = read_exported("run.json", as_json(steps=10))
    assert isinstance(found.settings, ExtractSettings) and found.settings.steps == 10
    assert found.notes == (EDITED,)
    assert read_exported("run.json", as_json()).notes == ()


def test_settings_of_a_version_with_fewer_of_them_are_not_called_edited() -> None:
    raw = SETTINGS.model_dump(mode="json")
    del raw["solver"]
    digest = hashlib.sha256(json.dumps(raw, separators=(",", ":")).encode()).hexdigest()[:16]
    assert read_exported("run.json", json.dumps({"settings": raw, "digest": digest}).encode()).notes == ()


def test_an_unfinished_run_and_a_seed_from_elsewhere_are_told() -> None:
    about = {"settings": SETTINGS.model_dump(mode="json"), "complete": False, "seed": 99}
    unfinished, elsewhere = read_exported("x.json", json.dumps(about).encode()).notes
    assert "not finished" in unfinished and "seed 99, which is none of the run's seeds 0 to 3" in elsewhere


def test_nothing_is_read_from_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    content = as_json(model="/etc/passwd", data="/etc")
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.stat", refuse)
    assert read_exported("x.json", content).settings.data == "/etc"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"steps": 0}, "steps cannot be 0: choose 1 or more"),
        ({"count": 10**9}, "count cannot be 1000000000: choose 1000000 or less"),
        ({"steps": "many"}, "steps cannot be 'many': give a whole number"),
        ({"steps": [5]}, "steps cannot be […]: give a single value"),
        ({"steps": True}, "steps cannot be True: give a value of its own kind"),
        ({"compare_plain": 1}, "compare-plain cannot be 1: give a value of its own kind"),
        ({"spacing": "wide"}, "spacing cannot be 'wide': choose 'leading'"),
        ({"<b>new</b>": 1}, "<b>new</b> cannot be 1: there is no such setting, leave it out"),
        ({"threshold": 0.1, "control_rate": 0.1}, "Threshold is 0.1 and control-rate is 0.1: give one of the two"),
        ({"model": "a\0b"}, "model cannot be 'a\\x00b': no file has such a name"),
        ({"model": "\udc80"}, "model cannot be '\\udc80': no file has such a name"),
        ({"model": "m" * 5000}, "model has 5,000 characters: give at most 4,096"),
        ({str(i): i for i in range(200)}, "it names 227 settings, more than there are"),
        ({"model": {"a": {}}}, "model cannot be {…}: give a single value"),
        ({"lambda": "x" * 10**6}, "lambda cannot be 'xxx"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_settings_out_of_bounds_get_their_sentence(changes: dict[str, Any], reason: str) -> None:
    assert sentence_of("run.json", as_json(**changes)).startswith(f"'run.json' cannot be opened: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"x" * (MOST_BYTES + 1), "it has 67,108,865 bytes, more than 67,108,864"),
        (b"\xff\xd8\xff\xe0 a photo", "it is none of what is exported here"),
        (b"[1]", "it is none of what is exported here"),
        (b"{", "it is no JSON (line 1, column 2)"),
        (b'{"settings": {}}', "it names no settings"),
        (b"{}", "it names no settings"),
        (b'{"settings": 7}', "it names no settings"),
        (b'{"a":' * 100_000, "its JSON is nested too deep"),
        (b'{"settings": {"steps": 5, "steps": 6}}', "it says 'steps' twice"),
        (b'{"settings": {"eta": NaN}}', "it holds the number 'NaN', which is not finite"),
        (b'{"settings": {"eta": -Infinity}}', "it holds the number '-Infinity'"),
        (b'{"settings": {"eta": 1e999}}', "it holds the number '1e999'"),
        (b'{"settings": {"count": ' + b"9" * 5000 + b"}}", ""),
        (b'{"a": "' + b"x" * (4 * 2**20) + b'"}', "its JSON has 4,194,313 bytes"),
        (b'{"a": "\xff"}', "its text is not UTF-8"),
        ('{"settings": {"count": 3}}'.encode("utf-16"), "it is none"),
        (b'{"settings": {"count": 3}, "seed": -1}', "its seed cannot be -1"),
        (b'{"settings": {"count": 3}, "seed": "1"}', "its seed cannot be '1'"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_bad_json_and_other_files_get_a_sentence(content: bytes, reason: str) -> None:
    assert sentence_of("f", content).startswith(f"'f' cannot be opened: {reason}")


def link() -> zipfile.ZipInfo:
    """A member that is a symbolic link."""
    info = zipfile.ZipInfo("pictures")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


RUN = ("run.json", as_json())
HUGE = bytes(300 * 2**20)


def claiming_less(content: bytes) -> bytes:
    """A zip whose run.json claims 100 bytes, wherever its size stands, and unpacks to 300 MiB."""
    return content.replace(struct.pack("<I", len(HUGE)), struct.pack("<I", 100))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: zipped(), "there is no run.json in it"),
        (lambda: zipped(("other.json", b"{}")), "there is no run.json in it"),
        (lambda: zipped(("a/b/run.json", as_json())), "there is no run.json in it"),
        (lambda: zipped(RUN, ("x/run.json", as_json())), "there is more than one run.json in it"),
        (lambda: zipped(RUN, ("../../x", b"")), "its member '../../x' leads out of the zip"),
        (lambda: zipped(RUN, ("/etc/x", b"")), "its member '/etc/x' leads out of the zip"),
        (lambda: zipped(RUN, ("a\\..\\x", b"")), "its member 'a\\\\..\\\\x' leads out of the zip"),
        (lambda: zipped(RUN, ("C:x", b"")), "its member 'C:x' leads out of the zip"),
        (lambda: zipped(RUN, (link(), b"/etc")), "its member 'pictures' leads out of the zip"),
        (lambda: zipped(("run.json", HUGE)), "its run.json claims 314,572,800 bytes, more than 4,194,304"),
        (lambda: claiming_less(zipped(("run.json", HUGE))), "the zip is damaged"),
        (lambda: zipped(RUN, how=zipfile.ZIP_BZIP2), "its run.json is packed in an unusual way"),
        (lambda: zipped(RUN)[:-30], "the zip is damaged"),
        (lambda: b"PK\x03\x04" + b"PK\x01\x02" + bytes(42) * 200, "the zip is damaged"),
        (lambda: b"PK\x03\x04" + b"PK\x01\x02" * 200_000, "it has 200,000 members, more than 100,000"),
        (lambda: zipped(RUN).replace(b"run.json", b"run\0json"), "its member 'run\\x00json' leads out of the zip"),
    ],
)
def test_bad_zips_get_a_sentence(make: Callable[[], bytes], reason: str) -> None:
    assert sentence_of("a.zip", make()).startswith(f"'a.zip' cannot be opened: {reason}")


def test_an_encrypted_zip_gets_a_sentence() -> None:
    content = bytearray(zipped(RUN))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    assert "its run.json is encrypted" in sentence_of("a.zip", bytes(content))


def test_a_picture_of_somebody_else_gets_a_sentence() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    assert "the picture carries no settings" in sentence_of("cat.png", buffer.getvalue())


def test_a_giant_picture_is_not_decoded() -> None:
    """A header that claims 2^31 pixels a side does no harm, as only the text is read."""
    about = {"settings": SETTINGS.model_dump(mode="json"), "digest": SETTINGS.digest, "seed": 2}
    small = tagged_png(np.zeros((2, 2, 3), np.uint8), about)
    header = b"IHDR" + struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)
    giant = SIGNATURE + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    assert read_exported("giant.png", giant).seed == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>.png", "'<script>alert(1)</script>.png'"),
        ("a\nb\u202e.png", "'a\\nb\\u202e.png'"),
        ("x" * 1000, f"'{'x' * 30}…{'x' * 29}'"),
        ("", "''"),
    ],
)
def test_the_name_is_quoted_shortened_and_printable(name: str, shown: str) -> None:
    assert sentence_of(name, b"").startswith(f"{shown} cannot be opened: it is empty.")


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Some bytes flipped, a piece cut out, doubled, or the end cut off."""
    changed = bytearray(content)
    way = dice.randrange(4)
    if way == 0:
        for _ in range(dice.choice([1, 3, 30])):
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    elif way == 1:
        del changed[dice.randrange(len(changed)) :]
    elif way == 2:
        begin = dice.randrange(len(changed))
        del changed[begin : begin + dice.randrange(1, 40)]
    else:
        begin = dice.randrange(len(changed))
        changed[begin:begin] = changed[begin : begin + dice.randrange(1, 4000)]
    return bytes(changed)


def test_two_hundred_damaged_files(results: Mapping[str, Result]) -> None:
    content = export_zip(results["steered"])
    archive = zipfile.ZipFile(io.BytesIO(content))
    whole = [archive.read("pictures/0.png"), archive.read("run.json"), content, zipped(RUN, how=zipfile.ZIP_STORED)]
    run = ExtractSettings.read(without_places(results["steered"]).settings)
    dice, opened = random.Random(20), 0
    for case in range(240):
        file = damaged(whole[case % len(whole)], dice)
        begun = time.perf_counter()
        try:
            found = read_exported("damaged", file)
        except ValueError as error:
            sentence = str(error)
            assert sentence.startswith("'damaged' cannot be opened: ") and sentence.endswith("."), case
            assert sentence.isprintable() and len(sentence) < 600, case
        else:
            assert isinstance(found, Reopened), case
            assert found.settings == (SETTINGS if case % 4 == 3 else run) or found.notes, case  # no silent change
            opened += 1
        assert time.perf_counter() - begun < SOON, case
    assert 20 < opened < 200  # damage to pixels does not matter, damage to settings does
