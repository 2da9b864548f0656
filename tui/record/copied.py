"""The file of another machine's chain: a copy, written by whoever holds the copier's lock. Blocking."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from tui.record.errors import told
from tui.record.folder import free_name, put, sync_folder
from tui.record.head import Head, head_file, open_head, read_head, write_head
from tui.record.lines import hash_of_line
from tui.record.tape import Written


class Copied:
    """A copy of a chain, to which lines are added in its order. What is on disk is what was acknowledged.

    Attributes:
        path: where it lies.
        end: where it ends.
        problem: what was found wrong with it, in a sentence, or "".
    """

    def __init__(self, path: Path, data: bytes) -> None:
        """`data` is the whole file. Raises JournalError where a torn end cannot be cut off."""
        self.path = path
        self.problem = ""
        size = data.rfind(b"\n") + 1
        last = data[data.rfind(b"\n", 0, max(size - 1, 0)) + 1 : size]
        self.end = Written(size, data.count(b"\n"), hash_of_line(last)) if size else Written()
        if size < len(data):
            self._cut()
        head = read_head(path)
        self._promised = self._lost(head, data)
        if head is None or head.lines < self.end.lines:
            self._catch_up()

    @classmethod
    def begun(cls, path: Path, data: bytes) -> "Copied":
        """A chain of which nothing was here: its first lines, header included. Raises JournalError."""
        head_file(path).unlink(missing_ok=True)
        put(path, data)
        return cls(path, data)

    def add(self, lines: Sequence[bytes], hash_of_last: str) -> None:
        """Put lines (without their newlines) at the end and on disk, all or none. Raises JournalError."""
        data = b"".join(line + b"\n" for line in lines)
        descriptor = -1
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW)
            _write(descriptor, data, self.end.size)
            os.fsync(descriptor)
        except OSError as error:
            self._cut(descriptor)
            raise told("write to", self.path, error) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        self.end = Written(self.end.size + len(data), self.end.lines + len(lines), hash_of_last)
        self._write_head()

    def _catch_up(self) -> None:
        """Whoever wrote the last lines did not come to write the head: what is whole is on disk by now."""
        with contextlib.suppress(OSError):
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


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
