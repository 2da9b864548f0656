"""Taking the content of entries out of the files of an incident, which leaves the chains whole. Blocking.

The envelope of an entry is chained and its content only digested. So text, data and salt can be taken
out of a line, and a stone is left: when it was, who wrote it, of which kind, and the digest.
"""

import os
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from tui.model.amending import redacts
from tui.model.incident import Entry, Kind
from tui.record import lines
from tui.record.errors import JournalError, told
from tui.record.folder import NOTES, journals, sync_folder
from tui.record.lock import Lock
from tui.record.reading import content

_WAIT = 2.0


def without(data: bytes, ids: Iterable[str]) -> tuple[bytes, frozenset[str]]:
    """A journal's bytes without the content of these entries, and which of them it has at all."""
    found: dict[int, tuple[int, bytes, str]] = {}
    for one in ids:
        place = _line_of(data, one)
        if place is not None:
            start, end, envelope = place
            found[start] = (end, lines.stone(envelope), one)
    parts, done = [], 0
    for start in sorted(found):
        end, stone, _ = found[start]
        parts += [data[done:start], stone]
        done = end
    return b"".join([*parts, data[done:]]), frozenset(one for _, _, one in found.values())


def pending(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Entries of which it is told that they were redacted, and of which the content is still there.

    So a killed console leaves them where several files are touched; and so they come in an import.
    """
    entries = tuple(entries)
    said = {one for entry in entries if entry.kind == Kind.REDACTED for one in redacts(entry)}
    return tuple(e.id for e in entries if e.id in said and not e.redacted) if said else ()


def there(folder: Path, ids: Collection[str]) -> frozenset[str]:
    """Which of these entries lie in the journals beside this machine's own."""
    wanted = frozenset(ids)
    found: frozenset[str] = frozenset()
    for path in journals(folder)[1:] if wanted else ():
        found |= without(content(path), wanted - found)[1]
    return found


def take_out_beside(folder: Path, ids: Collection[str], now: datetime) -> None:
    """Take them out of the journals beside this machine's own. Raises JournalError.

    The caller holds the incident's own journal, and with it all but the notes, which have a writer.
    """
    for path in journals(folder)[1:] if ids else ():
        lock = Lock.take(path, now, _WAIT) if path.name == NOTES else None
        try:
            data = content(path)
            left, _ = without(data, ids)
            if left != data:
                put(path, left)
        finally:
            if lock is not None:
                lock.release()


def put(path: Path, data: bytes) -> None:
    """Put another content in the place of a file, whole or not at all. Raises JournalError."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise told("write", path, error) from error


def missing(ids: Iterable[str], incident_id: str) -> JournalError:
    """That there are no such entries."""
    return JournalError(
        f"{incident_id} has no entry {', '.join(sorted(ids))[:200]} that can be read.",
        f"`leeward show {incident_id} --json` lists the ids.",
    )


def _line_of(data: bytes, entry_id: str) -> tuple[int, int, bytes] | None:
    """Where the line of an entry begins and ends, without its newline, and its envelope."""
    name = b'"id":"%s"' % entry_id.encode()
    at = data.find(name)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        if end < 0:
            return None
        try:
            raw, envelope = lines.parse_raw(data[start:end])
        except lines.Unreadable:
            pass
        else:
            if envelope.id == entry_id:
                return start, end, bytes(raw.envelope)
        at = data.find(name, end)
    return None
