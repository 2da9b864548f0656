"""Every mitigation through the whole protocol: in the simulated cluster, and in a real one.

`pytest -m cluster` asks the real one; docs/mitigations.md says how to name it.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cluster.place import KEY, READER, SECRET, SECRET_KEY, UNPULLABLE, VARIABLES, Place
from tui.clients.cluster import Cluster
from tui.clients.secrets import StoreError
from tui.clients.secrets.kubernetes import KubernetesStore
from tui.mitigations import Refused
from tui.mitigations.apply import apply
from tui.mitigations.plan import plan_change, plan_undo
from tui.mitigations.rollout import follow
from tui.mitigations.settle import settle
from tui.model.clock import SystemClock
from tui.model.incident import Applied
from tui.model.lease import leases_of, overwritten
from tui.model.mitigation import Plan, Progress, Stage
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
from tui.model.secret import Secret

VARIABLE = "MAX_CONCURRENT_MISTRAL"
CHANGES: Mapping[str, Change] = {
    "env": EnvChange(VARIABLE, "3"),
    "several": EnvChange("MISTRAL_FALLBACK", "true", more=((VARIABLE, "2"), ("NEW", "x"))),
    "restart": Restart(),
    "rollback": Rollback(),
    "scale": Scale(3),
}
OTHER_KEY = "anotherClusterTestKey0123456789a"
WRITERS = 8


def rule_of(kind: str) -> MitigationRule:
    how = Judgement(None)
    return MitigationRule(
        f"my-{kind}", f"My {kind}", Risk.HIGH, CHANGES[kind], how, "so it is", timedelta(hours=1)
    )


async def planned(cluster: Cluster, kind: str, **how: Any) -> Plan:
    given: dict[str, Any] = {"incident": "inc-1", "owner": "alice", "now": datetime.now(UTC), **how}
    return await plan_change(cluster, rule_of(kind), **given)


def intent(plan: Plan) -> Applied:
    """The change as a journal tells it."""
    return Applied(
        intent="e1",
        mitigation=plan.rule.id,
        title=plan.rule.title,
        variable=plan.variable,
        before=plan.before,
        after=plan.after,
        at=datetime.now(UTC),
        kind=plan.kind,
        container=plan.target.container,
        uid=plan.target.uid,
        mark=json.loads(json.dumps(dict(plan.mark))),
        undoes=plan.undoes,
    )


async def undo_of(cluster: Cluster, plan: Plan) -> Plan:
    return await plan_undo(
        cluster, plan.rule, intent(plan), incident="inc-1", owner="alice", now=datetime.now(UTC)
    )


async def followed(cluster: Cluster, plan: Plan) -> Progress:
    """The last step of its rollout."""
    steps = [step async for step in follow(cluster, plan, timedelta(seconds=120), SystemClock())]
    return steps[-1]


async def made(cluster: Cluster, plan: Plan) -> None:
    """Apply it, and see it rolled out."""
    await apply(cluster, plan)
    assert (await followed(cluster, plan)).data.get("complete") is True


async def ready_for(place: Place, kind: str) -> None:
    """What a kind needs to have something to do."""
    if kind == "rollback":
        await place.set_env("RELEASE", "2")
        await place.rolled_out()


def spec_of(deployment: Mapping[str, Any]) -> dict[str, Any]:
    return dict(deployment["spec"])


@pytest.mark.parametrize("kind", CHANGES)
async def test_it_is_planned_without_a_change_then_made_followed_settled_and_taken_back(
    kind: str, place: Place
) -> None:
    await ready_for(place, kind)
    cluster = await place.connect()
    before = spec_of(await place.deployment())
    plan = await planned(cluster, kind)
    assert spec_of(await place.deployment()) == before, "a preview changes nothing"
    assert any(line.startswith(("+ ", "- ")) for line in plan.diff)
    assert await settle(cluster, intent(plan)) == "not applied"
    await made(cluster, plan)
    assert await settle(cluster, intent(plan)) == "applied"
    assert spec_of(await place.deployment()) != before
    if not plan.reversible:
        return
    await made(cluster, await undo_of(cluster, plan))
    assert spec_of(await place.deployment()) == before, "the undo gives back the very spec"


async def test_a_temporary_change_is_leased_on_the_object_for_any_console(place: Place) -> None:
    cluster = await place.connect()
    plan = await planned(cluster, "env")
    await made(cluster, plan)
    another = await place.connect()
    deployment = await another.deployment()
    (lease,) = leases_of(deployment)
    assert (lease.variable, lease.value, lease.previous) == (VARIABLE, "3", VARIABLES[VARIABLE])
    assert not overwritten(deployment, lease)
    undo = await plan_undo(another, plan.rule, lease, incident="inc-1", owner="bob", now=datetime.now(UTC))
    await made(another, undo)
    assert leases_of(await another.deployment()) == ()


@pytest.mark.parametrize("kind", ["env", "several", "rollback", "restart"])
async def test_what_somebody_changed_since_the_preview_applies_nothing(kind: str, place: Place) -> None:
    await ready_for(place, kind)
    cluster = await place.connect()
    plan = await planned(cluster, kind)
    await place.set_env(VARIABLE, "77")
    before = spec_of(await place.deployment())
    with pytest.raises(Refused) as refused:
        await apply(cluster, plan)
    assert not refused.value.changed
    assert spec_of(await place.deployment()) == before
    assert await settle(cluster, intent(plan)) != "applied"


async def test_a_key_is_stored_only_onto_the_version_that_was_read_and_the_old_one_kept(place: Place) -> None:
    cluster = await place.connect()
    store = await KubernetesStore.of_deployment(cluster)
    assert store.name == "Kubernetes Secret mistral/api-key"
    assert await store.permissions() == ()
    found = await store.read()
    assert found.secret == Secret(KEY)
    await store.write(Secret(OTHER_KEY), after=found.version, token="one")
    assert (await store.read()).secret == Secret(OTHER_KEY)
    previous = await store.previous()
    assert previous is not None
    assert previous.secret == Secret(KEY)
    with pytest.raises(StoreError) as refused:
        await store.write(Secret(KEY), after=found.version, token="two")
    assert refused.value.outcome == "conflict"
    assert (await store.read()).secret == Secret(OTHER_KEY)


async def test_without_the_permission_a_key_is_not_stored_and_no_value_told(place: Place) -> None:
    cluster = await place.connect(READER)
    store = KubernetesStore(cluster, SECRET, SECRET_KEY)
    missing = await store.permissions()
    assert f"secrets/{SECRET} patch in namespace {place.namespace}" in missing
    with pytest.raises(StoreError) as refused:
        await store.write(Secret(OTHER_KEY), after="1", token="one")
    told = f"{refused.value.said} {refused.value.remedy}"
    assert KEY not in told
    assert OTHER_KEY not in told


async def test_what_somebody_overwrote_is_not_taken_back(place: Place) -> None:
    cluster = await place.connect()
    plan = await planned(cluster, "env")
    await made(cluster, plan)
    await place.set_env(VARIABLE, "50")
    await place.rolled_out()
    assert await settle(cluster, intent(plan)) == "overwritten"
    with pytest.raises(Refused):
        await undo_of(cluster, plan)
    assert await place.variable(VARIABLE) == "50"


async def test_without_the_permission_nothing_is_changed_and_the_permission_named(place: Place) -> None:
    cluster = await place.connect(READER)
    with pytest.raises(Refused) as refused:
        await planned(cluster, "env")
    assert "patch" in refused.value.said
    assert READER in refused.value.said
    responder = await place.connect()
    plan = await planned(responder, "env")
    with pytest.raises(Refused) as refused:
        await apply(cluster, plan)
    assert not refused.value.changed
    assert await place.variable(VARIABLE) == VARIABLES[VARIABLE]


async def test_a_rollout_that_stalls_says_why_and_its_undo_ends_it(place: Place) -> None:
    """The revision before has an image that cannot be pulled: rolling back to it was a mistake."""
    cluster = await place.connect()
    good = (await place.deployment())["spec"]["template"]["spec"]["containers"][0]["image"]
    await place.release(UNPULLABLE)
    await place.release(good)
    await place.rolled_out()
    plan = await planned(cluster, "rollback")
    await apply(cluster, plan)
    last = await followed(cluster, plan)
    assert last.stage is Stage.STALLED, last.text
    assert any("Image" in reason or "ErrImage" in reason for reason in last.data["reasons"]), last.text
    assert await settle(cluster, intent(plan)) == "applied"
    await made(cluster, await undo_of(cluster, plan))
    container = (await place.deployment())["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == good


async def test_of_eight_writers_at_once_one_applies_and_seven_say_that_they_did_not(place: Place) -> None:
    first = await place.connect()
    clusters = [await place.connect() for _ in range(WRITERS)]
    plans = [await planned(cluster, "env", value=str(2 + n)) for n, cluster in enumerate(clusters)]
    outcomes = await asyncio.gather(
        *(apply(cluster, plan) for cluster, plan in zip(clusters, plans, strict=True)), return_exceptions=True
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == WRITERS - 1
    assert not any(refusal.changed for refusal in refusals)
    (winner,) = [plan for plan, found in zip(plans, outcomes, strict=True) if isinstance(found, dict)]
    assert await place.variable(VARIABLE) == winner.after
    settled = [await settle(first, intent(plan)) for plan in plans]
    assert settled.count("applied") == 1
