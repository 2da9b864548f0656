"""The console loads its clients; the longest time that its event loop did nothing else.

`python -m benchmarks.stalls SETTINGS`, in an interpreter of its own, since what is imported once is
never loaded again. Prints one JSON object, in milliseconds.
"""

import asyncio
import dataclasses
import json
import os
import sys
import time
from pathlib import Path

from tui.__main__ import prepare

prepare(os.environ)

from tui.app import LeewardApp  # noqa: E402 - Textual reads what was prepared
from tui.cli import Options  # noqa: E402
from tui.cli.console import opening  # noqa: E402
from tui.session.session import Session  # noqa: E402
from tui.settings import load  # noqa: E402

TICK = 0.001
AFTERWARDS = 1.0


async def main(settings: Path) -> None:
    """Run the console, headless, until all seven checks answered and a second more."""
    opened = opening(Options(settings), load(settings, os.environ), os.environ)
    made: asyncio.Future[Session] = asyncio.get_running_loop().create_future()

    async def make() -> Session:
        session = await opened.make()
        made.set_result(session)
        return session

    app = LeewardApp(dataclasses.replace(opened, make=make))
    running = asyncio.create_task(app.run_async(headless=True, size=(120, 40)))
    session = await made  # the app has painted; what it does from here on is to load
    began = time.perf_counter()
    worst: list[float] = [0.0]
    ticker = asyncio.create_task(_ticks(worst))
    everything = asyncio.Event()
    session.subscribe(lambda now: everything.set() if now.place.user and len(now.checks) == 7 else None)
    await everything.wait()
    loaded = time.perf_counter() - began
    await asyncio.sleep(AFTERWARDS)
    ticker.cancel()
    app.leave()
    await running
    print(json.dumps({"worst_ms": worst[0] * 1000, "loaded_ms": loaded * 1000}), flush=True)


async def _ticks(worst: list[float]) -> None:
    """A tick each millisecond; how late the latest one came is the stall."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(TICK)
        now = time.perf_counter()
        worst[0] = max(worst[0], now - last - TICK)
        last = now


asyncio.run(main(Path(sys.argv[1])))
