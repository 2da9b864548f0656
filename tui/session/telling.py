"""What a person asks of updates: a draft from the record, sending it, putting it off, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.incident import Incident
from tui.model.update import Audience
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.threads import in_thread
from tui.session.updates import Updates, what_to_set

if TYPE_CHECKING:
    from tui.notify.message import Message
    from tui.notify.rendering import Fit


@dataclass(frozen=True, slots=True)
class Recipient:
    """A target of a message, and how the text fits there. `notifies` None: nobody subscribes there."""

    name: str
    fit: "Fit"
    notifies: bool | None


@dataclass(frozen=True, slots=True)
class UpdateDraft:
    """A message before it is sent.

    Attributes:
        audience: who it is for.
        text: as it stands, to be edited.
        filled: as the record fills it now.
        kept_at: when a person left it edited; None where it is as filled.
        next_update: the next update that the record proposes.
        places: where it would go; () is copy only.
        to_set: what to set so that it can be sent, where there is no place.
        remark: what should be looked at before it goes, or "".
    """

    audience: Audience
    text: str
    filled: str
    kept_at: datetime | None
    next_update: datetime | None
    places: tuple[Recipient, ...]
    to_set: str = ""
    remark: str = ""


class Telling(Core):
    """The calls about updates. What cannot be done is a SessionError."""

    async def update_draft(self, audience: Audience, *, anew: bool = False) -> UpdateDraft:
        """The message as a person left it, else as the record fills it; `anew` forgets what was left."""
        from tui.notify import drafts, templates
        from tui.session.update_facts import facts

        working, settings = self._working, self._parts.settings.updates
        rules = working.board.runbook.severities
        found = facts(self._snapshot, self._clock.now(), settings, rules, working.updates.every)
        filled = self._redact.text(templates.filled(audience, found))
        folders = self._draft_folders()

        def look() -> tuple[str, datetime] | None:
            for folder in folders:
                if anew:
                    drafts.forget(folder, audience)
                elif left := drafts.kept(folder, audience):
                    return left
            return None

        left = await in_thread(look)
        text, at = left if left else (filled, None)
        return self._as_draft(audience, text, filled, at, found.next_update)

    def edited(self, draft: UpdateDraft, text: str) -> UpdateDraft:
        """The same message with another text: how it fits, and what to look at."""
        return self._as_draft(draft.audience, text, draft.filled, draft.kept_at, draft.next_update)

    async def keep_update(self, draft: UpdateDraft, text: str) -> None:
        """Keep what is being written: it survives Escape and the end of the console."""
        from tui.notify import drafts

        folder, text = self._draft_folders()[0], self._redact.text(text)
        work = drafts.keep if text.strip() != draft.filled.strip() else None

        def put() -> None:
            if work is None:
                drafts.forget(folder, draft.audience)
            else:
                work(folder, draft.audience, text)

        try:
            await in_thread(put)
        except OSError as error:
            raise SessionError(f"The draft could not be kept in {folder}: {error.strerror}.") from error

    async def send_update(
        self, draft: UpdateDraft, text: str, *, notify: bool = True
    ) -> "tuple[Message, ...]":
        """Send it to each place of its audience; the first update opens an incident.

        On return it is on disk, and tried once where its turn had come. The answer says what became
        of each; what failed is in `Snapshot.unsent` too.
        """
        from tui.notify import drafts, templates

        updates, now = self._working.updates, self._clock.now()
        promise, problem = templates.promised(text, now, draft.next_update)
        if problem and draft.audience is Audience.INTERNAL:
            raise SessionError(f"It was not sent: {problem}.", "Edit it with e.")
        folders = self._draft_folders()
        incident = await self._told_of()
        sent = await updates.send(draft.audience, self._redact.text(text), incident, promise, notify)

        def forget() -> None:
            for folder in folders:
                drafts.forget(folder, draft.audience)

        await in_thread(forget)
        self._publish()
        return sent

    async def update_copied(self, draft: UpdateDraft, text: str) -> None:
        """It was copied: where nothing can be sent from here, that is an entry, and counts as told."""
        from tui.notify import templates

        chronicle = self._parts.chronicle
        if chronicle.incident is None or not chronicle.writable:
            return
        promise, _ = templates.promised(text, self._clock.now(), draft.next_update)
        await self._working.updates.copied(draft.audience, text, promise)
        self._publish()

    async def page(self, event: str) -> "tuple[Message, ...]":
        """Acknowledge or resolve at PagerDuty."""
        incident = self._parts.command.incident
        return await self._working.updates.page(
            event, incident, self._parts.settings.updates.pagerduty.dedup_key
        )

    async def snooze(self, length: timedelta) -> datetime:
        """Put the next update off; answers until when."""
        until = await self._working.updates.snooze(length)
        self._publish()
        return until

    async def send_again(self, message_id: str) -> None:
        """A person has it sent once more, knowing that it may arrive twice."""
        from tui.notify.message import State

        await self._working.updates.settle(message_id, State.QUEUED)

    async def arrived(self, message_id: str) -> None:
        """A person looked: it is there."""
        from tui.notify.message import State

        await self._working.updates.settle(message_id, State.SENT)

    async def give_up(self, message_id: str) -> None:
        """A person gives it up."""
        from tui.notify.message import State

        await self._working.updates.settle(message_id, State.DROPPED)

    @property
    def pages(self) -> bool:
        """Whether PagerDuty is set."""
        return any(target.audience is None for target in self._working.updates.targets)

    def places(self, audience: Audience) -> tuple[str, ...]:
        """Where an update of this audience would go."""
        return tuple(target.place for target in self._working.updates.for_audience(audience))

    async def _told_of(self) -> Incident:
        """The incident that people are told of: a resolved one has its last update, too."""
        if self._parts.chronicle.incident is None:
            await self.declare()
        return self._parts.command.incident

    def _draft_folders(self) -> Sequence[Path]:
        """Where a draft is kept now; then where one may lie that was begun before the incident was open."""
        from tui.notify.drafts import FOLDER
        from tui.record.folder import incident_folder

        incident = self._parts.chronicle.incident
        before = self._state_dir / FOLDER
        return (incident_folder(self._state_dir, incident.id), before) if incident else (before,)

    def _as_draft(
        self,
        audience: Audience,
        text: str,
        filled: str,
        kept_at: datetime | None,
        next_update: datetime | None,
    ) -> UpdateDraft:
        updates: Updates = self._working.updates
        places = tuple(Recipient(t.place, t.fit(text), t.notifies) for t in updates.for_audience(audience))
        return UpdateDraft(
            audience,
            text,
            filled,
            kept_at,
            next_update,
            places,
            "" if places else what_to_set(audience),
            self._remark(audience, text, next_update),
        )

    def _remark(self, audience: Audience, text: str, next_update: datetime | None) -> str:
        from tui.notify.templates import promised

        incident = self._parts.chronicle.incident
        if audience is Audience.INTERNAL:
            _, problem = promised(text, self._clock.now(), next_update)
            return f"{problem[:1].upper()}{problem[1:]}: edit it with e." if problem else ""
        if incident is not None and not incident.open and "We are experiencing issues" in text:
            return "It is resolved, and the message says that it goes on: edit it with e."
        return ""
