"""The incident menu: declaring, responding, command, milestones, resolving, and taking it up again."""

from datetime import datetime

from tui.model.incident import Incident, Status
from tui.model.severity import from_label, graver
from tui.model.times import span
from tui.screens import asking, commanding, company, handover, milestones, people, returning, severity
from tui.screens.desk import Desk, Flow
from tui.screens.dialogs import AskingScreen
from tui.session import declaring
from tui.session.deciding import Undecided
from tui.session.errors import SessionError
from tui.session.snapshot import OpenIncident, Snapshot
from widgets.prompt import Choice


async def menu(desk: Desk) -> None:
    """The incident menu."""
    snapshot = desk.snapshot
    choices = incident_choices(snapshot, desk.clock.now())
    title = snapshot.incident.id if snapshot.incident else "No incident"
    chosen = await asking.choose(desk, title, choices)
    if chosen is not None:
        what, _, which = chosen.partition(":")
        await _INCIDENT[what](desk, which)


def incident_choices(snapshot: Snapshot, moment: datetime) -> tuple[Choice, ...]:
    """What can be done with the incident as it is now."""
    now = snapshot.incident
    left = tuple(_left_open(one, index == 0, moment) for index, one in enumerate(snapshot.open_incidents))
    declare = Choice("declare", "Declare an incident", "title, then severity", key="d")
    from_alerts = tuple(
        Choice(
            f"alert:{alert.fingerprint}",
            f"Declare from the alert {alert.name}",
            f"firing {span(moment - alert.starts_at)}",
        )
        for alert in declaring.offered(snapshot, moment)
    )
    if now is None:
        return (*left, declare, *from_alerts)
    if not now.open:
        past = () if snapshot.following else _PAST
        return (*past, declare, *from_alerts, *left)
    if snapshot.following:
        take_over = Choice(f"resume:{now.id}", "Take over", "once the other console has let it go", key="r")
        return (take_over, *left)
    return (*_open_choices(now, snapshot), *left)


def _left_open(one: OpenIncident, first: bool, now: datetime) -> Choice:
    """An incident that is open elsewhere or was left open: it is joined, resumed or followed."""
    if one.shared and not one.here:
        whose = f"of {one.commander}, " if one.commander else ""
        hint = f"{whose}{span(now - one.since)}: {one.title}"
        return Choice(f"join:{one.id}", f"Join {one.id}", hint, key="j" if first else "")
    if one.held_by_other and one.shared:
        hint = f"another console of this machine has it, too: {one.title}"
        return Choice(f"resume:{one.id}", f"Join {one.id}", hint, key="j" if first else "")
    if one.held_by_other:
        hint = "read-only: another console has it"
        return Choice(f"resume:{one.id}", f"Follow {one.id}", hint, key="r" if first else "")
    return Choice(f"resume:{one.id}", f"Resume {one.id}", one.title, key="r" if first else "")


# What can still be done with an incident that is resolved.
_PAST = (
    Choice("reopen", "Reopen", "it is not over: an entry", key="o"),
    Choice("milestones", "Milestones", "when what happened; set and correct", key="m"),
    Choice("page", "Handover page", "c copies it", key="g"),
)


def _open_choices(now: Incident, snapshot: Snapshot) -> tuple[Choice, ...]:
    level, proposed = str(now.severity or "not set"), snapshot.proposed
    if proposed is not None and proposed is not now.severity:
        level += f"; {proposed} is proposed"
    responded = now.acknowledged_at is not None
    acknowledge = Choice("acknowledge", "Acknowledge", "stops the response clock", key="a")
    return (
        *(() if responded else (acknowledge,)),
        Choice("status", "Status", str(now.status), key="s"),
        Choice("severity", "Severity", level, key="v"),
        Choice("command", "Commander", _commander(now, snapshot), key="c"),
        Choice("handover", "Hand over", "to the next shift", key="h"),
        Choice("page", "Handover page", "for the next shift, to copy", key="g"),
        Choice("milestones", "Milestones", "when what happened", key="m"),
        *((Choice("who", "Who is here", _here(snapshot), key="w"),) if snapshot.sharing else ()),
        Choice("resolve", "Resolve", "asks once more", key="x"),
    )


def _commander(now: Incident, snapshot: Snapshot) -> str:
    """Who has it, as the lease tells, else as the record does."""
    sharing = snapshot.sharing
    if sharing is None or sharing.command is None:
        return now.commander or "nobody"
    name = company.called(sharing.command, sharing.people)
    return f"{name}: gone, to be taken over" if sharing.command.gone else name


def _here(snapshot: Snapshot) -> str:
    sharing = snapshot.sharing
    others = sharing.others if sharing is not None else ()
    return ", ".join(company.called(one, company.people(snapshot)) for one in others[:3]) or "nobody else"


async def _declare(desk: Desk, _which: str) -> None:
    diagnosis = desk.snapshot.diagnosis
    title = await asking.ask(
        desk,
        "Declare an incident: its title",
        text=diagnosis.title if diagnosis else "",
        hint="Enter goes on to the severity",
        draft="declare",
    )
    if title is None:
        return
    chosen = await severity.choose(desk)
    if chosen is not None:
        await desk.session.declare(title, chosen)
        desk.drafts.pop("declare", None)
        desk.say(f"Declared, {chosen}.", "ok")


async def _declare_from_alert(desk: Desk, fingerprint: str) -> None:
    """Its severity is proposed, and nothing more: Enter accepts it."""
    snapshot = desk.snapshot
    alert = next(
        (a for a in declaring.firing(snapshot, desk.clock.now()) if a.fingerprint == fingerprint), None
    )
    if alert is None:
        desk.say("That alert no longer fires: nothing was declared.", "warn")
        return
    proposed = graver(from_label(alert.severity), snapshot.proposed)
    chosen = await severity.choose(desk, proposed=proposed)
    if chosen is not None:
        await desk.session.declare_from_alert(fingerprint, chosen)
        desk.say(f"Declared from {alert.name}, {chosen}.", "ok")


async def _acknowledge(desk: Desk, _which: str) -> None:
    await desk.session.acknowledge()
    desk.say("Acknowledged.", "ok")


async def _status(desk: Desk, _which: str) -> None:
    now = desk.snapshot.incident
    ways = [s for s in Status if s is not Status.RESOLVED]
    choices = [Choice(s, str(s), current=now is not None and s is now.status) for s in ways]
    chosen = await asking.choose(desk, "Status", choices)
    if chosen is not None:
        await desk.session.set_status(Status(chosen))
        desk.say(f"Status {chosen}.", "ok")


async def _resume(desk: Desk, which: str) -> None:
    await desk.session.resume(which)
    if desk.snapshot.following:
        desk.say(f"Following, read-only: {desk.snapshot.offline}", "warn")
    else:
        _taken_up(desk, which)
    incident = desk.snapshot.incident
    if incident is not None and not incident.open:
        desk.say(f"{which} is resolved. i, Reopen opens it again.", "ok")
    await returning.after_resuming(desk)


async def _join(desk: Desk, which: str) -> None:
    desk.say(f"Joining {which}: its timeline is fetched…")
    await desk.session.join(which)
    _taken_up(desk, which)
    await returning.after_resuming(desk)


def _taken_up(desk: Desk, which: str) -> None:
    """Say that it is open here now, and what was found wrong with its record."""
    verb = "Joined" if returning.is_joined(desk.snapshot) else "Resumed"
    problems = desk.snapshot.problems
    desk.say(f"{verb} {which}. {' '.join(problems)}".strip(), "warn" if problems else "ok")


async def _reopen(desk: Desk, _which: str) -> None:
    reason = await desk.ask(
        AskingScreen(
            "Reopen the incident: why?",
            desk.glyphs,
            hint="Enter opens it again, with or without a reason; Esc leaves it",
            empty=True,
        )
    )
    if reason is not None:
        await desk.session.reopen(reason)
        desk.say("Opened again: investigating.", "ok")


def resume(incident_id: str) -> Flow:
    """Resume an incident."""
    return lambda desk: _resume(desk, incident_id)


async def _resolve(desk: Desk, _which: str) -> None:
    choices = (
        Choice("keep", "Keep it open", key="k"),
        Choice("resolve", "Resolve it", "the end of the incident, an entry of its own", key="y"),
    )
    if await asking.choose(desk, "Resolve the incident?", choices) != "resolve":
        return
    from tui.screens.holding import decide

    if not await decide(desk):
        return
    try:
        await desk.session.resolve()
    except Undecided:
        raise
    except SessionError as held:
        reason = await asking.ask(
            desk,
            "Resolve in spite of it: why?",
            hint="Enter resolves with this reason; Esc keeps the incident open",
            draft="resolve",
            why=str(held),
        )
        if reason is None:
            desk.say(f"Still open. {held}", "warn")
            return
        await desk.session.resolve(reason)
        desk.drafts.pop("resolve", None)
    desk.say("Resolved. x writes the postmortem.", "ok")


_INCIDENT = {
    "declare": _declare,
    "alert": _declare_from_alert,
    "acknowledge": _acknowledge,
    "status": _status,
    "severity": severity.change,
    "command": commanding.take,
    "handover": commanding.hand_over,
    "who": people.show,
    "join": _join,
    "page": handover.show,
    "milestones": milestones.show,
    "reopen": _reopen,
    "resolve": _resolve,
    "resume": _resume,
}
