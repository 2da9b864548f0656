"""The changes that are under way here: begun, waited for, ended by hand, finished."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tui.model.clock import Clock
from tui.model.mitigation import Plan, Stage
from tui.session.arming import Safety
from tui.session.guard import Hold
from tui.session.snapshot import Running


class EndedByHand(Exception):
    """The waiting was ended by hand."""


@dataclass(slots=True)
class Run:
    """One change under way.

    `waiting` is the part of it that may be ended by hand; `by_hand` says why it was; `decides`
    that it only decides about a lease; `hold` is its target's lock, where incidents are shared; `judging`
    that it only waits for its verdict; `lost` that its lock was lost, so that another console judges it.
    """

    shown: Running
    target: tuple[str, str, str]
    intent: str = ""
    task: "asyncio.Task[None] | None" = None
    waiting: "asyncio.Future[Any] | None" = None
    by_hand: str = ""
    decides: bool = False
    hold: Hold | None = None
    judging: bool = False
    lost: bool = False

    @property
    def told(self) -> Running:
        """What is shown of it, with what it is known by."""
        locked = self.hold is not None and self.hold.held
        return replace(self.shown, target=self.target, intent=self.intent, locked=locked)

    def gives_way(self, plan: Plan) -> bool:
        """Whether the plan takes back the very change whose effect is only being watched."""
        return self.told.gives_way(plan)

    def lose(self) -> None:
        """Its lock was lost: what is sent is not torn off, and for a verdict nobody here waits any longer."""
        self.lost = True
        if self.judging and self.waiting is not None:
            self.waiting.cancel()

    async def endable(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it, unless and until it is ended by hand. Raises EndedByHand."""
        if self.by_hand:
            work.close()
            raise EndedByHand
        self.waiting = asyncio.create_task(work)
        try:
            return await self.waiting
        except asyncio.CancelledError:
            if _leaving():
                raise
            raise EndedByHand from None
        finally:
            self.waiting = None


class Runs:
    """All of them; arming does not lapse while there is one."""

    def __init__(self, safety: Safety, clock: Clock) -> None:
        self._safety = safety
        self._clock = clock
        self._runs: list[Run] = []

    def __iter__(self) -> Iterator[Run]:
        return iter(tuple(self._runs))

    def __bool__(self) -> bool:
        return bool(self._runs)

    @property
    def intents(self) -> frozenset[str]:
        """The intents that this console is busy with."""
        return frozenset(run.intent for run in self._runs)

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """What runs in the background."""
        return [run.task for run in self._runs if run.task is not None]

    def begin(
        self, mitigation: str, title: str, stage: Stage, text: str, target: tuple[str, str, str]
    ) -> Run:
        """One more is under way."""
        run = Run(Running(mitigation, title, stage, text, self._clock.now()), target)
        self._runs.append(run)
        self._safety.hold()
        return run

    def start(self, run: Run, work: Coroutine[Any, Any, None]) -> None:
        """Let it run in the background."""
        run.task = asyncio.create_task(work, name=f"mitigation {run.shown.mitigation}")

    def finish(self, run: Run) -> None:
        """It is over."""
        self._runs.remove(run)
        self._safety.release(self._clock.now())

    async def end(self, runs: Iterable[Run], why: str) -> None:
        """End what these wait for, and wait until that is written down."""
        ending = [run for run in runs if run.task is not None]
        for run in ending:
            run.by_hand = why
            if run.waiting is not None:
                run.waiting.cancel()
        await wait_for(run.task for run in ending)


async def wait_for(tasks: "Iterable[asyncio.Task[None] | None]") -> None:
    """Wait until all of these are done, however they end."""
    there = [task for task in tasks if task is not None]
    if there:
        await asyncio.wait(there)


def _leaving() -> bool:
    """Whether this very task is being cancelled, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
