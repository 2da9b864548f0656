"""What NetworkPolicies let pods reach, by the rules that a real server and its documentation have."""

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model import network_policy as np
from tui.model.network_policy import Egress

RECORDED = Path(__file__).parent.parent / "recordings" / "kubernetes-api" / "networkpolicies-list.json"
APP = {"app": "mistral-service"}


def policy(name: str = "one", namespace: str = "prod", **spec: Any) -> dict[str, Any]:
    """A policy that selects every pod, unless `spec` says otherwise."""
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], **spec},
    }


def to(cidr: str, *but: str, port: Any = 443, **more: Any) -> dict[str, Any]:
    return {
        "to": [{"ipBlock": {"cidr": cidr, **({"except": list(but)} if but else {})}}],
        "ports": [{"protocol": "TCP", "port": port, **more}],
    }


def allowed(policies: list[dict[str, Any]], address: str = "104.18.2.1", port: int = 443) -> bool | None:
    return np.evaluate(policies, APP, "prod", [address], port)[0].allowed


def recorded() -> list[dict[str, Any]]:
    return json.loads(RECORDED.read_text())["response"]["body"]["items"]


def test_the_recorded_policies_allow_https_to_the_world_but_not_to_the_private_network() -> None:
    found = np.evaluate(recorded(), APP, "prod", ["104.18.2.1", "10.1.2.3", "2606:4700::1"], 443)
    assert [r.allowed for r in found] == [True, False, False]
    assert found[0].policy == "mistral-egress-443"
    assert found[0].rule == "egress[0]: to 0.0.0.0/0 but 10.0.0.0/8, TCP 443"
    assert found[1].policy == "deny-all-egress, dns-only, mistral-egress-443"
    assert np.verdict(found) is Egress.DEPENDS


def test_the_recorded_policies_allow_names_by_udp_alone() -> None:
    udp, tcp = np.evaluate_names(recorded(), APP, "prod")
    assert (udp.allowed, udp.policy) == (True, "dns-only")
    assert tcp.allowed is False


def test_the_recorded_worker_reaches_a_range_of_ports_anywhere() -> None:
    for port, answer in ((399, False), (400, True), (443, True), (500, True), (501, False)):
        assert np.evaluate(recorded(), {"app": "worker"}, "prod", ["1.2.3.4"], port)[0].allowed is answer


def test_other_pods_are_denied_everything_and_other_namespaces_nothing() -> None:
    assert np.evaluate(recorded(), {"app": "else"}, "prod", ["1.2.3.4"], 443)[0].allowed is False
    assert np.evaluate(recorded(), APP, "staging", ["1.2.3.4"], 443)[0].allowed is True


@pytest.mark.parametrize(
    ("spec", "isolates"),
    [
        ({"egress": []}, False),
        ({"egress": [{}]}, True),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, False),
        ({"policyTypes": ["Egress"]}, True),
        ({"policyTypes": ["Ingress", "Egress"]}, True),
        ({}, False),
    ],
)
def test_policy_types_are_filled_in_as_the_server_does(spec: dict[str, Any], isolates: bool) -> None:
    assert np.isolates({"spec": spec}) is isolates


@pytest.mark.parametrize(
    ("term", "answer"),
    [
        ({"key": "app", "operator": "In", "values": ["a", "mistral-service"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["a"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["mistral-service"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["a"]}, True),
        ({"key": "tier", "operator": "In", "values": ["a"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "tier", "operator": "DoesNotExist"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
)
def test_selectors_by_expression(term: dict[str, Any], answer: bool) -> None:
    assert np.selects({"matchExpressions": [term]}, APP) is answer


def test_labels_that_are_not_known_leave_a_selector_open() -> None:
    assert np.selects({"matchLabels": {"name": "kube-system"}}, np.DNS_NAMESPACE, complete=False) is None
    assert np.selects({}, np.DNS_NAMESPACE, complete=False) is True


def test_pods_and_namespaces_never_hold_an_address_outside() -> None:
    inside = {"to": [{"namespaceSelector": {}}, {"podSelector": {}}]}
    assert allowed([policy(egress=[inside])]) is False


def test_a_named_port_does_not_help_outside() -> None:
    assert allowed([policy(egress=[to("0.0.0.0/0", port="https")])]) is False


def test_an_entry_without_a_port_is_every_port_of_its_protocol() -> None:
    assert allowed([policy(egress=[{"ports": [{"protocol": "TCP"}]}])]) is True
    assert allowed([policy(egress=[{"ports": [{"protocol": "UDP"}]}])]) is False
    assert allowed([policy(egress=[{"ports": [{"port": 443}]}])]) is True


def test_an_exception_of_one_rule_does_not_bind_another() -> None:
    rules = [to("0.0.0.0/0", "104.0.0.0/8"), to("104.18.0.0/16")]
    ruling = np.evaluate([policy(egress=rules)], APP, "prod", ["104.18.2.1"], 443)[0]
    assert ruling.allowed
    assert ruling.rule.startswith("egress[1]")


def test_without_an_address_only_what_holds_for_every_address_is_told() -> None:
    def by_name(*rules: dict[str, Any], port: int = 443) -> np.Ruling:
        return np.evaluate([policy(egress=list(rules))], APP, "prod", [], port, host="api.mistral.ai")[0]

    assert by_name({}).allowed is True
    assert by_name(to("0.0.0.0/0")).allowed is None
    assert by_name(to("0.0.0.0/0"), port=8443).allowed is False
    assert by_name().allowed is False
    assert np.evaluate([], APP, "prod", [], 443, host="x")[0].allowed is True


def test_loopback_says_nothing_of_the_pods() -> None:
    ruling = np.evaluate([], APP, "prod", ["127.0.0.1"], 443)[0]
    assert ruling.allowed is None
    assert np.verdict([ruling]) is Egress.UNKNOWN


def test_an_address_that_a_resolver_maps_is_the_ipv4_one() -> None:
    assert allowed([policy(egress=[to("104.0.0.0/8")])], "::ffff:104.18.2.1") is True


def test_name_servers_by_selector_by_block_and_by_named_port() -> None:
    def ask(rule: dict[str, Any]) -> list[bool | None]:
        return [r.allowed for r in np.evaluate_names([policy(egress=[rule])], APP, "prod")]

    peer = {"namespaceSelector": {"matchLabels": dict(np.DNS_NAMESPACE)}}
    both = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert ask({"to": [{**peer, "podSelector": {"matchLabels": dict(np.DNS_PODS)}}], "ports": both}) == [
        True,
        True,
    ]
    assert ask({"to": [peer], "ports": both[:1]}) == [True, False]
    assert ask({"to": [{"podSelector": {}}], "ports": both}) == [False, False]
    assert ask({"to": [{"ipBlock": {"cidr": "10.96.0.10/32"}}], "ports": both}) == [None, None]
    assert ask({"to": [peer], "ports": [{"protocol": "UDP", "port": "dns"}]}) == [None, False]
    assert ask({"to": [{"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}]}) == [None, None]


def test_what_makes_everything_unknown_is_named() -> None:
    template = {"spec": {"hostNetwork": True, "containers": [{"name": "app"}]}}
    pods = [{"spec": {"containers": [{"name": "istio-proxy"}]}}]
    said = np.unknowns(["apps", "cilium.io", "policy.networking.k8s.io"], template, pods, "proxy:3128")
    for word in ("hostNetwork", "Cilium", "AdminNetworkPolicies", "proxy:3128", "istio-proxy"):
        assert any(word in line for line in said), word
    assert np.unknowns(["apps", "networking.k8s.io"], {"spec": {}}, []) == ()
    assert np.verdict(np.evaluate([], APP, "prod", ["1.2.3.4"], 443), said) is Egress.UNKNOWN


def test_proxy_variables_are_read_in_either_case() -> None:
    entries = [
        {"name": "HTTPS_PROXY", "value": "http://p:3128"},
        {"name": "no_proxy", "value": ".local"},
        {"name": "A", "value": "b"},
    ]
    assert np.proxy_environ({"env": entries}) == {"HTTPS_PROXY": "http://p:3128", "no_proxy": ".local"}


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"metadata": None, "spec": None},
        policy(egress=None),
        policy(egress=["x", {"to": "x", "ports": [3]}]),
        policy(egress=[{"to": [{"ipBlock": {"cidr": "nonsense", "except": [None]}}]}]),
        policy(podSelector={"matchExpressions": [{"operator": "Odd"}]}),
    ],
)
def test_damaged_policies_raise_nothing(damaged: dict[str, Any]) -> None:
    np.evaluate([damaged], APP, "prod", ["1.2.3.4", "no address", ""], 443)
    np.evaluate_names([damaged], APP, "prod")


# Properties, against a second and simpler reading of the rules

BLOCKS = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "104.16.0.0/13", "104.18.2.0/24", "::/0", "1.2.3.4/32"])
ADDRESSES = st.sampled_from(["10.1.1.1", "104.18.2.7", "104.20.1.1", "1.2.3.4", "8.8.8.8", "2606:4700::6"])
PORTS = st.sampled_from([80, 443, 8443])
ENTRIES = st.builds(
    lambda protocol, port, more: {
        **({"protocol": protocol} if protocol else {}),
        "port": port,
        **({"endPort": port + more} if more else {}),
    },
    st.sampled_from(["TCP", "UDP", ""]),
    PORTS,
    st.sampled_from([0, 0, 363, 8000]),
)
PEERS = st.builds(
    lambda cidr, but: {"ipBlock": {"cidr": cidr, "except": but}}, BLOCKS, st.lists(BLOCKS, max_size=1)
)
RULES = st.builds(
    lambda peers, ports: {**({"to": peers} if peers else {}), **({"ports": ports} if ports else {})},
    st.lists(PEERS, max_size=2),
    st.lists(ENTRIES, max_size=2),
)
POLICIES = st.lists(
    st.builds(
        lambda name, rules, app: policy(
            name, egress=rules, podSelector={"matchLabels": {"app": app}} if app else {}
        ),
        st.text("abc", min_size=1, max_size=3),
        st.lists(RULES, max_size=2),
        st.sampled_from(["", "mistral-service", "worker"]),
    ),
    max_size=4,
)


def simply(policies: list[dict[str, Any]], address: str, port: int) -> bool:
    """The rules written as one would say them."""
    chosen = [p["spec"] for p in policies if p["spec"]["podSelector"] in ({}, {"matchLabels": APP})]
    if not chosen:
        return True
    ip = ipaddress.ip_address(address)

    def inside(text: str) -> bool:
        net = ipaddress.ip_network(text)
        return net.version == ip.version and int(net[0]) <= int(ip) <= int(net[-1])

    for spec in chosen:
        for rule in spec["egress"]:
            ports = rule.get("ports")
            if ports and not any(
                e.get("protocol", "TCP") == "TCP"
                and port in range(e["port"], e.get("endPort", e["port"]) + 1)
                for e in ports
            ):
                continue
            blocks = [peer["ipBlock"] for peer in rule.get("to", ())]
            if not blocks or any(inside(b["cidr"]) and not any(map(inside, b["except"])) for b in blocks):
                return True
    return False


@settings(max_examples=300)
@given(POLICIES, ADDRESSES, PORTS)
def test_every_ruling_agrees_with_the_rules_in_words(policies, address, port) -> None:  # type: ignore[no-untyped-def]
    assert allowed(policies, address, port) is simply(policies, address, port)


@settings(max_examples=150)
@given(POLICIES, ADDRESSES, PORTS, st.randoms())
def test_order_changes_no_answer_and_more_policies_never_close_what_one_of_them_opens(
    policies, address, port, rng
) -> None:
    shuffled = policies[:]
    rng.shuffle(shuffled)
    assert allowed(policies, address, port) is allowed(shuffled, address, port)
    chosen = np.isolating(policies, APP, "prod")
    if any(allowed([one], address, port) for one in chosen):
        assert allowed(policies, address, port) is True


@settings(max_examples=150)
@given(POLICIES, PORTS)
def test_what_is_told_without_an_address_holds_for_every_address(policies, port) -> None:  # type: ignore[no-untyped-def]
    told = np.evaluate(policies, APP, "prod", [], port, host="api")[0].allowed
    if told is not None:
        for address in ("10.1.1.1", "104.18.2.7", "8.8.8.8", "2606:4700::6"):
            assert allowed(policies, address, port) is told
