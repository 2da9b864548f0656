"""Whether consoles can meet in the shared place: what is missing there, and how it is mended.

Nothing is written: who may create entries is shown by a dry run. What a login may not look at is told by
what it may do, or left to an administrator's own check.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.cluster_http import at
from tui.clients.server_clocks import heard
from tui.clients.shared_objects import GROUP, PLURAL
from tui.clients.shared_place import SharedPlace
from tui.model.finding import Finding
from tui.model.reading import State
from tui.model.skew import skew
from tui.sharing.manifest import LEAST_SERVER

NAME = f"{PLURAL}.{GROUP}"
COORDINATION = "coordination.k8s.io"
APPLY = "An administrator applies it once: leeward share manifest | kubectl apply -f -"
RULE = "self == oldSelf"
# `x-kubernetes-validations` is served without a feature gate from here on (KEP-2876).
RULES_SINCE = (1, 25)
# Who lacks a verb, and what is lost by it.
READS = ("get", "list", "watch")
WRITES = {PLURAL: ("create",), "leases": ("create", "update")}
LOST = {
    (PLURAL, "get"): "telling whether an entry arrived",
    (PLURAL, "list"): "every entry of others",
    (PLURAL, "watch"): "entries of others as they come",
    (PLURAL, "create"): "others see nothing of what is recorded here",
    ("leases", "get"): "command and locks",
    ("leases", "list"): "who is here, who has command, and which target is locked",
    ("leases", "watch"): "changes of command and locks as they come",
    ("leases", "create"): "taking command and locks, and being seen",
    ("leases", "update"): "taking over, and keeping what one holds",
}
# One entry with every field that a console writes; it is never stored.
PROBE: Mapping[str, Any] = {
    "incident": "check",
    "kind": "note",
    "occurredAt": "2026-01-01T00:00:00Z",
    "actor": "leeward",
    "text": "check",
    "line": "{}",
    "header": "{}",
    "part": 1,
    "parts": 2,
}


@dataclass(slots=True)
class _Found:
    """What was learned on the way, for what follows from it."""

    allowed: dict[tuple[str, str], bool] = field(default_factory=dict)  # (resource, verb)
    definition: Mapping[str, Any] | None = None
    dry: Mapping[str, Any] | ClusterError | None = None  # the spec as a server would store it

    def may(self, resource: str, verb: str) -> bool:
        return self.allowed.get((resource, verb), False)


async def check(place: SharedPlace) -> tuple[Finding, ...]:
    """Look at everything that sharing relies on. Asks with the login of this machine; raises nothing."""
    try:
        connection = (await place.open()).connection
        name = await place.whoami()
    except ClusterError as error:
        return (Finding("shared place", _state(error), error.said, error.remedy),)
    who = Finding("shared place", State.OK, f"{place.words}, as {name}")
    found = _Found()
    rights = await _rights(place, found)
    try:
        found.definition = await _definition(connection)
        found.dry = await _dry_run(connection) if found.may(PLURAL, "create") else None
        server, namespace, served, selectable = await asyncio.gather(
            _server(connection),
            _namespace(connection, found),
            _served(connection),
            _selectable(connection, found),
        )
    except ClusterError as error:
        return (who, Finding("shared place: answers", _state(error), error.said, error.remedy), *rights)
    told: tuple[Finding, ...] = (who, server, namespace, served)
    if served.state is State.OK:
        told = (*told, selectable, _fields(found), _immutable(found))
    return (*told, *rights, *_permissions(place, name, found), _clock(connection))


def _state(error: ClusterError) -> State:
    away = error.reason in (Reason.UNREACHABLE, Reason.TIMEOUT, Reason.SERVER)
    return State.UNKNOWN if away else State.FAIL


# -- the server and the namespace


async def _server(connection: Connection) -> Finding:
    answer = await connection.json("GET", "/version", connection.asked("get", "version", "the version"))
    numbers = [re.match(r"\d{1,4}", str(answer.get(part, ""))) for part in ("major", "minor")]
    name = "shared place: server"
    if not all(numbers):
        return Finding(
            name, State.UNKNOWN, "the server does not say its version", "Ask kubectl version for it."
        )
    version = (int(numbers[0][0]), int(numbers[1][0]))  # type: ignore[index]  # all of them matched
    shown = f"Kubernetes {version[0]}.{version[1]}"
    least = ".".join(map(str, LEAST_SERVER))
    if version >= LEAST_SERVER:
        return Finding(name, State.OK, shown)
    lost = "an incident is asked for by its label, which is not protected as its fields are"
    if version < RULES_SINCE:
        lost += "; nothing but the Roles keeps entries from being changed"
    return Finding(name, State.WARN, f"{shown}: {lost}", f"Share in a cluster of {least} or newer.")


async def _namespace(connection: Connection, found: _Found) -> Finding:
    name, space = "shared place: namespace", connection.namespace
    asked = connection.asked("get", "namespaces", f"namespace {space}")
    missing = Finding(name, State.FAIL, f"there is no namespace {space} in {connection.context}", APPLY)
    try:
        answer = await connection.json("GET", f"/api/v1/namespaces/{quote(space, safe='')}", asked)
    except ClusterError as error:
        if error.reason is Reason.MISSING:
            return missing
        if error.reason is not Reason.FORBIDDEN:
            raise
    else:
        if at(answer, "metadata", "deletionTimestamp"):
            said = f"{space} is being deleted, with every entry in it"
            return Finding(
                name, State.FAIL, said, f"Ask {connection.administrators} who deletes it, and why."
            )
        return Finding(name, State.OK, space)
    # We may not look at it. What it holds for us tells.
    if isinstance(found.dry, ClusterError) and found.dry.details_kind == "namespaces":
        return missing
    if isinstance(found.dry, Mapping) or found.may(PLURAL, "list"):
        return Finding(name, State.OK, f"{space}, by what your login may do there")
    said = f"your login may neither look at {space} nor do anything there"
    return Finding(name, State.FAIL, said, f"Ask {connection.administrators} for leeward-responder there.")


# -- the definition


async def _definition(connection: Connection) -> Mapping[str, Any] | None:
    """The definition's `spec`; None where it is missing, or this login may not look at it."""
    group = "apiextensions.k8s.io"
    asked = connection.asked("get", "customresourcedefinitions", f"definition {NAME}", group)
    try:
        path = f"/apis/{group}/v1/customresourcedefinitions/{NAME}"
        spec = (await connection.json("GET", path, asked)).get("spec")
    except ClusterError as error:
        if error.reason in (Reason.FORBIDDEN, Reason.MISSING):
            return None
        raise
    return spec if isinstance(spec, Mapping) else None


async def _served(connection: Connection) -> Finding:
    name = "definition: served"
    asked = connection.asked("get", "apis", f"the resources of {GROUP}/v1")
    try:
        listed = (await connection.json("GET", f"/apis/{GROUP}/v1", asked)).get("resources")
    except ClusterError as error:
        if error.reason is not Reason.MISSING:
            raise
        listed = None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("name") == PLURAL and one.get("namespaced") is True:
            return Finding(name, State.OK, f"{NAME}, version v1")
    return Finding(name, State.FAIL, f"{connection.context} does not serve {NAME} in version v1", APPLY)


async def _selectable(connection: Connection, found: _Found) -> Finding:
    name = "definition: one incident alone"
    if not found.may(PLURAL, "list"):
        return Finding(name, State.UNSET, "not to be told without list on entries")
    asked = connection.asked("list", PLURAL, "entries of one incident", GROUP)
    path = f"/apis/{GROUP}/v1/namespaces/{quote(connection.namespace, safe='')}/{PLURAL}"
    query = [("fieldSelector", "spec.incident=check"), ("limit", "1")]
    try:
        await connection.json("GET", path, asked, query=query)
    except ClusterError as error:
        if error.status == 400:
            said = "entries cannot be selected by spec.incident; they are by their label"
            return Finding(name, State.WARN, said, f"{APPLY} (Kubernetes {'.'.join(map(str, LEAST_SERVER))})")
        if error.reason is Reason.MISSING:
            return Finding(name, State.UNSET, "nothing is served that could be selected")
        raise
    return Finding(name, State.OK, "can be listed and watched")


async def _dry_run(connection: Connection) -> Mapping[str, Any] | ClusterError:
    """What the server would store of an entry that has every field."""
    asked = connection.asked("create", PLURAL, "an entry, as a dry run", GROUP)
    path = f"/apis/{GROUP}/v1/namespaces/{quote(connection.namespace, safe='')}/{PLURAL}"
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Entry",
        "metadata": {"name": "leeward-share-check"},
        "spec": dict(PROBE),
    }
    try:
        answer = await connection.json("POST", path, asked, query=[("dryRun", "All")], body=body)
    except ClusterError as error:
        if _state(error) is State.UNKNOWN:
            raise
        return error
    spec = answer.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _fields(found: _Found) -> Finding:
    name = "definition: fields"
    if isinstance(found.dry, ClusterError):
        if found.dry.reason is Reason.MISSING:
            return Finding(name, State.FAIL, "an entry cannot be stored: nothing takes it", APPLY)
        return Finding(name, State.FAIL, found.dry.said, f"{found.dry.remedy} {APPLY}")
    if found.dry is not None:
        kept = {key for key, value in PROBE.items() if found.dry.get(key) == value}
    elif found.definition is not None:
        kept = set(_properties(found.definition))
    else:
        return Finding(name, State.UNSET, "not to be told without create on entries")
    lost = [key for key in PROBE if key not in kept]
    if lost:
        return Finding(name, State.FAIL, f"the definition is another one: it drops {', '.join(lost)}", APPLY)
    return Finding(name, State.OK, "an entry is stored whole")


def _immutable(found: _Found) -> Finding:
    name = "definition: immutability"
    if found.definition is not None:
        if RULE in _rules(found.definition):
            return Finding(name, State.OK, "the server lets nobody change an entry")
        return Finding(name, State.FAIL, f"entries may be changed: the rule {RULE!r} is missing", APPLY)
    if found.may(PLURAL, "update") or found.may(PLURAL, "patch"):
        said = "your login may change entries, and may not see whether the definition forbids it"
        remedy = "Ask an administrator to run leeward share check; leeward-responder has no update."
        return Finding(name, State.WARN, said, remedy)
    return Finding(
        name, State.OK, "your login may change no entry; the rule for everybody is not yours to see"
    )


def _version(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    versions = spec.get("versions")
    for one in versions if isinstance(versions, list) else ():
        if isinstance(one, Mapping) and one.get("name") == "v1":
            return one
    return {}


def _spec_schema(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found = at(_version(spec), "schema", "openAPIV3Schema", "properties", "spec")
    return found if isinstance(found, Mapping) else {}


def _properties(spec: Mapping[str, Any]) -> tuple[str, ...]:
    found = _spec_schema(spec).get("properties")
    return tuple(found) if isinstance(found, Mapping) else ()


def _rules(spec: Mapping[str, Any]) -> Iterator[str]:
    found = _spec_schema(spec).get("x-kubernetes-validations")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            yield str(one.get("rule"))


# -- permissions


async def _rights(place: SharedPlace, found: _Found) -> tuple[Finding, ...]:
    """Ask for each verb; what cannot be asked is told."""
    asked = [
        (PLURAL, GROUP, (*READS, *WRITES[PLURAL], "update", "patch", "delete")),
        ("leases", COORDINATION, (*READS, *WRITES["leases"], "delete")),
    ]
    every = [(resource, group, verb) for resource, group, verbs in asked for verb in verbs]

    async def ask(resource: str, group: str, verb: str) -> Finding | None:
        try:
            found.allowed[resource, verb] = await place.may(verb, group, resource)
        except ClusterError as error:
            return Finding(f"permission: {verb} {resource}", State.UNKNOWN, error.said, error.remedy)
        return None

    told = await asyncio.gather(*(ask(*one) for one in every))
    return tuple(one for one in told if one is not None)


def _permissions(place: SharedPlace, name: str, found: _Found) -> Iterator[Finding]:
    writes = [(resource, verb) for resource, verbs in WRITES.items() for verb in verbs]
    looks_on = not any(found.may(*one) for one in writes)
    whom = place.administrators or f"who administers {place.context}"
    for resource, verbs in WRITES.items():
        for verb in (*READS, *verbs):
            if (resource, verb) not in found.allowed:
                continue  # it could not be asked, which is told
            title = f"permission: {verb} {resource}"
            if found.may(resource, verb):
                yield Finding(title, State.OK, "granted")
                continue
            state = State.WARN if verb not in READS and looks_on else State.FAIL
            role = "leeward-reader" if verb in READS and looks_on else "leeward-responder"
            remedy = f"Ask {whom} for {role} in {place.namespace}, for {name}."
            yield Finding(title, state, f"missing; without it: {LOST[resource, verb]}", remedy)
        if (resource, "delete") in found.allowed:
            yield _delete(resource, found.may(resource, "delete"))


def _delete(resource: str, granted: bool) -> Finding:
    """Information: most people should not have it."""
    title = f"permission: delete {resource}"
    if granted:
        return Finding(title, State.OK, "granted: what is over can be removed from here")
    return Finding(
        title, State.UNSET, "not granted, nor needed but for leeward share prune; leeward-keeper has it"
    )


def _clock(connection: Connection) -> Finding:
    ours = [one for one in heard() if one.server == connection.server]
    found = skew(ours)
    if found is None:
        return Finding("clock", State.OK, "agrees with the server's" if ours else "the server tells no time")
    remedy = "Have this machine's clock set (NTP): others see when it says that things happened."
    return Finding("clock", State.WARN, found.told, remedy)
