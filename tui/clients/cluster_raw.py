"""What a cluster has of one deployment, as it has it: whole objects, and logs as streams.

The panels want a few fields and the end of a log; who collects evidence wants all of it.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tui.clients.cluster import Cluster
from tui.clients.cluster_connection import items_of
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.cluster_http import at
from tui.model.secret import Secret

Json = Mapping[str, Any]
_SILENCE = 30.0  # seconds that a log may bring nothing
_PAGE = "500"
_MOST_PAGES = 200


class RawCluster:
    """One deployment's surroundings in its namespace. Everything raises ClusterError."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._asking = cluster.connection
        self._base = f"/api/v1/namespaces/{quote(cluster.namespace)}"

    async def objects(self, root: str, group: str, resource: str) -> list[Json]:
        """Every object of a kind in the namespace, page after page."""
        found: list[Json] = []
        query = [("limit", _PAGE)]
        asked = self._asking.asked("list", resource, resource, group)
        path = f"{root}/namespaces/{quote(self._cluster.namespace)}/{resource}"
        for _ in range(_MOST_PAGES):
            answer = await self._asking.json("GET", path, asked, query=query)
            found += items_of(answer)
            more = at(answer, "metadata", "continue")
            if not (isinstance(more, str) and more):
                break
            query = [("limit", _PAGE), ("continue", more)]
        return found

    async def version(self) -> Json:
        """The server's own version."""
        return await self._asking.json("GET", "/version", self._asking.asked("get", "version", "the version"))

    async def learn(self, secret: str) -> int:
        """Have the redactor know every value of a Secret; how many there are. None of them is returned."""
        path = f"{self._base}/secrets/{quote(secret, safe='')}"
        found = await self._asking.json("GET", path, self._asking.asked("get", "secrets", f"secret {secret}"))
        values = list(_values(found))
        for value in values:
            self._cluster.redact.add(value)
        return len(values)

    def log(self, pod: str, container: str, seconds: int, *, previous: bool = False) -> AsyncIterator[bytes]:
        """A container's log of the last so many seconds, with the server's times; or of the one before it."""
        query = [("container", container), ("timestamps", "true")]
        query += [("previous", "true")] if previous else [("sinceSeconds", str(max(seconds, 1)))]
        asked = self._asking.asked("get", "pods/log", f"log of pod {pod}")
        return self._asking.stream(f"{self._base}/pods/{quote(pod, safe='')}/log", asked, _SILENCE, query)


def _values(secret: Json) -> Iterator[Secret]:
    data = secret.get("data")
    for encoded in data.values() if isinstance(data, Mapping) else ():
        try:
            value = base64.b64decode(str(encoded or ""), validate=True).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            continue
        if value.strip():
            yield Secret(value)


def mounted_secrets(deployment: Json) -> tuple[str, ...]:
    """The Secrets that its pods get, as variables or as files, by name."""
    spec = at(deployment, "spec", "template", "spec")
    return tuple(dict.fromkeys(_named(spec))) if isinstance(spec, Mapping) else ()


def _named(spec: Any) -> Iterator[str]:
    """Each name under `secretKeyRef`, `secretRef`, `secretName` and a projected `secret`."""
    if isinstance(spec, list):
        for item in spec:
            yield from _named(item)
    if not isinstance(spec, Mapping):
        return
    for key, value in spec.items():
        if key == "secretName" and isinstance(value, str):
            yield value
        elif key in ("secretKeyRef", "secretRef", "secret") and isinstance(value, Mapping):
            name = value.get("name")
            yield from (name,) if isinstance(name, str) else _named(value)
        else:
            yield from _named(value)


def containers(pod: Json) -> tuple[tuple[str, bool], ...]:
    """Every container of a pod, first the ones that begin first, each with whether it ran before."""
    found = []
    for spec, status in (
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        states = {row.get("name"): row for row in at(pod, "status", status) or () if isinstance(row, Mapping)}
        for row in at(pod, "spec", spec) or ():
            if isinstance(row, Mapping) and isinstance(name := row.get("name"), str):
                found.append((name, bool((states.get(name) or {}).get("restartCount"))))
    return tuple(found)


def gone(error: ClusterError) -> bool:
    """Whether what was asked for is not there, or not any more."""
    return error.reason in (Reason.MISSING, Reason.INVALID)
