"""The pods' way out: what the workload's reading tells of it, and what keeps it from being known."""

import json
from typing import Any

import pytest

from tests.probes.door import Door, deployment, pod, refusal
from tests.probes.support import PACE, clock, redactor, sound
from tests.support.clock import ManualClock
from tui.clients import names
from tui.clients.cluster_errors import Reason
from tui.clients.unanswered import Unanswered
from tui.model.network_policy import EgressView
from tui.model.reading import Reading, State
from tui.probes.egress import KEPT_S, Way
from tui.probes.workload import Workload
from tui.settings import Kubernetes

APP = {"app": "mistral-service"}
HERE = ("104.18.2.1", "104.18.3.1")


def policy(name: str, *cidrs: str, namespace: str = "prod", port: int = 443) -> dict[str, Any]:
    rules = [{"to": [{"ipBlock": {"cidr": c}}], "ports": [{"port": port}]} for c in cidrs]
    spec = {"podSelector": {"matchLabels": APP}, "policyTypes": ["Egress"], "egress": rules}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def labelled(**spec: Any) -> dict[str, Any]:
    made = deployment()
    made["metadata"]["labels"] = {"app": "not-the-pods"}
    made["spec"]["template"]["metadata"] = {"labels": APP}
    made["spec"]["template"]["spec"] |= spec
    return made


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the name resolves to, or why it does not."""
    answer: list[Any] = [HERE]

    async def resolve(host: str, _port: int, _deadline: float) -> tuple[str, ...]:
        assert host == "api.mistral.ai"
        if isinstance(answer[0], Exception):
            raise answer[0]
        return answer[0]

    monkeypatch.setattr(names, "resolve", resolve)
    return answer


async def read(at: ManualClock | None = None, **parts: Any) -> tuple[Reading, EgressView]:
    at = at or clock()
    door = Door(**{"deployment": labelled(), **parts})
    way = Way("https://api.mistral.ai", at)
    probe = Workload(door, Kubernetes(deployment="mistral-service"), PACE.interval, PACE, at, redactor(), way)  # type: ignore[arg-type]
    reading = sound(await probe.ask())
    (view,) = reading.of(EgressView)
    return reading, view


async def test_without_a_policy_the_pods_may_go_anywhere(resolver: list[Any]) -> None:
    reading, view = await read()
    assert reading.facts["egress"] == "allowed"
    assert reading.facts["egress_names"] == "allowed"
    assert not view.isolating
    assert "the pods may be given others" in view.caveats[0]


async def test_a_denied_way_names_the_policy_and_that_enforcing_is_not_known(resolver: list[Any]) -> None:
    reading, view = await read(policies=(policy("closed"), policy("other", "10.0.0.0/8")))
    assert reading.facts["egress"] == "denied"
    assert reading.facts["egress_names"] == "denied"
    assert reading.facts["egress_why"] == (
        "closed, other isolate the pods, and no rule allows 104.18.2.1, TCP 443."
    )
    assert any("enforces" in said for said in view.caveats)


async def test_addresses_that_differ_make_it_depend_and_the_pods_own_labels_count(
    resolver: list[Any],
) -> None:
    reading, view = await read(policies=(policy("half", "104.18.2.0/24"),))
    assert reading.facts["egress"] == "depends"
    assert [r.allowed for r in view.rulings] == [True, False]


async def test_policies_of_other_namespaces_are_shown_and_do_not_count(resolver: list[Any]) -> None:
    reading, view = await read(policies=(policy("closed", namespace="staging"),))
    assert reading.facts["egress"] == "allowed"
    assert view.elsewhere == ("staging/closed",)


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"groups": ("apps", "cilium.io")}, "Cilium"),
        ({"deployment": labelled(hostNetwork=True)}, "hostNetwork"),
        ({"pods": ({**pod(1), "spec": {"containers": [{"name": "istio-proxy"}]}},)}, "mesh"),
        ({"policies": refusal(Reason.FORBIDDEN)}, "Said because of forbidden"),
    ],
)
async def test_what_cannot_be_known_is_unknown_and_says_why(
    resolver: list[Any], parts: dict[str, Any], word: str
) -> None:
    reading, _ = await read(**{"policies": (policy("closed"),), **parts})
    assert reading.facts["egress"] == "unknown"
    assert word in str(reading.facts["egress_why"])
    assert reading.state is State.OK


async def test_a_proxy_of_the_pods_is_another_way_out_unless_it_is_excepted(resolver: list[Any]) -> None:
    proxied = labelled()
    env = proxied["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "HTTPS_PROXY", "value": "http://me:hunter22@proxy.internal:3128"})
    reading, view = await read(deployment=proxied)
    assert "proxy.internal:3128" in str(reading.facts["egress_why"])
    assert "hunter22" not in repr(view)
    env.append({"name": "NO_PROXY", "value": ".mistral.ai"})
    assert (await read(deployment=proxied))[0].facts["egress"] == "allowed"


async def test_a_name_that_does_not_resolve_leaves_what_holds_for_every_address(resolver: list[Any]) -> None:
    resolver[0] = Unanswered("dns", "dns", "the name api.mistral.ai does not exist")
    reading, view = await read(policies=(policy("closed"),))
    assert reading.facts["egress"] == "denied"
    assert view.rulings[0].target == "api.mistral.ai"
    assert "does not exist" in view.caveats[0]
    assert (await read(policies=(policy("open", "0.0.0.0/0"),)))[0].facts["egress"] == "unknown"


async def test_policies_are_read_once_a_minute(resolver: list[Any]) -> None:
    at, door = clock(), Door(deployment=labelled())
    way = Way("https://api.mistral.ai", at)
    for _ in range(3):
        await way.look(door, labelled(), "mistral-service", ())  # type: ignore[arg-type]
    assert door.asked.count("policies") == 1
    await at.advance(KEPT_S)
    await way.look(door, labelled(), "mistral-service", ())  # type: ignore[arg-type]
    assert door.asked.count("policies") == 2


async def test_hostile_names_are_plain_text(resolver: list[Any]) -> None:
    bad = policy("\x1b[31mred[@click=app.bell]\nx")
    reading, view = await read(policies=(bad,))
    assert "\x1b" not in repr(view)
    assert "\n" not in json.dumps(dict(reading.facts), default=str)
