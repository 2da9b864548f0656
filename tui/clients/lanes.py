"""Blocking work in threads that can never hold up leaving the console.

The event loop's own executor is joined when the loop ends, so that one hung call in it keeps the
process alive. These threads are daemons: whoever waits for one may stop waiting, and the process
may end while it still hangs. So that hung threads do not pile up, there are only so many lanes,
and a lane is free again when its thread has truly ended, not when its caller gave up.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class LanesFull(TimeoutError):
    """Every lane was taken until the deadline by work that still hangs."""


class Lanes:
    """At most `most` daemon threads at once, named `name`."""

    def __init__(self, most: int, name: str) -> None:
        self._free = most
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[Waiter] = deque()

    async def run(self, work: Callable[[], T], deadline: float) -> T:
        """What `work` returns or raises.

        Raises:
            TimeoutError: it did not come within `deadline` seconds; the thread is left behind.
            LanesFull: no thread could even be started within that time.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline
        try:
            async with asyncio.timeout_at(ends):
                await self._enter(loop)
        except TimeoutError:
            raise LanesFull(f"all threads for {self._name} still hang") from None
        done: asyncio.Future[T] = loop.create_future()
        threading.Thread(target=self._work, args=(work, loop, done), name=self._name, daemon=True).start()
        async with asyncio.timeout_at(ends):
            return await done

    async def _enter(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        """Hand the lane to whoever waits longest, or free it."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                loop, turn = self._waiting.popleft()
            if _tell(loop, self._wake, turn):
                return

    def _wake(self, turn: "asyncio.Future[None]") -> None:
        if turn.done():
            self._leave()
        else:
            turn.set_result(None)

    def _work(
        self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]"
    ) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed, whatever it is, to the one who waits
            _tell(loop, _fail, done, error)
        else:
            _tell(loop, _succeed, done, result)
        finally:
            self._leave()


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: Any) -> bool:
    """Call back in the loop; False where the loop is gone and nobody waits any more."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        return False
    return True


def _succeed(done: "asyncio.Future[T]", result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[Any]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
