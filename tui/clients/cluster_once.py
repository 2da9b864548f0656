"""One attempt that several wait for, and that goes on when they give up.

A login plugin may take longer than the deadline of the probe that first needed it: were it
cancelled with that probe, and started again by the next one, nobody would ever be logged in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from tui.clients.cluster_errors import ClusterError

T = TypeVar("T")


class Once(Generic[T]):
    """Shares one running attempt. What failed while nobody waited is told to whoever asks next."""

    def __init__(self, attempt: Callable[[], Awaitable[T]]) -> None:
        self._attempt = attempt
        self._task: asyncio.Task[T] | None = None
        self._waiting = 0
        self._untold: ClusterError | None = None

    async def get(self) -> T:
        """The result of the attempt under way, or of a new one. Raises what it raises."""
        untold, self._untold = self._untold, None
        if untold is not None:
            raise untold
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="cluster login")
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1

    async def stop(self) -> None:
        """Give the attempt up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> T:
        try:
            return await self._attempt()
        except ClusterError as error:
            if not self._waiting:
                self._untold = error
            raise
        finally:
            task, self._task = self._task, None
            if task is not None:
                task.add_done_callback(_retrieve)


def _retrieve(task: "asyncio.Task[T]") -> None:
    """So that an attempt that nobody waits for any more is not complained about."""
    if not task.cancelled():
        task.exception()
