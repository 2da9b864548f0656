"""The workload: what runs, what changed, whose key, and what we may not see."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.probes import door as world
from tests.probes.door import Door, deployment, pod, refusal, replica_set
from tests.probes.support import KEY, PACE, clock, redactor, sound
from tests.probes.test_log_lines import CRASH, LIMITED
from tui.clients.cluster_errors import Reason
from tui.model.change import Change
from tui.model.lease import LeaseNote, annotation_of, lease_text
from tui.model.log_shapes import LogShapes
from tui.model.reading import LeaseSeen, Reading, State
from tui.model.secret import Secret
from tui.probes.workload import Workload
from tui.settings import Kubernetes

STALLED = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
SETTINGS = Kubernetes(namespace="prod", deployment="mistral-service")


async def ask(door: Door) -> Reading:
    probe = Workload(door, SETTINGS, timedelta(minutes=1), PACE, clock(), redactor())  # type: ignore[arg-type]
    return sound(await probe.ask())


async def test_all_ready_and_no_rollout_is_well() -> None:
    reading = await ask(
        Door(deployment=deployment(env={"MAX_CONCURRENT_MISTRAL": "10", "MISTRAL_FALLBACK": ""}))
    )
    assert (reading.state, reading.summary) == (State.OK, "3/3 ready, no rollout")
    facts = {name: reading.facts[name] for name in ("max_concurrent", "fallback", "timeout_ms", "rollout")}
    assert facts == {"max_concurrent": "10", "fallback": "", "timeout_ms": None, "rollout": "complete"}
    assert reading.facts["user"] == "responder"
    assert reading.facts["key_fingerprint"] == Secret("another0another0another0another0").fingerprint
    assert reading.facts["last_change_age_s"] == 2 * 86400
    assert reading.evidence == ("Last change 2 days ago (1.4).",)
    assert reading.facts["autoscaler_max"] is None


@pytest.mark.parametrize(
    ("spec", "status", "state", "summary"),
    [
        ({}, {"updatedReplicas": 1, "readyReplicas": 2}, State.WARN, "2/3 ready, rollout 1 of 3"),
        ({"paused": True}, {}, State.WARN, "3/3 ready, rollout paused"),
        ({}, {"observedGeneration": 3}, State.WARN, "3/3 ready, rollout 0 of 3"),
        ({}, {"readyReplicas": 0, "availableReplicas": 0}, State.FAIL, "0/3 ready, rollout progressing"),
        ({"replicas": 0}, {"replicas": 0, "updatedReplicas": 0, "readyReplicas": 0, "availableReplicas": 0},
         State.WARN, "scaled to 0"),
        ({}, {"updatedReplicas": 1, "conditions": STALLED},
         State.FAIL, "3/3 ready, rollout stalled at 1 of 3"),
    ],
)  # fmt: skip
async def test_the_rollout_is_told_by_kubectl_s_rule(
    spec: dict[str, Any], status: dict[str, Any], state: State, summary: str
) -> None:
    reading = await ask(Door(deployment=deployment(spec=spec, status=status)))
    assert (reading.state, reading.summary) == (state, summary)


async def test_crash_loops_are_counted_and_named() -> None:
    pods = (pod(1), pod(2, waiting="CrashLoopBackOff", restarts=7), pod(3))
    reading = await ask(Door(pods=pods))
    assert (reading.state, reading.summary) == (State.WARN, "3/3 ready, 1 crash-looping")
    assert (reading.facts["crashlooping"], reading.facts["restarts"]) == (1, 7)
    assert any("CrashLoopBackOff" in sentence for sentence in reading.evidence)


async def test_error_lines_of_the_pods_are_grouped_by_mistral_s_code() -> None:
    reading = await ask(Door(log="\n".join([LIMITED] * 4)))
    assert reading.facts["pods_error_code"] == "1300"
    assert reading.facts["pods_error_type"] == "rate_limited"
    assert reading.facts["app_exceptions"] == 0
    said = "In the pods' logs: 12 of 12 failed calls are 429, code 1300 (rate_limited), in 60 s."
    assert said in reading.evidence


async def test_exceptions_of_the_app_are_its_own() -> None:
    reading = await ask(Door(log="\n".join(CRASH)))
    assert reading.facts["pods_error_code"] is None
    assert reading.facts["app_exceptions"] == 3


@pytest.mark.parametrize(
    ("reason", "state", "outcome"),
    [
        (Reason.LOGIN_EXPIRED, State.UNKNOWN, "login_expired"),
        (Reason.FORBIDDEN, State.UNKNOWN, "forbidden"),
        (Reason.UNREACHABLE, State.UNKNOWN, "unreachable"),
        (Reason.TIMEOUT, State.UNKNOWN, "unreachable"),
        (Reason.SERVER, State.UNKNOWN, "unreachable"),
        (Reason.CONFIG, State.UNKNOWN, "config"),
        (Reason.MISSING, State.FAIL, "missing"),
    ],
)
@pytest.mark.parametrize("part", ["open", "deployment"])
async def test_each_refusal_of_the_cluster_is_told_apart(
    part: str, reason: Reason, state: State, outcome: str
) -> None:
    reading = await ask(Door(**{part: refusal(reason)}))
    assert (reading.state, reading.facts["outcome"]) == (state, outcome)
    assert reading.note == f"Said because of {reason}."
    assert reading.remedy == f"Do something about {reason}."


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        ("pods", {"crashlooping", "restarts", "pods_error_code"}),
        ("log", {"pods_error_code", "pods_error_type", "app_exceptions"}),
        ("secret", {"key_fingerprint"}),
        ("autoscalers", {"autoscaler_max"}),
    ],
)
async def test_what_we_may_not_read_is_unknown_and_the_rest_is_told(part: str, missing: set[str]) -> None:
    reading = await ask(Door(**{part: refusal(Reason.FORBIDDEN)}))
    assert reading.summary == "3/3 ready, no rollout"
    assert not missing & set(reading.facts)
    assert "not all could be read" in reading.note


async def test_a_secret_that_may_not_be_read_leaves_the_key_unknown() -> None:
    assert "key_fingerprint" not in (await ask(Door(secret=None))).facts


async def test_a_key_in_the_clear_is_known_by_its_fingerprint_alone() -> None:
    made = deployment()
    value = "in0the0clear0in0the0clear0abcdef"
    made["spec"]["template"]["spec"]["containers"][0]["env"][0] = {"name": "MISTRAL_API_KEY", "value": value}
    reading = await ask(Door(deployment=made))
    assert reading.facts["key_fingerprint"] == Secret(value).fingerprint
    assert value not in repr(reading)


async def test_a_rolled_back_template_changed_when_it_was_rolled_out() -> None:
    reused = replica_set("4", timedelta(days=30), **{"deployment.kubernetes.io/revision-history": "1"})
    reading = await ask(Door(replica_sets=(reused,)))
    assert reading.facts["last_change_age_s"] == 3600


async def test_a_lease_on_the_deployment_is_seen_beside_the_live_value() -> None:
    at = clock().now()
    note = LeaseNote("inc-1", "reduce-concurrency", "mistral-service", "MAX_CONCURRENT_MISTRAL", "3", "10",
                     "responder", at, at + timedelta(hours=2))  # fmt: skip
    made = deployment(env={"MAX_CONCURRENT_MISTRAL": "5"})
    made["metadata"]["annotations"][annotation_of("reduce-concurrency")] = lease_text(note)
    (lease,) = (await ask(Door(deployment=made))).of(LeaseSeen)
    assert (lease.value, lease.live, lease.previous) == ("3", "5", "10")


async def test_a_cluster_that_hangs_costs_the_deadline_and_no_more() -> None:
    class Hung(Door):
        async def deployment(self) -> Any:
            await asyncio.sleep(3600)

    began = time.monotonic()
    reading = await ask(Hung())
    assert (reading.state, reading.summary) == (State.UNKNOWN, "the cluster does not answer")
    assert time.monotonic() - began < PACE.limit + 10


@pytest.mark.parametrize("part", ["pods", "replica_sets", "autoscalers", "secret", "log"])
async def test_a_part_that_breaks_leaves_the_rest(part: str) -> None:
    reading = await ask(Door(**{part: refusal(Reason.SERVER)}))
    assert reading.summary == "3/3 ready, no rollout"
    assert "not all could be read" in reading.note


async def test_logs_that_hang_leave_the_rest() -> None:
    class Slow(Door):
        async def pod_log(self, *args: Any) -> Any:
            await asyncio.sleep(3600)

    slow = await ask(Slow())
    assert slow.summary == "3/3 ready, no rollout"
    assert "logs did not come" in slow.note


async def test_log_errors_are_grouped_and_neither_draw_nor_tell_a_secret() -> None:
    lines = [f"2026-11-23T15:03:{n:02}Z ERROR \x1b[31mcall {n} failed key={KEY.reveal()}" for n in range(9)]
    trace = ["Traceback (most recent call last):", '  File "/app/x.py", line 1', "KeyError: 'locale'"]
    reading = await ask(Door(log="\n".join([*lines, *trace, "2026-11-23T15:03:20Z INFO well"])))
    (found,) = reading.of(LogShapes)
    assert [(s.shape, s.count) for s in found.shapes] == [
        ("<time> ERROR call <n> failed key=***", 27),
        ("KeyError: <text>", 3),
    ]
    assert (found.lines, found.pods) == (30, 3)
    assert KEY.reveal() not in repr(reading)
    assert "\x1b" not in repr(reading)
    assert reading.facts["log_shapes"] == 2


async def test_the_last_change_is_told_and_a_secret_variable_is_not() -> None:
    made = deployment(env={"MODE": "new", "STRIPE_API_KEY": "sk_live_0123456789"})
    before = deployment(env={"MODE": "old", "STRIPE_API_KEY": "sk_live_9876543210"})
    older = {**replica_set("3", timedelta(days=1)), "spec": before["spec"]}
    reading = await ask(Door(deployment=made, replica_sets=(replica_set("4", timedelta(hours=1)), older)))
    (found,) = reading.of(Change)
    assert (found.revision, found.previous) == ("4", "3")
    assert {d.what: (d.before, d.after) for d in found.differences} == {
        "MODE": ("old", "new"),
        "STRIPE_API_KEY": ("***", "***"),
    }
    assert "sk_live" not in repr(reading)


async def test_annotations_cannot_draw_on_the_screen() -> None:
    made = deployment()
    made["metadata"]["annotations"]["kubernetes.io/change-cause"] = "\x1b]0;title\x07[red]x"
    reading = await ask(Door(deployment=made))
    assert reading.facts["change_cause"] == "[red]x"


def test_the_world_s_times_are_the_clock_s() -> None:
    assert world.stamp(timedelta()) == "2026-11-23T15:03:11Z"
