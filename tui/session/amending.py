"""What a person says of earlier entries: a correction, a redaction, a pin. And the incident handed on."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from tui.model.amending import AMENDING
from tui.model.erasing import copies, redaction, refusal
from tui.model.incident import Draft, Entry, Kind
from tui.model.milestones import HOW, WrongTime, typed
from tui.model.times import clock, date_and_time, rfc3339
from tui.session.core import Core
from tui.session.errors import NoIncident, SessionError
from tui.session.threads import in_thread


class Amending(Core):
    """The calls about entries. Nothing is changed in its place but by a redaction."""

    def can_redact(self, entry_id: str) -> str:
        """Why this entry cannot be redacted, or not yet; "" where it can. Raises SessionError."""
        entry = self._entry(entry_id)
        return refusal(entry, self._parts.command.incident)

    async def redact_entry(self, entry_id: str, reason: str) -> tuple[str, ...]:
        """Take an entry's content out of the record for good; answers where copies may lie.

        Raises SessionError where state rests on it, no reason is given, or the disk refuses.
        """
        if why := self.can_redact(entry_id):
            raise SessionError(f"The entry cannot be redacted. {why}")
        if not reason.strip():
            raise SessionError("A redaction needs a reason.", "Say in a few words why, and not what it was.")
        chronicle = self._parts.chronicle
        entries = chronicle.recorded
        raw = next(entry for entry in entries if entry.id == entry_id)
        told = redaction(raw, entries, self._redact.text(reason), self._actor, self._clock.now())
        await chronicle.redact(told)
        self._publish()
        return copies(raw, entries)

    async def correct_entry(self, entry_id: str, text: str = "", when: str = "") -> Entry:
        """Give an entry another text, another moment as a person types it, or both: a new entry.

        Raises SessionError where neither is another, or it is no time.
        """
        entry, now = self._entry(entry_id), self._clock.now()
        if entry.redacted:
            raise SessionError("The entry is redacted: there is nothing to correct.")
        text = text.strip() if text.strip() != entry.text else ""
        at = _moment(when, entry, now) if when.strip() else None
        if not text and at is None:
            raise SessionError("Nothing was corrected: it says that already.")
        return await self._say_of(entry, Kind.CORRECTION, _corrected(entry, text, at), _data(text, at))

    async def pin_entry(self, entry_id: str) -> bool:
        """Pin an entry, so that it is found again, or unpin it; answers whether it is pinned now."""
        entry = self._entry(entry_id)
        pinned = entry.id not in self._parts.chronicle.amendments.pinned
        # Its text is not repeated: a redaction must find it in one place.
        said = f"{'pinned' if pinned else 'unpinned'} the {_named(entry)}"
        await self._say_of(entry, Kind.ENTRY_PINNED if pinned else Kind.ENTRY_UNPINNED, said, {})
        return pinned

    async def hand_on(self, path: Path | None = None) -> Path:
        """Write the incident into one file for another machine: every journal, chain and all.

        Raises SessionError where the record is damaged, the file is there already, or the disk refuses.
        """
        from tui.record.errors import JournalError
        from tui.record.exporting import export

        incident, now = self._parts.command.incident, self._clock.now()
        where = path or self._state_dir / f"{incident.id}-{now:%Y%m%dT%H%M%SZ}.leeward.zip"
        try:
            made = await in_thread(lambda: export(self._state_dir, incident.id, where))
        except JournalError as error:
            raise SessionError(error.said, error.remedy) from error
        if self._parts.chronicle.writable:
            await self._parts.chronicle.record(made.told(now, self._actor))
        return where

    def _entry(self, entry_id: str) -> Entry:
        """The entry as it is to be read now. Raises SessionError."""
        chronicle = self._parts.chronicle
        if chronicle.incident is None:
            raise NoIncident
        found = next((entry for entry in chronicle.timeline if entry.id == entry_id), None)
        if found is None:
            raise SessionError("That entry is not in the record of this incident.")
        return found

    async def _say_of(self, entry: Entry, kind: Kind, said: str, data: dict[str, str]) -> Entry:
        if entry.kind in AMENDING:
            raise SessionError(f"A {entry.kind} entry is about another one: open that one.")
        draft = Draft(kind, said, self._clock.now(), self._actor, {"entry": entry.id, **data})
        (made,) = await self._parts.chronicle.record(draft)
        return made


def _moment(text: str, entry: Entry, now: datetime) -> datetime | None:
    """The moment that was typed; a time without a day is the one nearest to the entry. None: the same."""
    try:
        said = typed(text, min(now, entry.occurred_at + timedelta(hours=12)) if _ONLY_TIME(text) else now)
    except WrongTime as wrong:
        raise SessionError(wrong.said, wrong.remedy) from wrong
    if said.at > now:
        raise SessionError(f"{date_and_time(said.at)} is in the future.", HOW)
    was = entry.occurred_at.replace(second=0, microsecond=0) if said.minute else entry.occurred_at
    return said.at if said.at != was else None


_ONLY_TIME = re.compile(r"\s*\d{1,2}:\d\d(:\d\d)?\s*(utc|z)?\s*", re.I).fullmatch


def _named(entry: Entry) -> str:
    return f"{entry.kind} of {clock(entry.occurred_at)} UTC"


def _corrected(entry: Entry, text: str, at: datetime | None) -> str:
    was = f" was at {date_and_time(at)}" if at else ""
    return f"{_named(entry)}{was}{f': {text}' if text else ''}"


def _data(text: str, at: datetime | None) -> dict[str, str]:
    return ({"text": text} if text else {}) | ({"occurred_at": rfc3339(at)} if at else {})
