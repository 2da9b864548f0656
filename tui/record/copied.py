"""The file of another machine's chain: a copy, written by whoever holds the copier's lock. Blocking.

Lines are in the file at once and on disk a little later, with those of other copies: their writer has them
on its disk, and the shared place has them. What a crash takes comes again. The head tells what is on disk.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from tui.record.errors import JournalError, told
from tui.record.folder import free_name, put, sync_folder
from tui.record.head import Head, head_file, open_head, read_head, write_head
from tui.record.lines import hash_of_line
from tui.record.tape import Written


class Copied:
    """A copy of a chain, to which lines are added in its order.

    Attributes:
        path: where it lies.
        inode, changed: which file that is, and when it was last changed (ns); 0 where that is not known.
        end: where it ends.
        problem: what was found wrong with it, in a sentence, or "".
    """

    def __init__(self, path: Path, data: bytes, *, on_disk: bool = False) -> None:
        """`data` is the whole file, and `on_disk` whether it was put there just now.

        Raises JournalError where a torn end cannot be cut off.
        """
        self.path = path
        self.inode = self.changed = 0
        self.problem = ""
        head = read_head(path)
        size = _whole(data, head.lines if head is not None else 0)
        last = data[data.rfind(b"\n", 0, max(size - 1, 0)) + 1 : size]
        self.end = Written(size, data.count(b"\n", 0, size), hash_of_line(last)) if size else Written()
        self._on_disk = self.end
        self._failed = False
        if size < len(data):
            self._cut()
        self._promised = self._lost(head, data[:size])
        if head is None or head.lines < self.end.lines:
            self._catch_up(on_disk)

    @classmethod
    def begun(cls, path: Path, data: bytes) -> "Copied":
        """A chain of which nothing was here: its first lines, header included. Raises JournalError."""
        head_file(path).unlink(missing_ok=True)
        put(path, data)
        return cls(path, data, on_disk=True)

    @property
    def settled(self) -> bool:
        """Whether all of it is on disk."""
        return self._on_disk is self.end

    def add(self, lines: Sequence[bytes], hash_of_last: str) -> None:
        """Put lines (without their newlines) at the end, all or none; `settle` puts them on disk.

        Raises:
            JournalError: nothing was added.
        """
        data = b"".join(line + b"\n" for line in lines)
        descriptor = -1
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW)
            there = os.fstat(descriptor)
            if there.st_size != self.end.size or self.inode not in (0, there.st_ino):
                raise JournalError(f"{self.path} was changed by something else.", "It is read anew.")
            _write(descriptor, data, self.end.size)
            there = os.fstat(descriptor)
        except OSError as error:
            self._cut(descriptor)
            raise told("write to", self.path, error) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        self.inode, self.changed = there.st_ino, there.st_mtime_ns
        self.end = Written(self.end.size + len(data), self.end.lines + len(lines), hash_of_last)

    def settle(self) -> None:
        """Put on disk what was added, and then the head. Raises JournalError: it is tried again."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if self._failed:
                    # After a sync that failed the next may answer that all is well, and have written nothing.
                    left = os.pread(descriptor, self.end.size - self._on_disk.size, self._on_disk.size)
                    _write(descriptor, left, self._on_disk.size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._failed = True
            raise told("write to", self.path, error) from error
        self._on_disk, self._failed = self.end, False
        self._write_head()

    def _catch_up(self, on_disk: bool) -> None:
        """Whoever wrote the last lines did not come to write the head: what is whole is on disk by now."""
        with contextlib.suppress(OSError):
            if not on_disk:
                descriptor = os.open(self.path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            self._write_head()

    def _write_head(self) -> None:
        """A head that knows of lines that are gone stays until they are back: it alone tells of them."""
        if self._promised is not None and self.end.lines < self._promised.lines:
            return
        with contextlib.suppress(OSError):
            if self._promised is not None and (lost := self._lost(self._promised, self.path.read_bytes())):
                head_file(self.path).rename(free_name(head_file(self.path), "lost"))
                sync_folder(self.path.parent)
                self.problem = f"{self.path.name}: line {lost.lines}, which was here, came back as another."
            self._promised = None
            descriptor = open_head(self.path)
            try:
                write_head(descriptor, Head(self.end.lines, self.end.hash))
            finally:
                os.close(descriptor)

    @staticmethod
    def _lost(head: Head | None, data: bytes) -> Head | None:
        """The head, where it knows of a line that is not here."""
        if head is None or head.lines < 1:
            return None
        whole = data[: data.rfind(b"\n") + 1].split(b"\n", head.lines)
        there = len(whole) > head.lines and hash_of_line(whole[head.lines - 1]) == head.hash
        return None if there else head

    def _cut(self, descriptor: int = -1) -> None:
        """Take off what was never acknowledged: the line comes again, whole."""
        with contextlib.suppress(OSError):
            if descriptor >= 0:
                os.ftruncate(descriptor, self.end.size)
            else:
                os.truncate(self.path, self.end.size)


def _whole(data: bytes, acknowledged: int) -> int:
    """How many bytes of a copy are whole lines that were written through.

    What was on its way to the disk when the power failed may be a hole behind what was acknowledged, which
    reads as zeros; no line of a journal has one.
    """
    hole = data.find(b"\0")
    if hole < 0 or data.count(b"\n", 0, hole) < acknowledged:
        hole = len(data)
    return data.rfind(b"\n", 0, hole) + 1


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
