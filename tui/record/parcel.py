"""One incident as one file: a zip of its journals and a manifest of their hashes. Pure, on bytes.

The same record makes the same bytes. Reading believes nothing: names, sizes and counts have limits, no
name of the file becomes a path, and what is not as the manifest says is refused.
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tui.record.errors import JournalError
from tui.record.lines import hash_of

FORMAT = 1
MANIFEST = "manifest.json"
# What an incident may be: a journal of 100,000 entries has some 60 MB, and every console writes one.
LARGEST = 512 * 1024 * 1024
_LARGEST_MANIFEST = 1024 * 1024
MOST_JOURNALS = 1024
_PART = 1024 * 1024
# The zip format knows no earlier time; a real one would make every file another.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A journal in the manifest: its name in the file, and what it must be."""

    name: str
    size: int
    sha256: str
    lines: int


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Evidence that the record names. It is not in the file."""

    path: str
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file is."""

    leeward_export: int
    incident: str
    journals: tuple[Packed, ...]
    evidence: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """An incident on its way: the bytes of its journals, and evidence that stays where it was."""

    incident: str
    journals: tuple[bytes, ...]
    evidence: tuple[Reference, ...] = ()


class BadParcel(JournalError):
    """The file is no export of an incident, or is damaged; nothing was taken from it."""


def packed(parcel: Parcel) -> bytes:
    """The file. Raises JournalError for what no machine would take."""
    if sum(map(len, parcel.journals)) > LARGEST or len(parcel.journals) > MOST_JOURNALS:
        raise JournalError(f"{parcel.incident} is too large to be carried in one file.")
    rows = tuple(
        Packed(f"journals/{number}.jsonl", len(data), hash_of(data), data.count(b"\n"))
        for number, data in enumerate(parcel.journals, start=1)
    )
    manifest = Manifest(FORMAT, parcel.incident, rows, parcel.evidence)
    said = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    if len(said) > _LARGEST_MANIFEST:
        raise JournalError(f"{parcel.incident} names too much evidence to be carried in one file.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, MANIFEST, said)
        for row, data in zip(rows, parcel.journals, strict=True):
            _put(archive, row.name, data)
    return out.getvalue()


def unpacked(data: bytes) -> Parcel:
    """The parcel of a file. Raises BadParcel for everything that is not whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _bad(f"it is no zip file that can be read ({error})") from None
    except (ValueError, OverflowError, IndexError, KeyError) as error:
        # The library has no exception of its own for fields that make no sense.
        raise _bad(f"it is damaged ({error})") from None


def _unpacked(archive: zipfile.ZipFile) -> Parcel:
    members = _members(archive.infolist())
    manifest = _manifest(_taken(archive, members[MANIFEST], _LARGEST_MANIFEST))
    named = {row.name for row in manifest.journals}
    if len(named) != len(manifest.journals) or named != members.keys() - {MANIFEST}:
        raise _bad("its manifest names other files than it has")
    if sum(row.size for row in manifest.journals) > LARGEST or any(row.size < 0 for row in manifest.journals):
        raise _bad(f"it is larger than {LARGEST // 1024**2} MiB")
    journals = tuple(_journal(archive, members[row.name], row) for row in manifest.journals)
    return Parcel(manifest.incident, journals, manifest.evidence)


def _members(found: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    members = {one.filename: one for one in found}
    if len(members) != len(found) or MANIFEST not in members:
        raise _bad("it is no export of an incident: it has no manifest of its own, or a name twice")
    if len(found) > MOST_JOURNALS + 1:
        raise _bad(f"it has {len(found)} files, and an export has at most {MOST_JOURNALS + 1}")
    for one in found:
        if one.flag_bits & 1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _bad("it is encrypted, or compressed in another way than an export is")
    return members


def _manifest(said: bytes) -> Manifest:
    try:
        version = msgspec.json.decode(said, type=dict[str, msgspec.Raw]).get("leeward_export")
        if version is not None and (known := msgspec.json.decode(version, type=int)) > FORMAT:
            raise _bad(f"it is of format {known}, and this leeward reads {FORMAT}; use a newer one")
        return msgspec.json.decode(said, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(f"its manifest cannot be read ({error})") from None


def _journal(archive: zipfile.ZipFile, member: zipfile.ZipInfo, row: Packed) -> bytes:
    data = _taken(archive, member, row.size)
    if len(data) != row.size or hash_of(data) != row.sha256 or data.count(b"\n") != row.lines:
        raise _bad(f"{row.name} is not what its manifest says: it was damaged or changed on the way")
    return data


def _taken(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """A member's bytes: never more than it may have, whatever it says of its size."""
    parts, size = [], 0
    with archive.open(member) as file:
        while part := file.read(_PART):
            size += len(part)
            if size > most:
                raise _bad(
                    f"{MANIFEST if member.filename == MANIFEST else 'a journal'} is larger than it says"
                )
            parts.append(part)
    return b"".join(parts)


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _NO_TIME)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
    archive.writestr(info, data, compresslevel=6)


def _bad(why: str) -> BadParcel:
    return BadParcel(f"The file cannot be imported: {why}.", "Export it once more, and carry it over again.")
