"""The whole protocol against the simulated cluster, over https, with its controllers running."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import START
from tui.clients.cluster import Cluster, Reason
from tui.drill import kubernetes as simulated
from tui.mitigations import Refused
from tui.mitigations.apply import apply
from tui.mitigations.plan import plan_change, plan_undo
from tui.mitigations.rollout import follow
from tui.mitigations.settle import settle
from tui.model.clock import SystemClock
from tui.model.deployment import rollout_of
from tui.model.incident import Applied
from tui.model.lease import leases_of, overwritten
from tui.model.mitigation import Ownership, Plan, Progress, Stage
from tui.model.runbook import Runbook
from tui.settings import Kubernetes

KEY = "sentinelKey0123456789abcdefghijk"
PACE = simulated.Pace(ready_s=0.15, stop_s=0.05, react_s=0.01)
QUICK = simulated.Pace(ready_s=0.03, stop_s=0.01, react_s=0.005)


class World:
    """The simulated cluster, its server, and connections to it."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.sim = simulated.Cluster(KEY, **{"pace": PACE, **how})
        self.api = simulated.KubeApi(self.sim)
        self._folder = folder
        self._open: list[Cluster] = []

    async def connect(self, user: str = "responder", **given: Any) -> Cluster:
        path = self._folder / f"kubeconfig-{user}"
        path.write_text(self.api.kubeconfig(user))
        settings = Kubernetes(**{"kubeconfig": str(path), "deployment": "mistral-service", **given})
        cluster = await Cluster.connect(settings, 30.0)
        self._open.append(cluster)
        return cluster

    async def close(self) -> None:
        for cluster in self._open:
            await cluster.close()
        await self.api.stop()

    def env(self, name: str) -> str | None:
        (container,) = self.sim.deployment["spec"]["template"]["spec"]["containers"]
        return {entry["name"]: entry.get("value", "") for entry in container["env"]}.get(name)


@asynccontextmanager
async def world_of(folder: Path, **how: Any) -> AsyncIterator[World]:
    world = World(folder, **how)
    await world.api.start()
    try:
        yield world
    finally:
        await world.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path) as made:
        yield made


async def planned(cluster: Cluster, runbook: Runbook, rule: str = "reduce-concurrency", **how: Any) -> Plan:
    given = {"incident": "inc-1", "owner": "responder", "now": START, **how}
    return await plan_change(cluster, runbook.mitigations[rule], **given)


async def rolled_out(cluster: Cluster, plan: Plan, seconds: float = 10) -> list[Progress]:
    return [step async for step in follow(cluster, plan, timedelta(seconds=seconds), SystemClock())]


async def refused(awaitable: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaitable
    error = caught.value
    assert KEY not in str(error)
    assert error.said.endswith(".")
    assert error.remedy
    return error


@pytest.mark.parametrize(
    ("rule", "variable", "value"),
    [
        ("reduce-concurrency", "MAX_CONCURRENT_MISTRAL", "3"),
        ("enable-fallback", "MISTRAL_FALLBACK", "true"),
        ("raise-timeout", "MISTRAL_TIMEOUT_MS", "120000"),
    ],
)
async def test_each_change_is_planned_applied_followed_and_undone(
    world: World, runbook: Runbook, rule: str, variable: str, value: str
) -> None:
    cluster = await world.connect()
    original = world.sim.deployment["spec"]
    before = world.env(variable)
    plan = await planned(cluster, runbook, rule)
    assert (plan.before, plan.after, world.env(variable)) == (before, value, before)
    await apply(cluster, plan)
    steps = await rolled_out(cluster, plan)
    assert [s.text for s in steps[:3]] == ["rollout 0 of 3", "rollout 1 of 3", "rollout 2 of 3"]
    assert steps[-1].data["complete"] is True
    assert {pod.env[variable] for pod in world.sim.pods()} == {value}
    (lease,) = leases_of(await cluster.deployment())
    assert (lease.variable, lease.value, lease.previous, lease.live) == (variable, value, before, value)
    undo = await plan_undo(
        cluster, runbook.mitigations[rule], lease, incident="inc-1", owner="responder", now=START
    )
    await apply(cluster, undo)
    assert (await rolled_out(cluster, undo))[-1].data["complete"] is True
    assert world.sim.deployment["spec"] == original
    assert leases_of(await cluster.deployment()) == ()


async def test_an_undo_restores_what_was_unset(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    container = {"name": "mistral-service", "env": [{"name": "MISTRAL_TIMEOUT_MS", "$patch": "delete"}]}
    world.sim.edit({"spec": {"template": {"spec": {"containers": [container]}}}}, manager="kubectl-set")
    await until_complete(cluster)
    plan = await planned(cluster, runbook, "raise-timeout")
    assert plan.before is None
    (lease,) = leases_of(await apply(cluster, plan))
    rule = runbook.mitigations["raise-timeout"]
    undo = await plan_undo(cluster, rule, lease, incident="inc-1", owner="responder", now=START)
    await apply(cluster, undo)
    assert world.env("MISTRAL_TIMEOUT_MS") is None


async def until_complete(cluster: Cluster) -> None:
    async with asyncio.timeout(10):
        async for _ in cluster.watch_deployment("0", 10):
            if rollout_of(await cluster.deployment()).complete:
                return


async def test_of_eight_consoles_exactly_one_applies(world: World, runbook: Runbook) -> None:
    consoles = [await world.connect() for _ in range(8)]
    plans = await asyncio.gather(
        *(planned(c, runbook, value=str(n), incident=f"inc-{n}") for n, c in enumerate(consoles, 1))
    )
    outcomes = await asyncio.gather(
        *(apply(console, plan) for console, plan in zip(consoles, plans, strict=True)),
        return_exceptions=True,
    )
    won = [p.after for p, outcome in zip(plans, outcomes, strict=True) if isinstance(outcome, dict)]
    assert won == [world.env("MAX_CONCURRENT_MISTRAL")]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(lost) == 7
    for outcome in lost:
        assert f"MAX_CONCURRENT_MISTRAL is {won[0]} now, set by leeward, no longer 10" in outcome.said


async def test_an_overwritten_change_is_named_and_not_undone(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    world.sim.set_env("MAX_CONCURRENT_MISTRAL", "10", manager="argocd-controller")
    deployment = await cluster.deployment()
    assert overwritten(deployment, lease) == "argocd-controller"
    rule = runbook.mitigations["reduce-concurrency"]
    undo = plan_undo(cluster, rule, lease, incident="inc-1", owner="responder", now=START)
    assert "set by argocd-controller" in (await refused(undo)).said


async def test_a_rollout_that_argocd_undoes_is_told(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    await apply(cluster, plan)
    world.sim.set_env("MAX_CONCURRENT_MISTRAL", "10", manager="argocd-controller")
    steps = await rolled_out(cluster, plan)
    assert steps[-1].data["overwritten_by"] == "argocd-controller"


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ("", Ownership.NONE),
        ("argocd", Ownership.ARGOCD),
        ("flux", Ownership.FLUX),
        ("helm", Ownership.HELM),
    ],
)
async def test_the_owner_and_the_autoscaler_are_told(
    tmp_path: Path, runbook: Runbook, owner: str, told: Ownership
) -> None:
    async with world_of(tmp_path, owner=owner, autoscaler=(3, 12)) as world:
        plan = await planned(await world.connect(), runbook)
    assert plan.ownership is told
    assert plan.means == "3 x 3 pods = 9 at once, was 30; 36 when the autoscaler is at 12"


async def test_a_login_that_expired_is_a_sentence(world: World, runbook: Runbook) -> None:
    cluster = await world.connect("nobody")
    error = await refused(planned(cluster, runbook))
    assert error.reason is Reason.LOGIN_EXPIRED
    assert error.said.startswith("The login to ")


async def test_a_login_that_expires_between_preview_and_change_applies_nothing(
    world: World, runbook: Runbook
) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    world.sim.faults.login_expired = True
    error = await refused(apply(cluster, plan))
    assert "nothing was changed" in error.said
    assert world.env("MAX_CONCURRENT_MISTRAL") == "10"


async def test_a_viewer_is_told_which_permission_is_missing(world: World, runbook: Runbook) -> None:
    error = await refused(planned(await world.connect("viewer"), runbook))
    assert error.said.startswith("viewer may not patch deployments.apps in namespace prod")


async def test_a_permission_taken_away_meanwhile_is_told(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    world.sim.faults.forbid = frozenset({("patch", "deployments")})
    error = await refused(apply(cluster, plan))
    assert error.said.startswith("responder may not patch deployments.apps")
    assert world.env("MAX_CONCURRENT_MISTRAL") == "10"


async def test_a_deployment_that_is_not_there_is_told(world: World, runbook: Runbook) -> None:
    cluster = await world.connect(deployment="nope")
    assert "no deployment nope" in (await refused(planned(cluster, runbook))).said


async def test_a_paused_deployment_is_refused(world: World, runbook: Runbook) -> None:
    world.sim.pause()
    assert "is paused" in (await refused(planned(await world.connect(), runbook))).said


async def test_a_second_change_waits_for_the_rollout(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    await apply(cluster, plan)
    assert "is running" in (await refused(planned(cluster, runbook, "enable-fallback"))).said
    await rolled_out(cluster, plan)
    assert (await planned(cluster, runbook, "enable-fallback")).after == "true"


@pytest.mark.parametrize(("fault", "reason"), [("crash", "CrashLoopBackOff"), ("image", "ImagePull")])
async def test_a_rollout_past_its_deadline_is_stalled_with_its_reason_and_can_be_undone(
    tmp_path: Path, runbook: Runbook, fault: str, reason: str
) -> None:
    async with world_of(tmp_path, deadline_s=2) as world:
        cluster = await world.connect()
        world.sim.break_new_pods(fault)
        plan = await planned(cluster, runbook)
        (lease,) = leases_of(await apply(cluster, plan))
        steps = await rolled_out(cluster, plan)
        assert steps[-1].stage is Stage.STALLED
        assert reason in steps[-1].text
        world.sim.break_new_pods("")
        rule = runbook.mitigations["reduce-concurrency"]
        undo = await plan_undo(cluster, rule, lease, incident="inc-1", owner="responder", now=START)
        await apply(cluster, undo)
        assert (await rolled_out(cluster, undo))[-1].data["complete"] is True


async def test_a_server_that_fails_after_the_preview_is_looked_at_again(
    world: World, runbook: Runbook
) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    world.sim.faults.fail_status = 503

    class Recovers(SystemClock):
        async def sleep(self, seconds: float) -> None:
            world.sim.faults.fail_status = 0

    error = await refused(apply(cluster, plan, Recovers()))
    assert "The change did not arrive" in error.said
    assert world.env("MAX_CONCURRENT_MISTRAL") == "10"


async def test_an_invalid_change_is_refused_by_the_servers_own_words(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    entry = {"name": "", "value": KEY}
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": entry}]
    from dataclasses import replace

    error = await refused(apply(cluster, replace(plan, patch=patch)))
    assert "env[" in error.said
    assert "Required value" in error.said


async def test_an_intent_is_settled_after_a_crash(world: World, runbook: Runbook) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, runbook)
    intent = Applied("e1", plan.rule.id, "", plan.variable, plan.before, plan.after, START)
    assert await settle(cluster, intent) == "not applied"
    await apply(cluster, plan)
    assert await settle(cluster, intent) == "applied"
    world.sim.set_env(plan.variable, "10")
    assert await settle(cluster, intent) == "overwritten"
    await world.api.stop()
    assert await settle(cluster, intent) == "unknown"


async def test_what_the_probes_read_is_there(world: World) -> None:
    world.sim.log_source = lambda _pod, _since: []
    cluster = await world.connect()
    assert await cluster.whoami() == "responder"
    assert len(await cluster.pods()) == 3
    assert len(await cluster.replica_sets()) == 1
    assert await cluster.autoscalers() == ()
    secret = await cluster.secret_value("mistral", "api-key")
    assert secret is not None
    assert secret.reveal() == KEY
    pod = (await cluster.pods())[0]["metadata"]["name"]
    assert await cluster.pod_log(pod, "mistral-service", 600, 10, 10_000) == ""
