"""Following a rollout to its end, by kubectl's rule, whatever the connection does meanwhile."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.mitigations import by_hand
from tui.mitigations.kinds import kind_named
from tui.model import deployment as workload
from tui.model.clock import Clock
from tui.model.deployment import Rollout, RolloutState
from tui.model.mitigation import Made, Plan, Progress, Stage
from tui.model.text import clean
from tui.model.times import span

_WATCH = 10.0  # seconds of one watch; then the deployment is read again, whatever the watch said
_POLL = 1.0
_MOST_PAUSE = 10.0


@dataclass(slots=True)
class _Follower:
    """What one following knows so far."""

    cluster: Cluster
    change: Made
    clock: Clock
    deadline: float
    began: float = 0.0
    said: str = ""
    pause: float = _POLL
    watches: bool = True
    steps: list[Progress] = field(default_factory=list)
    over: bool = False
    most: int = 0

    @property
    def left(self) -> float:
        return self.deadline - (self.clock.monotonic() - self.began)

    def tell(self, stage: Stage, text: str, **data: Any) -> None:
        """Tell a step once; the same words again are no step."""
        if text != self.said:
            self.said = text
            self.steps.append(Progress(stage, text, self.clock.now(), data))

    def end(self, stage: Stage, text: str, **data: Any) -> None:
        self.said = ""
        self.tell(stage, text, **data)
        self.over = True


async def follow(
    cluster: Cluster, plan: Plan | Made, deadline: timedelta, clock: Clock
) -> AsyncIterator[Progress]:
    """The steps of the rollout that the applied change started.

    Each step is `ROLLING_OUT` ("rollout 1 of 3"). The last one is either `ROLLING_OUT` with
    `data["complete"]` true ("rollout complete in 38 s") and `data["seconds"]`, or `STALLED` with the
    reasons: the deployment's own progress deadline or ours passed, or our value was overwritten
    (`data["overwritten_by"]`). A cluster that cannot be reached is told, and asked again until
    the deadline. Nothing is raised but what is cancelled.

    Args:
        cluster: the pinned one.
        plan: what was applied, or the change as the journal tells it.
        deadline: how long the rollout may take.
        clock: for the deadline and the pauses.
    """
    change = plan.made if isinstance(plan, Plan) else plan
    follower = _Follower(cluster, change, clock, deadline.total_seconds(), clock.monotonic())
    while not follower.over:
        version = await _read(follower)
        for step in _take(follower):
            yield step
        if not follower.over and version:
            async for step in _watched(follower, version):
                yield step
        if not follower.over and follower.left <= 0:
            await _stalled(follower, f"not complete within {span(deadline)}")
            for step in _take(follower):
                yield step


def _take(follower: _Follower) -> list[Progress]:
    steps, follower.steps = follower.steps, []
    return steps


async def _read(follower: _Follower) -> str:
    """Read and judge the deployment once; its resource version, or "" where it cannot be watched."""
    try:
        deployment = await follower.cluster.deployment()
    except ClusterError as error:
        await _unreadable(follower, error)
        return ""
    follower.pause = _POLL
    await _judge(follower, deployment)
    if follower.over:
        return ""
    if not follower.watches:
        await follower.clock.sleep(_POLL)
        return ""
    return str(deployment.get("metadata", {}).get("resourceVersion") or "")


async def _watched(follower: _Follower, version: str) -> AsyncIterator[Progress]:
    """The steps that one watch tells; without a watch, polling does."""
    seconds = max(min(_WATCH, follower.left), 1.0)
    began = follower.clock.monotonic()
    try:
        async with aclosing(follower.cluster.watch_deployment(version, seconds)) as changes:  # type: ignore[type-var]
            async for deployment in changes:
                await _judge(follower, deployment)
                for step in _take(follower):
                    yield step
                if follower.over or follower.left <= 0:
                    return
    except ClusterError as error:
        # A role may allow to get and not to watch.
        follower.watches = error.reason is not Reason.FORBIDDEN
    if follower.clock.monotonic() - began < _POLL:
        await follower.clock.sleep(_POLL)  # a watch that ends at once must not become a storm


async def _unreadable(follower: _Follower, error: ClusterError) -> None:
    if error.reason is Reason.MISSING:
        follower.end(Stage.STALLED, f"the deployment is gone: {error.said}", reason=str(error.reason))
        return
    follower.tell(
        Stage.ROLLING_OUT,
        f"cannot follow the rollout: {error.said} Still trying. {error.remedy}",
        reason=str(error.reason),
    )
    if follower.left > 0:
        await follower.clock.sleep(max(min(follower.pause, follower.left), 0.05))
    follower.pause = min(follower.pause * 2, _MOST_PAUSE)


async def _judge(follower: _Follower, deployment: Mapping[str, Any]) -> None:
    strange = kind_named(follower.change.kind).strange(deployment, follower.change)
    if strange:
        what, _, by = strange.rpartition(", no longer ")[0].partition(", set by ")
        by = by or "somebody"
        follower.end(Stage.STALLED, f"overwritten by {by}: {what}", overwritten_by=by)
        return
    rollout = workload.rollout_of(deployment)
    data = {"done": rollout.done, "wanted": rollout.wanted}
    match rollout.state:
        case RolloutState.COMPLETE:
            seconds = round(follower.clock.monotonic() - follower.began, 1)
            took = span(timedelta(seconds=seconds))
            follower.end(
                Stage.ROLLING_OUT, f"rollout complete in {took}", complete=True, seconds=seconds, **data
            )
        case RolloutState.STALLED:
            await _stalled(follower, "past its own progress deadline")
        case RolloutState.PAUSED:
            follower.tell(Stage.ROLLING_OUT, _paused(follower, rollout), paused=True, **data)
        case RolloutState.PROGRESSING:
            # A pod that is replaced once more is not news: steps only go forward.
            follower.most = max(follower.most, rollout.done)
            follower.tell(Stage.ROLLING_OUT, f"rollout {follower.most} of {rollout.wanted}", **data)


def _paused(follower: _Follower, rollout: Rollout) -> str:
    command = by_hand.of(follower.cluster, "rollout", "resume")
    return (
        f"rollout paused by somebody at {rollout.done} of {rollout.wanted}: the change is stored and "
        f"waits; to go on: {command}"
    )


async def _stalled(follower: _Follower, why: str) -> None:
    reasons = await _reasons(follower.cluster)
    because = f" ({'; '.join(reasons)})" if reasons else ""
    follower.end(
        Stage.STALLED,
        f"rollout stalled, {why}{because}. The change is stored; pods of before may still serve. "
        f"{_way_back(follower.change)}",
        reasons=list(reasons),
    )


def _way_back(change: Made) -> str:
    return "z undoes it." if kind_named(change.kind).reversible else "It cannot be taken back."


async def _reasons(cluster: Cluster) -> tuple[str, ...]:
    """Why new pods do not get ready: what they wait for, else the last warnings; none where unreadable."""
    try:
        pods, events = await cluster.pods(), await cluster.events()
    except ClusterError:
        return ()
    waiting = [clean(f"{reason}: {message}".rstrip(": "), limit=160) for reason, message in _waiting(pods)]
    if waiting:
        return tuple(waiting[:3])
    warnings = [e for e in events if e.get("type") == "Warning"][-3:]
    return tuple(clean(f"{e.get('reason')}: {e.get('message')}", limit=160) for e in warnings)


def _waiting(pods: tuple[Mapping[str, Any], ...]) -> tuple[tuple[str, str], ...]:
    seen: dict[str, str] = {}
    for reason, message in workload.waiting_reasons(pods):
        seen.setdefault(reason, message)  # messages name the pod, and would all be told
    return tuple(seen.items())
