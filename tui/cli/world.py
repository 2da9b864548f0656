"""A simulated world as a child process: it ends when this process does, whatever that dies of."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui.cli.output import Failure
from tui.model.redaction import says_secret

START = 10.0


@contextlib.contextmanager
def world(scenario: str, seed: int, speed: float) -> Iterator[dict[str, Any]]:
    """Run a world for as long as the block lasts; yields its addresses.

    The child watches a pipe of ours: the kernel closes it with us. It has no terminal, and a
    session of its own, so that a Ctrl-C meant for the console does not end the world first.
    """
    argv = [sys.executable, "-m", "tui.drill", "--with-parent", "--scenario", scenario]
    argv += ["--seed", str(seed), "--speed", f"{speed:g}"]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        with child.stdout:
            line = child.stdout.readline()
        if not line:
            raise Failure("The simulated world did not start.", 3)
        yield json.loads(line)
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(START)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _environment() -> dict[str, str]:
    """Ours, without what is secret: a simulated world has no use for a real key."""
    kept = {name: value for name, value in os.environ.items() if not says_secret(name)}
    return {**kept, "PYTHONPATH": _python_path()}


def _python_path() -> str:
    """Where this very `tui` is, first: the child must not find another one in its folder."""
    here = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH", "")
    return f"{here}{os.pathsep}{inherited}" if inherited else here
