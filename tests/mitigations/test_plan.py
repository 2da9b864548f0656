"""Planning: what is checked, what would be sent, what a person is told; nothing is changed by it."""

import shlex
from datetime import timedelta
from typing import Any

import pytest

from tests.support import api_stub
from tests.support.api_stub import KEY, PATH, ApiStub
from tests.support.clock import START
from tui.clients.cluster import Cluster
from tui.mitigations import Refused
from tui.mitigations.plan import plan_change, plan_undo
from tui.model.deployment import REVISION
from tui.model.lease import leases_of
from tui.model.mitigation import Ownership, Plan
from tui.model.runbook import Runbook

NAME = "MAX_CONCURRENT_MISTRAL"


async def planned(cluster: Cluster, runbook: Runbook, rule: str = "reduce-concurrency", **how: Any) -> Plan:
    given = {"incident": "inc-20261123-1503-7f3a", "owner": "alice", "now": START, **how}
    return await plan_change(cluster, runbook.mitigations[rule], **given)


async def refused(awaitable: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaitable
    assert KEY not in str(caught.value)
    assert not caught.value.changed
    return caught.value


async def apply(cluster: Cluster, plan: Plan) -> dict[str, Any]:
    return await cluster.patch_deployment(plan.patch, plan.content_type, dry_run=False)


async def test_a_plan_tells_everything_and_changes_nothing(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    stub.lists["horizontalpodautoscalers"] = [
        {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "mistral-service"}, "maxReplicas": 12}}
    ]
    before = stub.deployment
    plan = await planned(cluster, runbook)
    assert stub.deployment is before
    assert (plan.before, plan.after, plan.change) == ("10", "3", f"{NAME} 10 → 3")
    assert plan.target.place == "prod-eu / prod / deployment mistral-service"
    assert plan.target.user == "responder"
    assert plan.means == "3 x 3 pods = 9 at once, was 30; 36 when the autoscaler is at 12"
    assert plan.touches == "3 pods, one at a time"
    assert plan.checked == "permitted, server dry run accepted, no rollout running"
    assert plan.ownership is Ownership.NONE
    assert plan.hold == timedelta(hours=2)
    assert plan.diff == (
        "  spec.template.spec.containers[mistral-service].env",
        f'-   {NAME}: "10"',
        f'+   {NAME}: "3"',
    )


@pytest.mark.parametrize(
    ("born", "touches"),
    [
        (["15:02:20"], "3 pods, one at a time"),
        (["14:00:00", "15:02:20"], "3 pods, one at a time, about 40 s"),
    ],
    ids=["only created", "rolled out"],
)
async def test_how_long_it_takes_is_known_from_the_last_rollout_and_not_from_the_creation(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, born: list[str], touches: str
) -> None:
    """A creation starts all pods at once."""
    meta = stub.deployment["metadata"]
    meta["annotations"][REVISION] = str(len(born))
    stub.deployment["status"]["conditions"][0]["lastUpdateTime"] = "2026-11-23T15:03:00Z"
    owner = [{"kind": "Deployment", "name": "mistral-service", "uid": meta["uid"]}]
    stub.lists["replicasets"] = [
        {
            "metadata": {
                "name": f"rs-{number}",
                "ownerReferences": owner,
                "annotations": {REVISION: str(number)},
                "creationTimestamp": f"2026-11-23T{time}Z",
            },
            "spec": {"template": stub.deployment["spec"]["template"]},
        }
        for number, time in enumerate(born, 1)
    ]
    assert (await planned(cluster, runbook)).touches == touches


async def test_the_patch_tests_the_object_the_generation_and_the_old_entry(
    cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    tests = {op["path"]: op["value"] for op in plan.patch if op["op"] == "test"}
    assert tests == {
        "/metadata/uid": "757bba20-2ebc-487c-b023-d42478ac4584",
        "/metadata/generation": 1,
        "/spec/template/spec/containers/0/name": "mistral-service",
        "/spec/template/spec/containers/0/env/1": {"name": NAME, "value": "10"},
    }
    assert plan.content_type == "application/json-patch+json"


async def test_the_lease_and_the_cause_are_in_the_same_patch(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    stored = await apply(cluster, await planned(cluster, runbook))
    (lease,) = leases_of(stored)
    assert (lease.incident, lease.mitigation, lease.variable) == (
        "inc-20261123-1503-7f3a",
        "reduce-concurrency",
        NAME,
    )
    assert (lease.value, lease.previous, lease.live, lease.owner) == ("3", "10", "3", "alice")
    assert lease.until == START + timedelta(hours=2)
    cause = stored["metadata"]["annotations"]["kubernetes.io/change-cause"]
    assert cause == f"leeward inc-20261123-1503-7f3a: {NAME} 10 -> 3"


async def test_the_kubectl_commands_are_quoted_and_name_the_kubeconfig(
    cluster: Cluster, runbook: Runbook
) -> None:
    plan = await planned(cluster, runbook)
    assert shlex.split(plan.apply_by_hand) == [
        *("kubectl", "--kubeconfig", cluster.kubeconfig, "--context", "prod-eu", "-n", "prod"),
        *("set", "env", "deployment/mistral-service", f"{NAME}=3"),
    ]
    assert plan.undo_by_hand.endswith(f"deployment/mistral-service {NAME}=10")


async def test_unset_before_is_unset_again(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    rule = runbook.mitigations["raise-timeout"]
    original = stub.deployment["spec"]
    plan = await planned(cluster, runbook, "raise-timeout")
    assert plan.before is None
    assert plan.diff[1:] == ('+   MISTRAL_TIMEOUT_MS: "120000"',)
    assert plan.undo_by_hand.endswith(" MISTRAL_TIMEOUT_MS-")
    (lease,) = leases_of(await apply(cluster, plan))
    assert lease.previous is None
    undo = await plan_undo(cluster, rule, lease, incident="i", owner="bob", now=START)
    assert undo.after is None
    assert undo.diff[1:] == ('-   MISTRAL_TIMEOUT_MS: "120000"',)
    stored = await apply(cluster, undo)
    assert stored["spec"] == original
    assert leases_of(stored) == ()


async def test_a_container_without_any_env_gets_one(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    del stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    stored = await apply(cluster, await planned(cluster, runbook, "enable-fallback"))
    assert stored["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "MISTRAL_FALLBACK", "value": "true"}
    ]


async def test_an_object_without_annotations_is_guarded_by_its_version(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    del stub.deployment["metadata"]["annotations"]
    plan = await planned(cluster, runbook)
    assert {"op": "test", "path": "/metadata/resourceVersion", "value": "512"} in plan.patch
    assert len(leases_of(await apply(cluster, plan))) == 1


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        ("reduce-concurrency", "20", "would make it worse: it must not go higher"),
        ("raise-timeout", "1000", "would make it worse: it must not go lower"),
        ("reduce-concurrency", "10", "is 10 already; no change is needed"),
        ("reduce-concurrency", "few", "must be a whole number from 1 on"),
        ("reduce-concurrency", "0", "must be a whole number from 1 on"),
        ("reduce-concurrency", "-3", "must be a whole number from 1 on"),
        ("reduce-concurrency", "3\u0663", "must be a whole number from 1 on"),
        ("enable-fallback", "yes", "must be true or false"),
        ("enable-fallback", "true\x1b[31m", "one line of plain text"),
    ],
)
async def test_a_value_that_must_not_be_is_refused(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, rule: str, value: str, words: str
) -> None:
    stub.deployment = api_stub.deployment(
        MISTRAL_FALLBACK="false", MAX_CONCURRENT_MISTRAL="10", MISTRAL_TIMEOUT_MS="30000"
    )
    error = await refused(planned(cluster, runbook, rule, value=value))
    assert words in error.said


async def test_a_persons_own_value_is_taken(cluster: Cluster, runbook: Runbook) -> None:
    plan = await planned(cluster, runbook, value=" 5 ", hold=timedelta(minutes=30))
    assert plan.after == "5"
    assert plan.hold == timedelta(minutes=30)
    assert plan.means.startswith("5 x 3 pods = 15 at once")


def change_env(stub: ApiStub, entry: dict[str, Any]) -> None:
    stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"][1] = entry


async def test_a_value_from_elsewhere_is_refused_with_its_source(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    change_env(stub, {"name": NAME, "valueFrom": {"configMapKeyRef": {"name": "limits", "key": "max"}}})
    error = await refused(planned(cluster, runbook))
    assert "comes from ConfigMap limits, key max" in error.said


async def test_a_variable_that_stands_twice_is_refused(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    env = stub.deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": NAME, "value": "12"})
    assert "stands 2 times" in (await refused(planned(cluster, runbook))).said


async def test_env_from_is_told(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    stub.deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
        {"configMapRef": {"name": "x"}}
    ]
    plan = await planned(cluster, runbook, "raise-timeout")
    assert any("may come from the container's envFrom" in note for note in plan.notes)


async def test_an_empty_value_is_a_value(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    change_env(stub, {"name": NAME})  # the server leaves out a value of ""
    plan = await planned(cluster, runbook)
    assert plan.before == ""
    assert plan.change == f"{NAME} (empty) → 3"
    (lease,) = leases_of(await apply(cluster, plan))
    assert lease.previous == ""


async def test_a_paused_deployment_is_refused(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    stub.deployment["spec"]["paused"] = True
    error = await refused(planned(cluster, runbook))
    assert "is paused" in error.said
    assert "rollout resume deployment/mistral-service" in error.remedy


async def test_a_running_rollout_is_refused_and_unready_pods_are_not(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    stub.deployment["status"].update(replicas=4, updatedReplicas=1, unavailableReplicas=1)
    assert "is running (0 of 3 pods)" in (await refused(planned(cluster, runbook))).said
    stub.deployment["status"].update(replicas=3, updatedReplicas=3, availableReplicas=2)
    assert "only 2 of 3 pods are available" in (await planned(cluster, runbook)).notes


async def test_an_empty_target_stops(stub: ApiStub, cluster: Cluster, runbook: Runbook) -> None:
    stub.deployment["spec"]["replicas"] = 0
    assert "has 0 replicas" in (await refused(planned(cluster, runbook))).said


async def test_a_missing_permission_is_refused_before_anything(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    stub.allowed = False
    error = await refused(planned(cluster, runbook))
    assert error.said.startswith("responder may not patch deployments.apps in namespace prod of prod-eu")
    assert "Ask an administrator" in error.remedy
    assert not [request for request in stub.requests if request[0] == "PATCH"]


@pytest.mark.parametrize(
    "answer",
    [api_stub.UNAUTHORIZED, api_stub.FORBIDDEN, api_stub.CONFLICT, api_stub.INVALID, api_stub.TEST_FAILED],
)
async def test_a_refused_dry_run_is_a_refusal(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, answer: Any
) -> None:
    stub.script("PATCH", PATH, answer, answer)
    error = await refused(planned(cluster, runbook))
    assert error.said
    assert error.remedy


async def test_a_missing_deployment_names_the_settings(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    stub.script("GET", PATH, api_stub.MISSING)
    assert "kubernetes.deployment" in (await refused(planned(cluster, runbook))).remedy


async def test_several_containers_need_the_setting_unless_one_has_the_variable(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    containers = stub.deployment["spec"]["template"]["spec"]["containers"]
    containers.insert(0, {"name": "proxy", "image": "p:1"})
    plan = await planned(cluster, runbook)
    assert plan.target.container == "mistral-service"
    assert "-c mistral-service" in plan.apply_by_hand
    containers[0]["env"] = [{"name": NAME, "value": "1"}]
    error = await refused(planned(cluster, runbook))
    assert "Set kubernetes.container to one of: proxy, mistral-service." in error.remedy


@pytest.mark.parametrize(
    ("where", "name", "value", "owner"),
    [
        ("annotations", "argocd.argoproj.io/tracking-id", "app:apps/Deployment", Ownership.ARGOCD),
        ("labels", "kustomize.toolkit.fluxcd.io/name", "apps", Ownership.FLUX),
        ("labels", "app.kubernetes.io/managed-by", "Helm", Ownership.HELM),
        ("annotations", "meta.helm.sh/release-name", "svc", Ownership.HELM),
        ("labels", "app.kubernetes.io/managed-by", "kustomize", Ownership.NONE),
    ],
)
async def test_who_else_owns_it_is_told(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, where: str, name: str, value: str, owner: Ownership
) -> None:
    stub.deployment["metadata"][where][name] = value
    assert (await planned(cluster, runbook)).ownership is owner


@pytest.mark.parametrize(
    ("manager", "owner"),
    [
        ("argocd-controller", Ownership.ARGOCD),
        ("kustomize-controller", Ownership.FLUX),
        ("helm-controller", Ownership.FLUX),
        ("helm", Ownership.HELM),
        ("kubectl-client-side-apply", Ownership.NONE),
    ],
)
async def test_an_owner_is_known_by_its_field_manager(
    stub: ApiStub, cluster: Cluster, runbook: Runbook, manager: str, owner: Ownership
) -> None:
    stub.deployment["metadata"]["managedFields"] = [managed(manager)]
    assert (await planned(cluster, runbook)).ownership is owner


async def test_a_policy_that_rewrites_the_value_stops_it(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    import copy

    rewritten = copy.deepcopy(stub.deployment)
    rewritten["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = "5"
    stub.script("PATCH", PATH, (200, rewritten))
    assert (
        "would store MAX_CONCURRENT_MISTRAL as 5 instead of 3"
        in (await refused(planned(cluster, runbook))).said
    )


async def test_what_a_policy_adds_is_told_without_its_values(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    import copy

    mutated = copy.deepcopy(stub.deployment)
    spec = mutated["spec"]["template"]["spec"]
    spec["containers"][0]["env"][1]["value"] = "3"
    spec["containers"][0]["env"].append({"name": "INJECTED", "value": KEY})
    spec["containers"][0]["image"] = "mirror/x:1"
    stub.script("PATCH", PATH, (200, mutated))
    plan = await planned(cluster, runbook)
    assert "+   INJECTED: (a value of the cluster's own)" in plan.diff
    assert "the server would also change spec.template.spec.containers[0].image" in plan.notes
    assert KEY not in repr(plan.diff) + repr(plan.notes)


async def test_a_second_change_keeps_the_first_ones_way_back(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    await apply(cluster, await planned(cluster, runbook, value="5"))
    stub.finish()
    second = await planned(cluster, runbook)
    assert second.before == "5"
    assert second.undo_by_hand.endswith(f"{NAME}=10")
    assert any("held at 5 since 15:03 by alice" in note for note in second.notes)
    (lease,) = leases_of(await apply(cluster, second))
    assert (lease.value, lease.previous) == ("3", "10")


async def test_switching_the_fallback_off_again_ends_its_lease(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    await apply(cluster, await planned(cluster, runbook, "enable-fallback"))
    stub.finish()
    off = await planned(cluster, runbook, "disable-fallback")
    assert off.hold == timedelta(0)
    assert leases_of(await apply(cluster, off)) == ()


# -- undo


async def test_an_undo_goes_back_and_takes_the_lease_away(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    rule = runbook.mitigations["reduce-concurrency"]
    undo = await plan_undo(cluster, rule, lease, incident="i", owner="bob", now=START)
    assert (undo.before, undo.after) == ("3", "10")
    assert undo.means == "10 x 3 pods = 30 at once, was 9"
    assert any(op["op"] == "test" and "lease" in op["path"] for op in undo.patch)
    stored = await apply(cluster, undo)
    assert leases_of(stored) == ()
    assert (
        "undo MAX_CONCURRENT_MISTRAL 3 -> 10"
        in stored["metadata"]["annotations"]["kubernetes.io/change-cause"]
    )


async def test_an_undo_of_what_somebody_changed_is_refused_with_their_name(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    change_env(stub, {"name": NAME, "value": "10"})
    stub.deployment["metadata"]["managedFields"] = [managed("argocd-controller")]
    rule = runbook.mitigations["reduce-concurrency"]
    error = await refused(plan_undo(cluster, rule, lease, incident="i", owner="bob", now=START))
    assert error.said.startswith(f"{NAME} is 10 now, set by argocd-controller, no longer the 3 that we set")


def managed(manager: str) -> dict[str, Any]:
    container = {"f:env": {f'k:{{"name":"{NAME}"}}': {"f:value": {}}}}
    containers = {'k:{"name":"mistral-service"}': container}
    return {
        "manager": manager,
        "time": "2026-11-23T15:31:00Z",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}},
    }


async def test_an_undo_is_planned_while_the_bad_rollout_still_runs(
    stub: ApiStub, cluster: Cluster, runbook: Runbook
) -> None:
    (lease,) = leases_of(await apply(cluster, await planned(cluster, runbook)))
    rule = runbook.mitigations["reduce-concurrency"]
    undo = await plan_undo(cluster, rule, lease, incident="i", owner="bob", now=START)
    assert undo.checked == "permitted, server dry run accepted, a rollout running"
