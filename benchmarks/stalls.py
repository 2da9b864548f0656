"""A console's session that loads its clients, and the longest time its event loop did nothing else.

`python -m benchmarks.stalls SETTINGS STATE`, in an interpreter of its own, since what is imported
once is never loaded again. Prints one JSON object, in milliseconds.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.bare import Bare
from tui.model.clock import SystemClock
from tui.session.session import Session
from tui.settings import load

TICK = 0.001
AFTERWARDS = 1.0


async def main(settings: Path, state: Path) -> None:
    """Run a Textual app and, in it, the session until all seven checks answered and a second more."""
    app = Bare()
    measured: dict[str, float] = {}

    async def work() -> None:
        ticker = asyncio.create_task(_ticks(measured))
        await asyncio.sleep(0.3)
        measured["worst_ms"] = 0.0  # the app's own first paint is not the clients' loading
        began = time.perf_counter()
        session = Session(
            load(settings, os.environ), clock=SystemClock(), environ=os.environ, state_dir=state
        )
        everything = asyncio.Event()
        session.subscribe(
            lambda seen: everything.set() if seen.place.user and len(seen.checks) == 7 else None
        )
        await session.start()
        await everything.wait()
        measured["loaded_ms"] = (time.perf_counter() - began) * 1000
        await asyncio.sleep(AFTERWARDS)
        ticker.cancel()
        await session.stop()
        app.exit()

    app.call_later(lambda: app.run_worker(work()))
    await app.run_async(headless=True, size=(120, 40))
    print(json.dumps(measured), flush=True)


async def _ticks(measured: dict[str, float]) -> None:
    """A tick each millisecond; how late the latest one came is the stall."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(TICK)
        now = time.perf_counter()
        measured["worst_ms"] = max(measured.get("worst_ms", 0.0), (now - last - TICK) * 1000)
        last = now


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
# A client's thread must not hold up the end.
sys.stdout.flush()
os._exit(0)
