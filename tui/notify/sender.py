"""Sends what is in the outbox: once, and again only where that is safe."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from tui.model.clock import Clock, either
from tui.notify.message import Message, Result, State, Target
from tui.notify.outbox import STALE, Outbox
from tui.record.errors import JournalError

T = TypeVar("T")

ATTEMPTS = 8
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0
# How long until a disk that refuses is asked again.
_DISK_AGAIN = 10.0


class Sender:
    """One at a time, in their order; a target that asks to wait holds up only its own messages.

    Args:
        outbox: where they are.
        targets: by name.
        recorded: by target, what the journal knows now it to have called the incident's messages: other
            consoles send, too.
        clock: the time.
        changed: heard after each change that is on disk, with the message as it is now; awaited.
        troubled: heard when the disk refuses, with the sentence; "" once it is well again.
    """

    def __init__(
        self,
        outbox: Outbox,
        targets: Mapping[str, Target],
        recorded: Callable[[], Mapping[str, Mapping[str, str]]],
        clock: Clock,
        changed: Callable[[Message], Awaitable[None]],
        troubled: Callable[[str], None],
    ) -> None:
        self.outbox = outbox
        self._targets = targets
        self._recorded = recorded
        self._clock = clock
        self._changed = changed
        self._troubled = troubled
        self._wake = asyncio.Event()
        self._tried: dict[str, asyncio.Event] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def put(self, *messages: Message) -> None:
        """Queue them; they are on disk on return. Raises JournalError."""
        await self._hop(self.outbox.put, *messages)
        self._wake.set()

    async def settle(self, message_id: str, state: State) -> None:
        """What a person decided of a message: QUEUED sends it again, SENT and DROPPED end it.

        Raises JournalError, and KeyError where there is no such message that waits for a person.
        """
        message = next((m for m in self.outbox.messages if m.id == message_id), None)
        if message is None or message.state not in (State.UNKNOWN, State.FAILED):
            raise KeyError(message_id)
        now = self._clock.now()
        again: dict[str, Any] = {"said": "", "remedy": ""}
        if state is State.QUEUED:
            again |= {"asked_at": now, "not_before": None}
        changed = await self._hop(lambda: self.outbox.change(message_id, now, state=state, **again))
        self._tried.pop(message_id, None)
        await self._changed(changed)
        self._wake.set()

    async def tried(self, message_id: str) -> Message:
        """The message once it was tried for the first time, or waits behind one that was."""
        await self._tried.setdefault(message_id, asyncio.Event()).wait()
        return next(m for m in self.outbox.messages if m.id == message_id)

    async def rest(self, seconds: float) -> None:
        """Wait so long for the answer of what is on its way, if anything is."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._wake.clear()
            try:
                wait = await self._round()
            except JournalError as error:
                self._troubled(str(error))
                wait = _DISK_AGAIN
            if wait is None:
                await self._wake.wait()
            else:
                await either(self._wake, self._clock, wait)

    async def _round(self) -> float | None:
        """Send all that may go now; seconds until the next may, or None."""
        soonest: float | None = None
        held: set[str] = set()
        for message in self.outbox.waiting:
            if message.target in held:
                self._tried.setdefault(message.id, asyncio.Event()).set()
                continue
            now = self._clock.now()
            wait = (message.not_before - now).total_seconds() if message.not_before else 0.0
            if wait <= 0:
                message = await self._send(message)
                self._tried.setdefault(message.id, asyncio.Event()).set()
                again = message.state is State.QUEUED and message.not_before is not None
                wait = (message.not_before - self._clock.now()).total_seconds() if again else 0.0  # type: ignore[operator]
            if message.state is State.QUEUED:
                held.add(message.target)
                soonest = min(soonest, wait) if soonest is not None else wait
        return max(soonest, 0.0) if soonest is not None else None

    async def _send(self, message: Message) -> Message:
        target = self._targets.get(message.target)
        if target is None:
            remedy = "Set the target again in the settings, or give the message up."
            return await self._to(
                message, State.FAILED, said=f"{message.place} is no longer set.", remedy=remedy
            )
        # On disk before anything is sent: whatever happens now, it is known that it was begun.
        message = await self._to(message, State.SENDING, attempts=message.attempts + 1)
        refs = self.outbox.refs(message.target, self._recorded().get(message.target, {}))
        self._idle.clear()
        try:
            return await self._answered(message, await target.send(message, refs))
        finally:
            self._idle.set()

    async def _answered(self, message: Message, result: Result) -> Message:
        told = {"said": result.said, "remedy": result.remedy, "refs": {**message.refs, **result.refs}}
        if result.outcome == "sent":
            return await self._kept(message, State.SENT, **told)
        if result.outcome == "unknown":
            return await self._kept(message, State.UNKNOWN, **told)
        now = self._clock.now()
        wait = result.after if result.after is not None else backoff(message.attempts)
        late = now + timedelta(seconds=wait) - message.asked_at > STALE
        if result.outcome == "refused" or message.attempts >= ATTEMPTS or late:
            if result.outcome == "later":
                times = "once" if message.attempts == 1 else f"{message.attempts} times"
                told["said"] = f"{result.said} It was tried {times}."
                told["remedy"] = "Send it again, or tell people in another way."
            return await self._kept(message, State.FAILED, **told)
        return await self._kept(message, State.QUEUED, not_before=now + timedelta(seconds=wait), **told)

    async def _kept(self, message: Message, state: State, **more: Any) -> Message:
        """What became of it, on disk: a disk that refuses is asked until it takes it, or we end."""
        while True:
            try:
                changed = await self._to(message, state, **more)
            except JournalError as error:
                self._troubled(str(error))
                await self._clock.sleep(_DISK_AGAIN)
            else:
                self._troubled("")
                return changed

    async def _to(self, message: Message, state: State, **more: Any) -> Message:
        now = self._clock.now()
        changed = await self._hop(lambda: self.outbox.change(message.id, now, state=state, **more))
        await self._changed(changed)
        return changed

    async def _hop(self, work: Callable[..., T], *arguments: Any) -> T:
        """Off the loop: a disk may take its time. A cancelled caller finds it done or not, never half."""
        return await asyncio.shield(asyncio.to_thread(work, *arguments))


def backoff(attempts: int) -> float:
    """Seconds before the next attempt, after so many."""
    return float(min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT))
