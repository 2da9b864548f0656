"""A console in a process of its own, to be killed; it is given a kubeconfig, a folder and a row.

It says a line after each write of its journal, and `done` at its end.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.consoles import Console, runbook_of
from tests.support.nursery import say
from tests.support.rows import ROWS
from tui.model.incident import Draft, Entry


async def main(kubeconfig: str, folder: str, name: str) -> None:
    console = Console(Path(kubeconfig), Path(folder), runbook_of())
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
    asyncio.run(main(*sys.argv[1:]))
