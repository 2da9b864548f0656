"""The incident menu: declare, acknowledge, status, severity, commander, hand over, resolve, resume."""

from tui.model.incident import Incident, Status
from tui.model.severity import Severity
from tui.screens import flows, view
from tui.screens.desk import Desk, Flow
from tui.session.deciding import Undecided
from tui.session.errors import SessionError
from tui.session.snapshot import Snapshot
from widgets.prompt import Choice


async def menu(desk: Desk) -> None:
    """The incident menu."""
    snapshot = desk.snapshot
    choices = incident_choices(snapshot, view.offer(snapshot, desk.clock.now()))
    title = snapshot.incident.id if snapshot.incident else "No incident"
    chosen = await flows.choose(desk, title, choices)
    if chosen is not None:
        what, _, which = chosen.partition(":")
        await _INCIDENT[what](desk, which)


def incident_choices(snapshot: Snapshot, offered: str = "") -> tuple[Choice, ...]:
    """What can be done with the incident as it is now."""
    now = snapshot.incident
    left = tuple(
        Choice(
            f"resume:{i.id}",
            f"{'Follow' if i.held_by_other else 'Resume'} {i.id}",
            "read-only: another console has it" if i.held_by_other else i.title,
            key="r" if index == 0 else "",
        )
        for index, i in enumerate(snapshot.open_incidents)
    )
    declare = Choice("declare", "Declare an incident", "title, then severity", key="d")
    if now is None:
        return (*left, declare)
    if not now.open:
        return (declare, *left)
    if snapshot.following:
        take_over = Choice(f"resume:{now.id}", "Take over", "once the other console has let it go", key="r")
        return (take_over, *left)
    return (*_open_choices(now, snapshot.proposed), *left)


def _open_choices(now: Incident, proposed: Severity | None) -> tuple[Choice, ...]:
    severity = str(now.severity or "not set")
    if proposed is not None and proposed is not now.severity:
        severity += f"; {proposed} is proposed"
    responded = now.acknowledged_at is not None
    acknowledge = Choice("acknowledge", "Acknowledge", "stops the response clock", key="a")
    return (
        *(() if responded else (acknowledge,)),
        Choice("status", "Status", str(now.status), key="s"),
        Choice("severity", "Severity", severity, key="v"),
        Choice("command", "Commander", now.commander or "nobody", key="c"),
        Choice("handover", "Hand over", "to the next shift", key="h"),
        Choice("resolve", "Resolve", "asks once more", key="x"),
    )


async def _declare(desk: Desk, _which: str) -> None:
    diagnosis = desk.snapshot.diagnosis
    title = await flows.ask(
        desk,
        "Declare an incident: its title",
        text=diagnosis.title if diagnosis else "",
        hint="Enter goes on to the severity",
        draft="declare",
    )
    if title is None:
        return
    severity = await _choose_severity(desk, "Severity; if unsure, take the higher")
    if severity is not None:
        await desk.session.declare(title, severity)
        desk.drafts.pop("declare", None)
        desk.say(f"Declared, {severity}.", "ok")


async def _choose_severity(desk: Desk, title: str) -> Severity | None:
    snapshot, runbook = desk.snapshot, desk.runbook
    now = snapshot.incident.severity if snapshot.incident else snapshot.proposed
    choices = [
        Choice(
            s,
            str(s),
            (runbook.severities[s].definition if runbook and s in runbook.severities else "")
            + (", proposed" if s is snapshot.proposed else ""),
            current=s is now,
        )
        for s in Severity
    ]
    chosen = await flows.choose(desk, title, choices)
    return Severity(chosen) if chosen is not None else None


async def _acknowledge(desk: Desk, _which: str) -> None:
    await desk.session.acknowledge()
    desk.say("Acknowledged.", "ok")


async def _severity(desk: Desk, _which: str) -> None:
    severity = await _choose_severity(desk, "Severity; if unsure, take the higher")
    if severity is not None:
        await desk.session.set_severity(severity)
        desk.say(f"Severity {severity}.", "ok")


async def _status(desk: Desk, _which: str) -> None:
    now = desk.snapshot.incident
    ways = [s for s in Status if s is not Status.RESOLVED]
    choices = [Choice(s, str(s), current=now is not None and s is now.status) for s in ways]
    chosen = await flows.choose(desk, "Status", choices)
    if chosen is not None:
        await desk.session.set_status(Status(chosen))
        desk.say(f"Status {chosen}.", "ok")


async def _command(desk: Desk, _which: str) -> None:
    name = await flows.ask(
        desk, "Incident commander", text=desk.snapshot.place.user, hint="who takes command"
    )
    if name is not None:
        await desk.session.take_command(name)
        desk.say(f"Commander: {name}.", "ok")


async def _handover(desk: Desk, _which: str) -> None:
    name = await flows.ask(desk, "Hand over to", hint="who takes command from now on; it is an entry")
    if name is not None:
        await desk.session.hand_over(name)
        desk.say(f"Handed over to {name}.", "ok")


async def _resume(desk: Desk, which: str) -> None:
    await desk.session.resume(which)
    if desk.snapshot.following:
        desk.say(f"Following, read-only: {desk.snapshot.offline}", "warn")
    elif desk.snapshot.problems:
        desk.say(f"Resumed {which}. {' '.join(desk.snapshot.problems)}", "warn")
    else:
        desk.say(f"Resumed {which}.", "ok")


def resume(incident_id: str) -> Flow:
    """Resume an incident."""
    return lambda desk: _resume(desk, incident_id)


async def _resolve(desk: Desk, _which: str) -> None:
    choices = (
        Choice("keep", "Keep it open", key="k"),
        Choice("resolve", "Resolve it", "the end of the incident, an entry of its own", key="y"),
    )
    if await flows.choose(desk, "Resolve the incident?", choices) != "resolve":
        return
    from tui.screens.holding import decide

    if not await decide(desk):
        return
    try:
        await desk.session.resolve()
    except Undecided:
        raise
    except SessionError as held:
        reason = await flows.ask(
            desk,
            "Resolve in spite of it: why?",
            hint="Enter resolves with this reason; Esc keeps the incident open",
            draft="resolve",
            why=f"{held.said} {held.remedy}".strip(),
        )
        if reason is None:
            desk.say(f"Still open. {held.said} {held.remedy}".strip(), "warn")
            return
        await desk.session.resolve(reason)
        desk.drafts.pop("resolve", None)
    desk.say("Resolved. x writes the postmortem.", "ok")


_INCIDENT = {
    "declare": _declare,
    "acknowledge": _acknowledge,
    "status": _status,
    "severity": _severity,
    "command": _command,
    "handover": _handover,
    "resolve": _resolve,
    "resume": _resume,
}
