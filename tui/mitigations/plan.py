"""The exact change and its exact inverse, tried on the server before anybody is asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.mitigations import by_hand, meaning
from tui.mitigations.patch import JSON_PATCH, env_patch
from tui.mitigations.refusal import Refused, refused_by
from tui.mitigations.survey import Survey, ownership_of, survey
from tui.model import deployment as workload
from tui.model.incident import Applied
from tui.model.lease import LeaseNote, notes_of
from tui.model.mitigation import Plan, told
from tui.model.reading import LeaseSeen
from tui.model.runbook import Direction, EnvChange, MitigationRule
from tui.model.text import clean
from tui.model.times import clock

_NUMBER = re.compile(r"[0-9]{1,9}")
_BOOLEANS = ("true", "false")
_LONGEST = 1024
_OPEN_AGAIN = "Open the preview again: it shows what is there now."


async def plan_change(
    cluster: Cluster,
    rule: MitigationRule,
    *,
    incident: str,
    owner: str,
    now: datetime,
    value: str | None = None,
    hold: timedelta | None = None,
) -> Plan:
    """Check, plan and dry-run a mitigation. Raises Refused; nothing is changed by planning.

    Args:
        cluster: the pinned one.
        rule: the runbook's mitigation.
        incident: id of the incident that the change and its lease belong to.
        owner: who holds the lease.
        now: when the lease begins.
        value: a person's own value; None takes the rule's.
        hold: how long it is leased; None takes the rule's.
    """
    change, length = rule.change, hold or rule.hold
    found = await survey(cluster, change.variable)
    wanted = checked_value(change, change.value if value is None else value, found.before)
    held = _leases_on(found)
    previous = held[0].previous if held and held[0].value == found.before else found.before
    lease = LeaseNote(
        incident=incident,
        mitigation=rule.id,
        container=found.target.container,
        variable=change.variable,
        value=wanted,
        previous=previous,
        owner=owner,
        applied_at=now,
        until=now + length,
    )
    # What goes back to how it was before any lease is no temporary change.
    returning = bool(held) and wanted == previous
    plan = await _planned(
        cluster, rule, found, wanted, incident, None if returning else lease, [n.mitigation for n in held]
    )
    return replace(
        plan,
        hold=timedelta(0) if returning else length,
        undo_by_hand=_by_hand(cluster, found, previous),
        notes=(*plan.notes, *_held_notes(held, found)),
    )


async def plan_undo(
    cluster: Cluster,
    rule: MitigationRule,
    applied: Applied | LeaseSeen,
    *,
    incident: str,
    owner: str,
    now: datetime,
) -> Plan:
    """Plan the way back from a change of ours. Raises Refused where the live value is not ours any more.

    The way back is what the lease on the object says, where there is one: of two changes of one
    variable, that is the value from before both.
    """
    ours = applied.value if isinstance(applied, LeaseSeen) else applied.after
    found = await survey(cluster, applied.variable, undoing=True)
    if found.before != ours:
        raise _not_ours(found, ours)
    held = [note for note in _leases_on(found) if note.value == ours]
    previous = applied.previous if isinstance(applied, LeaseSeen) else applied.before
    if held:
        previous = held[0].previous
    if previous == ours:
        raise Refused(f"{applied.variable} was {told(previous)} before as well; there is nothing to undo.")
    released = [note.mitigation for note in _leases_on(found)]
    plan = await _planned(cluster, rule, found, previous, incident, None, released, undoing=True)
    return replace(
        plan,
        hold=timedelta(0),
        undoes=applied.intent if isinstance(applied, Applied) else applied.incident or applied.mitigation,
        undo_by_hand=_by_hand(cluster, found, ours),
    )


def checked_value(change: EnvChange, value: str, before: str | None) -> str:
    """The value, fit to be set. Raises Refused for one that is none, is worse, or is there already."""
    value = value.strip()
    name = change.variable
    if len(value) > _LONGEST or clean(value) != value:
        raise Refused(f"The value for {name} must be one line of plain text.", "Edit the value.")
    if change.numeric and (not _NUMBER.fullmatch(value) or int(value) < 1):
        raise Refused(
            f"{name} must be a whole number from 1 on; {clean(value, limit=40)!r} is none.", "Edit the value."
        )
    if change.value in _BOOLEANS and value not in _BOOLEANS:
        raise Refused(
            f"{name} must be true or false; {clean(value, limit=40)!r} is neither.", "Edit the value."
        )
    if value == before:
        raise Refused(f"{name} is {told(value)} already; no change is needed.", "Choose another mitigation.")
    if change.worse is not None and _worse(change.worse, value, before):
        raise Refused(
            f"{name} {told(before)} → {value} would make it worse: it must not go {change.worse}.",
            f"Choose a value that is {'lower' if change.worse is Direction.HIGHER else 'higher'} "
            f"than {told(before)}.",
        )
    return value


def _worse(worse: Direction, value: str, before: str | None) -> bool:
    if before is None or not _NUMBER.fullmatch(before.strip()) or not _NUMBER.fullmatch(value):
        return False  # nothing to compare with
    return int(value) > int(before) if worse is Direction.HIGHER else int(value) < int(before)


async def _planned(
    cluster: Cluster,
    rule: MitigationRule,
    found: Survey,
    after: str | None,
    incident: str,
    lease: LeaseNote | None,
    released: Sequence[str],
    *,
    undoing: bool = False,
) -> Plan:
    name, before = found.variable, found.before
    patch = env_patch(
        found.deployment,
        place=found.place,
        variable=name,
        value=after,
        cause=f"leeward {incident}: {'undo ' if undoing else ''}{name} {told(before)} -> {told(after)}",
        lease=lease,
        released=released,
    )
    stored = await _dry_run(cluster, patch)
    _check_stored(found, stored, after)
    return Plan(
        rule=rule,
        target=found.target,
        variable=name,
        before=before,
        after=after,
        patch=patch,
        content_type=JSON_PATCH,
        diff=meaning.diff(found.deployment, stored, found.place, name),
        means=meaning.means(rule, found, after, undoing=undoing),
        touches=meaning.touches(found),
        ownership=ownership_of(found.deployment),
        checked=_checked(found),
        notes=(*found.notes, *_side_notes(found, stored)),
        apply_by_hand=_by_hand(cluster, found, after),
        undo_by_hand=_by_hand(cluster, found, before),
        hold=timedelta(0),
    )


async def _dry_run(cluster: Cluster, patch: list[dict[str, Any]]) -> Mapping[str, Any]:
    try:
        return await cluster.patch_deployment(patch, JSON_PATCH, dry_run=True)
    except ClusterError as error:
        raise refused_by(error) from None


def _check_stored(found: Survey, stored: Mapping[str, Any], after: str | None) -> None:
    """The server's answer must be about this object and hold exactly what was asked for."""
    if str((stored.get("metadata") or {}).get("uid") or "") != found.target.uid:
        raise Refused("The dry run answered for another object; nothing was changed.", _OPEN_AGAIN)
    containers = workload.containers(stored)
    container = containers[found.place] if found.place < len(containers) else {}
    becomes = workload.env_value(container, found.variable)
    if container.get("name") != found.target.container or becomes != after:
        raise Refused(
            f"The cluster would store {found.variable} as {told(becomes)} instead of {told(after)}: a policy "
            "rewrites it. Nothing was changed.",
            "Ask whoever owns the cluster's admission policies.",
        )


def _checked(found: Survey) -> str:
    running = any(note.startswith("a rollout is running") for note in found.notes)
    return f"permitted, server dry run accepted, {'a' if running else 'no'} rollout running"


def _side_notes(found: Survey, stored: Mapping[str, Any]) -> tuple[str, ...]:
    also = meaning.side_effects(found.deployment, stored, found.place)
    return (f"the server would also change {clean(', '.join(also), limit=160)}",) if also else ()


def _leases_on(found: Survey) -> list[LeaseNote]:
    """Leases of this variable in this container, the ones whose value is live first."""
    here = [
        note
        for note in notes_of(found.deployment)
        if note.variable == found.variable and note.container in ("", found.target.container)
    ]
    return sorted(here, key=lambda note: note.value != found.before)


def _held_notes(held: list[LeaseNote], found: Survey) -> tuple[str, ...]:
    return tuple(
        f"held at {note.value} since {clock(note.applied_at)} by {note.owner} ({note.incident}); "
        f"its undo goes back to {told(note.previous)}"
        for note in held
        if note.value == found.before
    )


def _not_ours(found: Survey, ours: str | None) -> Refused:
    manager = workload.env_manager(found.deployment, found.target.container, found.variable)
    by = f", set by {clean(manager, limit=60)}" if manager and manager != "leeward" else ""
    return Refused(
        f"{found.variable} is {told(found.before)} now{by}, no longer the {told(ours)} that we set; "
        "nothing was undone.",
        "Talk to whoever changed it; to change it all the same, use kubectl.",
    )


def _by_hand(cluster: Cluster, found: Survey, value: str | None) -> str:
    several = len(workload.containers(found.deployment)) > 1
    return by_hand.set_env(
        context=cluster.context,
        namespace=cluster.namespace,
        deployment=cluster.deployment_name,
        variable=found.variable,
        value=value,
        container=found.target.container if several else "",
        kubeconfig=cluster.kubeconfig,
    )
