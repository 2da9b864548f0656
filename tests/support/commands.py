"""The `leeward` command as a process of its own, and a simulated world beside it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def environ(state: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of this machine's user is found."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(state),
        "XDG_STATE_HOME": str(state),
        "XDG_CONFIG_HOME": str(state / "config"),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error::ResourceWarning",
        "USER": "responder",
        **more,
    }


def leeward(
    *args: str, state: Path, timeout: float = 180.0, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *args],
        env=environ(state, **(env or {})),
        cwd=state,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextlib.contextmanager
def served(scenario: str, state: Path, *args: str) -> Iterator[dict[str, Any]]:
    """`leeward drill SCENARIO --serve`; yields the line that it prints."""
    world = subprocess.Popen(
        [sys.executable, "-m", "tui", "drill", scenario, "--serve", *args],
        env=environ(state),
        cwd=state,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert world.stdout is not None
        yield json.loads(world.stdout.readline())
    finally:
        world.send_signal(signal.SIGTERM)
        assert world.wait(60) == 0
        assert world.stdout is not None
        world.stdout.close()
