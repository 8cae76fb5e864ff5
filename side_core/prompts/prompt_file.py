"""Prompts from a file: one a line, a column of CSV, or JSON lines; broken lines are named, the others are used."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_core.dpm.formats.config import first_line
from side_core.files.paths import check_allowed, printable

_COLUMNS = ("prompt", "text", "caption")
MOST_BYTES = 2**26
MOST_CHARACTERS = 2000  # of one prompt: many times what any text encoder reads
NAMED = 20  # broken lines that a sentence names


@dataclass(frozen=True)
class BrokenLine:
    """A line that holds no prompt.

    Attributes:
        line: its number, from 1.
        reason: why, in a few words.
    """

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.reason}"


@dataclass(frozen=True)
class PromptFile:
    """What a file of prompts holds.

    Attributes:
        prompts: in their order, one or more.
        lines: the number of the line of each, from 1.
        broken: lines that were left out.
    """

    prompts: tuple[str, ...]
    lines: tuple[int, ...]
    broken: tuple[BrokenLine, ...]

    @property
    def note(self) -> str | None:
        """One sentence that names the broken lines; None where there are none."""
        return f"{_left_out(self.broken)}: mend them." if self.broken else None


def read_prompts(file: Path) -> PromptFile:
    """Read a file of prompts.

    `.csv` and `.tsv` have a column `prompt`, `text` or `caption`, in any case; `.jsonl` and `.ndjson` hold one object a
    line with such a key, or one string a line; all else is one prompt a line. UTF-8, with or without a byte-order mark;
    lines end in LF or CRLF. Empty lines at the end are no mistake; anywhere else they are named. A prompt that comes
    twice stays twice.

    Raises:
        ValueError: there is no such file, it is too large, it has no such column, or no line of it holds a prompt.
    """
    content = _content_of(file)
    kind = file.suffix.lower()
    if kind in (".csv", ".tsv"):
        found = list(_rows_of_table(content, "\t" if kind == ".tsv" else ",", file))
    else:
        if kind == ".json":
            raise ValueError(f"'{printable(file)}' is one JSON document: write one object a line, in a .jsonl file.")
        words = _from_json if kind in (".jsonl", ".ndjson") else lambda line: line.strip()
        found = [(number, _checked(line, words)) for number, line in _lines_of(content)]
    good = [(number, value) for number, value in found if isinstance(value, str)]
    broken = tuple(BrokenLine(number, value.reason) for number, value in found if isinstance(value, Reason))
    if not good:
        about = f": {_left_out(broken)}" if broken else ""
        raise ValueError(f"'{printable(file)}' holds no prompt{about}: write one a line.")
    return PromptFile(tuple(prompt for _, prompt in good), tuple(number for number, _ in good), broken)


@dataclass(frozen=True)
class Reason:
    """Why a line holds no prompt."""

    reason: str


def _content_of(file: Path) -> bytes:
    """The bytes of a file that may be read."""
    file = check_allowed(file, str(file))
    try:
        if file.is_dir():
            raise ValueError(f"'{printable(file)}' is a folder: name a file with one prompt a line.")
        if file.exists() and not file.is_file():  # a pipe would be waited for, a device never ends
            raise ValueError(f"'{printable(file)}' is a pipe or a device: name a plain file with one prompt a line.")
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(
                f"'{printable(file)}' has {file.stat().st_size / 2**20:,.0f} MiB: name a file of "
                f"{MOST_BYTES // 2**20} MiB or less."
            )
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)[:MOST_BYTES]  # it may have grown
        return content.removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise ValueError(
            f"'{printable(file)}' cannot be read ({error.strerror}): name a file with one prompt a line."
        ) from None


def _lines_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of the lines, without empty ones at the end."""
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    yield from enumerate(lines, 1)


def _checked(line: bytes, read: Any) -> "str | Reason":
    """The prompt of one line, or why there is none."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return Reason(f"byte {error.start + 1} is no UTF-8")
    try:
        return prompt_of(read(text))
    except (ValueError, RecursionError) as error:
        return Reason(first_line(error))


def prompt_of(value: object) -> str:
    """A prompt that can be used, with its white space as single spaces.

    Raises:
        ValueError: it is none; a few words.
    """
    if not isinstance(value, str):
        raise ValueError(f"no text, but {type(value).__name__}" if value is not None else "no text")
    if "\0" in value:
        raise ValueError("a NUL character")
    text = " ".join(value.split())
    if not text:
        raise ValueError("empty")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{len(text):,} characters, more than {MOST_CHARACTERS:,}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a character") from None  # a lone surrogate, which JSON can write
    return text


def _from_json(line: str) -> object:
    """The prompt in a line of JSON."""
    if not line.strip():
        return ""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg})") from None
    if isinstance(value, dict):
        value = {name.lower(): part for name, part in value.items()}
        name = next((name for name in _COLUMNS if name in value), None)
        if name is None:
            raise ValueError(f"none of the keys {', '.join(_COLUMNS)}")
        return value[name]
    return value


def _rows_of_table(content: bytes, separator: str, file: Path) -> "Iterator[tuple[int, str | Reason]]":
    """Line numbers and prompts of a table with a heading. A cell in quotes may run over several lines."""
    text = content.decode("utf-8", errors="surrogateescape")  # undecodable bytes are found in their own row
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        column = next((heading.index(name) for name in _COLUMNS if name in heading), None)
        if column is None:
            known = ", ".join(_COLUMNS)
            raise ValueError(
                f"'{printable(file)}' has no column {known}: name one of its columns so in the first line."
            )
        first = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                yield first, _cell_of(row, column)
            elif row:
                yield first, Reason("empty")
            first = reader.line_num + 1
    except csv.Error as error:
        yield reader.line_num, Reason(f"{first_line(error)}; the rest was not read")


def _cell_of(row: list[str], column: int) -> "str | Reason":
    """The prompt in a row of a table, or why there is none."""
    if column >= len(row):
        return Reason(f"{len(row)} columns, the prompt's is column {column + 1}")
    if any("\udc80" <= c <= "\udcff" for c in row[column]):
        return Reason("bytes that are no UTF-8")
    try:
        return prompt_of(row[column])
    except ValueError as error:
        return Reason(str(error))


def _left_out(broken: tuple[BrokenLine, ...]) -> str:
    """The broken lines, as the beginning of a sentence."""
    named = "; ".join(map(str, broken[:NAMED]))
    more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
    return f"{len(broken):,} line{'s' * (len(broken) != 1)} left out ({named}{more})"
