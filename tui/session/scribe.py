"""What happens by itself is written once, though several consoles watch the same world and each sees it.

A console writes such an entry only where the record does not tell it yet. While others are there it waits for
its turn before that, and looks again: so the first to have seen it writes, and the others find it told.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tui.model.clock import Clock
from tui.model.incident import Draft, Incident, Kind

# How long what one console writes may take to be heard by the others, in seconds.
HEARD_WITHIN = 2.0

Topic = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A draft that waits for its turn; `heard` is how much had been heard when it was made."""

    draft: Draft
    topic: Topic
    value: str
    due: float
    heard: int


class Scribe:
    """Writes what happened by itself, unless another console did.

    Args:
        rank: how many consoles are before this one; each has its turn first.
        write: writes drafts down; never raises.
        incident: the incident as it is now.
        turn: seconds that are left to each console before this one: checks are asked at the same pace
            everywhere and not at the same moment, so that it may see the same so much later.
    """

    def __init__(
        self,
        clock: Clock,
        rank: Callable[[], int],
        write: Callable[..., Awaitable[None]],
        incident: Callable[[], Incident | None],
        turn: float,
    ) -> None:
        self._clock = clock
        self._turn = turn
        self._rank = rank
        self._write = write
        self._incident = incident
        self._last: dict[Topic, str] = {}
        self._heard: dict[tuple[Topic, str], int] = {}
        self._count = 0
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Another incident is opened: nothing is told of it yet."""
        self._last.clear()
        self._heard.clear()
        self._waiting.clear()

    def hear(self, told: Iterable[tuple[str, Mapping[str, Any], str]]) -> None:
        """What the record tells, as it comes in from here and from elsewhere: kind, data and text of each."""
        for kind, data, text in told:
            if (about := _about(kind, data, text)) is not None:
                self._count += 1
                topic, value = about
                self._last[topic] = value
                self._heard[about] = self._count
            if kind == Kind.FLAPPING:
                # While a check flaps its changes are told together, and not one by one.
                self._last[(str(Kind.STATE), str(data.get("check", "")))] = str(data.get("to"))

    def offer(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Take what happened by itself and is news; answers what is to be written at once, by nobody else."""
        now, rank = self._clock.monotonic(), self._rank()
        left = []
        for draft in drafts:
            about = _about(draft.kind, draft.data, draft.text)
            if about is None:
                left.append(draft)
            elif self._expected(about[0]) != about[1]:
                if not rank and not self._waiting:
                    left.append(draft)
                    self.hear([(draft.kind, draft.data, draft.text)])
                else:
                    self._waiting.append(_Waiting(draft, *about, now + rank * self._turn, self._count))
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._in_turn(), name="scribe")
        return left

    async def finish(self) -> None:
        """Write what still waits and nobody told: this console leaves, or turns to another incident."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        waiting, self._waiting = self._waiting, deque()
        untold = [one.draft for one in waiting if not self._is_told(one)]
        if untold:
            await self._write(*untold)

    async def _in_turn(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            await self._clock.sleep(max(first.due - self._clock.monotonic(), 0.0))
            if not self._is_told(first):
                # What is written is heard by that; so it leaves the line only then.
                await self._write(first.draft)
            if self._waiting and self._waiting[0] is first:
                self._waiting.popleft()

    def _expected(self, topic: Topic) -> str | None:
        """What will have been told of a topic once everything that waits, and is not told yet, is written."""
        waiting = [one.value for one in self._waiting if one.topic == topic and not self._is_told(one)]
        return waiting[-1] if waiting else self._last.get(topic)

    def _is_told(self, one: _Waiting) -> bool:
        if self._heard.get((one.topic, one.value), 0) > one.heard:
            return True
        return one.draft.kind is Kind.LEASE and self._is_settled(one.draft)

    def _is_settled(self, draft: Draft) -> bool:
        """Whether a lease that is missing on the object was taken back by somebody who says so by now."""
        incident = self._incident()
        intent, event = draft.data.get("intent"), draft.data.get("event")
        changes = incident.mitigations if incident is not None else ()
        change = next((one for one in changes if one.intent == intent), None)
        return event == "gone" and change is not None and (change.undone or change.lease == "released")


def _about(kind: str, data: Mapping[str, Any], text: str) -> tuple[Topic, str] | None:
    """What an entry that is written by itself is about, and what it says of that; None for every other."""
    of = _ABOUT.get(kind)
    if of is None:
        return None
    names, value = of
    if value == "event" and kind == Kind.LEASE and data.get("event") not in ("overwritten", "ended", "gone"):
        return None
    said = str(data.get(value)) if value else text
    if kind == Kind.FLAPPING and data.get("steady") is True:
        said = "steady"
    return (str(kind), *(str(data.get(name, "")) for name in names)), said


_ABOUT: Mapping[str, tuple[tuple[str, ...], str]] = {
    Kind.STATE: (("check",), "to"),
    Kind.FLAPPING: (("check",), "to"),
    Kind.DIAGNOSIS: ((), "id"),
    Kind.ALERT: (("fingerprint", "starts_at"), "name"),
    Kind.STATUS_PAGE: ((), ""),
    Kind.RECOVERY: ((), "event"),
    Kind.LEASE: (("intent", "event", "until"), "event"),
    Kind.CLOCK: (("host",), "host"),
}
