"""The change itself: sent once, with its preconditions; never sent again to find out."""

from collections.abc import Mapping
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.mitigations.patch import lease_in
from tui.mitigations.refusal import Refused, refused_by
from tui.model import deployment as workload
from tui.model.clock import Clock, SystemClock
from tui.model.mitigation import Plan, told
from tui.model.text import clean

_ATTEMPTS = 4
_PAUSE = 1.0
_OPEN_AGAIN = "Open the preview again: it shows what is there now."


async def apply(cluster: Cluster, plan: Plan, clock: Clock | None = None) -> dict[str, Any]:
    """Apply the plan; the answer is the deployment as stored.

    A precondition that does not hold applies nothing, and the refusal says what changed. An
    answer that was lost is settled by looking: Refused with `outcome` "unknown" is raised only
    where the cluster cannot be asked either.
    """
    try:
        return await cluster.patch_deployment(plan.patch, plan.content_type, dry_run=False)
    except ClusterError as error:
        problem = error
    if problem.sent:
        return await _look(cluster, plan, problem, clock or SystemClock())
    if problem.reason in (Reason.CONFLICT, Reason.INVALID):
        raise await _explained(cluster, plan, problem)
    raise refused_by(problem)


def is_applied(deployment: Mapping[str, Any], plan: Plan) -> bool:
    """Whether the object holds this very change: its value, and its lease or, for an undo, none.

    The lease's text names incident, owner and moment, and so tells our change from another's.
    """
    if str((deployment.get("metadata") or {}).get("uid") or "") != plan.target.uid:
        return False
    if workload.generation(deployment) <= plan.target.generation:
        return False
    if workload.live_value(deployment, plan.target.container, plan.variable) != plan.after:
        return False
    written = lease_in(plan.patch)
    if written is None:
        manager = workload.env_manager(deployment, plan.target.container, plan.variable)
        return plan.after is None or manager in ("", "leeward")
    key, text = written
    return workload.annotations(deployment).get(key) == text


def what_changed(deployment: Mapping[str, Any], plan: Plan) -> str:
    """Why the preconditions no longer hold, as a clause; "" where they still do."""
    target = plan.target
    if str((deployment.get("metadata") or {}).get("uid") or "") != target.uid:
        return f"deployment {target.deployment} was deleted and made anew"
    live = workload.live_value(deployment, target.container, plan.variable)
    manager = workload.env_manager(deployment, target.container, plan.variable)
    if live != plan.before:
        by = f", set by {clean(manager, limit=60)}" if manager else ""
        return f"{plan.variable} is {told(live)} now{by}, no longer {told(plan.before)}"
    if workload.generation(deployment) != target.generation:
        return (
            f"somebody changed the deployment since the preview (generation {target.generation} → "
            f"{workload.generation(deployment)}); {plan.variable} is still {told(live)}"
        )
    return ""


async def _explained(cluster: Cluster, plan: Plan, problem: ClusterError) -> Refused:
    """The refusal, with what is different now."""
    try:
        changed = what_changed(await cluster.deployment(), plan)
    except ClusterError:
        changed = ""
    if not changed:
        return refused_by(problem)
    return Refused(f"Nothing was applied: {changed}.", _OPEN_AGAIN, reason=Reason.CONFLICT)


async def _look(cluster: Cluster, plan: Plan, problem: ClusterError, clock: Clock) -> dict[str, Any]:
    """What became of a change whose answer was lost."""
    for attempt in range(_ATTEMPTS):
        # Even a request that timed out here may still be on its way through the server.
        await clock.sleep(_PAUSE * (attempt + 1))
        try:
            deployment = await cluster.deployment()
        except ClusterError:
            continue
        if is_applied(deployment, plan):
            return deployment
        changed = what_changed(deployment, plan)
        if changed:
            raise Refused(f"Nothing of ours is live: {changed}.", _OPEN_AGAIN, reason=problem.reason)
        if attempt == _ATTEMPTS - 1:
            raise Refused(
                f"{problem.said} The change did not arrive: {plan.variable} is still {told(plan.before)}.",
                _OPEN_AGAIN,
                reason=problem.reason,
            )
    raise Refused(
        f"{problem.said} Whether {plan.change} was made is not known: the cluster cannot be asked.",
        "It is compared with the cluster as soon as that answers; do not apply it again before.",
        outcome="unknown",
        reason=problem.reason,
    )
