"""Each kind of change through the whole protocol, against the simulated cluster."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.test_protocol import KEY, QUICK, World, refused, rolled_out, world_of
from tests.support import api_stub
from tests.support.api_stub import PATH, ApiStub
from tests.support.clock import START
from tui.clients.cluster import Cluster, Reason
from tui.drill.kubernetes import Revision
from tui.mitigations.apply import apply
from tui.mitigations.plan import plan_change, plan_keep, plan_undo
from tui.mitigations.settle import outcome_of, settle
from tui.model import deployment as workload
from tui.model.clock import SystemClock
from tui.model.incident import Applied
from tui.model.lease import leases_of, overwritten
from tui.model.mitigation import Ownership, Plan, Stage
from tui.model.runbook import (
    Change,
    EnvChange,
    Judgement,
    MitigationRule,
    Restart,
    Risk,
    Rollback,
    Scale,
)

RELEASED = datetime.now(UTC) - timedelta(minutes=20)
BAD = Revision(
    RELEASED, env={"APP_VERSION": "2.4.0"}, image="registry.example/app:2.4.0", change_cause="release 2.4.0"
)
CHANGES: Mapping[str, Change] = {
    "env": EnvChange("MAX_CONCURRENT_MISTRAL", "3"),
    "several": EnvChange("MISTRAL_FALLBACK", "true", more=(("MAX_CONCURRENT_MISTRAL", "2"), ("NEW", "x"))),
    "restart": Restart(),
    "rollback": Rollback(),
    "scale": Scale(5),
}
KINDS = tuple(CHANGES)
REVERSIBLE = tuple(kind for kind in KINDS if kind != "restart")


def rule_of(kind: str, **changes: Any) -> MitigationRule:
    rule = MitigationRule(
        f"my-{kind}", f"My {kind}", Risk.HIGH, CHANGES[kind], Judgement(None), "so it is", timedelta(hours=1)
    )
    return replace(rule, **changes)


async def planned(cluster: Cluster, kind: str, **how: Any) -> Plan:
    given = {"incident": "inc-1", "owner": "alice", "now": START, **how}
    return await plan_change(cluster, given.pop("rule", rule_of(kind)), **given)


def intent(plan: Plan, **more: Any) -> Applied:
    """The change as a journal tells it: through JSON, so that nothing else survives."""
    return Applied(
        intent="e1",
        mitigation=plan.rule.id,
        title=plan.rule.title,
        variable=plan.variable,
        before=plan.before,
        after=plan.after,
        at=START,
        kind=plan.kind,
        container=plan.target.container,
        uid=plan.target.uid,
        mark=json.loads(json.dumps(dict(plan.mark))),
        **{"undoes": plan.undoes, **more},
    )


async def undo_of(cluster: Cluster, plan: Plan) -> Plan:
    return await plan_undo(
        cluster, plan.rule, intent(plan), incident="inc-1", owner="alice", now=START + timedelta(minutes=1)
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, pace=QUICK, revisions=(BAD,), env={"APP_VERSION": "2.3.1"}) as made:
        yield made


def drift(world: World, kind: str) -> None:
    """Somebody else changes the very thing."""
    if kind == "scale":
        world.sim.edit({"spec": {"replicas": 7}}, manager="kubectl-scale")
    elif kind == "restart":
        stamp = {"annotations": {workload.RESTARTED_AT: "2026-01-01T00:00:00Z"}}
        world.sim.edit({"spec": {"template": {"metadata": stamp}}}, manager="kubectl-rollout")
    else:
        world.sim.set_env("MAX_CONCURRENT_MISTRAL", "77", manager="argocd-controller")


# -- success


@pytest.mark.parametrize("kind", KINDS)
async def test_it_is_planned_without_a_change_then_applied_and_followed(world: World, kind: str) -> None:
    cluster = await world.connect()
    before = json.dumps(world.sim.deployment["spec"])
    plan = await planned(cluster, kind)
    assert json.dumps(world.sim.deployment["spec"]) == before
    assert plan.kind == CHANGES[kind].kind
    assert any(line.startswith("+ ") for line in plan.diff)
    assert plan.apply_by_hand.startswith("kubectl ")
    assert {"op": "test", "path": "/metadata/uid", "value": plan.target.uid} in plan.patch
    stored = await apply(cluster, plan)
    assert "leeward inc-1" in stored["metadata"]["annotations"]["kubernetes.io/change-cause"]
    assert (await rolled_out(cluster, plan))[-1].data["complete"] is True
    assert await settle(cluster, intent(plan)) == "applied"


@pytest.mark.parametrize("kind", REVERSIBLE)
async def test_its_undo_gives_back_the_very_spec(world: World, kind: str) -> None:
    cluster = await world.connect()
    original = world.sim.deployment["spec"]
    plan = await planned(cluster, kind)
    await apply(cluster, plan)
    await rolled_out(cluster, plan)
    assert world.sim.deployment["spec"] != original
    undo = await undo_of(cluster, plan)
    assert undo.undoes == "e1"
    await apply(cluster, undo)
    assert (await rolled_out(cluster, undo))[-1].data["complete"] is True
    assert world.sim.deployment["spec"] == original
    assert leases_of(await cluster.deployment()) == ()
    assert await settle(cluster, intent(undo)) == "applied"


async def test_several_variables_are_one_rollout_and_one_lease(world: World) -> None:
    cluster = await world.connect()
    revision = workload.revision(world.sim.deployment)
    plan = await planned(cluster, "several")
    assert plan.change == ("MISTRAL_FALLBACK false → true, MAX_CONCURRENT_MISTRAL 10 → 2, NEW (unset) → x")
    stored = await apply(cluster, plan)
    await rolled_out(cluster, plan)
    assert workload.revision(world.sim.deployment) == revision + 1
    (lease,) = leases_of(stored)
    assert lease.live == lease.value
    world.sim.set_env("MAX_CONCURRENT_MISTRAL", "9", manager="argocd-controller")
    assert overwritten(world.sim.deployment, lease) == "argocd-controller"
    assert "MAX_CONCURRENT_MISTRAL is 9 now" in (await refused(undo_of(cluster, plan))).said


async def test_another_console_finds_the_lease_of_several_and_takes_all_of_it_back(world: World) -> None:
    cluster = await world.connect()
    original = world.sim.deployment["spec"]
    plan = await planned(cluster, "several")
    (lease,) = leases_of(await apply(cluster, plan))
    undo = await plan_undo(cluster, plan.rule, lease, incident="inc-2", owner="bob", now=START)
    await apply(cluster, undo)
    assert world.sim.deployment["spec"] == original


# -- what each kind says and refuses


async def test_a_restart_says_that_nothing_takes_it_back(world: World) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, "restart")
    assert plan.way_back == "a restart cannot be taken back; nothing else changes"
    assert not plan.reversible
    assert (plan.hold, plan.undo_by_hand) == (timedelta(0), "")
    pods = {pod.name for pod in world.sim.pods()}
    await apply(cluster, plan)
    await rolled_out(cluster, plan)
    assert not pods & {pod.name for pod in world.sim.pods()}
    assert leases_of(await cluster.deployment()) == ()
    assert "cannot be taken back" in (await refused(undo_of(cluster, plan))).said
    again = await planned(cluster, "restart", now=START + timedelta(minutes=5))
    assert again.before == plan.after
    await apply(cluster, again)


async def test_a_rollback_says_revision_cause_time_and_what_differs(world: World) -> None:
    plan = await planned(await world.connect(), "rollback", now=datetime.now(UTC))
    assert (plan.before, plan.after) == ("2", "1")
    assert plan.notes[0].startswith("today: revision 2 (release 2.4.0), first made ")
    # The simulated history is 20 minutes old when the world begins, and a world may serve many tests.
    assert re.search(r"[2-9]\d min ago$", plan.notes[0])
    assert plan.notes[1].startswith("then: revision 1, first made ")
    assert '-   env[APP_VERSION]: "2.4.0"' in plan.diff
    assert '+   env[APP_VERSION]: "2.3.1"' in plan.diff
    assert '-   image: "registry.example/app:2.4.0"' in plan.diff
    assert plan.hold == timedelta(0)
    assert plan.way_back.startswith("forward again to the template of revision 2")
    tested = [op for op in plan.patch if op["op"] == "test" and op["path"] == "/spec/template"]
    assert len(tested) == 1


async def test_a_rollback_passes_over_restarts_and_our_own_leases(world: World) -> None:
    cluster = await world.connect()
    for kind in ("env", "restart"):
        plan = await planned(cluster, kind)
        await apply(cluster, plan)
        await rolled_out(cluster, plan)
    plan = await planned(cluster, "rollback")
    assert (plan.before, plan.after) == ("4", "1")
    assert plan.notes[0].startswith("passed over: revision 3, 2,")
    assert "this ends the lease of MAX_CONCURRENT_MISTRAL=3" in plan.notes
    await apply(cluster, plan)
    assert leases_of(world.sim.deployment) == ()


async def test_a_rollback_ends_a_rollout_that_does_not_come_up(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK, env={"APP_VERSION": "2.3.1"}) as world:
        cluster = await world.connect()
        world.sim.break_new_pods("crash")
        world.sim.set_env("APP_VERSION", "2.4.0", manager="ci")
        async with asyncio.timeout(60):
            async for seen in cluster.watch_deployment("0", 60):
                if workload.revision(seen) == 2:
                    break
        plan = await planned(cluster, "rollback")
        assert any(note.startswith("a rollout is running") for note in plan.notes)
        world.sim.break_new_pods("")
        await apply(cluster, plan)
        assert (await rolled_out(cluster, plan))[-1].data["complete"] is True
        assert world.env("APP_VERSION") == "2.3.1"


async def test_a_rollback_to_a_named_revision_is_checked(world: World) -> None:
    cluster = await world.connect()
    assert (await planned(cluster, "rollback", value="1")).after == "1"
    assert "has the template that is live" in (await refused(planned(cluster, "rollback", value="2"))).said
    error = await refused(planned(cluster, "rollback", value="9"))
    assert error.remedy == "Choose one of: 2, 1."


async def test_without_an_earlier_revision_there_is_no_rollback(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK) as world:
        error = await refused(planned(await world.connect(), "rollback"))
    assert "no earlier revision" in error.said


async def test_a_rollback_that_only_takes_back_a_restart_is_refused(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK) as world:
        cluster = await world.connect()
        plan = await planned(cluster, "restart")
        await apply(cluster, plan)
        await rolled_out(cluster, plan)
        assert "differ from today's only by a restart" in (await refused(planned(cluster, "rollback"))).said


async def test_a_rollback_without_permission_to_list_revisions_names_it(world: World) -> None:
    cluster = await world.connect()
    world.sim.faults.forbid = frozenset({("list", "replicasets")})
    error = await refused(planned(cluster, "rollback"))
    assert error.said.startswith("responder may not list replicasets.apps in namespace prod")
    assert error.reason is Reason.FORBIDDEN


async def test_an_undone_rollback_needs_the_template_to_be_kept(world: World) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, "rollback")
    await apply(cluster, plan)
    await rolled_out(cluster, plan)
    lost = replace(intent(plan), mark={**plan.mark, "before": "another"})
    undo = plan_undo(cluster, plan.rule, lost, incident="inc-1", owner="a", now=START)
    assert "is kept no longer" in (await refused(undo)).said


async def test_secrets_of_a_template_are_neither_shown_nor_recorded(tmp_path: Path) -> None:
    from tui.mitigations.patch import for_the_record

    bad = replace(BAD, env={"APP_VERSION": "2.4.0", "DB_PASSWORD": KEY})
    async with world_of(tmp_path, pace=QUICK, revisions=(bad,), env={"APP_VERSION": "2.3.1"}) as world:
        plan = await planned(await world.connect(), "rollback")
    assert "-   env[DB_PASSWORD]: (not shown)" in plan.diff
    assert KEY not in json.dumps([plan.diff, plan.notes, plan.git_patch, dict(plan.mark)])
    assert KEY in json.dumps(plan.patch)
    assert KEY not in json.dumps(for_the_record(plan.patch))


async def test_an_autoscaler_owns_the_number_of_pods(tmp_path: Path) -> None:
    async with world_of(tmp_path, pace=QUICK, autoscaler=(3, 12)) as world:
        error = await refused(planned(await world.connect(), "scale"))
    assert "owned by the autoscaler mistral-service" in error.said


async def test_a_size_is_leased_and_who_changed_it_is_told(world: World) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, "scale")
    assert plan.touches == "2 pods more; the others stay as they are"
    stored = await apply(cluster, plan)
    (lease,) = leases_of(stored)
    assert (lease.variable, lease.value, lease.previous, lease.live) == ("replicas", "5", "3", "5")
    drift(world, "scale")
    assert overwritten(world.sim.deployment, lease) == "kubectl-scale"
    assert "replicas is 7 now, set by kubectl-scale" in (await refused(undo_of(cluster, plan))).said


@pytest.mark.parametrize("value", ["0", "-1", "many", "1001", "3", "2"])
async def test_a_size_that_must_not_be_is_refused(world: World, value: str) -> None:
    from tui.model.runbook import Direction

    rule = rule_of("scale", change=Scale(5, worse=Direction.LOWER))
    assert (await refused(planned(await world.connect(), "scale", rule=rule, value=value))).remedy


async def test_a_lease_of_a_size_is_extended_and_released(world: World) -> None:
    cluster, rule = await world.connect(), rule_of("scale")
    (lease,) = leases_of(await apply(cluster, await planned(cluster, "scale")))
    how: dict[str, Any] = {"incident": "inc-1", "owner": "bob", "now": START}
    later = START + timedelta(hours=9)
    (longer,) = leases_of(await apply(cluster, await plan_keep(cluster, rule, lease, until=later, **how)))
    assert (longer.owner, longer.value, longer.live) == ("bob", "5", "5")
    assert leases_of(await apply(cluster, await plan_keep(cluster, rule, longer, until=None, **how))) == ()
    assert world.sim.deployment["spec"]["replicas"] == 5


# -- what stands against each kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("owner", "told", "suspend"),
    [
        ("", Ownership.NONE, ""),
        ("argocd", Ownership.ARGOCD, "argocd app set "),
        ("flux", Ownership.FLUX, "flux --context drill suspend "),
        ("helm", Ownership.HELM, ""),
    ],
)
async def test_the_owner_is_told_with_what_suspends_it(
    tmp_path: Path, kind: str, owner: str, told: Ownership, suspend: str
) -> None:
    revisions = (replace(BAD, manager="ci"),)
    async with world_of(
        tmp_path, pace=QUICK, owner=owner, revisions=revisions, env={"APP_VERSION": "2.3.1"}
    ) as world:
        plan = await planned(await world.connect(), kind)
    assert plan.ownership is told
    assert plan.suspend.startswith(suspend.replace("drill", plan.target.context))
    assert bool(plan.suspend) is bool(suspend)


@pytest.mark.parametrize("kind", KINDS)
async def test_drift_between_preview_and_confirmation_applies_nothing_and_is_shown(
    world: World, kind: str
) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, kind)
    drift(world, kind)
    drifted = json.dumps(world.sim.deployment["spec"])
    error = await refused(apply(cluster, plan))
    assert error.said.startswith("Nothing was applied: ")
    assert " now" in error.said
    assert json.dumps(world.sim.deployment["spec"]) == drifted
    assert await settle(cluster, intent(plan)) in ("not applied", "overwritten")


@pytest.mark.parametrize("kind", KINDS)
async def test_another_change_of_the_spec_stops_it_too(world: World, kind: str) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, kind)
    world.sim.edit({"spec": {"minReadySeconds": 1}}, manager="kubectl-edit")
    assert "somebody changed the deployment since" in (await refused(apply(cluster, plan))).said


@pytest.mark.parametrize("kind", KINDS)
async def test_a_paused_deployment_is_refused(world: World, kind: str) -> None:
    world.sim.pause()
    error = await refused(planned(await world.connect(), kind))
    assert "is paused" in error.said
    assert error.remedy.endswith("rollout resume deployment/mistral-service")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_viewer_is_told_what_is_missing(world: World, kind: str) -> None:
    error = await refused(planned(await world.connect("viewer"), kind))
    assert error.said.startswith("viewer may not patch deployments.apps")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_login_that_expires_before_the_change_applies_nothing(world: World, kind: str) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, kind)
    before = json.dumps(world.sim.deployment["spec"])
    world.sim.faults.login_expired = True
    assert (await refused(apply(cluster, plan))).reason is Reason.LOGIN_EXPIRED
    assert json.dumps(world.sim.deployment["spec"]) == before


QUOTA = (403, api_stub.status(403, "Forbidden", "deployments.apps is forbidden: exceeded quota: tight"))
REFUSALS = {
    "401": api_stub.UNAUTHORIZED,
    "403": api_stub.FORBIDDEN,
    "404": api_stub.MISSING,
    "409": api_stub.CONFLICT,
    "422": api_stub.INVALID,
    "quota": QUOTA,
}


def with_history(stub: ApiStub) -> None:
    """Two revisions, as ReplicaSets."""
    stub.deployment["metadata"]["annotations"][workload.REVISION] = "2"
    owner = [{"kind": "Deployment", "name": "mistral-service", "uid": stub.deployment["metadata"]["uid"]}]
    sets = []
    for number in (1, 2):
        template = json.loads(json.dumps(stub.deployment["spec"]["template"]))
        if number == 1:
            template["spec"]["containers"][0]["image"] = "x:0"
        annotations = {workload.REVISION: str(number)}
        meta = {"name": f"rs-{number}", "ownerReferences": owner, "annotations": annotations}
        sets.append({"metadata": meta, "spec": {"template": template}})
    stub.lists["replicasets"] = sets


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", REFUSALS)
async def test_each_recorded_refusal_says_that_nothing_was_changed(
    stub: ApiStub, cluster: Cluster, kind: str, answer: str
) -> None:
    with_history(stub)
    plan = await planned(cluster, kind)
    before = json.dumps(stub.deployment)
    stub.script("PATCH", PATH, REFUSALS[answer], REFUSALS[answer])
    error = await refused(apply(cluster, plan))
    assert "nothing was" in error.said.lower()
    assert error.outcome == "refused"
    assert json.dumps(stub.deployment) == before


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stall_says_why_and_what_takes_it_back(tmp_path: Path, kind: str) -> None:
    revisions = (BAD,)
    async with world_of(
        tmp_path, pace=QUICK, revisions=revisions, env={"APP_VERSION": "2.3.1"}, deadline_s=1
    ) as world:
        cluster = await world.connect()
        world.sim.break_new_pods("crash")
        plan = await planned(cluster, kind)
        await apply(cluster, plan)
        last = (await rolled_out(cluster, plan, 2.5))[-1]
        assert last.stage is Stage.STALLED
        assert "CrashLoopBackOff" in last.text
        assert last.text.endswith("z undoes it." if plan.reversible else "It cannot be taken back.")
        if not plan.reversible:
            return
        world.sim.break_new_pods("")
        undo = await undo_of(cluster, plan)
        await apply(cluster, undo)
        assert (await rolled_out(cluster, undo))[-1].data["complete"] is True


@pytest.mark.parametrize("kind", KINDS)
async def test_who_overwrites_it_during_the_rollout_is_told(world: World, kind: str) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, kind)
    await apply(cluster, plan)
    drift(world, kind)
    last = (await rolled_out(cluster, plan))[-1]
    assert last.stage is Stage.STALLED
    assert last.data["overwritten_by"] in ("argocd-controller", "kubectl-scale", "kubectl-rollout")
    assert outcome_of(world.sim.deployment, intent(plan)) == "overwritten"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_intent_that_was_never_sent_is_settled_as_that(world: World, kind: str) -> None:
    cluster = await world.connect()
    plan = await planned(cluster, kind)
    assert await settle(cluster, intent(plan)) == "not applied"
    await world.api.stop()
    assert await settle(cluster, intent(plan)) == "unknown"


@pytest.mark.parametrize("kind", KINDS)
async def test_of_eight_writers_at_once_one_applies_and_seven_say_that_they_did_not(
    world: World, kind: str
) -> None:
    consoles = [await world.connect() for _ in range(8)]
    plans = await asyncio.gather(
        *(
            planned(c, kind, incident=f"inc-{n}", now=START + timedelta(seconds=n))
            for n, c in enumerate(consoles)
        )
    )
    outcomes = await asyncio.gather(
        *(apply(c, p, SystemClock()) for c, p in zip(consoles, plans, strict=True)), return_exceptions=True
    )
    won = [p for p, outcome in zip(plans, outcomes, strict=True) if isinstance(outcome, dict)]
    assert len(won) == 1
    told = world.sim.deployment["metadata"]["annotations"][workload.CHANGE_MARK]
    assert told == won[0].mark["known_by"]
    for plan, outcome in zip(plans, outcomes, strict=True):
        if plan is not won[0]:
            assert isinstance(outcome, Exception)
            assert "Nothing was applied" in str(outcome)
            settled = outcome_of(world.sim.deployment, intent(plan))
            assert settled != "applied", plan.mark
