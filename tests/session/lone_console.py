"""A console in a process of its own, to be killed; it is given a kubeconfig, a folder and a row.

It says a line after each write of its journal, and `done` at its end.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.consoles import Console, runbook_of
from tests.support.rows import ROWS
from tui.model.incident import Draft, Entry


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(kubeconfig: Path, folder: Path, name: str) -> None:
    console = Console(kubeconfig, folder, runbook_of())
    try:
        await console.open()
        plan = await ROWS[name].plan(console)
        record = console.chronicle.record

        async def telling(*drafts: Draft) -> tuple[Entry, ...]:
            written = await record(*drafts)
            say(drafts[-1].kind)
            return written

        console.chronicle.record = telling  # type: ignore[method-assign]
        await console.operations.approve(plan)
        await console.rest()
        say("done")
    finally:
        await console.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
