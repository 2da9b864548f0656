"""The milestones: a list with their times, each set and corrected by a new entry."""

from collections.abc import Sequence
from datetime import datetime

from tui.model.folding import advance, fold
from tui.model.incident import Entry, Incident, Kind
from tui.model.milestones import Milestone, is_corrected, times, told
from tui.screens import asking
from tui.screens.desk import Desk
from tui.screens.dialogs import AskingScreen, ChoosingScreen
from tui.screens.page import Page, Row
from tui.session.errors import SessionError
from widgets.prompt import Choice

UNKNOWN = "unknown"
_HISTORY = "history"


async def show(desk: Desk, _which: str = "") -> None:
    """The list; Enter edits one, and the list comes back until Escape leaves it."""
    at = 0
    while (incident := desk.snapshot.incident) is not None:
        screen = ChoosingScreen("Milestones (UTC)", choices(incident), desk.glyphs)
        screen.list.cursor = at
        chosen = await desk.ask(screen)
        if chosen is None:
            return
        at = screen.list.cursor
        if chosen == _HISTORY:
            entries = desk.snapshot.entries
            await asking.read(desk, "Milestones: how they came about", page(incident, entries))
        else:
            await _edit(desk, Milestone(chosen))


def choices(incident: Incident) -> tuple[Choice, ...]:
    """Each with its time."""
    return (
        *(
            Choice(milestone.value, milestone.words, _said(incident, milestone, moment))
            for milestone, moment in times(incident).items()
        ),
        Choice(_HISTORY, "History", "each with its source", key="h"),
    )


def _said(incident: Incident, milestone: Milestone, at: datetime | None) -> str:
    """As short as a window of 60 columns asks for; the title says that it is UTC."""
    if at is None:
        return UNKNOWN
    return told(at).removesuffix(" UTC") + (", set" if is_corrected(incident, milestone) else "")


async def _edit(desk: Desk, milestone: Milestone) -> None:
    """Ask for the time until it is one that can be, or Escape leaves it as it was."""
    incident = desk.snapshot.incident
    known = times(incident)[milestone] if incident is not None else None
    text, why = told(known).removesuffix(" UTC") if known else "", ""
    corrected = incident is not None and is_corrected(incident, milestone)
    hint = "15:03, 2026-11-23 15:03 or 20 min ago, in UTC" + (
        "; empty: as the record tells" if corrected else ""
    )
    while True:
        screen = AskingScreen(
            f"{milestone.words}: when, in UTC", desk.glyphs, text=text, hint=hint, why=why, empty=corrected
        )
        answer = await desk.ask(screen)
        if answer is None:
            return
        try:
            at = await desk.session.set_milestone(milestone, answer)
        except SessionError as refused:
            text, why = answer, str(refused)
        else:
            desk.say(f"{milestone.words}: {told(at) if at else 'as the record tells it'}.", "ok")
            return


def page(incident: Incident, entries: Sequence[Entry]) -> Page:
    """Each milestone with every value that it had, and what gave it that."""
    rows: list[Row] = []
    now = Incident(incident.id)
    told_of: dict[Milestone, list[Row]] = {milestone: [] for milestone in Milestone}
    for entry in sorted(entries, key=lambda one: one.id):
        before, now = now, advance(now, entry)
        was = times(before)
        for milestone, at in times(now).items():
            if at != was[milestone]:
                told_of[milestone].append(Row("", f"{told(at) if at else UNKNOWN}, {_by(entry)}"))
    last = times(fold(incident.id, entries))
    for milestone, changes in told_of.items():
        moment = last[milestone]
        rows.append(
            Row(milestone.words, told(moment) if moment else UNKNOWN, "bold" if moment else "unknown")
        )
        rows += changes
    return tuple(rows)


def _by(entry: Entry) -> str:
    if entry.kind == Kind.MILESTONE:
        return f"set by {entry.actor}, {told(entry.recorded_at)}"
    return f"by the entry of {told(entry.recorded_at)}: {entry.kind}, {entry.text}"
