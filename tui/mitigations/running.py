"""Running a program that is not ours: bounded in time and in what it says, and never on our terminal."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tui.model.text import clean_lines

# Of what a program says, so much of its beginning and of its end is kept.
KEPT = 8 * 1024
_CHUNK = 64 * 1024
_GRACE = 2.0  # seconds between asking a program to end and ending it
_REST = 0.5  # seconds for output that is still in the pipe


@dataclass(frozen=True, slots=True)
class Ran:
    """How it went.

    `code` None: it was ended at its deadline. `started` False: it never ran, and `why` says why.
    """

    code: int | None
    output: str
    started: bool = True
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether it did anything but end with 0."""
        return self.code != 0


class _Output:
    """The beginning and the end of a stream, however long it is."""

    def __init__(self) -> None:
        self._head, self._tail, self._count = b"", b"", 0

    def add(self, chunk: bytes) -> None:
        self._count += len(chunk)
        room = KEPT - len(self._head)
        self._head += chunk[:room]
        self._tail = (self._tail + chunk[room:])[-KEPT:] if len(chunk) > room else self._tail

    def text(self) -> str:
        """What was said, as plain lines."""
        left = self._count - len(self._head) - len(self._tail)
        gap = f"\n… {left} bytes left out …\n".encode() if left else b""
        return clean_lines((self._head + gap + self._tail).decode(errors="replace")).strip()


async def run(argv: Sequence[str], deadline: timedelta, environment: Mapping[str, str]) -> Ran:
    """Run a program in a process group of its own.

    The group is killed at the deadline, and when this is cancelled. It reads nothing
    (`/dev/null`), has no terminal, and starts in `/`.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Ran(None, "", started=False, why=(getattr(error, "strerror", None) or str(error)))
    output = _Output()
    reader = asyncio.create_task(_read(process, output), name="output of a command")
    try:
        return Ran(await _ended(process, deadline), await _said(reader, output))
    finally:
        _kill(process.pid, signal.SIGKILL)  # whatever it left behind, and itself where we were cancelled
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await asyncio.shield(process.wait())


async def _ended(process: asyncio.subprocess.Process, deadline: timedelta) -> int | None:
    """The exit code; None where the deadline ended it."""
    try:
        return await asyncio.wait_for(process.wait(), deadline.total_seconds())
    except TimeoutError:
        _kill(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _GRACE)
    _kill(process.pid, signal.SIGKILL)
    return None


async def _said(reader: "asyncio.Task[None]", output: _Output) -> str:
    """What it said. A child that keeps the pipe open is not waited for."""
    await asyncio.wait([reader], timeout=_REST)
    return output.text()


async def _read(process: asyncio.subprocess.Process, output: _Output) -> None:
    assert process.stdout is not None
    while chunk := await process.stdout.read(_CHUNK):
        output.add(chunk)


def _kill(group: int, with_signal: signal.Signals) -> None:
    """End a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, with_signal)
