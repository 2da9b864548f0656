"""A clock that a test moves by hand."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 15, 3, 11, tzinfo=UTC)


class ManualClock:
    """Time stands still until `advance`; sleepers wake in the order of their deadlines.

    Attributes:
        busy: whether a thread is at work for somebody here: no time passes until none is, since on a busy
            machine its work would seem to take as long as the test asks the clock to move.
    """

    def __init__(self, start: datetime = START) -> None:
        self.busy: list[Callable[[], bool]] = []
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._count), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its moment and letting it run."""
        end = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, at)
            if not future.done():
                future.set_result(None)
            await self._settle()
        self._elapsed = end
        await self._settle()

    async def _settle(self) -> None:
        await _turns()
        while any(busy() for busy in self.busy):
            await asyncio.sleep(0.0002)
            await _turns()


async def _turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
