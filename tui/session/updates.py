"""Telling people, as a session does it: what is sent, what became of it, and when more is due."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import Draft, Incident, Kind
from tui.model.redaction import Redactor
from tui.model.severity import Severity
from tui.model.times import clock as hhmm
from tui.model.times import rfc3339, span
from tui.model.update import Audience, Told
from tui.session.chronicle import Chronicle
from tui.session.errors import NoIncident, SessionError
from tui.session.identity import Identity
from tui.session.references import recorded
from tui.session.snapshot import Unsent
from tui.session.threads import in_thread

if TYPE_CHECKING:
    from tui.notify.message import Message, State, Target
    from tui.notify.sender import Sender

# How long a person waits for the first answer; it goes on after that all the same.
PATIENCE = 15.0
# How long leaving waits for what is on its way.
LEAVING = 2.0


class Updates:
    """The targets, and the outbox of the incident that is open here.

    Args:
        targets: where messages can go.
        every: how often people are told, by severity.
        chronicle: the incident's record; each thing that was told is an entry.
        identity: who tells.
        redact: takes secrets out of what is told.
        state_dir: where incidents are kept.
        changed: publishes.
    """

    def __init__(
        self,
        targets: "Sequence[Target]",
        every: Mapping[Severity, timedelta],
        chronicle: Chronicle,
        clock: Clock,
        identity: Identity,
        redact: Redactor,
        state_dir: Path,
        changed: Callable[[], None],
    ) -> None:
        self.targets = tuple(targets)
        self.every = every
        self.trouble = ""
        self._chronicle = chronicle
        self._clock = clock
        self._identity = identity
        self._redact = redact
        self._state_dir = state_dir
        self._changed = changed
        self._sender: Sender | None = None
        self._incident = ""
        self._sending: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._minding: asyncio.Task[None] | None = None
        self._over = False

    def for_audience(self, audience: Audience) -> "tuple[Target, ...]":
        """The targets of these people."""
        return tuple(target for target in self.targets if target.audience is audience)

    @property
    def unsent(self) -> tuple[Unsent, ...]:
        """What did not arrive, or may not have, and what still waits, oldest first."""
        from tui.notify.message import OVER

        held = self._sender.outbox.messages if self._sender else ()
        return tuple(
            Unsent(m.id, m.place, m.event or str(m.audience), m.state.value, m.asked_at, m.said, m.remedy)
            for m in held
            if m.state not in OVER
        )

    # -- sending

    async def send(
        self, audience: Audience, text: str, incident: Incident, next_update: datetime | None, notify: bool
    ) -> "tuple[Message, ...]":
        """Queue it for each target of these people, and wait for the first answer of each.

        They are on disk before anything is sent. Raises SessionError where nothing was queued.
        """
        targets = self.for_audience(audience)
        if not targets:
            raise SessionError(f"There is nowhere to send an {audience} update to.", what_to_set(audience))
        for target in targets:
            if problem := target.fit(text).problem:
                raise SessionError(f"It was not sent to {target.place}: {problem}", "Edit it with e.")
        how = {"audience": audience, "text": text, "notify": notify, "next_update": next_update}
        severity = incident.severity.value if incident.severity else ""
        return await self._put(self._made(target, incident, severity=severity, **how) for target in targets)

    async def page(self, event: str, incident: Incident, dedup_key: str) -> "tuple[Message, ...]":
        """Acknowledge or resolve at PagerDuty: each alert of the incident, or the incident itself."""
        target = next((one for one in self.targets if one.audience is None), None)
        if target is None:
            raise SessionError("PagerDuty is not set.", "Set updates.pagerduty.routing_key in the settings.")
        keys = (dedup_key,) if dedup_key else tuple(sorted(incident.alerts)) or (incident.id,)
        return await self._put(self._made(target, incident, event=event, key=key) for key in keys)

    def _made(self, target: "Target", incident: Incident, **how: Any) -> "Message":
        """A message to this target, asked for now; `how` has the rest of its fields."""
        from tui.notify.message import Message

        return Message(
            id=secrets.token_hex(8),
            incident=incident.id,
            target=target.name,
            place=target.place,
            asked_at=self._clock.now(),
            actor=self._identity.name,
            status=incident.status.value,
            **how,
        )

    async def settle(self, message_id: str, state: "State") -> None:
        """What a person says of a message that did not arrive, or may have: again, arrived, or given up."""
        from tui.record.errors import JournalError

        sender = await self._open()
        try:
            await sender.settle(message_id, state)
        except KeyError:
            raise SessionError("That message waits for nobody any more.") from None
        except JournalError as error:
            raise SessionError(error.said, error.remedy) from error

    async def copied(self, audience: Audience, text: str, next_update: datetime | None) -> None:
        """A person copied it to send by hand: where nothing sends it, that is how people are told."""
        incident = self._writable()
        if self.for_audience(audience):
            return
        told = f"copied to send by hand ({audience}): {incident.status}{_following(next_update)}"
        data = {
            "outcome": Told.COPIED.value,
            "audience": audience.value,
            "status": incident.status.value,
            "next": rfc3339(next_update) if next_update else None,
            "text": self._redact.text(text),
        }
        await self._chronicle.record(Draft(Kind.UPDATE, told, self._clock.now(), self._identity.name, data))

    async def snooze(self, length: timedelta) -> datetime:
        """Put the next update off, for so long from now; it is an entry. Answers until when."""
        self._writable()
        now = self._clock.now()
        until = now + length
        told = f"next update put off for {span(length)}, to {hhmm(until)} UTC"
        await self._chronicle.record(
            Draft(Kind.SNOOZED, told, now, self._identity.name, {"until": rfc3339(until)})
        )
        return until

    # -- its life

    def mind(self) -> None:
        """Follow the incident that is open here: take up what an earlier console left in its outbox."""
        incident = self._chronicle.incident if self._chronicle.writable else None
        wanted = incident.id if incident else ""
        busy = self._minding is not None and not self._minding.done()
        if busy or self._over or wanted == self._incident:
            return
        self._minding = asyncio.create_task(self._follow(wanted), name="outbox")

    async def stop(self) -> None:
        """Leave: what is on its way has a moment to get its answer; what waits goes on another day."""
        self._over = True
        if self._minding is not None:
            # An outbox that is being opened is let go of properly; it takes no longer than a disk does.
            await asyncio.wait({self._minding}, timeout=LEAVING)
            self._minding.cancel()
            await asyncio.gather(self._minding, return_exceptions=True)
        await self._close()

    async def _follow(self, wanted: str) -> None:
        from tui.notify.outbox import NAME
        from tui.record.errors import HeldByAnother
        from tui.record.folder import incident_folder

        if self._incident:
            await self._close()
        if not wanted:
            return
        there = await in_thread((incident_folder(self._state_dir, wanted) / NAME).exists)
        if not there:
            self._incident = wanted
            return
        try:
            await self._open()
        except SessionError as refused:
            if self._chronicle.console and isinstance(refused.__cause__, HeldByAnother):
                return  # another console of this machine minds it; it is tried again, should that end
            self._trouble(str(refused))

    async def _open(self) -> "Sender":
        """The sender of the incident that is open here; only one console has it. Raises SessionError."""
        from tui.notify.outbox import Outbox
        from tui.notify.sender import Sender
        from tui.record.errors import JournalError
        from tui.record.folder import incident_folder

        async with self._opening:
            incident = self._writable()
            if self._sender is not None and self._incident == incident.id:
                return self._sender
            await self._close()
            folder, now = incident_folder(self._state_dir, incident.id), self._clock.now()
            try:
                outbox = await in_thread(lambda: Outbox.open(folder, now, self._redact))
            except JournalError as error:
                raise SessionError(f"The outbox cannot be used: {error.said}", error.remedy) from error
            by_name = {target.name: target for target in self.targets}
            self._sender = Sender(
                outbox,
                by_name,
                lambda: recorded(self._chronicle.timeline),
                self._clock,
                self._tell,
                self._trouble,
            )
            self._incident = incident.id
            self._trouble(outbox.problem)
            await self._catch_up(self._sender)
            self._sending = asyncio.create_task(self._sender.run(), name="outbox")
            self._sending.add_done_callback(self._ended)
            return self._sender

    async def _close(self) -> None:
        sender, self._sender, self._incident = self._sender, None, ""
        task, self._sending = self._sending, None
        if sender is None:
            return
        if task is not None:
            if any(m.state.value == "sending" for m in sender.outbox.messages):
                # Its answer makes the difference between sent and unknown.
                await sender.rest(LEAVING)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        sender.outbox.close()

    async def _put(self, messages: "Iterable[Message]") -> "tuple[Message, ...]":
        from tui.record.errors import JournalError

        sender, made = await self._open(), tuple(messages)
        try:
            await sender.put(*made)
        except JournalError as error:
            raise SessionError(f"Nothing was sent: {error.said}", error.remedy) from error
        self._changed()
        waiting = [asyncio.ensure_future(sender.tried(one.id)) for one in made]
        _, late = await asyncio.wait(waiting, timeout=PATIENCE)
        for task in late:
            task.cancel()
        now = {m.id: m for m in sender.outbox.messages}
        return tuple(now[one.id] for one in made)

    def _writable(self) -> Incident:
        incident = self._chronicle.incident
        if incident is None:
            raise NoIncident
        if not self._chronicle.writable:
            raise SessionError(
                f"Nothing was sent: the incident is read-only here. {self._chronicle.read_only}",
                "Then take it over with i.",
            )
        return incident

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A sender that broke is our fault, and is said rather than lost."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._trouble(
                f"a fault of Leeward's own ({type(error).__name__} in the outbox): please report it"
            )

    def _trouble(self, said: str) -> None:
        if said != self.trouble:
            self.trouble = said
            self._changed()

    # -- the record

    async def _catch_up(self, sender: "Sender") -> None:
        """Write down what an earlier console knew of its messages and did not get to record."""
        recorded = {
            (entry.data.get("message"), entry.data.get("outcome"))
            for entry in self._chronicle.timeline
            if entry.kind == Kind.UPDATE
        }
        for message in sender.outbox.untold:
            if (message.id, _outcome(message)) in recorded:
                await in_thread(lambda m=message: sender.outbox.change(m.id, self._clock.now(), told=True))  # type: ignore[misc]
            else:
                await self._record(sender, message)

    async def _tell(self, message: "Message") -> None:
        """Heard after each change of a message: what came to an end is an entry."""
        sender = self._sender
        if sender is not None and message.state.value not in ("queued", "sending") and not message.told:
            await self._record(sender, message)
        self._changed()

    async def _record(self, sender: "Sender", message: "Message") -> None:
        from tui.notify.message import OVER
        from tui.record.errors import JournalError

        # What was sent counts from when it was sent, however late it is written down.
        at = message.changed_at or self._clock.now()
        try:
            await self._chronicle.record(
                Draft(Kind.UPDATE, _told(message), at, message.actor, _data(message))
            )
            # What is over and recorded has its text in the record alone, where it can be redacted.
            over = {"text": ""} if message.state in OVER else {}
            await in_thread(lambda: sender.outbox.change(message.id, at, told=True, **over))
        except (SessionError, JournalError) as refused:
            # It stays untold in the outbox, and is written down when the incident is next opened.
            self._trouble(refused.said)


def what_to_set(audience: Audience) -> str:
    """What to set, so that it can be sent."""
    if audience is Audience.INTERNAL:
        return "Set updates.slack.webhook, or updates.slack.token and channel, in the settings."
    return "Set updates.statuspage.page and key in the settings."


def _outcome(message: "Message") -> str:
    return {"sent": Told.SENT.value, "unknown": Told.UNKNOWN.value, "dropped": "dropped"}.get(
        message.state.value, Told.FAILED.value
    )


def _told(message: "Message") -> str:
    """`sent to Slack #incidents: investigating, next 15:26`."""
    what = f"{message.event} {message.key}" if message.event else f"{message.status}"
    following = "" if message.event else _following(message.next_update)
    match message.state.value:
        case "sent":
            return f"sent to {message.place}: {what}{following}"
        case "dropped":
            return f"given up: the {message.event or message.audience} update to {message.place}"
        case "unknown":
            return f"may have reached {message.place} ({what}). {message.said}"
        case _:
            return f"not sent to {message.place} ({what}). {message.said} {message.remedy}".strip()


def _following(next_update: datetime | None) -> str:
    return f", next {hhmm(next_update)}" if next_update else ""


def _data(message: "Message") -> dict[str, Any]:
    return {
        "outcome": _outcome(message),
        "target": message.target,
        "place": message.place,
        "audience": "" if message.event else message.audience.value,
        "event": message.event,
        "status": message.status,
        "severity": message.severity,
        "next": rfc3339(message.next_update) if message.next_update else None,
        "message": message.id,
        "text": message.text,
        "refs": dict(message.refs),
        "said": message.said,
    }
