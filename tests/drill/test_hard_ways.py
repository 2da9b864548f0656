"""Scenarios in which the first remedy does not go as it should: each for a reason that can be found."""

import pytest

from tests.drill.bench import START, Bench
from tui.drill.hands import FIRST, MANAGER, THEN, VARIABLE, Colleague
from tui.drill.kubernetes import Cluster, Pace
from tui.drill.kubernetes.rbac import users
from tui.drill.kubernetes.resources import EVENTS, PODS
from tui.drill.scenarios import SCENARIOS
from tui.drill.serve import Drill
from tui.drill.startup import Startup
from tui.drill.workload import make_cluster

QUICK = Pace(ready_s=0.01, stop_s=0.01, react_s=0)
ENV = {"MISTRAL_FALLBACK": "false", VARIABLE: "10"}


def cluster() -> Cluster:
    return Cluster("k", pace=QUICK)


def test_an_app_without_fallback_serves_nobody_from_it() -> None:
    bench = Bench("no-fallback")
    before = bench.user_errors()
    bench.roll_out(MISTRAL_FALLBACK="true")
    assert bench.user_errors() == pytest.approx(before, rel=0.1)
    assert bench.mistral_errors(status_code="503") == pytest.approx(before, rel=0.1)


@pytest.mark.parametrize("slots", [1, 3])
def test_too_few_slots_and_new_pods_crash_while_the_old_ones_serve(slots: int) -> None:
    world = make_cluster(SCENARIOS["crash-loop"], "k", seed=1, speed=20)
    assert world.deployment["spec"]["progressDeadlineSeconds"] == 6
    world.set_env(VARIABLE, str(slots), manager="leeward")
    world.settle()
    waiting = [
        container["state"]["waiting"]["reason"]
        for pod in world.store.all(PODS)
        for container in pod["status"]["containerStatuses"]
        if "waiting" in container["state"]
    ]
    assert set(waiting) == {"CrashLoopBackOff"}
    assert sum(pod.ready for pod in world.pods()) == 3
    assert not world.rolled_out
    assert any("restarting failed container" in event["message"] for event in world.store.all(EVENTS))
    world.set_env(VARIABLE, "10", manager="leeward")
    world.settle()
    assert world.rolled_out, "taking it back ends the crashes"
    assert [pod.ready for pod in world.pods()] == [True, True, True]


def test_a_pod_that_crashes_says_why_in_its_log() -> None:
    drill = Drill(SCENARIOS["crash-loop"], seed=1, speed=20)
    drill.cluster.set_env(VARIABLE, "3", manager="leeward")
    drill.cluster.settle()
    crashed = next(pod for pod in drill.cluster.pods() if not pod.ready)
    lines = [text for _, text in drill.cluster.log_source(crashed.name, None)]
    assert any("MAX_CONCURRENT_MISTRAL=3 is below 4" in line for line in lines)
    served = next(pod for pod in drill.cluster.pods() if pod.ready)
    assert "service.access" in drill.cluster.log_source(served.name, None)[-1][1]


def test_an_app_starts_with_what_it_needs() -> None:
    assert Startup(4).refuses({VARIABLE: "3"})
    assert not Startup(4).refuses({VARIABLE: "4"})
    assert not Startup(4).refuses({}), "the default is enough"
    assert not Startup(0).refuses({VARIABLE: "1"})


def test_a_colleague_sets_the_variable_between_a_preview_and_its_change() -> None:
    world = cluster()
    Colleague(world, lambda: START)
    assert world.variable(VARIABLE) == "10"
    world.on_preview()
    assert world.variable(VARIABLE) == FIRST
    managers = [entry["manager"] for entry in world.deployment["metadata"]["managedFields"]]
    assert MANAGER in managers
    world.set_env(VARIABLE, "3", manager="leeward")
    world.on_preview()
    assert world.variable(VARIABLE) == "3", "once is enough"


def test_a_colleague_sets_it_back_once_what_was_changed_stands() -> None:
    world, at = cluster(), [START]
    colleague = Colleague(world, lambda: at[0])

    def passes(seconds: int) -> None:
        for _ in range(seconds):
            at[0] += 1
            world.settle()
            colleague.look()

    passes(5)
    assert world.variable(VARIABLE) == "10", "nothing was changed: nothing is set back"
    world.set_env(VARIABLE, "3", manager="leeward")
    colleague.look()
    assert world.variable(VARIABLE) == "3", "not while it rolls out"
    passes(5)
    assert world.variable(VARIABLE) == THEN
    world.set_env(VARIABLE, "3", manager="leeward")
    passes(5)
    assert world.variable(VARIABLE) == "3", "they were talked to"


def test_the_responder_may_not_store_a_key_where_that_is_the_trouble() -> None:
    refused, allowed = (
        make_cluster(SCENARIOS[name], "k", seed=1).faults.forbid for name in ("rotation-refused", "bad-key")
    )
    assert refused == {("patch", "secrets")}
    assert not allowed
    responder = users("prod", secret="mistral", forbidden=refused)["responder"]
    assert ("patch", "secrets", "") in responder.denied
