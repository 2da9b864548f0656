"""The snapshot of a session, taken from its parts."""

from datetime import datetime, timedelta

from tui.model.facts import TITLES
from tui.model.incident import Incident
from tui.model.mitigation import Lease
from tui.model.reading import Check, State
from tui.model.sharing import Holder
from tui.model.update import update_due
from tui.model.walk import Walk
from tui.session import leases
from tui.session.actions import actions_for
from tui.session.offers import finishing, led, pages
from tui.session.parts import Parts, Working
from tui.session.snapshot import Action, Snapshot, Undoable


def picture(parts: Parts, now: datetime) -> Snapshot:
    """All that a face needs to know, now."""
    working, incident = parts.working, parts.chronicle.incident
    board = working.board if working else None
    live, found = live_leases(parts), parts.clocks.found
    able = _undoable(working, incident, live)
    return Snapshot(
        at=now,
        place=parts.place,
        arming=parts.safety.state(),
        checks=dict(board.checks) if board else {},
        walk=board.walk if board else Walk(),
        diagnosis=board.diagnosis if board else None,
        pinned=board is not None and board.pinned is not None,
        path_changed=board is not None and board.path_changed and (incident is None or incident.open),
        evidence=board.evidence if board else (),
        actions=_actions(parts, working, live, now, many=len(able) > 1) if working else (),
        incident=incident,
        entries=parts.chronicle.timeline,
        amendments=parts.chronicle.amendments,
        leases=live,
        running=working.operations.running if working else (),
        open_incidents=parts.open_incidents,
        proposed=board.proposed(now) if board else None,
        respond_by=_respond_by(working, incident) if working else None,
        resolvable_at=parts.command.resolvable_at(incident),
        drill="drill" if parts.settings.drill else "",
        offline=(working.keys.older(incident) if working else "")
        or parts.trouble
        or parts.chronicle.trouble
        or parts.chronicle.read_only
        or (found.told if found is not None and found.misleads else ""),
        clock=found.told if found is not None else "",
        following=bool(parts.chronicle.read_only),
        unset=_unset(working),
        unsettled=working.operations.unsettled if working else "",
        tripped=tuple(sorted(working.operations.tripped)) if working else (),
        recovery=working.lookout.recovery if working else None,
        collecting=parts.collecting,
        update_due=update_due(incident, working.updates.every) if working else None,
        unsent=working.updates.unsent if working else (),
        telling=working.updates.trouble if working else "",
        undoable=able,
        problems=parts.chronicle.problems,
        sharing=parts.sharing.status,
        lock=_lock(parts),
        came=parts.came,
    )


def _lock(parts: Parts) -> Holder | None:
    """Who else changes the target; see `Sharing.lock`."""
    return parts.sharing.lock(parts.working.operations.target_uid if parts.working else "")


def _unset(working: Working | None) -> tuple[str, ...]:
    """The names of the checks that the settings do not name."""
    if working is None:
        return ()
    checks = working.board.checks
    return tuple(TITLES[check] for check, held in checks.items() if held.latest.state is State.UNSET)


def live_leases(parts: Parts) -> tuple[Lease, ...]:
    """The temporary changes that stand on the target, as last seen."""
    board = parts.working.board if parts.working else None
    held = board.checks.get(Check.WORKLOAD) if board else None
    return leases.live(held)


def leases_read_at(parts: Parts) -> datetime | None:
    """When the deployment was read; None where the latest reading has none of it or a change runs."""
    working = parts.working
    held = working.board.checks.get(Check.WORKLOAD) if working else None
    if working is None or held is None or working.operations.busy or working.operations.unsettled:
        return None
    lock = _lock(parts)
    if lock is not None and not lock.gone:
        return None
    return held.latest.at if held.latest.facts.get("outcome") == "ok" else None


def _undoable(
    working: Working | None, incident: Incident | None, live: tuple[Lease, ...]
) -> tuple[Undoable, ...]:
    if working is None:
        return ()
    rules = working.board.runbook.mitigations
    return tuple(
        Undoable(
            change.mitigation,
            rules[change.mitigation].title if change.mitigation in rules else change.mitigation,
            leases.told_undoable(change),
        )
        for change in leases.undoable(incident, live)
    )


def _actions(
    parts: Parts, working: Working, live: tuple[Lease, ...], now: datetime, *, many: bool
) -> tuple[Action, ...]:
    operations, incident = working.operations, parts.chronicle.incident
    blocked = "a change is under way" if operations.busy else operations.unsettled
    if not blocked and (other := _lock(parts)) is not None and not other.gone:
        blocked = f"{other.name} is changing it"
    diagnosis, runbook = working.board.diagnosis, working.board.runbook
    found = actions_for(
        finishing(led(diagnosis, runbook, working.lookout.recovery, live), runbook, incident),
        runbook,
        working.board.checks,
        live,
        blocked,
        operations.tripped,
        now,
        many=many,
    )
    return (*found, *pages(diagnosis))


def _respond_by(working: Working, incident: Incident | None) -> datetime | None:
    """Until when somebody must respond: by the runbook's clock, from the beginning of the impact."""
    if incident is None or incident.severity is None or incident.acknowledged_at is not None:
        return None
    rule = working.board.runbook.severities.get(incident.severity)
    within = rule.respond_within if rule else None
    began = incident.started_at or incident.declared_at
    return began + (within or timedelta(days=1)) if began else None
