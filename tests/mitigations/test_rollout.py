"""Following a rollout: by the status alone, to its end, through whatever the connection does."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support import api_stub
from tests.support.api_stub import DEPLOYMENTS, PATH, ApiStub
from tests.support.clock import START
from tui.clients.cluster import Cluster
from tui.mitigations.apply import apply
from tui.mitigations.plan import plan_change
from tui.mitigations.rollout import follow
from tui.model.clock import SystemClock
from tui.model.deployment import RolloutState, rollout_of
from tui.model.mitigation import Plan, Progress, Stage
from tui.model.runbook import Runbook

RECORDED = Path(__file__).parents[1] / "recordings" / "kubernetes-api"


@pytest.fixture
async def applied(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> Plan:
    rule = runbook.mitigations["reduce-concurrency"]
    plan = await plan_change(cluster, rule, incident="inc-1", owner="alice", now=START)
    await apply(cluster, plan)
    return plan


async def followed(
    cluster: Cluster, plan: Plan, react: Callable[[Progress], None], seconds: float = 20
) -> list[Progress]:
    """Every step; `react` may move the world on after each."""
    steps = []
    async for step in follow(cluster, plan, timedelta(seconds=seconds), SystemClock()):
        steps.append(step)
        react(step)
    return steps


def recorded(name: str) -> list[dict[str, Any]]:
    series: list[dict[str, Any]] = json.loads((RECORDED / f"{name}.json").read_text())["sequence"]
    return series


def show(stub: ApiStub, moment: dict[str, Any]) -> None:
    """The deployment as the recording had it at one moment."""
    generation = stub.deployment["metadata"]["generation"]
    shift = generation - moment["generation"]
    status = json.loads(json.dumps(moment["status"]))
    if "observedGeneration" in status:
        status["observedGeneration"] += shift
    stub.deployment["status"] = status
    stub.deployment["spec"]["paused"] = moment["paused"]
    stub.deployment["spec"]["replicas"] = moment["spec_replicas"]
    stub.changed()


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("rollout-set-env", RolloutState.COMPLETE),
        ("rollout-deadline-exceeded", RolloutState.STALLED),
        ("rollout-paused", RolloutState.PAUSED),
    ],
)
def test_only_the_last_moment_of_a_recording_is_its_end(name: str, ends: RolloutState) -> None:
    states = [
        rollout_of(
            {
                "metadata": {"generation": moment["generation"]},
                "spec": {"replicas": moment["spec_replicas"], "paused": moment["paused"]},
                "status": moment["status"],
            }
        ).state
        for moment in recorded(name)
    ]
    assert states[-1] is ends
    assert ends not in states[:-1] or ends is RolloutState.PAUSED


async def test_the_steps_of_a_recorded_rollout(stub: ApiStub, cluster: Cluster, applied: Plan) -> None:
    moments = iter(recorded("rollout-set-env"))

    async def play() -> None:
        for moment in moments:
            show(stub, moment)
            await asyncio.sleep(0.05)

    playing = asyncio.create_task(play())
    steps = await followed(cluster, applied, lambda _: None)
    await playing
    texts = [step.text for step in steps]
    assert texts[:3] == ["rollout 0 of 3", "rollout 1 of 3", "rollout 2 of 3"]
    assert texts[3].startswith("rollout complete in ")
    assert steps[-1].stage is Stage.ROLLING_OUT
    assert steps[-1].data["complete"] is True


async def test_a_deadline_exceeded_is_stalled_with_the_pods_reasons(
    stub: ApiStub, cluster: Cluster, applied: Plan
) -> None:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    stub.lists["pods"] = [{"status": {"containerStatuses": [{"state": {"waiting": waiting}}]}}]
    moments = iter(recorded("rollout-deadline-exceeded"))

    async def play() -> None:
        for moment in moments:
            show(stub, moment)
            await asyncio.sleep(0.05)

    playing = asyncio.create_task(play())
    steps = await followed(cluster, applied, lambda _: None)
    await playing
    assert steps[-1].stage is Stage.STALLED
    assert "past its own progress deadline" in steps[-1].text
    assert "CrashLoopBackOff: back-off 40s restarting failed container" in steps[-1].text
    assert "z undoes it" in steps[-1].text


async def test_our_deadline_stalls_it_too(stub: ApiStub, cluster: Cluster, applied: Plan) -> None:
    stub.lists["events"] = [
        {
            "involvedObject": {"name": "mistral-service-1"},
            "type": "Warning",
            "reason": "FailedCreate",
            "message": "exceeded quota",
        }
    ]
    steps = await followed(cluster, applied, lambda _: None, seconds=0.5)
    assert steps[-1].stage is Stage.STALLED
    assert "not complete within 0 s" in steps[-1].text
    assert "FailedCreate: exceeded quota" in steps[-1].text


async def test_a_pause_is_told_with_the_way_on(stub: ApiStub, cluster: Cluster, applied: Plan) -> None:
    def react(step: Progress) -> None:
        if step.text == "rollout 0 of 3":
            stub.deployment["spec"]["paused"] = True
            stub.changed()
        if step.data.get("paused"):
            stub.deployment["spec"]["paused"] = False
            stub.finish()

    steps = await followed(cluster, applied, react)
    assert "kubectl" in steps[1].text
    assert "rollout resume deployment/mistral-service" in steps[1].text
    assert steps[-1].data["complete"] is True


async def test_a_value_that_is_overwritten_ends_it(stub: ApiStub, cluster: Cluster, applied: Plan) -> None:
    def react(step: Progress) -> None:
        env = stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        env[1]["value"] = "10"
        stub.changed()

    steps = await followed(cluster, applied, react)
    assert steps[-1].stage is Stage.STALLED
    assert steps[-1].text == "overwritten by somebody: MAX_CONCURRENT_MISTRAL is 10 now"
    assert steps[-1].data["overwritten_by"] == "somebody"


async def test_a_cluster_that_is_away_is_told_and_asked_again(
    stub: ApiStub, cluster: Cluster, applied: Plan
) -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    stub.script("GET", PATH, cut, cut)  # aiohttp asks once more by itself

    def react(step: Progress) -> None:
        if step.text == "rollout 0 of 3":
            stub.finish()

    steps = await followed(cluster, applied, react)
    assert steps[0].text.startswith("cannot follow the rollout: The connection to prod-eu broke")
    assert steps[-1].data["complete"] is True


async def test_without_the_right_to_watch_it_is_polled(
    stub: ApiStub, cluster: Cluster, applied: Plan
) -> None:
    stub.script("GET", DEPLOYMENTS, *[api_stub.FORBIDDEN] * 5)

    def react(step: Progress) -> None:
        if step.text == "rollout 0 of 3":
            stub.finish()

    steps = await followed(cluster, applied, react)
    assert steps[-1].data["complete"] is True
    assert len([r for r in stub.requests if r[1].startswith(f"{DEPLOYMENTS}?")]) == 1


async def test_a_deployment_that_is_gone_ends_it(stub: ApiStub, cluster: Cluster, applied: Plan) -> None:
    stub.script("GET", PATH, api_stub.MISSING)
    steps = await followed(cluster, applied, lambda _: None)
    assert steps[-1].stage is Stage.STALLED
    assert "the deployment is gone" in steps[-1].text
