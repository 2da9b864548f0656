"""The objects of the simulated cluster, their versions, and the history that watches read.

Stored objects are never changed in place: a write stores a new object, so what a reader holds stays
what it was.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from tui.drill.kubernetes import managed_fields, status
from tui.drill.kubernetes.encoding import Stored, copied, encoded
from tui.drill.kubernetes.history import Change, Log
from tui.drill.kubernetes.managed_fields import Writer
from tui.drill.kubernetes.resources import Resource

Obj = dict[str, Any]
LARGEST = 3 * 512 * 1024
"""Bytes of an object that etcd takes in one request, as it is configured by default."""
FIRST = 300
"""The version that the store begins with: what was before is forgotten, as in a cluster of some age."""
Place = tuple[str, str]
"""The namespace ("" for what has none) and the name of an object."""


def stamp(moment: datetime) -> str:
    """A time as the API writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Objects by resource, namespace and name, under one counter of versions as in etcd."""

    def __init__(self, now: Callable[[], datetime], rng: random.Random) -> None:
        self.now = now
        self.rng = rng
        self.version = FIRST
        self._objects: dict[str, dict[Place, Obj]] = defaultdict(dict)
        self._places: dict[str, list[Place]] = defaultdict(list)
        self._logs: dict[str, Log] = defaultdict(lambda: Log(FIRST))
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)

    def new_uid(self) -> str:
        """A random uid, repeatable by the seed."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        """The object; raises the recorded 404 where there is none."""
        found = self._objects[resource.key].get((namespace, name))
        if found is None:
            raise status.not_found(resource, name)
        return found

    def find(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """The object, or nothing."""
        return self._objects[resource.key].get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """Objects in the order of their places, as etcd gives them; "" means every namespace."""
        items = self._objects[resource.key]
        return [items[place] for place in self.places(resource, namespace)]

    def count(self, resource: Resource, namespace: str = "") -> int:
        """How many there are."""
        return len(self.places(resource, namespace))

    def places(self, resource: Resource, namespace: str = "", after: Place | None = None) -> list[Place]:
        """Where its objects are, in order: of a namespace or of all, behind a place or from the first."""
        places = self._places[resource.key]
        first = bisect_left(places, (namespace, "")) if after is None else bisect_right(places, after)
        last = bisect_left(places, (namespace + "\0", "")) if namespace else len(places)
        return places[first:last]

    def as_of(
        self, resource: Resource, namespace: str, version: int, after: Place | None = None
    ) -> tuple[list[Place], Callable[[Place], Obj]]:
        """The places as they were at a version, and what was at each; raises 410 where that is forgotten."""
        items, past = self._objects[resource.key], self._undone(resource, version)
        places = self.places(resource, namespace, after)
        if past:
            there = {place for place in places if past.get(place, items[place]) is not None}
            there |= {
                place for place, obj in past.items() if obj is not None and _within(place, namespace, after)
            }
            places = sorted(there)
        return places, lambda place: past.get(place) or items[place]

    def _undone(self, resource: Resource, version: int) -> dict[Place, Obj | None]:
        """What was at the places that changed since a version; None for nothing."""
        if version >= self._logs[resource.key].newest:
            return {}
        return {change.place: change.before for change in reversed(self.since(version, resource.key))}

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
        given = copied(obj)
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
        meta = {**obj["metadata"], "resourceVersion": str(self.version + 1)}
        stored = Stored({**obj, "metadata": _ordered(meta)})
        if kind != "DELETED" and len(encoded(stored)) > LARGEST:
            raise status.object_too_large()
        self.version += 1
        self._keep(
            resource.key, (meta.get("namespace", ""), meta["name"]), None if kind == "DELETED" else stored
        )
        self._logs[resource.key].add(Change(self.version, kind, resource.key, stored, before))
        for waiting in self._waiting[resource.key]:
            waiting.set()
        return stored

    def _keep(self, key: str, place: Place, obj: Obj | None) -> None:
        items, places = self._objects[key], self._places[key]
        if obj is None:
            if items.pop(place, None) is not None:
                del places[bisect_left(places, place)]
            return
        if place not in items:
            insort(places, place)
        items[place] = obj

    def since(self, version: int, resource: str) -> list[Change]:
        """Changes of a resource after a version; raises 410 when the history is shorter than that."""
        return self._logs[resource].after(version)

    def newest(self, resource: str) -> int:
        """The version of a resource's last change."""
        return self._logs[resource].newest

    def oldest(self, resource: str) -> int:
        """The version back to which a resource's history reaches."""
        return self._logs[resource].floor

    def compact(self) -> None:
        """Forgets all that was, as etcd does: what was read before can neither be watched nor paged on."""
        for log in self._logs.values():
            log.forget(self.version)

    async def changed(self, resources: Collection[str], timeout: float) -> None:
        """Returns at the next change of any of these, or after `timeout` seconds."""
        event = asyncio.Event()
        for waiting in self._waiting_for(resources):
            waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return
        finally:
            for waiting in self._waiting_for(resources):
                waiting.discard(event)

    def _waiting_for(self, resources: Collection[str]) -> Iterator[set[asyncio.Event]]:
        return (self._waiting[resource] for resource in resources)


def _within(place: Place, namespace: str, after: Place | None) -> bool:
    return (not namespace or place[0] == namespace) and (after is None or place > after)


_META_ORDER = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
    "finalizers", "managedFields",
)  # fmt: skip


def _ordered(meta: Obj) -> Obj:
    known = {name: meta[name] for name in _META_ORDER if meta.get(name) not in (None, {}, [])}
    return {**known, **{name: item for name, item in meta.items() if name not in _META_ORDER}}
