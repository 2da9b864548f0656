"""A key's rotation as a whole: in the simulated cluster, and in a real one, through the documented Role."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cluster.place import KEY, READER, Place
from tests.cluster.test_mitigations import OTHER_KEY, followed, intent
from tests.mitigations.keys import RULE, Ring, a_test
from tui.clients.cluster import Cluster
from tui.clients.secrets.kubernetes import KubernetesStore
from tui.mitigations import Refused
from tui.mitigations.apply import apply
from tui.mitigations.beside import Offer
from tui.mitigations.plan import plan_change, plan_undo
from tui.mitigations.settle import settle
from tui.model.clock import SystemClock
from tui.model.deployment import restarted_at
from tui.model.keys import named
from tui.model.mitigation import Plan
from tui.model.secret import Secret

OLD, NEW = named(Secret(KEY).fingerprint), named(Secret(OTHER_KEY).fingerprint)


def how() -> dict[str, Any]:
    return {"incident": "inc-1", "owner": "alice", "now": datetime.now(UTC)}


async def planned(cluster: Cluster, ring: Ring) -> Plan:
    """The plan of a key whose test was passed."""
    key = Secret(OTHER_KEY)
    return await plan_change(cluster, RULE, beside=ring.beside(Offer(key, a_test(key))), **how())


async def made(cluster: Cluster, plan: Plan, ring: Ring) -> Mapping[str, Any]:
    """Stored and restarted; seen rolled out."""
    result = await apply(cluster, plan, SystemClock(), ring.beside())
    assert (await followed(cluster, plan)).data.get("complete") is True
    return result


async def live(cluster: Cluster) -> str:
    """The fingerprint of the key that the store has."""
    store = await KubernetesStore.of_deployment(cluster)
    return named((await store.read()).secret.fingerprint)


async def test_it_is_stored_and_the_pods_restarted_then_settled_and_taken_back(place: Place) -> None:
    cluster, ring = await place.connect(), Ring()
    plan = await planned(cluster, ring)
    assert (plan.before, plan.after, await live(cluster)) == (OLD, NEW, OLD)
    assert await settle(cluster, intent(plan), ring.beside()) == "not applied"
    assert await made(cluster, plan, ring) == {"stored": NEW, "restarted": True}
    assert await live(cluster) == NEW
    assert restarted_at(await place.deployment())
    assert await settle(cluster, intent(plan), ring.beside()) == "applied"
    undo = await plan_undo(cluster, RULE, intent(plan), beside=ring.beside(), **how())
    assert (undo.before, undo.after) == (NEW, OLD)
    await made(cluster, undo, ring)
    assert await live(cluster) == OLD
    assert await settle(cluster, intent(undo), ring.beside()) == "applied"


async def test_a_deployment_that_changed_since_the_preview_leaves_the_store_as_it_was(place: Place) -> None:
    cluster, ring = await place.connect(), Ring()
    plan = await planned(cluster, ring)
    await place.set_env("RELEASE", "2")
    with pytest.raises(Refused) as refused:
        await apply(cluster, plan, SystemClock(), ring.beside())
    assert not refused.value.changed
    assert await live(cluster) == OLD
    assert await settle(cluster, intent(plan), ring.beside()) == "not applied"


async def test_a_secret_that_somebody_changed_since_the_preview_keeps_their_key(place: Place) -> None:
    cluster, ring = await place.connect(), Ring()
    plan = await planned(cluster, ring)
    store, theirs = await KubernetesStore.of_deployment(cluster), Secret("theirClusterTestKey0123456789abc")
    await store.write(theirs, after=(await store.read()).version, token="theirs")
    with pytest.raises(Refused) as refused:
        await apply(cluster, plan, SystemClock(), ring.beside())
    assert not refused.value.changed
    assert OTHER_KEY not in f"{refused.value.said} {refused.value.remedy}"
    assert await live(cluster) == named(theirs.fingerprint)
    assert restarted_at(await place.deployment()) is None


async def test_without_the_permission_it_is_named_before_anything_is_sent(place: Place) -> None:
    cluster = await place.connect(READER)
    with pytest.raises(Refused, match="may not patch"):
        await planned(cluster, Ring())
    assert await live(await place.connect()) == OLD
