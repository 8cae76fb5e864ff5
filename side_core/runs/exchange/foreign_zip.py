"""run.json out of a zip that somebody brought along; nothing else of it is unpacked."""

import io
import stat
import zipfile
from pathlib import PurePosixPath

from side_core.runs.exchange.foreign_json import MOST_JSON, short

_RUN = "run.json"
_MOST_MEMBERS = 100_000
_ENTRY = b"PK\x01\x02"  # begins each entry of a zip's directory (APPNOTE 4.3.12)
BEGINS = (b"PK\x03\x04", b"PK\x05\x06")  # a first member; an empty zip
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def run_json_of(content: bytes) -> bytes:
    """What run.json in an exported zip says, be it at the top or in the only folder that was packed.

    Args:
        content: of a file that begins as zips do.

    Raises:
        ValueError: a reason in a few words: damaged, too many or too large members, names that lead elsewhere.
    """
    if (count := content.count(_ENTRY)) > _MOST_MEMBERS:  # before its directory is read, which takes memory for each
        raise ValueError(f"it has {count:,} members, more than {_MOST_MEMBERS:,}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_member(archive, _find_run(archive.infolist()))
    except Refused as refused:
        raise ValueError(str(refused)) from None
    except Exception:  # zipfile raises a dozen kinds on damaged files
        raise ValueError("the zip is damaged; export it again") from None


class Refused(Exception):
    """Why a zip is not read, in a few words."""


def _find_run(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """The member that says what the run was."""
    for member in members:
        if _leads_elsewhere(member):
            raise Refused(f"its member {short(member.orig_filename)} leads out of the zip; pack it without such names")
    found = [member for member in members if not member.is_dir() and PurePosixPath(member.filename).name == _RUN]
    found = [member for member in found if len(PurePosixPath(member.filename).parts) <= 2]
    if not found:
        raise Refused(f"there is no {_RUN} in it; drop a zip that was exported here")
    if len(found) > 1:
        raise Refused(f"there is more than one {_RUN} in it; pack a single run")
    return found[0]


def _leads_elsewhere(member: zipfile.ZipInfo) -> bool:
    """Whether a name is absolute, climbs, has a drive or a null byte, or is a link."""
    name = member.orig_filename
    climbs = ".." in name.replace("\\", "/").split("/")
    return (
        climbs
        or name.startswith(("/", "\\"))
        or name[1:2] == ":"
        or "\0" in name
        or stat.S_ISLNK(member.external_attr >> 16)
    )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """One member, neither declared nor in truth larger than what is parsed."""
    if member.file_size > MOST_JSON:
        raise Refused(f"its {_RUN} claims {member.file_size:,} bytes, more than {MOST_JSON:,}")
    if member.flag_bits & 1:
        raise Refused(f"its {_RUN} is encrypted; pack it without a password")
    if member.compress_type not in _PACKINGS:
        raise Refused(f"its {_RUN} is packed in an unusual way; pack it by deflate")
    with archive.open(member) as file:
        content = file.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise Refused(f"its {_RUN} unpacks to more than {MOST_JSON:,} bytes")
    return content
