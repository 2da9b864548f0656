"""What is read from a Deployment, on recordings of a real API server; the patch and its inverse."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support import api_stub
from tests.support.clock import START
from tui.drill.kubernetes.patch import json_patch
from tui.mitigations.patch import env_ops, guarded
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, annotation_of, lease_text, leases_of

RECORDINGS = Path(__file__).parents[1] / "recordings" / "kubernetes-api"
VARIABLE = "MAX_CONCURRENT_MISTRAL"


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text())["response"]["body"]


def test_the_recorded_writer_of_each_variable_is_told() -> None:
    deployment = recorded("deployment-patch-set-env")
    assert workload.env_manager(deployment, "mistral-service", "MISTRAL_FALLBACK") == "leeward"
    assert workload.env_manager(deployment, "mistral-service", VARIABLE) == "python-httpx"
    assert workload.env_manager(deployment, "mistral-service", "ABSENT") == ""


def test_a_recorded_deployment_gives_its_values() -> None:
    deployment = recorded("deployment-get")
    assert workload.live_value(deployment, "mistral-service", VARIABLE) == "10"
    assert workload.live_value(deployment, "mistral-service", "MISTRAL_API_KEY") is None
    assert workload.live_value(deployment, "", VARIABLE) == "10"
    assert workload.live_value(deployment, "other", VARIABLE) is None
    assert workload.selector(deployment) == "app=mistral-service"


def test_recorded_pods_tell_what_they_wait_for() -> None:
    crashing = tuple(recorded("pods-crashloop")["items"])
    assert {reason for reason, _ in workload.waiting_reasons(crashing)} == {"CrashLoopBackOff"}
    pulling = tuple(recorded("pods-imagepull")["items"])
    assert {reason for reason, _ in workload.waiting_reasons(pulling)} <= {"ImagePullBackOff", "ErrImagePull"}
    assert workload.waiting_reasons(tuple(recorded("pods-list")["items"])) == ()


def test_a_selector_with_expressions_is_asked_as_one() -> None:
    rules = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    chosen = {"matchLabels": {"app": "x"}, "matchExpressions": rules}
    assert workload.selector({"spec": {"selector": chosen}}) == "app=x,tier in (a,b),!old"


def test_an_empty_answer_is_no_rollout_that_is_complete() -> None:
    assert workload.rollout_of({}).state is not workload.RolloutState.COMPLETE


NAMES = st.sampled_from(["A", "B", "C", VARIABLE])
VALUES = st.text(max_size=12)
ENV = st.lists(st.tuples(NAMES, VALUES), unique_by=lambda pair: pair[0], max_size=4)


def note(value: str, previous: str | None) -> LeaseNote:
    return LeaseNote(
        incident="inc-1",
        mitigation="reduce-concurrency",
        container="mistral-service",
        variable=VARIABLE,
        value=value,
        previous=previous,
        owner="alice",
        applied_at=START,
        until=START + timedelta(hours=2),
    )


def settled(deployment: dict[str, Any]) -> dict[str, Any]:
    """As the server stores it: an empty env is none, an empty value has no field."""
    stored = copy.deepcopy(deployment)
    for container in stored["spec"]["template"]["spec"]["containers"]:
        for entry in container.get("env", []):
            if entry.get("value") == "":
                del entry["value"]
        if not container.get("env"):
            container.pop("env", None)
    stored["metadata"]["generation"] += 1
    return stored


@given(ENV, VALUES)
def test_a_change_and_its_inverse_give_back_the_very_spec(env: list[tuple[str, str]], value: str) -> None:
    deployment = api_stub.deployment()
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": name, "value": text} for name, text in env]
    deployment = settled(deployment)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    before = workload.env_value(container, VARIABLE)
    how: dict[str, Any] = {"cause": "c", "token": "t"}
    patch = guarded(deployment, env_ops(deployment, 0, {VARIABLE: value}), lease=note(value, before), **how)
    changed = settled(json_patch(deployment, patch))
    (lease,) = leases_of(changed)
    assert (lease.live, lease.previous) == (value, before)
    written = changed["metadata"]["annotations"][annotation_of("reduce-concurrency")]
    assert written == lease_text(note(value, before))
    back = env_ops(changed, 0, {VARIABLE: before})
    inverse = guarded(changed, back, released=["reduce-concurrency"], **how)
    restored = settled(json_patch(changed, inverse))
    assert restored["spec"] == deployment["spec"]
    assert leases_of(restored) == ()


@given(st.text(max_size=30), st.none() | st.text(max_size=30))
def test_a_lease_reads_back_as_it_was_written(value: str, previous: str | None) -> None:
    deployment = api_stub.deployment()
    deployment["metadata"]["annotations"][annotation_of("reduce-concurrency")] = lease_text(
        note(value, previous)
    )
    (lease,) = leases_of(deployment)
    assert (lease.value, lease.previous, lease.until) == (value, previous, START + timedelta(hours=2))
