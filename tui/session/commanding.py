"""Command of an incident by its lease, where incidents are shared: one person has it, and all know who."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tui.model.clock import Clock
from tui.model.sharing import Person
from tui.session.errors import CommandHeld, SessionError
from tui.session.place_connection import PATIENCE
from tui.session.refusals import in_words
from tui.session.sharing import Sharing

if TYPE_CHECKING:
    from tui.sharing.command import CommandLease
    from tui.sharing.held import Taken


@dataclass(frozen=True, slots=True)
class CommandTaken:
    """How command was come by.

    Attributes:
        words: from whom, for an entry, or "".
        over_from: who had it until then and is gone; "" where nobody had.
        already: whether this console had it before.
        data: what the entry keeps of it.
    """

    words: str = ""
    over_from: str = ""
    already: bool = False
    data: Mapping[str, object] = field(default_factory=dict)


class CommandGuard(Protocol):
    """Who may take command, and hand it over."""

    async def take(self, name: str) -> CommandTaken | None:
        """Take it for this console's person, or in somebody's name; None where nothing is shared.

        Raises CommandHeld where somebody has it who is there.
        """

    async def hand_over(self, name: str, console: str = "") -> CommandTaken | None:
        """Hand it to somebody: to this console of theirs, or to the one that is here, if any.

        Raises CommandHeld, and SessionError where the console that was named has left.
        """


class CommandByRecord:
    """Where nothing is shared, whoever says so has command."""

    async def take(self, name: str) -> None:
        """Nobody could object."""

    async def hand_over(self, name: str, console: str = "") -> None:
        """Nobody could object."""


class CommandByLease:
    """`CommandGuard` by the lease of the shared place. While that is away it is decided here alone."""

    def __init__(self, sharing: Sharing, clock: Clock) -> None:
        self._sharing = sharing
        self._clock = clock

    async def take(self, name: str) -> CommandTaken | None:
        """As `CommandGuard`."""
        lease = await self._lease()
        return await self._done(lease.take(name), "") if lease is not None else self._alone(name)

    async def hand_over(self, name: str, console: str = "") -> CommandTaken | None:
        """As `CommandGuard`."""
        lease = await self._lease()
        if lease is None:
            return self._alone(name)
        whom = self._somebody(name, console)
        return await self._done(lease.hand_over(whom or name), whom.console if whom is not None else "")

    async def _lease(self) -> "CommandLease | None":
        """The lease; None where the place was not open yet."""
        try:
            async with asyncio.timeout(PATIENCE):
                return (await self._sharing.company()).command
        except TimeoutError:
            return None

    def _alone(self, name: str) -> CommandTaken:
        """Decided here until the place is open: then the lease tells whether it stands."""
        self._sharing.wish_command(name)
        return CommandTaken(data={"alone": True})

    async def _done(self, deciding: "Awaitable[Taken]", console: str) -> CommandTaken:
        from tui.sharing.held import HeldByOther, Taking

        try:
            with in_words():
                taken = await deciding
        except HeldByOther as other:
            raise CommandHeld(other.holder, self._clock.now()) from other
        gone = taken.before.name if taken.before is not None and taken.how is Taking.GONE else ""
        data: dict[str, object] = {"console": console} if console else {}
        data |= {"took_over": True} if gone else {}
        data |= {"alone": True} if taken.how is Taking.ALONE else {}
        had = taken.before is not None and taken.before.here
        already = taken.how is Taking.OURS or (taken.how is Taking.ALONE and had)
        return CommandTaken(taken.words, gone, already, data)

    def _somebody(self, name: str, console: str) -> Person | None:
        """Who is here in this console, or else under this name: of several consoles the one heard of last."""
        status = self._sharing.status
        here = [one for one in (status.people if status is not None else ()) if not one.gone]
        if console:
            whom = next((one for one in here if one.console == console), None)
            if whom is None:
                raise SessionError(f"{name} has left meanwhile: nothing was handed over.")
            return whom
        found = (one for one in here if one.name == name)
        return min(found, key=lambda one: (one.here, one.ago), default=None)
