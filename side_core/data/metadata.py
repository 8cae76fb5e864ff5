"""`metadata.csv` beside pictures: captions and attributes, as in Hugging Face's image folders."""

import csv
import os
from pathlib import Path

from side_core.files.paths import check_allowed, printable

METADATA = "metadata.csv"
_FILE_COLUMN = "file_name"
CAPTION_COLUMNS = ("text", "caption")


def read_metadata(folder: Path) -> dict[str, dict[str, str]]:
    """The columns of each picture by its path relative to `folder`; empty where there is no metadata.csv.

    Raises:
        ValueError: it is no table with a column `file_name`, or may not be read.
    """
    file = folder / METADATA
    if not file.is_file():
        return {}
    shown = printable(check_allowed(file, str(file)))
    try:
        with file.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as text:
            table = csv.DictReader(text)
            if _FILE_COLUMN not in (table.fieldnames or ()):
                raise ValueError(
                    f"'{shown}' has no column {_FILE_COLUMN}: name each picture's file in it, or remove the table."
                )
            rows = {row.pop(_FILE_COLUMN): row for row in table}
    except (csv.Error, OSError) as error:
        raise ValueError(f"'{shown}' cannot be read as a table ({printable(str(error))}): mend or remove it.") from None
    return {
        os.path.normpath(name).replace(os.sep, "/"): {
            printable(key): printable(value) for key, value in row.items() if key and value is not None
        }
        for name, row in rows.items()
        if name  # a short row lacks it
    }
