"""What the NetworkPolicies of a cluster let a deployment's pods reach, reasoned and never tried.

The rules are Kubernetes' own (docs "Network Policies"; the API server fills `policyTypes` as
`isolates` does): a policy counts where it stands in the pods' namespace, selects their labels and
has the type Egress; pods that none selects may go anywhere; otherwise the rules of all of them are
one union. Three values: what cannot be known from the policies is None, never a guess.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tui.model.label_selectors import all_of, items, mapping, selects

Json = Mapping[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# The cluster's name servers, as every distribution labels them. Other labels of theirs are not known.
DNS_NAMESPACE: Mapping[str, str] = {"kubernetes.io/metadata.name": "kube-system"}
DNS_PODS: Mapping[str, str] = {"k8s-app": "kube-dns"}
DNS_PORT = 53
# API groups whose policies stand beside the NetworkPolicies, and may allow or deny before them.
OTHER_POLICIES: Mapping[str, str] = {
    "cilium.io": "CiliumNetworkPolicies",
    "crd.projectcalico.org": "Calico's policies",
    "projectcalico.org": "Calico's policies",
    "policy.networking.k8s.io": "AdminNetworkPolicies",
    "crd.antrea.io": "Antrea's policies",
}
_PROXIES = ("https_proxy", "http_proxy", "all_proxy")
_SIDECARS = frozenset({"istio-proxy", "linkerd-proxy", "envoy-sidecar", "kuma-sidecar", "consul-dataplane"})


class Egress(StrEnum):
    """Whether pods may reach a place: `depends` on which of its addresses, or unknown."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policies say of one address, port and protocol.

    Attributes:
        target: the address, or the name of what was asked for where no address is known.
        allowed: None where the policies leave it open.
        policy: the policy that decided: the first that allows, else those that isolate, joined.
        rule: which of its rules, and what that says (`egress[1]: to 0.0.0.0/0, TCP 443`), or "".
        why: a whole sentence.
    """

    target: str
    port: int
    protocol: str
    allowed: bool | None
    policy: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class EgressView:
    """All that is known of the way out of the pods.

    Attributes:
        verdict: the whole in a word.
        host, port: what was asked for.
        rulings: one for each address.
        names: the same for the cluster's name servers, UDP and TCP.
        isolating: the policies that select the pods and restrict egress.
        elsewhere: egress policies of other namespaces, `namespace/name`, for the eye alone.
        unknowns: whole sentences: why the verdict is unknown, best first.
        caveats: whole sentences that hold beside the verdict.
    """

    verdict: Egress
    host: str
    port: int
    rulings: tuple[Ruling, ...] = ()
    names: tuple[Ruling, ...] = ()
    isolating: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


# Which policies count


def isolates(policy: Json) -> bool:
    """Whether a policy restricts egress: by `policyTypes`, which the server fills in.

    Without them, one that has any egress rule does; `egress: []` alone does not.
    """
    spec = mapping(policy, "spec")
    types = spec.get("policyTypes")
    return "Egress" in types if isinstance(types, list) and types else bool(items(spec, "egress"))


def isolating(policies: Iterable[Json], labels: Mapping[str, str], namespace: str) -> tuple[Json, ...]:
    """The policies that restrict what pods with these labels may reach, by name."""
    chosen = (
        policy
        for policy in policies
        if mapping(policy, "metadata").get("namespace") == namespace
        and isolates(policy)
        and selects(mapping(mapping(policy, "spec"), "podSelector"), labels)
    )
    return tuple(sorted(chosen, key=name_of))


def name_of(policy: Json) -> str:
    """A policy's name."""
    return str(mapping(policy, "metadata").get("name") or "unnamed")


# Addresses outside the cluster


def evaluate(
    policies: Iterable[Json],
    labels: Mapping[str, str],
    namespace: str,
    addresses: Sequence[str],
    port: int,
    protocol: str = "TCP",
    host: str = "",
) -> tuple[Ruling, ...]:
    """What the policies say of each address; of `host` alone where no address is known."""
    chosen = isolating(policies, labels, namespace)
    targets: Sequence[str] = addresses or (host,)
    return tuple(_ruling(chosen, target, _parsed(target), port, protocol) for target in targets)


def _ruling(chosen: Sequence[Json], target: str, address: Address | None, port: int, protocol: str) -> Ruling:
    if address is not None and (address.is_loopback or address.is_unspecified):
        why = f"{target} is this machine's own: what it is for a pod cannot be told from here."
        return Ruling(target, port, protocol, None, "", "", why)

    def allows(rule: Json) -> bool | None:
        return _both(
            _port_open(rule, port, protocol), _any_peer(rule, lambda peer: _holds_address(peer, address))
        )

    return _decided(chosen, target, port, protocol, allows)


def _holds_address(peer: Json, address: Address | None) -> bool | None:
    """Whether a peer holds an external address. Selectors of pods never do."""
    block = mapping(peer, "ipBlock")
    if not block:
        return False
    network = _network(block.get("cidr"))
    if network is None:
        return False
    if address is None:
        return None
    if address not in network:
        return False
    excepted = block.get("except")
    nets = [_network(text) for text in excepted] if isinstance(excepted, list) else []
    return not any(net is not None and address in net for net in nets)


# The cluster's name servers


def evaluate_names(policies: Iterable[Json], labels: Mapping[str, str], namespace: str) -> tuple[Ruling, ...]:
    """What the policies say of asking kube-dns, by UDP and by TCP."""
    chosen = isolating(policies, labels, namespace)
    return tuple(_dns_ruling(chosen, namespace, protocol) for protocol in ("UDP", "TCP"))


def _dns_ruling(chosen: Sequence[Json], namespace: str, protocol: str) -> Ruling:
    def allows(rule: Json) -> bool | None:
        peers = _any_peer(rule, lambda peer: _holds_dns(peer, namespace))
        return _both(_port_open(rule, DNS_PORT, protocol, inside=True), peers)

    return _decided(chosen, "kube-dns", DNS_PORT, protocol, allows)


def _holds_dns(peer: Json, namespace: str) -> bool | None:
    if mapping(peer, "ipBlock"):
        return None  # where the name servers are is not known, nor whether a block holds pods at all
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    if isinstance(spaces, Mapping):
        here = selects(spaces, DNS_NAMESPACE, complete=False)
    else:
        here = namespace == DNS_NAMESPACE["kubernetes.io/metadata.name"]
    return _both(here, selects(pods, DNS_PODS, complete=False) if isinstance(pods, Mapping) else True)


# One rule


def _decided(chosen: Sequence[Json], target: str, port: int, protocol: str, allows: Any) -> Ruling:
    place = f"{target}, {protocol} {port}"
    if not chosen:
        return Ruling(target, port, protocol, True, "", "", f"No policy restricts the pods: {place} is open.")
    maybe: tuple[str, str] | None = None
    for policy in chosen:
        for number, rule in enumerate(items(mapping(policy, "spec"), "egress")):
            answer, said = allows(rule), f"egress[{number}]: {_told(rule)}"
            if answer:
                why = f"{name_of(policy)} allows {place} ({said})."
                return Ruling(target, port, protocol, True, name_of(policy), said, why)
            if answer is None and maybe is None:
                maybe = (name_of(policy), said)
    if maybe:
        why = f"{maybe[0]} may allow {place} ({maybe[1]}): it cannot be told."
        return Ruling(target, port, protocol, None, *maybe, why)
    names = ", ".join(name_of(policy) for policy in chosen)
    verb = "isolates" if len(chosen) == 1 else "isolate"
    return Ruling(
        target, port, protocol, False, names, "", f"{names} {verb} the pods, and no rule allows {place}."
    )


def _port_open(rule: Json, port: int, protocol: str, *, inside: bool = False) -> bool | None:
    """Whether a rule's ports hold this one; without ports it is every port.

    A port's name is looked up on the pod that is reached: it never helps for an address outside,
    and is unknown for a pod `inside`.
    """
    if not items(rule, "ports"):
        return True
    return _any(_one_port(entry, port, protocol, inside) for entry in items(rule, "ports"))


def _one_port(entry: Json, port: int, protocol: str, inside: bool) -> bool | None:
    if (entry.get("protocol") or "TCP") != protocol:
        return False
    first, last = entry.get("port"), entry.get("endPort")
    if first is None:
        return True
    if not isinstance(first, int) or isinstance(first, bool):
        return None if inside else False
    end = last if isinstance(last, int) and not isinstance(last, bool) else first
    return first <= port <= end


def _any_peer(rule: Json, holds: Any) -> bool | None:
    peers = items(rule, "to")
    return _any(holds(peer) for peer in peers) if peers else True


def _told(rule: Json) -> str:
    """`to 0.0.0.0/0 but 10.0.0.0/8, TCP 443`."""
    peers = " or ".join(_told_peer(peer) for peer in items(rule, "to")[:4]) or "anywhere"
    ports = ", ".join(_told_port(entry) for entry in items(rule, "ports")[:6]) or "every port"
    return f"to {peers}, {ports}"


def _told_peer(peer: Json) -> str:
    block = mapping(peer, "ipBlock")
    if block:
        but = ", ".join(str(text) for text in (block.get("except") or ())[:4])
        return f"{block.get('cidr')}{f' but {but}' if but else ''}"
    return "pods of the cluster"


def _told_port(entry: Json) -> str:
    end = f"-{entry['endPort']}" if entry.get("endPort") else ""
    return f"{entry.get('protocol') or 'TCP'} {entry.get('port', 'any')}{end}"


# What the policies cannot tell


def unknowns(groups: Iterable[str], template: Json, pods: Iterable[Json], proxy: str = "") -> tuple[str, ...]:
    """Why nothing can be said of the pods' way out, whatever the NetworkPolicies are.

    Args:
        groups: the API groups that the cluster serves.
        template: the deployment's pod template.
        pods: its pods, for sidecars that were injected.
        proxy: where the pods' environment sends this call, or "".
    """
    said = []
    if mapping(template, "spec").get("hostNetwork") is True:
        said.append("The pods use the node's network (hostNetwork): NetworkPolicies do not hold for them.")
    kinds = dict.fromkeys(OTHER_POLICIES[group] for group in groups if group in OTHER_POLICIES)
    said += [
        f"{kind} may stand in this cluster too, and are not read: they can allow or deny before these."
        for kind in kinds
    ]
    if proxy:
        said.append(f"The pods' environment sends this call through a proxy, {proxy}: another way out.")
    sidecar = _sidecar(template, pods)
    if sidecar:
        said.append(f"A mesh's sidecar ({sidecar}) carries the pods' calls, perhaps by a gateway of its own.")
    return tuple(said)


def proxy_environ(container: Json) -> dict[str, str]:
    """The proxy variables of a container that stand in the clear, `NO_PROXY` included."""
    wanted = (*_PROXIES, "no_proxy")
    return {
        str(entry["name"]): str(entry.get("value") or "")
        for entry in items(container, "env")
        if str(entry.get("name", "")).lower() in wanted
    }


def verdict(rulings: Iterable[Ruling], why_unknown: Sequence[str] = ()) -> Egress:
    """The whole in a word: unknown where anything makes it so, `depends` where addresses differ."""
    answers = {ruling.allowed for ruling in rulings}
    if why_unknown or not answers or None in answers:
        return Egress.UNKNOWN
    if len(answers) > 1:
        return Egress.DEPENDS
    return Egress.ALLOWED if True in answers else Egress.DENIED


def _sidecar(template: Json, pods: Iterable[Json]) -> str:
    for holder in (template, *pods):
        spec = mapping(holder, "spec")
        for container in (*items(spec, "containers"), *items(spec, "initContainers")):
            if container.get("name") in _SIDECARS:
                return str(container["name"])
    return ""


# Three values


def _both(one: bool | None, other: bool | None) -> bool | None:
    return all_of((one, other))


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = tuple(answers)
    if True in found:
        return True
    return None if None in found else False


def _parsed(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return None
    # What a resolver gives as ::ffff:1.2.3.4 is sent as IPv4.
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None
