"""Applying: exactly once, only onto what was read; a lost answer is settled by looking."""

import asyncio
import copy
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from tests.support import api_stub
from tests.support.api_stub import KEY, PATH, TOKEN, ApiStub
from tests.support.clock import START
from tui.clients.cluster import Cluster
from tui.mitigations import Refused
from tui.mitigations.apply import apply
from tui.mitigations.plan import plan_change, plan_keep, plan_undo
from tui.mitigations.settle import outcome_of, settle
from tui.model.incident import Applied
from tui.model.lease import leases_of, overwritten
from tui.model.mitigation import Plan
from tui.model.reading import LeaseSeen
from tui.model.runbook import Runbook

NAME = "MAX_CONCURRENT_MISTRAL"


class NoWait:
    """A clock whose pauses take no time."""

    def now(self) -> Any:
        return START

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def planned(cluster: Cluster, runbook: Runbook, incident: str = "inc-1", **how: Any) -> Plan:
    rule = runbook.mitigations["reduce-concurrency"]
    return await plan_change(cluster, rule, incident=incident, owner="alice", now=START, **how)


async def refused(awaitable: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaitable
    told = str(caught.value)
    assert TOKEN not in told
    assert KEY not in told
    return caught.value


def env_value(stub: ApiStub) -> str:
    entry = stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"][1]
    assert entry["name"] == NAME
    return str(entry["value"])


def set_by(stub: ApiStub, value: str, manager: str) -> None:
    """Somebody else changes the variable."""
    stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = value
    stub.deployment["metadata"]["generation"] += 1
    container = {"f:env": {f'k:{{"name":"{NAME}"}}': {"f:value": {}}}}
    containers = {'k:{"name":"mistral-service"}': container}
    stub.deployment["metadata"]["managedFields"] = [
        {"manager": manager, "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}}}
    ]
    stub.changed()


async def test_a_plan_is_applied_as_it_was_shown(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    stored = await apply(cluster, await planned(cluster, runbook))
    assert env_value(stub) == "3"
    assert stored["metadata"]["generation"] == 2


async def test_of_eight_writers_exactly_one_applies(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plans = [await planned(cluster, runbook, f"inc-{n}", value=str(n)) for n in range(1, 9)]
    outcomes = await asyncio.gather(*(apply(cluster, plan) for plan in plans), return_exceptions=True)
    won = [plan.after for plan, outcome in zip(plans, outcomes, strict=True) if isinstance(outcome, dict)]
    assert won == [env_value(stub)]
    assert stub.deployment["metadata"]["generation"] == 2
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            assert f"{NAME} is {won[0]} now" in outcome.said
            assert outcome.said.startswith("Nothing was applied")


async def test_another_value_since_the_preview_is_named_with_its_writer(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    set_by(stub, "7", "argocd-controller")
    error = await refused(apply(cluster, plan))
    assert error.said == f"Nothing was applied: {NAME} is 7 now, set by argocd-controller, no longer 10."
    assert env_value(stub) == "7"


async def test_another_change_of_the_spec_is_told(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    plan = await planned(cluster, runbook)
    stub.deployment["spec"]["replicas"] = 5
    stub.deployment["metadata"]["generation"] = 2
    assert "generation 1 → 2" in (await refused(apply(cluster, plan))).said


async def test_an_object_made_anew_is_not_the_one_that_was_meant(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    stub.deployment["metadata"]["uid"] = "another"
    assert "was deleted and made anew" in (await refused(apply(cluster, plan))).said
    assert env_value(stub) == "10"


async def test_status_writes_of_the_controller_are_no_conflict(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    stub.deployment["status"]["availableReplicas"] = 2
    stub.changed()
    await apply(cluster, plan)
    assert env_value(stub) == "3"


@pytest.mark.parametrize(
    "answer",
    [api_stub.UNAUTHORIZED, api_stub.FORBIDDEN, api_stub.MISSING, api_stub.CONFLICT, api_stub.INVALID],
)
async def test_each_refusal_says_that_nothing_was_changed(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, answer: Any
) -> None:
    plan = await planned(cluster, runbook)
    stub.script("PATCH", PATH, answer, answer)
    error = await refused(apply(cluster, plan))
    assert "nothing was" in error.said.lower()
    assert error.remedy
    assert error.outcome == "refused"
    assert env_value(stub) == "10"


def lost(stub: ApiStub, *, applied: bool) -> Any:
    """The connection breaks, after the change was made or before."""

    async def handler(request: web.Request) -> web.Response:
        if applied:
            stub._patch(request, await request.text())
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    return handler


async def test_a_lost_answer_is_settled_by_looking(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    plan = await planned(cluster, runbook)
    stub.script("PATCH", PATH, lost(stub, applied=True))
    stored = await apply(cluster, plan, NoWait())
    assert leases_of(stored)[0].incident == "inc-1"


async def test_a_lost_request_is_told_as_not_arrived_and_never_sent_again(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    stub.script("PATCH", PATH, lost(stub, applied=False))
    sent = len([r for r in stub.requests if r[0] == "PATCH"])
    error = await refused(apply(cluster, plan, NoWait()))
    assert f"The change did not arrive: {NAME} is still 10." in error.said
    assert error.outcome == "refused"
    assert len([r for r in stub.requests if r[0] == "PATCH"]) == sent + 1


async def test_another_consoles_same_value_is_not_taken_for_ours(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    ours, theirs = await planned(cluster, runbook), await planned(cluster, runbook, "inc-2")
    await apply(cluster, theirs)
    stub.script("PATCH", PATH, lost(stub, applied=False))
    error = await refused(apply(cluster, ours, NoWait()))
    assert "Nothing of ours is live" in error.said


async def test_a_cluster_that_stays_away_leaves_the_outcome_unknown(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    stub.script("PATCH", PATH, lost(stub, applied=True))
    stub.script("GET", PATH, *[lost(stub, applied=False)] * 9)
    error = await refused(apply(cluster, plan, NoWait()))
    assert error.outcome == "unknown"
    assert "is not known" in error.said


# -- undo and leases


async def test_an_undo_that_was_overtaken_changes_nothing(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    rule = runbook.mitigations["reduce-concurrency"]
    undo = await plan_undo(cluster, rule, lease, incident="inc-1", owner="bob", now=START)
    set_by(stub, "8", "kubectl-set")
    error = await refused(apply(cluster, undo))
    assert f"{NAME} is 8 now, set by kubectl-set, no longer 3" in error.said
    assert env_value(stub) == "8"


async def test_who_overwrote_a_lease_is_told(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    assert overwritten(stub.deployment, lease) == ""
    set_by(stub, "10", "argocd-controller")
    assert overwritten(stub.deployment, lease) == "argocd-controller"
    (seen,) = leases_of(stub.deployment)
    assert (seen.value, seen.live, seen.overwritten_by) == ("3", "10", "argocd-controller")


async def decided(cluster: Cluster, runbook: Runbook, lease: LeaseSeen, until: datetime | None) -> Plan:
    """A decision about a lease: bob keeps it, or it ends."""
    rule = runbook.mitigations[lease.mitigation]
    return await plan_keep(cluster, rule, lease, incident="inc-1", owner="bob", now=START, until=until)


async def test_a_lease_is_extended_and_released_without_a_restart(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    spec = copy.deepcopy(stub.deployment["spec"])
    later = START.replace(hour=23)
    (extended,) = leases_of(await apply(cluster, await decided(cluster, runbook, lease, later)))
    assert (extended.owner, extended.until) == ("bob", later)
    assert leases_of(await apply(cluster, await decided(cluster, runbook, extended, None))) == ()
    assert stub.deployment["spec"] == spec
    gone = await refused(decided(cluster, runbook, extended, None))
    assert "no lease of MAX_CONCURRENT_MISTRAL" in gone.said


@pytest.mark.parametrize("text", ["", "{}", "[1]", "{" * 5000, '{"incident": 3}', '"x"'])
def test_an_annotation_that_is_no_lease_is_left_out(text: str) -> None:
    deployment = api_stub.deployment()
    deployment["metadata"]["annotations"]["leeward.dev/lease-x"] = text
    assert leases_of(deployment) == ()


# -- after a crash


def intent(plan: Plan, **more: Any) -> Applied:
    return Applied(
        intent="e1",
        mitigation=plan.rule.id,
        title=plan.rule.title,
        variable=plan.variable,
        before=plan.before,
        after=plan.after,
        at=START,
        **more,
    )


async def test_an_intent_without_outcome_is_compared_with_the_cluster(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    assert await settle(cluster, intent(plan)) == "not applied"
    await apply(cluster, plan)
    assert await settle(cluster, intent(plan)) == "applied"
    set_by(stub, "10", "argocd-controller")
    assert await settle(cluster, intent(plan)) == "overwritten"
    stub.script("GET", PATH, (500, {}))
    assert await settle(cluster, intent(plan)) == "unknown"


async def test_the_same_value_by_another_hand_is_not_our_change(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    set_by(stub, "3", "kubectl-set")
    assert outcome_of(stub.deployment, intent(plan)) == "not applied"


async def test_an_undo_without_outcome_is_settled_too(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    rule = runbook.mitigations["reduce-concurrency"]
    undo = await plan_undo(cluster, rule, lease, incident="inc-1", owner="bob", now=START)
    assert outcome_of(stub.deployment, intent(undo, undoes="e0")) == "not applied"
    await apply(cluster, undo)
    set_by(stub, "10", "leeward")
    assert outcome_of(stub.deployment, intent(undo, undoes="e0")) == "applied"
    set_by(stub, "6", "argocd-controller")
    assert outcome_of(stub.deployment, intent(undo, undoes="e0")) == "overwritten"
