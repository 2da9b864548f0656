"""Appends for ever and prints each entry's id once it is acknowledged: to be killed."""

import asyncio
import sys
from pathlib import Path

from tests.record.helpers import draft, reopen


async def main(state_dir: Path) -> None:
    journal = await reopen(state_dir, wait=5.0)
    assert not journal.read_only, journal.read_only
    number = 0
    while True:
        for entry in await journal.append(
            *(draft("x" * (number % 7000), n=number) for _ in range(number % 3 + 1))
        ):
            sys.stdout.write(entry.id + "\n")
        sys.stdout.flush()
        number += 1


asyncio.run(main(Path(sys.argv[1])))
