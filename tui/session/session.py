"""A session: one console's view of one incident, and what a person can ask of it."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tui.model.incident import Draft, Kind
from tui.model.reading import Reading
from tui.model.runbook import Runbook
from tui.session import openings
from tui.session.amending import Amending
from tui.session.changing import Changing
from tui.session.declaring import Declaring
from tui.session.errors import SessionError
from tui.session.gathering import Gathering
from tui.session.joining import Joining
from tui.session.keeping import Keeping
from tui.session.picture import leases_read_at, live_leases
from tui.session.rotating import Rotating
from tui.session.telling import Telling
from tui.session.writing import Writing

if TYPE_CHECKING:
    from tui.model.network_look import NetworkLook
    from tui.session.parts import Working

TICK = 1.0
PLACE_AGAIN = 5.0


class Session(Joining, Declaring, Changing, Keeping, Rotating, Telling, Gathering, Writing, Amending):
    """Composes the parts, lets time pass, and publishes what they know.

    What it is made with is told by `Core`; the calls about the incident are in `Handling`, about the
    shared place in `Joining`, about changes in `Changing`, about leases in `Keeping`, about keys in
    `Rotating`, about updates in `Telling`, about evidence in `Gathering`, about the postmortem in
    `Writing`, about earlier entries in `Amending`; here are its life, the tree and the looking.
    """

    # -- its life

    async def start(self) -> None:
        """Load the clients and begin to ask. Raises RunbookError where the runbook cannot be used."""
        parts = self._parts
        await self._look_for_open()
        working = await openings.load(
            self._loaded,
            parts,
            self._clock,
            self._environ,
            self._redact,
            self._on_reading,
            self._rng,
            self._publish,
            self._state_dir,
        )
        parts.working = working
        parts.trouble = "; ".join(working.connections.complaints)
        working.schedule.start()
        parts.sharing.begin()
        self._spawn(self._tick(), "tick")
        if working.connections.door is not None:
            self._spawn(self._find_place(), "place")
        self._publish()

    async def stop(self) -> None:
        """Leave: nothing that was acknowledged is lost, and nothing that hangs holds this up.

        Whoever does not wait for all of it cancels it: the connections are closed then, too.
        """
        working = self._parts.working
        async with AsyncExitStack() as connections:
            connections.push_async_callback(self._parts.sharing.close)
            if working is not None:
                connections.push_async_callback(working.connections.close)
                connections.push_async_callback(working.keys.close)
            await self._come_to_rest(working)

    async def _come_to_rest(self, working: "Working | None") -> None:
        if working is not None:
            await working.operations.stop()
            await working.lookout.stop()
            await working.updates.stop()
            await working.schedule.stop()
        await self._parts.chronicle.finish()
        await self._parts.sharing.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._parts.chronicle.close()

    @property
    def runbook(self) -> Runbook:
        """The runbook in use. Raises SessionError before it is loaded."""
        return self._working.board.runbook

    def refresh(self) -> None:
        """Ask every check now, and look again for what is unsettled."""
        working = self._parts.working
        if working is not None:
            working.schedule.refresh()
            self._parts.sharing.retry()
            self._spawn(working.operations.settle(), "settle")

    # -- the tree

    async def pin(self, diagnosis: str | None) -> None:
        """Hold a diagnosis against the evidence; None lets the tree lead again."""
        board = self._working.board
        if diagnosis is not None and diagnosis not in board.runbook.diagnoses:
            raise SessionError(f"The runbook has no diagnosis called {diagnosis}.")
        now = self._clock.now()
        title = board.runbook.diagnoses[diagnosis].title if diagnosis else "the evidence leads again"
        self._keep(
            Draft(Kind.PINNED, title, now, self._actor, {"diagnosis": diagnosis}), *board.pin(diagnosis, now)
        )

    async def overrule(self, question: str, branch: str | None) -> None:
        """Answer a question oneself; None gives it back to the evidence."""
        board = self._working.board
        asked = board.runbook.questions.get(question)
        if asked is None:
            raise SessionError(f"The runbook has no question called {question}.")
        now = self._clock.now()
        told = f"{asked.text} {branch or 'as the evidence says'}"
        data = {"question": question, "branch": branch}
        self._keep(
            Draft(Kind.OVERRULED, told, now, self._actor, data), *board.overrule(question, branch, now)
        )

    def looked(self) -> None:
        """The person saw that the path changed."""
        if self._parts.working is not None:
            self._parts.working.board.path_changed = False
            self._publish()

    # -- looking closer

    def support_draft(self) -> tuple[str, ...]:
        """A draft to the provider's support, a line each: nothing is sent, and nothing in it is secret."""
        return self._working.lookout.support_draft(self._snapshot)

    async def look_at_network(self) -> "NetworkLook":
        """Each resolver, the proxies and the certificate, asked now, from this machine."""
        return await self._working.lookout.network()

    # -- inside

    def _on_reading(self, reading: Reading) -> None:
        self._working.lookout.take(reading)
        self._keep(*self._working.board.take(reading, self._working.connections.max_age(reading.check)))

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK)
            now, parts = self._clock.now(), self._parts
            parts.safety.lapse(now)
            drafts = self._working.board.look(now)
            self._working.lookout.mind(self._working.board.diagnosis, live_leases(parts))
            self._working.updates.mind()
            self._working.operations.mind()
            parts.sharing.mind()
            self._look_now_and_then()
            incident = parts.chronicle.incident
            if incident is not None and incident.open:
                drafts += self._lease_news.due(live_leases(parts), incident, now)
                drafts += self._lease_news.gone(live_leases(parts), incident, leases_read_at(parts), now)
            drafts += parts.clocks.look(incident, parts.chronicle.timeline, now)
            self._keep(*drafts)

    async def _find_place(self) -> None:
        """Learn the pinned context and who we are there, and with it the arming word."""
        while (found := await openings.place(self._working.connections, self._parts)) is None:
            await self._clock.sleep(PLACE_AGAIN)
        self._parts.place = found
        self._publish()
