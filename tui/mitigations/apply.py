"""The change itself: made once, with its preconditions; never made again to find out."""

from typing import Any

from tui.clients.cluster import Cluster
from tui.mitigations.beside import Beside
from tui.mitigations.kinds import kind_named
from tui.mitigations.kinds.kind import Confirm, unguarded
from tui.model.clock import Clock, SystemClock
from tui.model.mitigation import Plan


async def apply(
    cluster: Cluster,
    plan: Plan,
    clock: Clock | None = None,
    beside: Beside | None = None,
    confirm: Confirm = unguarded,
) -> dict[str, Any]:
    """Apply the plan; the answer is the deployment as stored, or what a command left to keep.

    Raises Refused. A precondition that does not hold applies nothing, and the refusal says what
    changed. An answer that was lost is settled by looking: Refused with `outcome` "unknown" is
    raised only where the cluster cannot be asked either. `confirm` is asked immediately before each write.
    """
    return await kind_named(plan.kind, beside).apply(cluster, plan, clock or SystemClock(), confirm)
