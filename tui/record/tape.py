"""The file under a journal, written at its end alone. Blocking; one thread at a time."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui.record.errors import JournalError, told
from tui.record.folder import free_name, sync_folder
from tui.record.head import Head, head_file, open_head, read_head, write_head
from tui.record.lines import NO_LINE, hash_of_line


@dataclass(frozen=True, slots=True)
class Written:
    """Where a journal ends: its size in bytes, its lines, and the hash of the last."""

    size: int = 0
    lines: int = 0
    hash: str = NO_LINE


class Tape:
    """An open journal that takes bytes at its end, all of them or none.

    Attributes:
        end: where what is acknowledged ends.
        problems: what was found wrong with the file when it was opened, in sentences.
    """

    def __init__(
        self, path: Path, descriptor: int, content: bytes, ours: Callable[[], None] = lambda: None
    ) -> None:
        """Take over the writing of a file that was read whole; `descriptor` stays the caller's.

        Args:
            ours: raises JournalError where the right to write is lost.

        Raises:
            JournalError: a torn end could not be set aside.
        """
        self._path = path
        self._descriptor = descriptor
        self._ours = ours
        # What a write of ours that failed may have left behind the end.
        self._left = False
        self.problems: tuple[str, ...] = ()
        self.end = _end_of(content)
        try:
            self._set_aside(content[self.end.size :])
            self._compare_head(content)
            self._head = open_head(path)
        except OSError as error:
            raise told("open", path, error) from error

    def commit(self, data: bytes, end: Written) -> None:
        """Put whole lines at the end and on disk; `end` is where the journal then ends.

        A write that fails leaves the file as it was, and the next may succeed.

        Raises:
            JournalError: nothing was recorded; the text says why.
        """
        self._check_place()
        try:
            _write_all(self._descriptor, data, self.end.size)
            os.fsync(self._descriptor)
        except OSError as error:
            self._take_back()
            raise told("write to", self._path, error) from error
        self.end = end
        # The entry is on disk, so this cannot fail it: a head that lags only tells less.
        with contextlib.suppress(OSError):
            write_head(self._head, Head(end.lines, end.hash))

    def content(self) -> bytes:
        """What is acknowledged. Raises JournalError."""
        try:
            data = os.pread(self._descriptor, self.end.size, 0)
            while len(data) < self.end.size:
                more = os.pread(self._descriptor, self.end.size - len(data), len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise told("read", self._path, error) from error
        return data

    def rewrite(self, data: bytes, end: Written) -> None:
        """Put another content in the place of all of it: a new file takes the name, or nothing is changed.

        Raises:
            JournalError: it may not have been done; the text says why.
        """
        self._check_place()
        fresh = self._path.with_name(f".{self._path.name}.new")
        try:
            descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                _write_all(descriptor, data, 0)
                os.fsync(descriptor)
                fresh.replace(self._path)
                # The caller's descriptor is now the new file's: whoever has it open notices nothing.
                os.dup2(descriptor, self._descriptor, inheritable=False)
                self.end = end
            finally:
                os.close(descriptor)
            sync_folder(self._path.parent)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise told("write", self._path, error) from error
        with contextlib.suppress(OSError):
            write_head(self._head, Head(end.lines, end.hash))

    def close(self) -> None:
        """Close what this opened: the head."""
        os.close(self._head)

    def _check_place(self) -> None:
        """A file that was removed or cut under us would take entries and keep none of them."""
        try:
            there, ours = self._path.stat(), os.fstat(self._descriptor)
        except OSError as error:
            raise told("write to", self._path, error) from error
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            raise JournalError(
                f"{self._path} was replaced by another file.", "Leave and resume the incident."
            )
        if ours.st_size < self.end.size:
            raise JournalError(
                f"{self._path} was cut: {self.end.size - ours.st_size} bytes of it are gone.",
                "Resume the incident; `leeward verify` tells what is missing.",
            )
        self._ours()
        if ours.st_size > self.end.size:
            if not self._left:
                raise JournalError(
                    f"{self._path} was written to by something else.", "Leave and resume the incident."
                )
            self._take_back()

    def _take_back(self) -> None:
        """Remove what a failed write left; if even that fails, the next write tries again."""
        self._left = True
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self.end.size)
            self._left = False
            os.fsync(self._descriptor)

    def _set_aside(self, torn: bytes) -> None:
        if not torn:
            return
        aside = free_name(self._path, "torn")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write_all(descriptor, torn, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(aside.parent)
        os.ftruncate(self._descriptor, self.end.size)
        os.fsync(self._descriptor)
        self.problems += (f"The last line was torn ({len(torn)} bytes); it is set aside in {aside.name}.",)

    def _compare_head(self, content: bytes) -> None:
        """Keep a head that knows of more than there is: writing on would else hide the loss."""
        head = read_head(self._path)
        if head is None or (head.lines <= self.end.lines and _hash_at(content, head.lines) == head.hash):
            return
        aside = free_name(head_file(self._path), "lost")
        head_file(self._path).rename(aside)
        sync_folder(aside.parent)
        lost = f"{self._path.name} was acknowledged up to line {head.lines}, and that line is gone or changed"
        self.problems += (f"{lost}; {aside.name} keeps the trace.",)


def _end_of(content: bytes) -> Written:
    size = content.rfind(b"\n") + 1
    if not size:
        return Written()
    last = content[content.rfind(b"\n", 0, size - 1) + 1 : size]
    return Written(size, content.count(b"\n", 0, size), hash_of_line(last))


def _hash_at(content: bytes, lines: int) -> str:
    """The hash of the line of this number, counted from 1; "" where there is none."""
    if lines < 1:
        return ""
    start = 0
    for _ in range(lines - 1):
        start = content.find(b"\n", start) + 1
    return hash_of_line(content[start : content.find(b"\n", start) + 1])


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
