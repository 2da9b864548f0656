"""A disk that can be full, and read-only: of its own where we may mount one, and else by a limit on files."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE = 1 << 20


class Disk:
    """A file system of one MiB in memory, at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _filler(self) -> Path:
        return self.path / "filler"

    def fill(self, left: int = 0) -> None:
        """Take all space but so many bytes, to the page."""
        with self._filler.open("ab") as file:
            block = 1 << 16
            while block:
                try:
                    os.write(file.fileno(), b"x" * block)
                except OSError as error:
                    assert error.errno == errno.ENOSPC
                    block //= 2
        os.truncate(self._filler, self._filler.stat().st_size - left)

    def free(self) -> None:
        """Space returns."""
        self._filler.unlink()

    def read_only(self, on: bool = True) -> None:
        """Mount it anew, read-only or writable. What is open for writing keeps it from being read-only."""
        subprocess.run(
            ["mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.path)],
            check=True,
            capture_output=True,
            timeout=60,
        )


@contextlib.contextmanager
def disk(path: Path) -> Iterator[Disk]:
    """A disk of its own; the test is skipped where this user may mount none."""
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"this user may mount no file system: {made.stderr.strip()}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True, capture_output=True, timeout=60)
