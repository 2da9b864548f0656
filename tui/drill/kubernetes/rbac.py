"""Users, what they may do, and whose token is whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of API groups; no namespaces or names means all of them; `*` means any."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def allows(self, ask: Ask) -> bool:
        """Whether the rule covers the request."""
        wanted = f"{ask.resource}/{ask.subresource}" if ask.subresource else ask.resource
        return (
            _covers(self.verbs, ask.verb)
            and _covers(self.groups, ask.group)
            and _covers(self.resources, wanted)
            and (not self.namespaces or ask.namespace in self.namespaces)
            and (not self.names or ask.name in self.names)
        )


def _covers(allowed: tuple[str, ...], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


@dataclass(frozen=True)
class Ask:
    """What somebody wants to do: the attributes of an access review."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class User:
    """Somebody with a token; `denied` are (verb, resource, namespace) triples, with "" for any namespace."""

    name: str
    groups: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = field(default=(), repr=False)
    denied: frozenset[tuple[str, str, str]] = frozenset()

    def may(self, ask: Ask) -> bool:
        """Whether any rule allows it; everybody may ask who they are and what they may do."""
        if not self.denied.isdisjoint((ask.verb, ask.resource, place) for place in ("", ask.namespace)):
            return False
        return any(rule.allows(ask) for rule in (*self.rules, *_EVERYBODY))


_EVERYBODY = (
    Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews",)),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)
READ = ("get", "list", "watch")


def _reader() -> tuple[Rule, ...]:
    return (
        Rule(READ, ("",), ("namespaces", "pods", "pods/log", "events")),
        Rule(
            READ,
            ("apps", "batch", "networking.k8s.io", "autoscaling", "events.k8s.io", "coordination.k8s.io"),
            ("*",),
        ),
    )


def _entries(verbs: tuple[str, ...], shared: str) -> tuple[Rule, ...]:
    return (Rule(verbs, ("leeward.dev",), ("entries",), (shared,)),) if shared else ()


def _leases(verbs: tuple[str, ...], shared: str) -> tuple[Rule, ...]:
    return (Rule(verbs, ("coordination.k8s.io",), ("leases",), (shared,)),) if shared else ()


def users(
    namespace: str,
    *,
    secret: str,
    shared: str = "",
    forbidden: Iterable[tuple[str, str]] = (),
    forbidden_there: Iterable[tuple[str, str]] = (),
) -> dict[str, User]:
    """The drill's users: `responder` and `ada` (mitigate), `keeper` (prunes, too), `viewer` (reads), `admin`.

    `shared` is the namespace of entries, "" where there is none; `forbidden` takes (verb, resource) pairs
    away from those who mitigate, `forbidden_there` from everybody else, too, but in `shared` alone.
    """
    mine, there = (namespace,), frozenset((*pair, shared) for pair in forbidden_there if shared)
    taken = there | {(*pair, "") for pair in forbidden}
    reads = (*_reader(), *_entries(READ, shared))
    responder = (
        *reads,
        *_entries(("create",), shared),
        Rule(("patch",), ("apps",), ("deployments",), mine),
        Rule(("get", "patch"), ("",), ("secrets",), mine, (secret,)),
        Rule(("create", "update", "patch"), ("coordination.k8s.io",), ("leases",), mine),
        *_leases(("create", "update"), shared),
    )
    keeper = (*responder, *_entries(("delete",), shared), *_leases(("delete",), shared))
    return {
        "responder": User("responder", ("responders",), responder, taken),
        "ada": User("ada", ("responders",), responder, taken),
        "keeper": User("keeper", ("keepers",), keeper, taken),
        "viewer": User("viewer", ("viewers",), reads, there),
        "admin": User("admin", ("admins",), (Rule(("*",), ("*",), ("*",)),)),
    }


def refusal(user: str, ask: Ask) -> str:
    """The words of a 403 from the RBAC authorizer."""
    resource = f"{ask.resource}/{ask.subresource}" if ask.subresource else ask.resource
    place = f' in the namespace "{ask.namespace}"' if ask.namespace else " at the cluster scope"
    return f'User "{user}" cannot {ask.verb} resource "{resource}" in API group "{ask.group}"{place}'
