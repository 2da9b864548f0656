"""A clock that goes on while the machine sleeps: a laptop that was shut has lost what it held."""

import sys
import time

from tui.model.clock import SystemClock


def _which() -> int | None:
    """The system's clock that counts sleep, if it has one: on a Mac, that is its CLOCK_MONOTONIC."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.CLOCK_BOOTTIME
    return time.CLOCK_MONOTONIC if sys.platform == "darwin" else None


class BootClock(SystemClock):
    """The machine's clock; `monotonic` counts the time that the machine was suspended, where it can."""

    def __init__(self) -> None:
        self._id = _which()

    def monotonic(self) -> float:
        return time.monotonic() if self._id is None else time.clock_gettime(self._id)
