"""The rows of the matrix: one kind of change each, and how its world looks before, beside and after it.

A new kind joins by adding a row to `ROWS`; every case of the matrix then asks it.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.mitigations.test_protocol import World
from tests.support.consoles import INCIDENT, Console
from tui.model import deployment as workload
from tui.model.lease import leases_of
from tui.model.mitigation import Plan
from tui.model.reading import LeaseSeen

LEASE = "leeward.dev/lease-my-env"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of change.

    Attributes:
        plan: makes its plan, after what must stand before it.
        drift: somebody else changes the very thing.
        writes: how many journal writes one run makes.
        rolls_out: whether pods are replaced or made.
        reversible: whether it can be taken back.
        judged: whether it ends with a verdict.
        before: how many changes its own preparation leaves in the record.
        on_cluster: whether it is sent to the cluster at all.
        stopped_by_a_pause: whether it is refused while the deployment is paused.
    """

    plan: Callable[[Console], Awaitable[Plan]]
    drift: Callable[[World], None]
    writes: int
    rolls_out: bool = True
    reversible: bool = True
    judged: bool = True
    before: int = 0
    on_cluster: bool = True
    stopped_by_a_pause: bool = True

    def is_live(self, world: World, plan: Plan) -> bool:
        """Whether the object holds this very change."""
        annotations = workload.annotations(world.sim.deployment)
        if plan.kind == "lease":
            return bool(annotations.get(LEASE) == plan.mark["becomes"])
        return bool(annotations.get(workload.CHANGE_MARK) == plan.mark["known_by"])


def stored(world: World) -> str:
    """What must not change where nothing was done."""
    annotations = workload.annotations(world.sim.deployment)
    ours = {key: text for key, text in annotations.items() if key.startswith("leeward.dev/")}
    return json.dumps([world.sim.deployment["spec"], ours], sort_keys=True)


def _of(mitigation: str) -> Callable[[Console], Awaitable[Plan]]:
    return lambda console: console.plan(mitigation)


async def leased(console: Console) -> LeaseSeen:
    """A lease, taken by a change that has come to its end."""
    await console.run("my-env")
    (lease,) = leases_of(await (await console.door.open()).deployment())
    return lease


async def _keep(console: Console) -> Plan:
    lease = await leased(console)
    until = lease.until + timedelta(hours=5)
    return await console.operations.preview_keep(INCIDENT, lease, "bob", until, console.last.intent)


async def _end(console: Console) -> Plan:
    lease = await leased(console)
    return await console.operations.preview_keep(INCIDENT, lease, "", None, console.last.intent)


def _set_concurrency(world: World) -> None:
    world.sim.set_env("MAX_CONCURRENT_MISTRAL", "77", manager="argocd-controller")


def _restart(world: World) -> None:
    stamp = {"annotations": {workload.RESTARTED_AT: "2026-01-01T00:00:00Z"}}
    world.sim.edit({"spec": {"template": {"metadata": stamp}}}, manager="kubectl-rollout")


def _scale(world: World) -> None:
    world.sim.edit({"spec": {"replicas": 7}}, manager="kubectl-scale")


def _decide(world: World) -> None:
    text = workload.annotations(world.sim.deployment)[LEASE].replace("alice", "carol")
    world.sim.edit({"metadata": {"annotations": {LEASE: text}}}, manager="leeward")


def _nothing(_world: World) -> None:
    """What a program does has no place on the object that anybody else could change."""


ROWS: dict[str, Row] = {
    "env": Row(_of("my-env"), _set_concurrency, writes=7),
    "several": Row(_of("my-several"), _set_concurrency, writes=7),
    "restart": Row(_of("my-restart"), _restart, writes=7, reversible=False),
    "rollback": Row(_of("my-rollback"), _set_concurrency, writes=7),
    "scale": Row(_of("my-scale"), _scale, writes=4),
    "command": Row(
        _of("my-command"), _nothing, writes=3, rolls_out=False, on_cluster=False, stopped_by_a_pause=False
    ),
    "keep": Row(
        _keep,
        _decide,
        writes=2,
        rolls_out=False,
        reversible=False,
        judged=False,
        before=1,
        stopped_by_a_pause=False,
    ),
    "end": Row(
        _end,
        _decide,
        writes=2,
        rolls_out=False,
        reversible=False,
        judged=False,
        before=1,
        stopped_by_a_pause=False,
    ),
}
ON_CLUSTER = [name for name, row in ROWS.items() if row.on_cluster]
ROLLING = [name for name, row in ROWS.items() if row.rolls_out]
