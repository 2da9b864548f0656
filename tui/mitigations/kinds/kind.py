"""What a kind of change must be able to do; the protocol around it is the same for all."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from tui.clients.cluster import Cluster
from tui.mitigations.beside import Beside
from tui.model.clock import Clock
from tui.model.incident import Applied
from tui.model.mitigation import Made, Plan, Verdict
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule

APPLIED = "applied"
NOT_APPLIED = "not applied"
OVERWRITTEN = "overwritten"
INTERRUPTED = "interrupted"
UNKNOWN = "unknown"
# A key is in its store, and the pods were not restarted for it.
STORED = "stored"
# Asked immediately before each write: raises Refused where the change may be made from here no longer.
Confirm = Callable[[], Awaitable[None]]


async def unguarded() -> None:
    """Where nobody else could be changing it: there is nothing to confirm."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked for.

    Attributes:
        cluster: the pinned one.
        rule: the runbook's mitigation.
        incident: id of the incident that the change and its lease belong to.
        owner: who holds the lease.
        now: when the lease begins.
        value: a person's own value; None takes the rule's.
        hold: how long it is leased.
        lease: what a decision is about; None for every other kind.
    """

    cluster: Cluster
    rule: MitigationRule
    incident: str
    owner: str
    now: datetime
    value: str | None
    hold: timedelta
    lease: LeaseSeen | None = None

    def token(self) -> str:
        """What this very change will be known by on the object."""
        return f"{self.incident} {self.rule.id} {secrets.token_hex(6)}"

    def cause(self, what: str) -> str:
        """The change cause."""
        return f"leeward {self.incident}: {what}"


class Kind(Protocol):
    """One kind of change, from its plan to its undo.

    `rolls_out` says whether pods are replaced, or made, by it; `reversible` whether there can be a
    way back at all; `judged` whether it ends with a verdict; `interruptible` whether a person may end
    it while it is being done (a program; what is sent to the cluster is never torn off).
    """

    name: str
    rolls_out: bool
    reversible: bool
    judged: bool
    interruptible: bool

    async def plan(self, asked: Asked) -> Plan:
        """Check, plan and try it on the server. Raises Refused; nothing is changed by planning."""
        ...

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """The way back from a change of ours. Raises Refused where what is live is not ours any more.

        `entry` is the id of what is taken back.
        """
        ...

    async def apply(
        self, cluster: Cluster, plan: Plan, clock: Clock, confirm: Confirm = unguarded
    ) -> dict[str, Any]:
        """Do it, once; `confirm` immediately before each write. Raises Refused."""
        ...

    async def settle(self, cluster: Cluster, change: Made) -> str:
        """What became of a change of which no outcome was written. Raises ClusterError."""
        ...

    def outcome(self, deployment: Mapping[str, Any], change: Made) -> str:
        """The same, from the deployment as read."""
        ...

    def strange(self, deployment: Mapping[str, Any], change: Made) -> str:
        """What is live instead of what we set, with who set it, as a clause; "" while it is ours."""
        ...

    def kept(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the journal keeps of what `apply` gave."""
        ...


@runtime_checkable
class NeedsMore(Protocol):
    """A kind that cannot do with the cluster alone."""

    def using(self, beside: Beside) -> Kind:
        """The same kind, with what it needs."""
        ...


@runtime_checkable
class Proves(Protocol):
    """A kind that can tell more of its effect than a query does."""

    async def proven(self, cluster: Cluster, found: Verdict, complete: datetime) -> Verdict:
        """The verdict with that, `complete` being the end of the rollout. Raises ClusterError."""
        ...


def made_of(change: Applied) -> Made:
    """A change as the journal tells it."""
    return Made(
        kind=change.kind,
        mitigation=change.mitigation,
        variable=change.variable,
        before=change.before,
        after=change.after,
        container=change.container,
        uid=change.uid,
        mark=change.mark,
        undoes=change.undoes,
    )
