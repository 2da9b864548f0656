"""What there is to share of an incident: the acknowledged lines of every journal of its folder. Blocking."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tui.model.amending import GONE, redacts
from tui.model.incident import Entry, Kind
from tui.model.sharing import SHOWN_TEXT, SharedLine
from tui.model.text import clean_lines, shorten
from tui.record import lines
from tui.record.errors import JournalError, told
from tui.record.folder import journals
from tui.record.growing import Added, Growth, goes_on, tail_of
from tui.record.head import read_head
from tui.record.listing import Listing
from tui.record.lock import holder


@dataclass(slots=True)
class _Seen:
    """How far a journal was looked at; `stones` are those that were yielded as such."""

    inode: int = 0
    changed: int = 0
    size: int = 0
    tail: bytes = b""
    lines: int = 0
    last: str = ""
    header: str = ""
    stones: set[str] = field(default_factory=set)


class Outgoing:
    """The lines of an incident's folder, as they are acknowledged. One thread at a time.

    What is redacted is never yielded with its content, even where it is still in a file.
    """

    def __init__(self, folder: Path, incident_id: str, growth: Growth | None = None) -> None:
        """`growth` tells what this process itself adds to copies; without it all are looked at each time.

        What was added is known to whoever took it in, and is not yielded.
        """
        self._folder = folder
        self._growth = growth
        self._listing = Listing(folder)
        self._incident = incident_id
        self._seen: dict[str, _Seen] = {}
        self._redacted: set[str] = set()
        self._found: list[SharedLine] = []  # kept where another journal cannot be read: each is told once
        self._passed: list[str] = []
        self._passes: Callable[[str], bool] = lambda _: False

    def look(self, passes: Callable[[str], bool] = lambda _: False) -> tuple[SharedLine, ...]:
        """What was acknowledged since the last look, of each journal in its order.

        A line that became a stone is yielded again. An entry that lies in two journals (a branch has what
        it has in common with the other) comes from each.

        Args:
            passes: whether of an entry nothing but its id is wanted, which `passed` tells. So ten thousand
                lines that are shared already are not held. Stones and what redacts are wanted always.

        Raises:
            JournalError: a journal cannot be read.
        """
        self._passes = passes
        try:
            for path in self._to_look_at():
                self._found.extend(self._added(path))
        except JournalError:
            self._listing.forget()
            raise
        found, self._found = self._found, []
        for one in found:
            if one.kind == Kind.REDACTED:
                self._redacted.update(redacts(lines.parse(one.line.encode())))
        return tuple(map(self._without_redacted, found))

    def passed(self) -> tuple[str, ...]:
        """The entries of which nothing but the id was wanted since this was last asked."""
        passed, self._passed = self._passed, []
        return tuple(passed)

    def _to_look_at(self) -> tuple[Path, ...]:
        if self._growth is None:
            return journals(self._folder)
        for one in self._growth.take():
            if not self._goes_past(one):
                self._listing.touch(one.name)
        return self._listing.look()

    def _goes_past(self, one: Added) -> bool:
        """Skip what this process added, if it follows what was seen; whether it did."""
        seen = self._seen.get(one.name)
        if seen is None or not one.tail or (seen.inode, seen.size) != (one.inode, one.start):
            return False
        seen.changed, seen.size, seen.lines, seen.last = one.changed, one.size, one.lines, one.last
        seen.tail = tail_of(seen.tail, one.tail)
        return True

    def _added(self, path: Path) -> Iterator[SharedLine]:
        seen = self._seen.setdefault(path.name, _Seen())
        try:
            there = path.stat()
            if (there.st_ino, there.st_size, there.st_mtime_ns) == (seen.inode, seen.size, seen.changed):
                return
            # The head first: it is never ahead of the journal.
            head = read_head(path)
            with path.open("rb", buffering=0) as file:
                there = os.fstat(file.fileno())
                again = there.st_ino != seen.inode or there.st_size < seen.size
                again = again or not goes_on(file, seen.size, seen.tail)
                file.seek(0 if again else seen.size)
                data = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise told("read", path, error) from error
        whole = data.split(b"\n")[:-1]
        most = len(whole) if head is None else head.lines - (0 if again else seen.lines)
        if most < len(whole) and holder(path) is None:
            # A writer that was killed before it wrote the head: nobody takes these lines back any more.
            most = len(whole)
        before = seen.size
        yield from self._lines(seen, whole[: max(most, 0)], again)
        seen.tail = tail_of(b"" if again else seen.tail, data[: seen.size - (0 if again else before)])
        seen.inode, seen.changed = there.st_ino, there.st_mtime_ns

    def _lines(self, seen: _Seen, added: list[bytes], again: bool) -> Iterator[SharedLine]:
        old = 0
        if again:
            # Another file under this name: as a rule the same lines, of which some are stones now.
            same = 0 < seen.lines <= len(added) and lines.hash_of_line(added[seen.lines - 1]) == seen.last
            old = seen.lines if same else 0
            stones = seen.stones if same else set()
            seen.size, seen.lines, seen.header, seen.stones = 0, 0, "", stones
        for line in added:
            seen.size, seen.lines = seen.size + len(line) + 1, seen.lines + 1
            if seen.lines == 1:
                seen.header = line.decode("utf-8", "replace")
            elif (entry := self._entry(line)) is not None:
                stone = lines.is_stone(line)
                if seen.lines > old or (stone and entry.id not in seen.stones):
                    if not stone and entry.kind != Kind.REDACTED and self._passes(entry.id):
                        self._passed.append(entry.id)
                    else:
                        yield self._line(line, entry, seen)
                if stone:
                    seen.stones.add(entry.id)
        if added:
            seen.last = lines.hash_of_line(added[-1])

    @staticmethod
    def _entry(line: bytes) -> Entry | None:
        try:
            return lines.parse(line)
        except lines.Unreadable:
            return None  # `leeward verify` names it; it has no id to be shared under

    def _line(self, line: bytes, entry: Entry, seen: _Seen) -> SharedLine:
        return SharedLine(
            self._incident,
            entry.id,
            entry.kind,
            entry.occurred_at,
            entry.actor,
            shorten(clean_lines(entry.text), SHOWN_TEXT),
            line.decode(),
            seen.header if seen.lines == 2 else "",
        )

    def _without_redacted(self, one: SharedLine) -> SharedLine:
        return stone_of(one) if one.entry in self._redacted and one.kind != Kind.REDACTED else one


def stone_of(line: SharedLine) -> SharedLine:
    """The same entry without its content. Raises Unreadable for what is no line of a journal."""
    envelope = bytes(lines.parse_raw(line.line.encode())[0].envelope)
    stone = lines.stone(envelope).decode()
    return SharedLine(
        line.incident, line.entry, line.kind, line.occurred_at, line.actor, GONE, stone, line.header
    )
