"""`python -m tui.drill`: one world as a process of its own."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading

from tui.drill.scenarios import DEFAULT, SCENARIOS
from tui.drill.serve import run


def main(argv: list[str] | None = None) -> int:
    """Print one JSON line with the world's addresses, and run until SIGINT, SIGTERM or the parent's end."""
    parser = argparse.ArgumentParser(prog="python -m tui.drill", description=__doc__)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default=DEFAULT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=_speed, default=1.0)
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input, a pipe from the parent, closes"
    )
    options = parser.parse_args(argv)
    asyncio.run(_serve(options.scenario, options.seed, options.speed, options.with_parent))
    return 0


def _speed(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("a speed is from 1 to 1000")
    return value


async def _serve(scenario: str, seed: int, speed: float, with_parent: bool) -> None:
    until = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, until.set)
    if with_parent:
        _end_with_parent(loop, until)
    await run(scenario, seed, speed, _tell, until)


def _tell(addresses: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


def _end_with_parent(loop: asyncio.AbstractEventLoop, until: asyncio.Event) -> None:
    """End when standard input ends: the kernel closes the parent's pipe whatever the parent died of."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                continue
        with contextlib.suppress(RuntimeError):
            # The loop may have been closed by a signal in the meantime.
            loop.call_soon_threadsafe(until.set)

    threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
