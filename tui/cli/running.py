"""Running a coroutine from the command line, and leaving even where a thread hangs."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

from tui.cli import faults

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end and answer; unlike `asyncio.run`, never wait for a thread that hangs.

    A name resolution cannot be cancelled: `asyncio.run` would wait for it, and the interpreter
    again at exit. `leave` deals with the second.
    """
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        faults.mind(loop)
        task = loop.create_task(work)
        try:
            with _interruptible(loop, task):
                return loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
            raise
        finally:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextlib.contextmanager
def _interruptible(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> Iterator[None]:
    """The first Ctrl-C cancels the task, as with `asyncio.run`; KeyboardInterrupt comes when it has ended.

    Raised at once it would break off whatever runs just then, and be lost where that is a finalizer.
    """
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted or task.done():
            raise KeyboardInterrupt
        interrupted = True
        task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # the loop may be asleep

    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def leave(code: int) -> int:
    """The exit code; where a worker thread still hangs, the process ends here with it."""
    hanging = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if hanging:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
