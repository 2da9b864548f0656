"""A terminal of 120x40 on a pty: it starts a program, reads what it draws, and counts the bytes."""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

SIZE = (120, 40)
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()].|.)")
# What Textual asks of a terminal, and what a current one answers: mode 2026 costs bytes a frame.
_ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y", b"\x1b[c": b"\x1b[?62c"}
_TAIL = 1 << 16


class Terminal:
    """A program on a terminal. `began` is the moment before its exec.

    Attributes:
        count: the bytes that it has sent so far.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self.count = 0
        self._seen = b""
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            cwd=cwd,
            start_new_session=True,
        )
        os.close(slave)

    def until(self, words: str, limit: float = 30.0) -> float:
        """Seconds from exec until these words are on the screen. Raises TimeoutError."""
        wanted = words.encode()
        while wanted not in _ESCAPES.sub(b"", self._seen):
            left = self.began + limit - time.perf_counter()
            if left <= 0 or not self._read(left):
                raise TimeoutError(f"{words!r} did not appear; last was {self.said()[-300:]!r}")
        return time.perf_counter() - self.began

    def during(self, length: float) -> int:
        """The bytes that come in so many seconds."""
        before, end = self.count, time.perf_counter() + length
        while (left := end - time.perf_counter()) > 0:
            self._read(left)
        return self.count - before

    def said(self) -> str:
        """The latest characters without their escape sequences."""
        return plain(self._seen)

    def resident(self) -> float:
        """The program's resident memory in MiB."""
        return self._memory("VmRSS")

    def most_resident(self) -> float:
        """The most that it ever was."""
        return self._memory("VmHWM")

    def _memory(self, what: str) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(what)).split()[1]) / 1024

    def write(self, data: bytes) -> None:
        """Type these bytes, all of them: a terminal holds some thousand that nobody has read yet."""
        while data:
            if select.select([], [self._master], [], 0.05)[1]:
                data = data[os.write(self._master, data[:256]) :]
            else:
                self._read(0.0)

    def read(self, limit: float) -> bool:
        """Read what comes within so many seconds; whether anything did."""
        return self._read(limit)

    def took(self, data: bytes) -> None:
        """Hear what was read: for those who keep more of it than its end."""

    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        """End it. What it draws on leaving is read, else it would wait for us."""
        self._process.send_signal(signal.SIGTERM)
        end = time.perf_counter() + 10
        while self._process.poll() is None and time.perf_counter() < end:
            self._read(0.1)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def _read(self, limit: float) -> bool:
        """Read what is there within so many seconds; whether anything was, before the program ended."""
        if not select.select([self._master], [], [], limit)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the last one that had the terminal open is gone
            time.sleep(min(limit, 0.05))
            return False
        self.count += len(data)
        self._seen = (self._seen + data)[-_TAIL:]
        self.took(data)
        for question, answer in _ANSWERS.items():
            if question in data:
                os.write(self._master, answer)
        return True


def plain(data: bytes) -> str:
    """What is drawn, without the escape sequences."""
    return _ESCAPES.sub(b"", data).decode(errors="replace")


@contextlib.contextmanager
def terminal(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, make: Callable[..., Terminal] = Terminal
) -> Iterator[Terminal]:
    """A program on a terminal for as long as the block lasts; `make` a terminal that hears what is drawn."""
    made = make(argv, env, cwd)
    try:
        yield made
    finally:
        made.close()
