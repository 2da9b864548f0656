"""A whole console in a process of its own, to be killed: settings, a state directory and an incident.

It joins or resumes the incident, says `here`, does what each line on its input names, and says `done`.
"""

import asyncio
import sys
from pathlib import Path
from random import Random

from tests.support.drills import ENVIRON, until
from tests.support.nursery import say
from tui.model.clock import SystemClock
from tui.session.session import Session
from tui.settings import load


async def change(session: Session) -> None:
    """Say `intent` as soon as the change is on disk and under way."""
    session.arm(session.snapshot.arming.word)
    plan = await session.preview("reduce-concurrency")
    await session.approve(plan)
    say("intent")
    await until(session, lambda s: not s.running, 120)


async def main(config: str, state: str, incident: str) -> None:
    session = Session(
        load(Path(config), ENVIRON),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=Path(state),
        rng=Random(11),
    )
    await session.start()
    await until(session, lambda s: s.diagnosis and s.place.user and s.arming.word)
    await session.join(incident)
    await until(session, lambda s: s.sharing and s.sharing.others)
    say("here")
    loop = asyncio.get_running_loop()
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if word == "change":
            await change(session)
        elif word == "command":
            await session.take_command()
        else:
            await session.note(word)
        say("done")
    await session.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
