"""Time, as an argument: what needs it is given a `Clock`."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Tests pass one that they move by hand."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def either(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return when the event is set, or after so many seconds."""
    if event.is_set():
        return
    asleep = asyncio.ensure_future(clock.sleep(seconds))
    called = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((asleep, called), return_when=asyncio.FIRST_COMPLETED)
    finally:
        asleep.cancel()
        called.cancel()
