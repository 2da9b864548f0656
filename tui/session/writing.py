"""What a person asks of the postmortem: its sections, its action items, and the document itself."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.incident import Draft, Incident, Kind
from tui.model.measures import impact_of, impact_window
from tui.model.text import clean, clean_lines
from tui.model.written import ActionItem, Section, with_proposed, written
from tui.session import impact, postmortem
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.threads import in_thread

if TYPE_CHECKING:
    from tui.reports.formats import Format
    from tui.session.postmortem import Exported

# A person waits for the document, not for Prometheus.
PATIENCE = 4.0
# Several formats in a row need one measurement.
FRESH = timedelta(minutes=1)
CLOSE = timedelta(seconds=5)
# As much as a person writes; a journal's line stays readable.
LONGEST = 20_000
NEW_ITEM = "action"


@dataclass(frozen=True, slots=True)
class Written:
    """What people wrote: the text of each section, and what was typed and is not saved yet.

    `items` is the list as the postmortem has it: what the record proposes, as people changed it, and theirs.
    """

    sections: Mapping[Section, str]
    unsaved: Mapping[Section, str]
    items: tuple[ActionItem, ...]

    def text(self, section: Section) -> str:
        """What is saved of a section, or ""."""
        return self.sections.get(section, "")


class Writing(Core):
    """The calls about the postmortem. What cannot be done is a SessionError."""

    async def export(self, kind: "Format", path: Path | None = None) -> "Exported":
        """Write the postmortem, beside the journal unless a path is given.

        The impact is measured once more where that may tell more than the record. What a person
        wrote, in the console or in a file, is never replaced.
        """
        incident, chronicle = self._parts.command.incident, self._parts.chronicle
        await self._measure(incident)
        made = await postmortem.write(self._state_dir, path, incident, chronicle.timeline, kind)
        if chronicle.writable:
            data = {"file": str(made.path), "format": kind.value, "sha256": made.sha256}
            told = f"postmortem written to {made.path}"
            await chronicle.record(Draft(Kind.EXPORTED, told, self._clock.now(), self._actor, data))
        return made

    async def postmortem(self, path: Path | None = None) -> Path:
        """As Markdown; answers where it is."""
        from tui.reports.formats import Format

        return (await self.export(Format.MARKDOWN, path)).path

    async def written(self) -> Written:
        """What people wrote for the postmortem so far."""
        from tui.reports.actions import proposed

        incident, entries = self._parts.command.incident, self._parts.chronicle.timeline
        people, folder = written(entries), self._folder(incident)
        failed = impact_of(incident, entries).failed_requests

        def look() -> dict[Section, str]:
            from tui.record import unsaved

            found = {section: unsaved.kept(folder, section.value) for section in Section}
            return {s: t for s, t in found.items() if t is not None and t.strip() != people.text(s)}

        items = with_proposed(people.items, proposed(incident, entries, failed))
        return Written(people.sections, await in_thread(look), items)

    async def keep_unsaved(self, name: str, text: str) -> None:
        """Keep what is being typed (of a section, or of `NEW_ITEM`): it survives a crash."""
        from tui.record import unsaved

        folder, text = self._folder(self._parts.command.incident), self._redact.text(text)
        try:
            await in_thread(lambda: unsaved.keep(folder, name, text))
        except OSError as error:
            raise SessionError(f"What you type is not kept in {folder}: {error.strerror}.") from error

    async def unsaved_item(self) -> str:
        """The action item that somebody began to type."""
        from tui.record import unsaved

        folder = self._folder(self._parts.command.incident)
        return await in_thread(lambda: unsaved.kept(folder, NEW_ITEM)) or ""

    async def forget_unsaved(self, name: str) -> None:
        """What was typed is not wanted, or is an entry now."""
        from tui.record import unsaved

        folder = self._folder(self._parts.command.incident)
        await in_thread(lambda: unsaved.forget(folder, name))

    async def write_section(self, section: Section, text: str) -> None:
        """Save a section as an entry; "" empties it. It is on disk on return."""
        text = clean_lines(text).strip()
        if len(text) > LONGEST:
            raise SessionError(
                f"{section.heading} is too long: {len(text):,} characters, of {LONGEST:,} at most.",
                "Shorten it; what you typed is kept.",
            )
        told = f"{section.heading}: {clean(text, limit=60)}" if text else f"{section.heading}: emptied"
        await self._write(Kind.SECTION, told, {"section": section.value, "text": text})
        await self.forget_unsaved(section.value)

    async def add_item(self, action: str) -> ActionItem:
        """Save a new action item as an entry."""
        item = ActionItem(secrets.token_hex(4), clean(action))
        await self._write(Kind.ACTION, f"added: {item.action}", {"item": item.id, "action": item.action})
        await self.forget_unsaved(NEW_ITEM)
        return item

    async def change_item(self, item: ActionItem, field: str, value: str) -> None:
        """Set one field of an item: `action`, `priority`, `owner` or `due`."""
        value = clean(value)
        told = f"{clean(item.action, limit=60)}: {field} {value}"
        await self._write(Kind.ACTION, told, {"item": item.id, field: value})

    async def remove_item(self, item: ActionItem) -> None:
        """Take it off the list; the record keeps that it was there."""
        await self._write(
            Kind.ACTION, f"removed: {clean(item.action, limit=60)}", {"item": item.id, "removed": True}
        )

    # -- inside

    async def _write(self, kind: Kind, text: str, data: Mapping[str, object]) -> None:
        self._parts.command.incident  # noqa: B018 - raises where there is none
        await self._parts.chronicle.record(Draft(kind, text, self._clock.now(), self._actor, data))
        self._publish()

    async def _measure(self, incident: Incident) -> None:
        """Record what the metrics say of the impact, unless that is known already, or cannot be had."""
        chronicle, working = self._parts.chronicle, self._parts.working
        if working is None or not chronicle.writable or self._is_measured(incident):
            return
        made, now = working.connections, self._clock.now()
        if made.prometheus is None:
            return
        start, end = impact_window(incident)
        try:
            async with asyncio.timeout(PATIENCE):
                found = await impact.measure(made.prometheus, made.runbook, start, end or now, now)
        except TimeoutError:
            return
        if found.failed_requests is not None:
            await chronicle.record(impact.entry(found, working.updates.every, now, self._actor))

    def _is_measured(self, incident: Incident) -> bool:
        """Whether the record holds this very window's measurement, or, of an open one, a fresh one."""
        entries, now = self._parts.chronicle.timeline, self._clock.now()
        known, (start, end) = impact_of(incident, entries), impact_window(incident)
        if known.errors is None or known.failed_requests is None:
            return False
        last = max(entry.occurred_at for entry in entries if entry.kind == Kind.IMPACT)
        if end is None:
            return now - last < FRESH
        return _same(known.start, start) and _same(known.end, end)

    def _folder(self, incident: Incident) -> Path:
        from tui.record.folder import incident_folder

        return incident_folder(self._state_dir, incident.id)


def _same(one: datetime | None, other: datetime | None) -> bool:
    """It is measured a moment before the resolution is written down."""
    return one is other if one is None or other is None else abs(one - other) < CLOSE
