"""The exact change and its exact inverse, tried on the server before anybody is asked."""

from datetime import datetime, timedelta

from tui.clients.cluster import Cluster
from tui.mitigations.beside import Beside
from tui.mitigations.kinds import kind_named
from tui.mitigations.kinds.kind import Asked, made_of
from tui.model.incident import DECIDES, Applied
from tui.model.mitigation import Made, Plan
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule


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
    variable, that is the value from before both.
    """
    asked = Asked(cluster, rule, incident, owner, now, None, timedelta(0))
    if isinstance(applied, Applied):
        return await kind_named(applied.kind, beside).undo(asked, made_of(applied), applied.intent)
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


def _leased(rule: MitigationRule, lease: LeaseSeen) -> Made:
    """A change of which only the lease is known, as any console finds it on the object."""
    return Made(rule.change.kind, lease.mitigation, lease.variable, lease.previous, lease.value)
