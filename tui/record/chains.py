"""The journals of an incident's folder as chains: which entries they have, what goes on where. Blocking."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tui.model.amending import redacts
from tui.model.incident import Kind
from tui.record import lines, redacting
from tui.record.arrival import Arrival
from tui.record.copied import Copied
from tui.record.errors import JournalError, told
from tui.record.folder import is_own
from tui.record.growing import Added, Growth, goes_on, tail_of
from tui.record.listing import Listing

# How many files are put on disk at once: the file system makes one write of what it is asked for together.
_AT_ONCE = 8


@dataclass(slots=True)
class ChainFile:
    """A journal of the folder, up to where it was read.

    Attributes:
        path: where it lies, or will lie.
        copy: of another machine's chain the file; None where a process of this machine writes it, and
            where it is not on disk yet.
        begins: what it begins with, while it is not on disk.
        batch: what is to be put at its end.
    """

    path: Path
    inode: int = 0
    size: int = 0
    tail: bytes = b""
    identity: str = ""
    writer: str = ""
    copy: Copied | None = None
    begins: bytes = b""
    batch: list[Arrival] = field(default_factory=list)

    def goes_on_from(self, prev: str) -> bool:
        """Whether a line that names this hash can be put at its end."""
        if self.batch:
            return self.batch[-1].hash == prev
        return self.copy is not None and self.copy.end.hash == prev


class Chains:
    """What lies in a folder, kept up with what others write there.

    Attributes:
        known: the entries of all journals, by id, and whether each is a stone somewhere.
        redacted: the entries of which some entry here tells that they were redacted.
        problems: what was found wrong since `look` was called, in sentences.
    """

    def __init__(self, folder: Path, growth: Growth | None = None) -> None:
        """Of what is added to copies `growth` hears, if anybody wants to know."""
        self.folder = folder
        self._listing = Listing(folder)
        self._growth = growth
        self.journals: dict[str, ChainFile] = {}
        self.known: dict[str, bool] = {}
        self.redacted: set[str] = set()
        self.problems: list[str] = []
        # The first half of a line's hash, and who has it: first come, and own journals come first.
        self._links: dict[bytes, ChainFile] = {}
        self._unfinished: set[str] = set()

    @property
    def branches(self) -> int:
        """How many journals are another end of a chain that lies in a journal, too."""
        identities = [one.identity for one in self.journals.values() if one.identity]
        return len(identities) - len(set(identities))

    def look(self) -> None:
        """Learn what others wrote: consoles of this machine their own chains, an import or redaction copies.

        Raises:
            JournalError: a journal cannot be read, or a torn end of a copy cannot be cut off.
        """
        self.problems = []
        try:
            self._look()
        except JournalError:
            self._listing.forget()
            raise

    def _look(self) -> None:
        for path in self._listing.look():
            try:
                there = path.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise told("read", path, error) from error
            journal = self.journals.setdefault(path.name, ChainFile(path))
            if (there.st_ino, there.st_size) != (journal.inode, journal.size):
                self._read(journal)

    def who_has(self, hash_: str) -> ChainFile | None:
        """The journal with the line of this hash."""
        return self._links.get(_key(hash_))

    def up_to(self, journal: ChainFile, hash_: str) -> bytes:
        """A journal's bytes up to the line of this hash, without what was redacted. Raises JournalError."""
        data, end = _content(journal.path, 0)[0], 0
        for line in data.split(b"\n"):
            end += len(line) + 1
            if lines.hash_of_line(line) == hash_:
                return redacting.without(data[:end], self.redacted)[0]
        raise JournalError(f"{journal.path} was changed while it was read.", "Resume the incident.")

    def place(self, one: Arrival, journal: ChainFile) -> None:
        """The line goes to the end of this journal with the next `write`."""
        journal.batch.append(one)
        journal.identity = journal.identity or one.hash
        self.journals.setdefault(journal.path.name, journal)
        self._links.setdefault(_key(one.hash), journal)
        self.known[one.entry.id] = one.entry.redacted
        if one.entry.kind == Kind.REDACTED:
            self._tell(redacts(one.entry))

    def write(self, journal: ChainFile) -> tuple[Arrival, ...]:
        """Put in the file what is to be at its end; what was written. `settle` puts it on disk.

        Raises:
            JournalError: the disk refuses; the lines have no place any more.
        """
        batch, journal.batch = journal.batch, []
        data = [one.stone if self.is_redacted(one) else one.line for one in batch]
        try:
            if journal.copy is None:
                start = journal.begins + b"".join(line + b"\n" for line in data)
                journal.copy = Copied.begun(journal.path, start)
                journal.begins = b""
                journal.inode = journal.path.stat().st_ino
            else:
                before = journal.copy.end.size
                journal.copy.add(data, batch[-1].hash)
                journal.inode = journal.copy.inode
                self._tell_growth(journal.copy, before, data, batch)
            journal.size = journal.copy.end.size
        except (JournalError, OSError):
            self._displace(batch, journal)
            self._listing.touch(journal.path.name)
            raise
        self.known.update((one.entry.id, True) for one in batch if self.is_redacted(one))
        return tuple(batch)

    def _tell_growth(self, copy: Copied, start: int, data: list[bytes], batch: list[Arrival]) -> None:
        """Plain entries alone: what is redacted, or redacts, is to be read where it lies."""
        if self._growth is not None:
            plain = not any(one.entry.redacted or self._redacts(one) for one in batch)
            tail = tail_of(b"", b"".join(line + b"\n" for line in data)) if plain else b""
            name, end = copy.path.name, copy.end
            self._growth.add(
                Added(name, copy.inode, copy.changed, start, end.size, end.lines, end.hash, tail)
            )

    def _redacts(self, one: Arrival) -> bool:
        return one.entry.kind == Kind.REDACTED or one.entry.id in self.redacted

    def settle(self) -> tuple[JournalError, ...]:
        """Put on disk what was written; what failed is tried again with the next call."""
        copies = [one.copy for one in self.journals.values() if one.copy is not None and not one.copy.settled]
        if not copies:
            return ()
        with ThreadPoolExecutor(min(_AT_ONCE, len(copies)), thread_name_prefix="settle") as threads:
            return tuple(error for error in threads.map(_settled, copies) if error is not None)

    def is_redacted(self, one: Arrival) -> bool:
        """Whether only a stone of it may be kept."""
        return one.entry.id in self.redacted and one.entry.kind != Kind.REDACTED

    def finish_redactions(self) -> Iterator[JournalError]:
        """Take the content of redacted entries out of the copies; yields what failed, to be tried again."""
        gone = frozenset(self._unfinished)
        self._unfinished.clear()
        for journal in self.journals.values() if gone else ():
            if journal.copy is None:
                continue
            try:
                if there := redacting.take_out(journal.path, gone):
                    self.known.update(dict.fromkeys(there, True))
                    self._read(journal)
            except JournalError as error:
                self._unfinished |= gone
                yield error

    def _displace(self, batch: list[Arrival], journal: ChainFile) -> None:
        for one in batch:
            self.known.pop(one.entry.id, None)
            self._links.pop(_key(one.hash), None)
        if journal.copy is None:
            self.journals.pop(journal.path.name, None)

    def _read(self, journal: ChainFile) -> None:
        own = is_own(journal.path.name)
        known = journal.size if own else 0
        data, start, journal.inode = _content(journal.path, known, journal.inode, journal.tail)
        if not own:
            journal.copy = Copied(journal.path, data)
            journal.copy.inode = journal.inode
            data = data[: journal.copy.end.size]
            self.problems += [journal.copy.problem] if journal.copy.problem else []
        whole = data[: data.rfind(b"\n") + 1]
        journal.size = start + len(whole)
        journal.tail = tail_of(journal.tail if start else b"", whole)
        for number, line in enumerate(whole.split(b"\n")[:-1]):
            if start or number:
                self._learn(journal, line)
            else:
                journal.identity, journal.writer = "", _writer(line)
                self._links.setdefault(_key(lines.hash_of(line)), journal)

    def _learn(self, journal: ChainFile, line: bytes) -> None:
        try:
            raw, envelope = lines.parse_raw(line)
        except lines.Unreadable:
            hash_ = lines.hash_of(line)
        else:
            hash_ = lines.hash_of(bytes(raw.envelope))
            stone = raw.salt is None
            self.known[envelope.id] = self.known.get(envelope.id, False) or stone
            if envelope.kind == Kind.REDACTED and not stone:
                self._tell(redacts(lines.parse(line)))
            elif not stone and envelope.id in self.redacted:
                self._unfinished.add(envelope.id)
        journal.identity = journal.identity or hash_
        self._links.setdefault(_key(hash_), journal)

    def _tell(self, ids: tuple[str, ...]) -> None:
        self.redacted.update(ids)
        self._unfinished.update(one for one in ids if one in self.known)


def _settled(copy: Copied) -> JournalError | None:
    try:
        copy.settle()
    except JournalError as error:
        return error
    return None


def _key(hash_: str) -> bytes:
    # Half of it is plenty to tell a hundred thousand apart, and takes half the memory.
    try:
        return bytes.fromhex(hash_[:32])
    except ValueError:
        return b""


def _content(path: Path, start: int, inode: int = 0, tail: bytes = b"") -> tuple[bytes, int, int]:
    """What a file has from there on, where that begins, and its inode; of another file everything."""
    try:
        with path.open("rb", buffering=0) as file:
            there = os.fstat(file.fileno())
            other = there.st_ino != inode or there.st_size < start
            if other or not start or not goes_on(file, start, tail):
                start = 0
            file.seek(start)
            return file.read(), start, there.st_ino
    except OSError as error:
        raise told("read", path, error) from error


def _writer(header: bytes) -> str:
    try:
        return lines.parse_header(header).writer
    except lines.Unreadable:
        return ""
