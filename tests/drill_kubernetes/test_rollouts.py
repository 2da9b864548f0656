"""Rollouts go through the recorded statuses, on a clock that the test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.drill_kubernetes.conftest import KEY, SteppedClock
from tests.drill_kubernetes.recordings import comparable, load
from tui.drill.kubernetes import Cluster, Pace, Revision
from tui.drill.kubernetes.resources import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

BEFORE = 300
"""The version of an empty store."""
FALLBACK = {"name": "mistral-service", "env": [{"name": "MISTRAL_FALLBACK", "value": "true"}]}
CHANGE = {"spec": {"template": {"spec": {"containers": [FALLBACK]}}}}


def fresh(clock: SteppedClock, **options: Any) -> Cluster:
    return Cluster(KEY, now=clock, pace=Pace(react_s=0), **options)


def statuses(cluster: Cluster, since: int) -> list[Any]:
    """Every status that a watch would have shown, repeated ones once."""
    found: list[Any] = []
    for change in cluster.store.since(since, "deployments"):
        status = comparable(change.obj.get("status", {}))
        if not found or found[-1] != status:
            found.append(status)
    return found


def appear_in_order(wanted: list[Any], seen: list[Any]) -> None:
    left = iter(seen)
    for status in wanted:
        assert any(status == other for other in left), f"{status} is missing, or out of order, in {seen}"


def test_a_watch_during_a_rollout_shows_the_recorded_lines(clock: SteppedClock) -> None:
    """All of them, in order: the last recorded ones belong to the next second of the same rollout."""
    cluster = fresh(clock)
    since = cluster.store.version
    cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 5)
    mine = [
        (c.type, c.obj["metadata"]["generation"], comparable(c.obj["status"]))
        for c in cluster.store.since(since, "deployments")
    ]
    recorded = [
        (line["type"], line["generation"], comparable(line["status"]))
        for line in load("watch-deployment")["lines"]
        if line["generation"] == 2
    ]
    assert mine == recorded


@pytest.mark.parametrize("name", ["rollout-set-env", "rollout-resumed"])
def test_a_rollout_goes_through_the_recorded_statuses(name: str, clock: SteppedClock) -> None:
    cluster = fresh(clock)
    if name == "rollout-resumed":
        cluster.edit(CHANGE, manager="leeward")
        clock.play(cluster, 5)
        cluster.pause()
        cluster.set_env("MAX_CONCURRENT_MISTRAL", "3", manager="leeward")
        clock.play(cluster, 1)
        since = cluster.store.version
        cluster.resume()
    else:
        since = cluster.store.version
        cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 5)
    recorded = [comparable(step["status"]) for step in load(name)["sequence"]]
    for status in recorded:
        status["observedGeneration"] = None
    seen = statuses(cluster, since)
    for status in seen:
        status["observedGeneration"] = None
    appear_in_order(recorded, seen)


def test_a_new_deployment_goes_through_the_recorded_statuses(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    recorded = [comparable(step["status"]) for step in load("rollout-initial")["sequence"]]
    appear_in_order(recorded, statuses(cluster, BEFORE))


def test_a_restart_while_the_last_pod_stops_goes_through_the_recorded_statuses(clock: SteppedClock) -> None:
    """It was asked for the moment that the rollout before it was done.

    Whether the real controller wrote a status between making the ReplicaSet and counting its first pod,
    and with it which of two reasons it gave, was chance: those two count as one here.
    """
    recorded = [comparable(step["status"]) for step in load("rollout-restart")["sequence"]]
    cluster = fresh(clock)
    cluster.edit(CHANGE, manager="leeward")
    while unhurried(comparable(cluster.deployment["status"])) != unhurried(recorded[0]):
        clock.play(cluster, 0.02)
    since = cluster.store.version
    stamped = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-23T16:06:31Z"}}}
    cluster.edit({"spec": {"template": stamped}}, manager="leeward")
    clock.play(cluster, 5)
    appear_in_order(
        [unhurried(status) for status in recorded],
        [unhurried(status) for status in statuses(cluster, since)],
    )


def unhurried(status: dict[str, Any]) -> dict[str, Any]:
    """A status without what depends on the moment at which the controller looked."""
    either = ("NewReplicaSetCreated", "ReplicaSetUpdated")
    conditions = [
        {**found, "reason": "under way", "message": "*"} if found["reason"] in either else found
        for found in status["conditions"]
    ]
    return {**status, "observedGeneration": None, "conditions": conditions}


def test_a_paused_deployment_takes_the_change_and_rolls_nothing_out(clock: SteppedClock) -> None:
    """As recorded: no updated replicas, Progressing unknown, and the pods stay."""
    cluster = fresh(clock)
    cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 5)
    pods = cluster.pods()
    cluster.pause()
    cluster.set_env("MAX_CONCURRENT_MISTRAL", "3", manager="leeward")
    clock.play(cluster, 3)
    assert cluster.pods() == pods
    last = load("rollout-paused")["sequence"][-1]
    assert comparable(cluster.deployment["status"]) == comparable(last["status"])
    assert cluster.deployment["metadata"]["generation"] == last["generation"]


def test_a_rollout_that_stalls_exceeds_its_deadline_as_recorded(clock: SteppedClock) -> None:
    cluster = fresh(clock, deadline_s=5)
    cluster.break_new_pods("crash")
    cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 4.8)
    assert reason(cluster) == "ReplicaSetUpdated"
    clock.play(cluster, 0.6)
    mine = condition(cluster)
    theirs = load("rollout-deadline-exceeded")["sequence"][-1]["status"]["conditions"][1]
    assert comparable(mine) == {
        **comparable(theirs),
        "message": mine["message"].replace(hash_of(mine), "mistral-service-HASH"),
    }
    assert cluster.deployment["status"]["availableReplicas"] == 3, "the old pods still serve"


def reason(cluster: Cluster) -> str:
    return str(condition(cluster)["reason"])


def condition(cluster: Cluster) -> dict[str, Any]:
    found = cluster.deployment["status"]["conditions"]
    return next(item for item in found if item["type"] == "Progressing")


def hash_of(item: dict[str, Any]) -> str:
    return str(item["message"].split('"')[1])


def test_pausing_after_the_deadline_does_not_hide_that_it_was_exceeded(clock: SteppedClock) -> None:
    """As the real controller: the reason stays until the rollout moves again."""
    cluster = fresh(clock, deadline_s=5)
    cluster.break_new_pods("crash")
    cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 6)
    cluster.pause()
    clock.play(cluster, 1)
    assert reason(cluster) == "ProgressDeadlineExceeded"


def test_undoing_a_stalled_rollout_removes_its_broken_pods(clock: SteppedClock) -> None:
    cluster = fresh(clock, deadline_s=5)
    before = {pod.name for pod in cluster.pods()}
    cluster.break_new_pods("image")
    cluster.set_env("MISTRAL_FALLBACK", "true", manager="leeward")
    clock.play(cluster, 6)
    cluster.break_new_pods("")
    cluster.set_env("MISTRAL_FALLBACK", "false", manager="leeward")
    clock.play(cluster, 3)
    assert {pod.name for pod in cluster.pods()} == before
    assert reason(cluster) == "NewReplicaSetAvailable"


def test_pods_are_replaced_one_at_a_time_and_three_always_serve(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    cluster.edit(CHANGE, manager="leeward")
    for _ in range(250):
        clock.play(cluster, 0.02)
        views = cluster.pods()
        assert sum(pod.ready for pod in views) >= 3
        assert len(views) <= 4
    assert [pod.revision for pod in cluster.pods()] == [2, 2, 2]
    assert {pod.env["MISTRAL_FALLBACK"] for pod in cluster.pods()} == {"true"}


def test_running_pods_keep_the_key_that_they_started_with(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    cluster.set_key("another-key")
    clock.play(cluster, 2)
    assert {pod.env["MISTRAL_API_KEY"] for pod in cluster.pods()} == {KEY}
    restart = {"kubectl.kubernetes.io/restartedAt": "2026-11-23T15:00:00Z"}
    cluster.edit({"spec": {"template": {"metadata": {"annotations": restart}}}}, manager="kubectl-rollout")
    clock.play(cluster, 5)
    assert {pod.env["MISTRAL_API_KEY"] for pod in cluster.pods()} == {"another-key"}


def test_history_has_a_replica_set_a_revision_and_recent_events_for_each_rollout(clock: SteppedClock) -> None:
    release = Revision(clock() - timedelta(minutes=20), image="registry.example/mistral-service:1.5.0",
                       change_cause="release 1.5.0", manager="kubectl-set")  # fmt: skip
    cluster = fresh(clock, revisions=[release])
    sets = {
        item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: item
        for item in cluster.store.all(REPLICA_SETS)
    }
    assert sets["1"]["spec"]["replicas"] == 0
    assert sets["2"]["metadata"]["annotations"]["kubernetes.io/change-cause"] == "release 1.5.0"
    assert {pod.revision for pod in cluster.pods()} == {2}
    assert all(
        timedelta(minutes=19) < clock() - pod.started_at <= timedelta(minutes=20) for pod in cluster.pods()
    )
    assert all(event["lastTimestamp"] >= "2026-11-23T14:39" for event in cluster.store.all(EVENTS))
    assert any(event["reason"] == "ScalingReplicaSet" for event in cluster.store.all(EVENTS))


def test_a_cluster_that_changed_nothing_for_two_days_has_no_events(clock: SteppedClock) -> None:
    assert fresh(clock).store.all(EVENTS) == []


def test_going_back_to_an_old_template_gives_its_replica_set_a_new_number(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    cluster.edit(CHANGE, manager="leeward")
    clock.play(cluster, 5)
    cluster.set_env("MISTRAL_FALLBACK", "false", manager="leeward")
    clock.play(cluster, 5)
    numbers = sorted(
        item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        for item in cluster.store.all(REPLICA_SETS)
    )
    assert numbers == ["2", "3"]
    assert cluster.deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_no_more_empty_replica_sets_are_kept_than_the_limit_says(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    for number in range(13):
        cluster.set_env("MAX_CONCURRENT_MISTRAL", f"{20 + number}")
        clock.play(cluster, 4, step=0.1)
    sets = cluster.store.all(REPLICA_SETS)
    numbers = sorted(int(s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) for s in sets)
    assert numbers == list(range(4, 15))


def test_a_secret_without_the_key_keeps_new_pods_from_starting(clock: SteppedClock) -> None:
    cluster = fresh(clock)
    reference = {"name": "MISTRAL_API_KEY", "valueFrom": {"secretKeyRef": {"name": "mistral", "key": "typo"}}}
    container = {"name": "mistral-service", "env": [reference]}
    cluster.edit({"spec": {"template": {"spec": {"containers": [container]}}}}, manager="kubectl-edit")
    clock.play(cluster, 3)
    waiting = [
        state["state"]["waiting"]["reason"]
        for pod in cluster.store.all(PODS)
        for state in pod["status"]["containerStatuses"]
        if "waiting" in state["state"]
    ]
    assert waiting == ["CreateContainerConfigError"]
    assert sum(pod.ready for pod in cluster.pods()) == 3


def test_only_spec_and_annotations_raise_the_generation(clock: SteppedClock) -> None:
    """Labels and status do not; every change raises the resourceVersion."""
    cluster = fresh(clock)
    first = cluster.deployment["metadata"]
    labelled = cluster.edit({"metadata": {"labels": {"team": "ml"}}}, manager="kubectl-label")["metadata"]
    assert labelled["generation"] == first["generation"]
    assert int(labelled["resourceVersion"]) > int(first["resourceVersion"])
    noted = cluster.edit({"metadata": {"annotations": {"note": "x"}}}, manager="kubectl-annotate")["metadata"]
    assert noted["generation"] == first["generation"] + 1
    clock.play(cluster, 1)
    assert len(cluster.store.all(REPLICA_SETS)) == 1, "an annotation rolls nothing out"
    assert cluster.deployment["status"]["observedGeneration"] == noted["generation"]


@pytest.mark.parametrize(
    ("owner", "manager", "operation"),
    [
        ("", "kubectl-client-side-apply", "Update"),
        ("argocd", "argocd-controller", "Update"),
        ("helm", "helm", "Update"),
        ("flux", "kustomize-controller", "Apply"),
    ],
)
def test_the_owner_of_the_deployment_owns_its_variables(
    owner: str, manager: str, operation: str, clock: SteppedClock
) -> None:
    entries = fresh(clock, owner=owner).deployment["metadata"]["managedFields"]
    mine = next(entry for entry in entries if entry["manager"] == manager)
    assert mine["operation"] == operation
    container = mine["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"][
        'k:{"name":"mistral-service"}'
    ]
    assert 'k:{"name":"MISTRAL_FALLBACK"}' in container["f:env"]


def test_an_unknown_owner_is_refused(clock: SteppedClock) -> None:
    with pytest.raises(ValueError, match="argocd"):
        fresh(clock, owner="argo")


def test_a_seed_repeats_names_and_uids(clock: SteppedClock) -> None:
    one, two, three = (fresh(clock, seed=seed) for seed in (7, 7, 8))
    assert one.store.all(DEPLOYMENTS) == two.store.all(DEPLOYMENTS)
    assert [p.name for p in one.pods()] == [p.name for p in two.pods()] != [p.name for p in three.pods()]
