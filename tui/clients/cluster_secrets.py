"""Secrets of the namespace, and the workloads that may use them.

What is read or written is known to the redactor before anything else is done with it. A refused
write of a Secret echoes all of it: of such a refusal only its kind is told, never its words.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import Asked, ClusterError, Reason
from tui.clients.cluster_http import MANAGER, at
from tui.model.secret import Secret

MERGE_PATCH = "application/merge-patch+json"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ADDRESS = re.compile(r"https?://[^@\s]+")
# The kinds whose pods may use a Secret, with the root of their group.
KINDS: tuple[tuple[str, str, str], ...] = (
    ("Deployment", "apps", "deployments"),
    ("StatefulSet", "apps", "statefulsets"),
    ("DaemonSet", "apps", "daemonsets"),
    ("CronJob", "batch", "cronjobs"),
    ("Job", "batch", "jobs"),
)


class Secrets:
    """Reads and patches the Secrets of the pinned namespace."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, name: str) -> dict[str, Any]:
        """The Secret as the server has it; every value of it is a secret from now on. Raises ClusterError."""
        found = await self._connection.json("GET", self._path(name), self._asked("get", name))
        self._learn(found)
        return found

    async def value(self, name: str, key: str) -> Secret | None:
        """One value, which alone is learned: the others may be plain words, and are not kept."""
        found = await self._connection.json("GET", self._path(name), self._asked("get", name))
        value = decoded(found, key)
        if value is not None:
            self._connection.redact.add(value)
        return value

    async def patch(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge into it; the answer is the Secret as stored. Raises ClusterError, in our words alone."""
        asked = self._asked("patch", name)
        failed: ClusterError
        try:
            stored = await self._connection.json(
                "PATCH",
                self._path(name),
                asked,
                query=[("fieldManager", MANAGER)],
                body=body,
                content_type=MERGE_PATCH,
            )
        except ClusterError as error:
            failed = error
        else:
            self._learn(stored)
            return stored
        # Outside the handler, so that nothing of the refusal hangs on to ours.
        raise _without_its_words(failed, asked)

    async def workloads(self) -> tuple[tuple[tuple[str, dict[str, Any]], ...], tuple[str, ...]]:
        """Every workload of the namespace as (kind, object), and the kinds that we may not list."""
        found: list[tuple[str, dict[str, Any]]] = []
        hidden: list[str] = []
        for kind, group, resource in KINDS:
            try:
                items = await self._connection.items(f"/apis/{group}/v1", group, resource, [])
            except ClusterError as error:
                if error.reason is Reason.MISSING:
                    continue  # a cluster that does not serve the kind has none of it
                if error.reason is not Reason.FORBIDDEN:
                    raise
                hidden.append(resource)
                continue
            found += [(kind, item) for item in items]
        return tuple(found), tuple(hidden)

    def _path(self, name: str) -> str:
        return f"/api/v1/namespaces/{quote(self._connection.namespace)}/secrets/{quote(name, safe='')}"

    def _asked(self, verb: str, name: str) -> Asked:
        return self._connection.asked(verb, "secrets", f"secret {name}")

    def _learn(self, found: Mapping[str, Any]) -> None:
        for secret in values(found):
            self._connection.redact.add(secret)


def decoded(found: Mapping[str, Any], key: str) -> Secret | None:
    """One value of a Secret; None where it is missing, empty, or no text."""
    try:
        value = Secret(base64.b64decode(str(at(found, "data", key) or ""), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return None
    return value or None


def encoded(value: Secret) -> str:
    """A value as `data` has it."""
    return base64.b64encode(value.reveal().encode()).decode()


def values(found: Mapping[str, Any]) -> Iterator[Secret]:
    """Every value that is a text, and those that `kubectl apply` left beside them.

    A plain address is left out: taken out of every text, it would blank what the console is about.
    """
    applied = _applied(found)
    for source in (found, applied):
        data = source.get("data")
        for key in data if isinstance(data, Mapping) else ():
            value = decoded(source, key)
            if value is not None and not _ADDRESS.fullmatch(value.reveal()):
                yield value
    plain = applied.get("stringData")
    yield from (Secret(str(text)) for text in (plain if isinstance(plain, Mapping) else {}).values() if text)


def last_applied(found: Mapping[str, Any]) -> bool:
    """Whether `kubectl apply` left a copy of its values in an annotation."""
    return bool(at(found, "metadata", "annotations", _LAST_APPLIED))


def _applied(found: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        applied = json.loads(at(found, "metadata", "annotations", _LAST_APPLIED) or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return applied if isinstance(applied, Mapping) else {}


def _without_its_words(error: ClusterError, asked: Asked) -> ClusterError:
    if error.reason is not Reason.INVALID:
        return error
    return ClusterError(
        Reason.INVALID,
        f"The server refused to {asked.verb} {asked.what} in {asked.place} as invalid; nothing was changed.",
        "What it said is not shown, since it quotes the Secret. Look at its type, at whether it is "
        "immutable, and at the cluster's admission policies.",
        error.status,
    )
