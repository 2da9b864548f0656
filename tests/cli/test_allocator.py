"""How memory is kept, told by glibc itself in a fresh interpreter."""

import ctypes
import os
import platform
import re
import subprocess
import sys

import pytest

from tests.support.commands import ROOT
from tui.cli import allocator

# Threads that all hold memory of their own at the same time; then a large block, freed, and a smaller one.
PROGRAM = """
import ctypes, sys, threading
from tui.cli import allocator

if sys.argv[1] == "spare":
    assert allocator.spare()
met = threading.Barrier(9)
kept = []

def hold():
    kept.append([bytes(5000) for _ in range(50)])
    met.wait()
    met.wait()

threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
met.wait()
large = bytes(24 << 20)
del large
large = bytes(16 << 20)
ctypes.CDLL(None).malloc_stats()
met.wait()
"""


def stats(how: str) -> tuple[int, int]:
    """How many arenas there were, and the MiB of them all."""
    # Without what whoever runs the tests may have set for glibc.
    env = {name: value for name, value in os.environ.items() if "MALLOC" not in name and "GLIBC" not in name}
    argv = [sys.executable, "-c", PROGRAM, how]
    ended = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    arenas = ended.stderr.partition("Total")[0]
    return arenas.count("Arena "), sum(map(int, re.findall(r"system bytes\s*=\s*(\d+)", arenas))) >> 20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_an_arena_and_large_blocks_are_no_part_of_it() -> None:
    assert stats("spare")[0] == 1
    assert stats("spare")[1] < 16
    # What it is there for: without it there are many, and what was large stays.
    arenas, held = stats("plain")
    assert arenas > 1
    assert held >= 16


def test_another_c_library_goes_on_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    assert allocator.spare() is False
