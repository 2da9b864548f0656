"""The exact change and its exact inverse, tried on the server before anybody is asked."""

from datetime import datetime, timedelta

from tui.clients.cluster import Cluster, ClusterError
from tui.mitigations.beside import Beside
from tui.mitigations.kinds import kind_named
from tui.mitigations.kinds.kind import Asked, made_of
from tui.mitigations.refusal import Refused, refused_by
from tui.model.incident import DECIDES, Applied
from tui.model.lease import notes_of
from tui.model.mitigation import Made, Plan
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule
from tui.model.strange import strange
from tui.model.text import clean

_WHOSE = "See its entry in the timeline for who recorded it; take it back by hand, if it was made."


async def plan_change(
    cluster: Cluster,
    rule: MitigationRule,
    *,
    incident: str,
    owner: str,
    now: datetime,
    value: str | None = None,
    hold: timedelta | None = None,
    beside: Beside | None = None,
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
        beside: what a kind may need beside the cluster.
    """
    asked = Asked(cluster, rule, incident, owner, now, value, hold or rule.hold)
    return await kind_named(rule.change.kind, beside).plan(asked)


async def plan_undo(
    cluster: Cluster,
    rule: MitigationRule,
    applied: Applied | LeaseSeen,
    *,
    incident: str,
    owner: str,
    now: datetime,
    beside: Beside | None = None,
) -> Plan:
    """Plan the way back from a change of ours. Raises Refused where the live value is not ours any more.

    The way back is what the lease on the object says, where there is one: of two changes of one
    variable, that is the value from before both. What a record tells may come from anybody: it is taken
    back only as far as the mitigation could have made it, and only on the object that it was made on.
    """
    asked = Asked(cluster, rule, incident, owner, now, None, timedelta(0))
    if isinstance(applied, Applied):
        made = made_of(applied)
        if strange(rule, made) and (why := strange(rule, made, await _leased_names(cluster, rule))):
            raise Refused(f"{why[:1].upper()}{why[1:]}; nothing was undone.", _WHOSE)
        plan = await kind_named(applied.kind, beside).undo(asked, made, applied.intent)
        _check_target(plan, applied)
        return plan
    return await kind_named(rule.change.kind, beside).undo(
        asked, _leased(rule, applied), applied.incident or applied.mitigation
    )


async def plan_keep(
    cluster: Cluster,
    rule: MitigationRule,
    lease: LeaseSeen,
    *,
    incident: str,
    owner: str,
    now: datetime,
    until: datetime | None,
) -> Plan:
    """Plan to keep what is leased, with its owner and its end; `until` None ends the lease alone.

    Raises Refused where the lease is gone, or what it leases is not live any more.
    """
    hold = until - now if until is not None else timedelta(0)
    asked = Asked(cluster, rule, incident, owner, now, None, hold, lease)
    return await kind_named(DECIDES).plan(asked)


async def _leased_names(cluster: Cluster, rule: MitigationRule) -> frozenset[str]:
    """The variables that leases of this mitigation on the object tell of. Raises Refused."""
    try:
        notes = notes_of(await cluster.deployment())
    except ClusterError as error:
        raise refused_by(error) from None
    ours = [note for note in notes if note.mitigation == rule.id]
    return frozenset(name for note in ours for name in (note.variable, *(row[0] for row in note.more)))


def _check_target(plan: Plan, applied: Applied) -> None:
    """Several consoles of one incident may be pinned to different deployments. Raises Refused."""
    target = plan.target
    other = applied.uid != target.uid if applied.uid and target.uid else applied.place[1:] not in (
        ("", ""), (target.namespace, target.deployment)
    )  # fmt: skip
    if other:
        where = clean(" / ".join(filter(None, applied.place)), limit=160) or "another deployment"
        raise Refused(
            f"That was changed on {where}, not on the {target.deployment} that is there now; "
            "nothing was undone.",
            "Take it back there.",
        )


def _leased(rule: MitigationRule, lease: LeaseSeen) -> Made:
    """A change of which only the lease is known, as any console finds it on the object."""
    return Made(rule.change.kind, lease.mitigation, lease.variable, lease.previous, lease.value)
