"""After a crash: an intent without outcome, compared with the cluster before anything else is offered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.mitigations.beside import Beside
from tui.mitigations.kinds import kind_named
from tui.mitigations.kinds.kind import (
    APPLIED,
    INTERRUPTED,
    NOT_APPLIED,
    OVERWRITTEN,
    STORED,
    UNKNOWN,
    made_of,
)
from tui.mitigations.refusal import Refused
from tui.model.incident import Applied

__all__ = [
    "APPLIED",
    "INTERRUPTED",
    "NOT_APPLIED",
    "OVERWRITTEN",
    "STORED",
    "UNKNOWN",
    "outcome_of",
    "settle",
]


async def settle(cluster: Cluster, applied: Applied, beside: Beside | None = None) -> str:
    """What became of it; `unknown` where the cluster, or what else tells of it, cannot be asked."""
    try:
        return await settled(cluster, applied, beside)
    except (ClusterError, Refused):
        return UNKNOWN


async def settled(cluster: Cluster, applied: Applied, beside: Beside | None = None) -> str:
    """As `settle`; raises ClusterError or Refused, with the reason, where it cannot be asked."""
    made = made_of(applied)
    made = made if made.container else replace(made, container=cluster.container)
    return await kind_named(applied.kind, beside).settle(cluster, made)


def outcome_of(deployment: Mapping[str, Any], applied: Applied, container: str = "") -> str:
    """The same, from the deployment as read."""
    made = made_of(applied)
    return kind_named(applied.kind).outcome(deployment, replace(made, container=made.container or container))
