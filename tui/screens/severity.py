"""The severity: its response clock, its history, and changing it, with a reason where there is one."""

from collections.abc import Sequence

from tui.model.incident import Entry
from tui.model.milestones import told
from tui.model.severity import Severity
from tui.model.severity_history import SeverityChange, history, response
from tui.screens import asking
from tui.screens.desk import Desk
from tui.screens.dialogs import AskingScreen
from tui.screens.page import Page, Row
from widgets.prompt import Choice

HIGHER = "Severity; if unsure, take the higher"
_HISTORY = "history"


async def change(desk: Desk, _which: str = "") -> None:
    """Choose a severity, say why or not, and it is changed; or read how it changed before."""
    while True:
        chosen = await asking.choose(desk, HIGHER, choices(desk, history_too=True), clock(desk))
        if chosen != _HISTORY:
            break
        rows = page(desk.snapshot.entries, clock(desk))
        await asking.read(desk, "Severity: how it changed", rows)
    if chosen is None:
        return
    reason = await desk.ask(
        AskingScreen(
            f"Severity {chosen}: why?",
            desk.glyphs,
            hint="Enter changes it, with or without a reason; Esc leaves it",
            empty=True,
        )
    )
    if reason is not None:
        await desk.session.set_severity(Severity(chosen), reason)
        desk.say(f"Severity {chosen}.", "ok")


async def choose(desk: Desk, title: str = HIGHER, proposed: Severity | None = None) -> Severity | None:
    """The severity of an incident that is to be declared; the cursor is on what is proposed."""
    chosen = await asking.choose(desk, title, choices(desk, proposed or desk.snapshot.proposed))
    return Severity(chosen) if chosen is not None else None


def choices(desk: Desk, proposed: Severity | None = None, *, history_too: bool = False) -> tuple[Choice, ...]:
    """Each with its definition; what is proposed says so."""
    snapshot, runbook = desk.snapshot, desk.runbook
    proposed = proposed or snapshot.proposed
    open_here = snapshot.incident is not None and snapshot.incident.open
    now = snapshot.incident.severity if snapshot.incident is not None and open_here else proposed
    rules = runbook.severities if runbook else {}
    levels = tuple(
        Choice(
            s,
            str(s),
            (rules[s].definition if s in rules else "") + (", proposed" if s is proposed else ""),
            current=s is now,
        )
        for s in Severity
    )
    changes = len(history(snapshot.entries))
    many = "once" if changes == 1 else f"{changes} times"
    past = Choice(_HISTORY, "Past", f"set {many}: when, by whom, why", key="h")
    return (*levels, past) if history_too else levels


def clock(desk: Desk) -> str:
    """The response clock of the incident: `P2: respond within 60 min: acknowledged after 4 min, in time`."""
    incident, runbook = desk.snapshot.incident, desk.runbook
    if incident is None or incident.severity is None or runbook is None:
        return ""
    rule = runbook.severities.get(incident.severity)
    said = response(incident, rule.respond_within if rule else None, desk.clock.now())
    return f"{incident.severity}: {said}" if said else ""


def page(entries: Sequence[Entry], clock_said: str) -> Page:
    """Each change with its moment, who made it and why, the latest last."""
    rows = [Row("", _told(one)) for one in history(entries)]
    return (Row("", clock_said, "bold"), *rows)


def _told(one: SeverityChange) -> str:
    """`2026-11-23 15:03:09 UTC  P2 → P1 by ana: every request fails`."""
    moved = f"{one.before} → {one.to}" if one.before else one.to
    return f"{told(one.at)}  {moved} by {one.by}{f': {one.why}' if one.why else ''}"
