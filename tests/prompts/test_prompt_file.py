"""Files of prompts: what is read, which lines are broken and how they are named."""

import json
import os
from pathlib import Path

import pytest

from side_core.prompts.prompt_file import MOST_CHARACTERS, NAMED, read_prompts


def written(folder: Path, content: bytes | str, name: str = "prompts.txt") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prompts.txt", "one, two\nthree\n"),
        ("prompts.txt", b"\xef\xbb\xbfone, two\r\n  three  \r\n\r\n\r\n"),
        ("prompts.txt", "one,   two\nthree"),
        ("prompts", "one, two\nthree"),
        ("p.csv", 'id,prompt\n1,"one, two"\n2,three\n'),
        ("p.csv", 'Text,n\n"one,\n two",1\nthree,2\n'),
        ("p.tsv", "n\tcaption\n1\tone, two\n2\tthree\n"),
        ("p.jsonl", '{"prompt": "one, two"}\n{"text": "three", "n": 1}\n'),
        ("p.jsonl", '"one, two"\n{"caption": "three"}\n'),
        ("p.ndjson", '{"TEXT": "one, two"}\n{"Caption": "three"}\n'),
    ],
)
def test_each_way_to_write_two_prompts(tmp_path: Path, name: str, content: str | bytes) -> None:
    found = read_prompts(written(tmp_path, content, name))
    assert found.prompts == ("one, two", "three")
    assert found.broken == () and found.note is None


def test_broken_lines_are_named_with_their_numbers_and_the_others_are_used(tmp_path: Path) -> None:
    long = "x" * (MOST_CHARACTERS + 1)
    found = read_prompts(written(tmp_path, b"good\n\nb\xffd\nnu\0l\n" + long.encode() + b"\nalso good\n"))
    assert found.prompts == ("good", "also good") and found.lines == (1, 6)
    assert [(item.line, item.reason) for item in found.broken] == [
        (2, "empty"),
        (3, "byte 2 is no UTF-8"),
        (4, "a NUL character"),
        (5, "2,001 characters, more than 2,000"),
    ]
    assert found.note is not None
    assert found.note.startswith("4 lines left out (line 2: empty; line 3: byte 2 is no UTF-8;")


def test_broken_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"prompt": "good"}',
        '{"prompt": "cut',
        '{"words": "x"}',
        '{"prompt": 7}',
        '{"prompt": null}',
        "[1]",
        '{"prompt": "\\ud800"}',
        "[" * 100_000,
    ]
    found = read_prompts(written(tmp_path, "\n".join(lines), "p.jsonl"))
    assert found.prompts == ("good",)
    assert [item.line for item in found.broken] == list(range(2, 9))
    reasons = [item.reason for item in found.broken]
    assert reasons[0].startswith("no JSON (Unterminated string")
    assert reasons[1] == "none of the keys prompt, text, caption"
    assert reasons[2:6] == ["no text, but int", "no text", "no text, but list", "half of a character"]


def test_broken_rows_of_a_table(tmp_path: Path) -> None:
    content = b'n,prompt\n1,good\n2,\n3\n4,b\xffd\n5,"over\ntwo lines"\n6,last\n\n'
    found = read_prompts(written(tmp_path, content, "p.csv"))
    assert found.prompts == ("good", "over two lines", "last")
    assert found.lines == (2, 6, 8)
    assert [(item.line, item.reason) for item in found.broken] == [
        (3, "empty"),
        (4, "1 columns, the prompt's is column 2"),
        (5, "bytes that are no UTF-8"),
    ]


def test_prompts_that_come_twice_stay(tmp_path: Path) -> None:
    assert read_prompts(written(tmp_path, "a\nb\na\n")).prompts == ("a", "b", "a")


def test_a_quoted_line_of_json_is_only_text_elsewhere(tmp_path: Path) -> None:
    assert read_prompts(written(tmp_path, json.dumps({"prompt": "x"}))).prompts == ('{"prompt": "x"}',)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.txt", "", "'{}' holds no prompt: write one a line."),
        ("p.txt", "\n \n", "'{}' holds no prompt: write one a line."),
        ("p.txt", b"\xff\xfe\n\0", "holds no prompt: 2 lines left out (line 1: byte 1 is no UTF-8; line 2: a NUL"),
        ("p.csv", "a,b\n1,2\n", "'{}' has no column prompt, text, caption: name one of its columns so"),
        ("p.csv", "", "'{}' has no column prompt, text, caption"),
        ("p.csv", "prompt\n", "'{}' holds no prompt: write one a line."),
        ("p.json", '["a", "b"]', "'{}' is one JSON document: write one object a line, in a .jsonl file."),
        ("p.jsonl", "nothing\n", "holds no prompt: 1 line left out (line 1: no JSON (Expecting value)): write"),
    ],
)
def test_a_file_without_a_prompt_gets_one_sentence(
    tmp_path: Path, name: str, content: str | bytes, sentence: str
) -> None:
    file = written(tmp_path, content, name)
    with pytest.raises(ValueError) as error:
        read_prompts(file)
    assert sentence.format(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_many_broken_lines_are_counted_not_listed(tmp_path: Path) -> None:
    found = read_prompts(written(tmp_path, b"good\n" + b"\xff\n" * 50))
    assert found.note is not None and found.note.endswith(f"and {50 - NAMED} more): mend them.")


@pytest.mark.parametrize("what", ["missing", "folder", "large", "pipe", "device"])
def test_a_file_that_cannot_be_read_gets_one_sentence(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prompts.txt"
    if what == "folder":
        file.mkdir()
    if what == "large":
        monkeypatch.setattr("side_core.prompts.prompt_file.MOST_BYTES", 2)
        file.write_text("abc")
    if what == "pipe":
        os.mkfifo(file)
    if what == "device":
        file = Path("/dev/zero")
    words = {"missing": "cannot be read (No such file", "folder": "is a folder: name", "large": "has 0 MiB: name"}
    words |= dict.fromkeys(("pipe", "device"), "is a pipe or a device: name")
    with pytest.raises(ValueError, match=r"name a (plain )?file") as error:
        read_prompts(file)
    assert f"'{file}' {words[what]}" in str(error.value)


def test_a_public_app_reads_its_own_folders_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    with pytest.raises(ValueError, match="cannot be read here: this app is public"):
        read_prompts(written(tmp_path, "x"))
