"""The objects of the simulated cluster, their versions, and the history that watches read.

Stored objects are never changed in place: a write stores a new object, so what a reader holds stays
what it was.
"""

from __future__ import annotations

import asyncio
import copy
import random
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tui.drill.kubernetes import managed_fields, status
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import Resource

Obj = dict[str, Any]
HISTORY = 5000
"""Changes kept for watches; an older resourceVersion is answered with 410."""


@dataclass(frozen=True)
class Change:
    """One change: ADDED, MODIFIED or DELETED, with the object after it (before it, when deleted)."""

    version: int
    type: str
    resource: str
    obj: Obj
    before: Obj | None = None


def stamp(moment: datetime) -> str:
    """A time as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Objects by resource, namespace and name, under one counter of versions as in etcd."""

    def __init__(self, now: Callable[[], datetime], rng: random.Random) -> None:
        self.now = now
        self.rng = rng
        self.version = 300
        self._objects: dict[str, dict[tuple[str, str], Obj]] = {}
        self._history: deque[Change] = deque(maxlen=HISTORY)
        self._waiting: set[asyncio.Event] = set()

    def new_uid(self) -> str:
        """A random uid, repeatable by the seed."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        """The object; raises the recorded 404 where there is none."""
        found = self._objects.get(resource.key, {}).get((namespace, name))
        if found is None:
            raise status.not_found(resource, name)
        return found

    def find(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """The object, or nothing."""
        return self._objects.get(resource.key, {}).get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """Objects in the order of their keys, as etcd gives them; "" means every namespace."""
        items = self._objects.get(resource.key, {})
        return [items[key] for key in sorted(items) if not namespace or key[0] == namespace]

    def create(self, resource: Resource, obj: Obj, writer: Writer) -> Obj:
        """Stores a new object with uid, version and times; raises 409 where the name is taken."""
        built = self.built(resource, obj, writer)
        meta = built["metadata"]
        if self.find(resource, meta.get("namespace", ""), meta["name"]) is not None:
            raise status.already_exists(resource, meta["name"])
        return self._commit("ADDED", resource, built, None)

    def built(self, resource: Resource, obj: Obj, writer: Writer) -> Obj:
        """What `create` would store, without storing it."""
        when = stamp(self.now())
        given = copy.deepcopy(obj)
        meta = given.pop("metadata", {})
        meta.update(uid=self.new_uid(), creationTimestamp=when)
        if resource.counted:
            meta["generation"] = 1
        given = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta, **given}
        owned = {**given, "status": {}} if not writer.subresource else given
        meta["managedFields"] = managed_fields.updated(
            [], {}, owned, writer, schema=resource.schema, api_version=resource.api_version, at=when
        )
        return given

    def replace(self, resource: Resource, old: Obj, new: Obj, writer: Writer) -> Obj:
        """Stores `new` over `old` as `writer`'s update; a change of nothing is not a change."""
        built = self.rebuilt(resource, old, new, writer)
        return old if built is old else self._commit("MODIFIED", resource, built, old)

    def rebuilt(self, resource: Resource, old: Obj, new: Obj, writer: Writer) -> Obj:
        """What `replace` would store, managed fields included; `old` itself if nothing changed."""
        if new == old:
            return old
        meta = dict(new["metadata"])
        meta["managedFields"] = managed_fields.updated(
            old["metadata"].get("managedFields") or [],
            old,
            new,
            writer,
            schema=resource.schema,
            api_version=resource.api_version,
            at=stamp(self.now()),
        )
        return {**new, "metadata": _ordered(meta)}

    def put(self, resource: Resource, old: Obj, built: Obj) -> Obj:
        """Stores an object whose managed fields are already right (server-side apply)."""
        return self._commit("MODIFIED", resource, built, old)

    def delete(self, resource: Resource, obj: Obj) -> None:
        """Removes an object."""
        self._commit("DELETED", resource, obj, obj)

    def _commit(self, kind: str, resource: Resource, obj: Obj, before: Obj | None) -> Obj:
        self.version += 1
        meta = {**obj["metadata"], "resourceVersion": str(self.version)}
        stored = {**obj, "metadata": _ordered(meta)}
        key = (meta.get("namespace", ""), meta["name"])
        items = self._objects.setdefault(resource.key, {})
        if kind == "DELETED":
            items.pop(key, None)
        else:
            items[key] = stored
        self._history.append(Change(self.version, kind, resource.key, stored, before))
        for waiting in self._waiting:
            waiting.set()
        return stored

    def since(self, version: int, resource: str) -> list[Change]:
        """Changes of a resource after a version; raises 410 when the history is shorter than that."""
        oldest = self._history[0].version if self._history else self.version + 1
        if version < oldest - 1 and len(self._history) == HISTORY:
            raise status.expired(version, oldest)
        return [c for c in self._history if c.version > version and c.resource == resource]

    async def changed(self, timeout: float) -> None:
        """Returns at the next change of anything, or after `timeout` seconds."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return
        finally:
            self._waiting.discard(event)


_META_ORDER = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
    "finalizers", "managedFields",
)  # fmt: skip


def _ordered(meta: Obj) -> Obj:
    known = {name: meta[name] for name in _META_ORDER if meta.get(name) not in (None, {}, [])}
    return {**known, **{name: item for name, item in meta.items() if name not in _META_ORDER}}
