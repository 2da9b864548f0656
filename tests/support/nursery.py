"""Processes to be killed, by the hundred: one that has imported everything forks a child for each kill.

A child's lines go into a file, which keeps what was written to it before the kill.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.support.commands import ROOT

_PATIENCE = 120.0


class Nursery:
    """Forks children that run `await main(*arguments)` of a module, one at a time."""

    def __init__(self, process: "subprocess.Popen[str]", said: Path) -> None:
        """Use `nursery`."""
        self._process = process
        self._said = said

    def killed(self, rng: Random, longest: float, *arguments: str) -> list[str]:
        """The lines that a child said before SIGKILL, at an instant up to `longest` seconds after a start.

        That start is its first line, and one time in four the fork: so its opening is cut, too.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._said.write_bytes(b"")
        print(self._said, *arguments, sep="\t", file=self._process.stdin, flush=True)
        child = int(self._process.stdout.readline())
        try:
            if rng.random() < 0.75:
                self._first_line()
            time.sleep(rng.uniform(0, longest))
        finally:
            # One that failed is gone already, and has said why.
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert int(self._process.stdout.readline()) == -signal.SIGKILL, self._said.read_text()
        return self._said.read_text().splitlines()

    def _first_line(self) -> None:
        end = time.monotonic() + _PATIENCE
        while not self._said.stat().st_size:
            assert time.monotonic() < end, "the child said nothing"
            time.sleep(0.001)


@contextlib.contextmanager
def nursery(module: str, folder: Path) -> Iterator[Nursery]:
    """A nursery for `main` of this module; `folder` takes what its children say."""
    argv = [sys.executable, "-m", "tests.support.nursery", module]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield Nursery(process, folder / "said")
        finally:
            process.stdin.close()


def say(*words: str) -> None:
    """One line, in one write."""
    os.write(1, (" ".join(words) + "\n").encode())


def _child(main: object, said: str, arguments: list[str]) -> None:
    import asyncio

    descriptor = os.open(said, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    asyncio.run(main(*arguments))  # type: ignore[operator]


def _serve(module: str) -> None:
    main = importlib.import_module(module).main
    for line in sys.stdin:
        said, *arguments = line.rstrip("\n").split("\t")
        pid = os.fork()
        if not pid:
            try:
                _child(main, said, arguments)
                signal.pause()  # done before it was killed
            finally:
                traceback.print_exc()
                os._exit(1)
        say(str(pid))
        say(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))


if __name__ == "__main__":
    _serve(sys.argv[1])
