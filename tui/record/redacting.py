"""Taking the content of entries out of the files of an incident, which leaves the chains whole. Blocking.

The envelope of an entry is chained and its content only digested. So text, data and salt can be taken
out of a line, and a stone is left: when it was, who wrote it, of which kind, and the digest.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from tui.model.incident import Kind
from tui.record import lines
from tui.record.errors import HeldByAnother, JournalError
from tui.record.folder import NOTES, existing_journals, is_own, put
from tui.record.lock import Lock
from tui.record.reading import content
from tui.record.shared import CopierLock

_WAIT = 2.0


# From so many on a single look at every line is quicker than one look for each.
_MANY = 8
_ID = re.compile(rb'"id":"([^"]*)"')


def without(data: bytes, ids: Iterable[str]) -> tuple[bytes, frozenset[str]]:
    """A journal's bytes without the content of these entries, and which of them it has at all."""
    found: dict[int, tuple[int, bytes, str]] = {}
    for start, end, envelope, one in _lines_of(data, frozenset(ids)):
        found.setdefault(start, (end, lines.stone(envelope), one))
    parts, done = [], 0
    for start in sorted(found):
        end, stone, _ = found[start]
        parts += [data[done:start], stone]
        done = end
    return b"".join([*parts, data[done:]]), frozenset(one for _, _, one in found.values())


def take_out(path: Path, ids: Iterable[str]) -> frozenset[str]:
    """Take them out of a journal that nobody writes meanwhile; which of them it has. Raises JournalError."""
    data = content(path)
    left, found = without(data, ids)
    if left != data:
        put(path, left)
    return found


def there(folder: Path, ids: Collection[str], own: str) -> frozenset[str]:
    """Which of these entries lie in the journals beside one's own."""
    wanted = frozenset(ids)
    found: frozenset[str] = frozenset()
    for path in existing_journals(folder) if wanted else ():
        if path.name != own:
            found |= without(content(path), wanted - found)[1]
    return found


def take_out_beside(folder: Path, ids: Collection[str], own: str, now: datetime) -> tuple[str, ...]:
    """Take them out of the journals beside one's own; answers why of some they were not.

    A journal that somebody else writes is left to its writer, and the copies of other machines' to the
    console that copies: whoever has the right to a file takes them out as soon as it hears of it.

    Raises:
        JournalError: the disk refuses.
    """
    left, copier = [], CopierLock(folder)
    try:
        for path in existing_journals(folder) if ids else ():
            if path.name == own or not without(content(path), ids)[1]:
                continue
            if is_own(path.name):
                try:
                    lock = Lock.take(path, now, _WAIT if path.name == NOTES else 0.0)
                except HeldByAnother as error:
                    left.append(str(error))
                    continue
                try:
                    take_out(path, ids)
                finally:
                    lock.release()
            elif copier.try_take():
                take_out(path, ids)
    finally:
        copier.release()
    return tuple(left)


def missing(ids: Iterable[str], incident_id: str) -> JournalError:
    """That there are no such entries."""
    return JournalError(
        f"{incident_id} has no entry {', '.join(sorted(ids))[:200]} that can be read.",
        f"`leeward show {incident_id} --json` lists the ids.",
    )


def _lines_of(data: bytes, ids: frozenset[str]) -> Iterator[tuple[int, int, bytes, str]]:
    """Where the lines of entries begin and end, without the newline, their envelopes and ids."""
    wanted = {one.encode("utf-8", "replace") for one in ids}
    if len(wanted) < _MANY:
        places = (
            found.start() for one in wanted for found in re.finditer(re.escape(b'"id":"%b"' % one), data)
        )
    else:
        places = (found.start() for found in _ID.finditer(data) if found[1] in wanted)
    for at in places:
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        if end < 0:
            continue
        try:
            raw, envelope = lines.parse_raw(data[start:end])
        except lines.Unreadable:
            continue
        if envelope.id in ids and envelope.kind != Kind.REDACTED:
            yield start, end, bytes(raw.envelope), envelope.id
