"""GET, LIST and WATCH: selectors, pages, versions, and the lines of a watch."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui.drill.kubernetes import events, selectors, status, tables
from tui.drill.kubernetes.resources import EVENTS_NEW, Resource
from tui.drill.kubernetes.store import Change, Store

Obj = dict[str, Any]
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Form:
    """How objects are to be shown: as Tables or whole, and what the rows carry."""

    table: bool = False
    include: str = "Metadata"


@dataclass(frozen=True)
class ReadQuery:
    """The query parameters of a list or watch."""

    test: Callable[[Obj], bool]
    limit: int = 0
    after: tuple[str, str] | None = None
    version: str = ""
    timeout_s: float = 1800.0
    bookmarks: bool = False
    initial_events: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], resource: Resource) -> ReadQuery:
        """From the request; raises 400 for selectors and numbers that cannot be read."""
        try:
            by_label = selectors.labels(query.get("labelSelector", ""))
            own = resource.definition.selectable if resource.definition else frozenset()
            by_field = selectors.fields(query.get("fieldSelector", ""), resource.name, own)
            limit = int(query.get("limit", "") or 0)
            timeout_s = float(query.get("timeoutSeconds", "") or 1800)
        except ValueError as error:
            raise status.bad_request(str(error)) from error
        return cls(
            lambda obj: by_label(obj) and by_field(obj),
            limit,
            _token(query.get("continue", "")),
            query.get("resourceVersion", ""),
            timeout_s,
            query.get("allowWatchBookmarks") == "true",
            query.get("sendInitialEvents") == "true",
        )


def _token(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return str(place["namespace"]), str(place["name"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise status.bad_request("continue key is not valid") from error


def _continue(obj: Obj, version: int) -> str:
    meta = obj["metadata"]
    place = {
        "v": "meta.k8s.io/v1",
        "rv": version,
        "namespace": meta.get("namespace", ""),
        "name": meta["name"],
    }
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _key(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Reads:
    """Reads of a store in the form that a client asked for."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def one(self, resource: Resource, namespace: str, name: str, form: Form) -> Obj:
        """One object, or a Table of it."""
        obj = self.store.get(resource, namespace, name)
        if form.table:
            version = obj["metadata"]["resourceVersion"]
            return tables.table(resource, [obj], version, self.store.now(), include=form.include)
        return events.as_new(obj) if resource == EVENTS_NEW else obj

    def many(self, resource: Resource, namespace: str, query: ReadQuery, form: Form) -> Obj:
        """A list or one page of it."""
        found = [obj for obj in self.store.all(resource, namespace) if query.test(obj)]
        if query.after is not None:
            found = [obj for obj in found if _key(obj) > query.after]
        page = found[: query.limit] if query.limit else found
        meta: Obj = {"resourceVersion": str(self.store.version)}
        if len(page) < len(found):
            meta["continue"] = _continue(page[-1], self.store.version)
            meta["remainingItemCount"] = len(found) - len(page)
        if form.table:
            shown = tables.table(
                resource, page, meta["resourceVersion"], self.store.now(), include=form.include
            )
            return {**shown, "metadata": meta}
        items = [_item(events.as_new(obj) if resource == EVENTS_NEW else obj) for obj in page]
        kind, version = f"{resource.kind}List", resource.api_version
        return {"kind": kind, "apiVersion": version, "metadata": meta, "items": items}

    async def watch(
        self, resource: Resource, namespace: str, query: ReadQuery, form: Form, clock: Callable[[], float]
    ) -> AsyncIterator[Obj]:
        """The lines of a watch until its time is up; what exists comes first unless a version is given."""
        end = clock() + query.timeout_s
        seen, first = self.store.version, True
        if query.version in ("", "0") or query.initial_events:
            for obj in self.store.all(resource, namespace):
                if query.test(obj):
                    yield self._line("ADDED", resource, obj, form, first=first)
                    first = False
            if query.initial_events:
                yield self._bookmark(resource, seen)
        else:
            seen = int(query.version) if query.version.isdigit() else seen
        while clock() < end:
            for change in self.store.since(seen, resource.key):
                seen = change.version
                for kind in _seen_as(change, namespace, query.test):
                    yield self._line(kind, resource, change.obj, form, first=first)
                    first = False
            seen = max(seen, self.store.version)
            await self.store.changed(max(0.0, min(1.0, end - clock())))

    def _line(self, kind: str, resource: Resource, obj: Obj, form: Form, *, first: bool) -> Obj:
        if not form.table:
            return {"type": kind, "object": events.as_new(obj) if resource == EVENTS_NEW else obj}
        version = obj["metadata"]["resourceVersion"]
        shown = tables.table(resource, [obj], version, self.store.now(), include=form.include)
        return {"type": kind, "object": shown if first else {**shown, "columnDefinitions": None}}

    def _bookmark(self, resource: Resource, version: int) -> Obj:
        meta = {"resourceVersion": str(version), "annotations": {INITIAL_EVENTS_END: "true"}}
        return {
            "type": "BOOKMARK",
            "object": {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta},
        }


def _item(obj: Obj) -> Obj:
    return {key: part for key, part in obj.items() if key not in ("kind", "apiVersion")}


def _seen_as(change: Change, namespace: str, test: Callable[[Obj], bool]) -> list[str]:
    """What a change is to a watch with a selector: an object that leaves it is deleted to it."""
    if namespace and change.obj["metadata"].get("namespace") != namespace:
        return []
    now = change.type != "DELETED" and test(change.obj)
    before = change.before is not None and test(change.before)
    if now:
        return ["MODIFIED" if before else "ADDED"]
    return ["DELETED"] if before else []
