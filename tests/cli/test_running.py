"""Ctrl-C while a command works: what was begun is ended, whatever runs in that moment."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tui.cli.running import run


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("closed")


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A test run in the background of a shell ignores the interrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_what_was_begun() -> None:
    """Also while the loop sleeps, as a person's does."""
    ended: list[str] = []
    person = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))

    async def work() -> None:
        person.start()
        await forever(ended)

    with pytest.raises(KeyboardInterrupt):
        run(work())
    person.join()
    assert ended == ["closed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_in_a_finalizer_is_not_lost() -> None:
    ended: list[str] = []

    class Left:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    async def work() -> None:
        left = Left()
        del left
        async with asyncio.timeout(20):
            await forever(ended)

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert ended == ["closed"]


def test_a_second_interrupt_does_not_wait() -> None:
    """Something may take long to end, or for ever."""

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(work())


def test_work_that_is_cancelled_by_itself_was_not_interrupted() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(work())
