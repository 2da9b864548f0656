"""After a crash: an intent without outcome, compared with the cluster before anything else is offered."""

from collections.abc import Mapping
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.model import deployment as workload
from tui.model.incident import Applied
from tui.model.lease import LeaseNote, notes_of

APPLIED = "applied"
NOT_APPLIED = "not applied"
OVERWRITTEN = "overwritten"
UNKNOWN = "unknown"


async def settle(cluster: Cluster, applied: Applied) -> str:
    """What became of it: `applied`, `not applied`, `overwritten` or `unknown` (cannot be asked)."""
    try:
        deployment = await cluster.deployment()
    except ClusterError as error:
        return NOT_APPLIED if error.reason is Reason.MISSING else UNKNOWN
    return outcome_of(deployment, applied, cluster.container)


def outcome_of(deployment: Mapping[str, Any], applied: Applied, container: str = "") -> str:
    """The same, from the deployment as read.

    A change and its lease are one patch: where the lease is, the change was made, and where only
    the value is, somebody else set it, unless our field manager is its owner.
    """
    lease = _lease(deployment, applied)
    where = (lease.container if lease else "") or container or _having(deployment, applied.variable)
    live = workload.live_value(deployment, where, applied.variable)
    ours = workload.env_manager(deployment, where, applied.variable) == "leeward"
    if applied.undoes:
        return _undone(live, applied, lease, ours)
    if lease is not None and lease.value == applied.after:
        return APPLIED if live == applied.after else OVERWRITTEN
    if live == applied.after and ours:
        return APPLIED
    return NOT_APPLIED


def _undone(live: str | None, applied: Applied, lease: LeaseNote | None, ours: bool) -> str:
    if lease is not None and lease.value == applied.before:
        return NOT_APPLIED if live == applied.before else OVERWRITTEN
    if live == applied.after and (ours or applied.after is None):
        return APPLIED
    return OVERWRITTEN if live != applied.before else NOT_APPLIED


def _lease(deployment: Mapping[str, Any], applied: Applied) -> LeaseNote | None:
    for note in notes_of(deployment):
        if note.variable == applied.variable and note.mitigation == applied.mitigation:
            return note
    return None


def _having(deployment: Mapping[str, Any], variable: str) -> str:
    """The container that has the variable, else the first one."""
    all_of_them = workload.containers(deployment)
    having = [c for c in all_of_them if workload.env_entries(c, variable)] or list(all_of_them)
    return str(having[0].get("name") or "") if having else ""
