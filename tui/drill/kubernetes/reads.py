"""GET, LIST and WATCH: pages, versions, and the lines of a watch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from tui.drill.kubernetes import events, status, tables
from tui.drill.kubernetes.encoding import encoded
from tui.drill.kubernetes.history import Change, watch_line
from tui.drill.kubernetes.queries import ReadQuery, Token
from tui.drill.kubernetes.resources import EVENTS_NEW, Resource
from tui.drill.kubernetes.store import Store

Obj = dict[str, Any]
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
# A real server sends bookmarks about once a minute, and one two seconds before it ends a watch.
BOOKMARK_S, LAST_BOOKMARK_S = 60.0, 2.0


@dataclass(frozen=True)
class Form:
    """How objects are to be shown: as Tables or whole, and what the rows carry."""

    table: bool = False
    include: str = "Metadata"


class Reads:
    """Reads of a store in the form that a client asked for, as JSON.

    Args:
        store: what is read.
        bookmark_s: how often a watch that asked for bookmarks is sent one.
    """

    def __init__(self, store: Store, bookmark_s: float = BOOKMARK_S) -> None:
        self.store = store
        self._bookmark_s = bookmark_s

    def one(self, resource: Resource, namespace: str, name: str, form: Form) -> bytes:
        """One object, or a Table of it."""
        obj = self.store.get(resource, namespace, name)
        if form.table:
            version = obj["metadata"]["resourceVersion"]
            return encoded(tables.table(resource, [obj], version, self.store.now(), include=form.include))
        return encoded(events.as_new(obj) if resource == EVENTS_NEW else obj)

    def many(self, resource: Resource, namespace: str, query: ReadQuery, form: Form) -> bytes:
        """A list or one page of it; raises 410 for a page of what is forgotten, 504 for what is to come."""
        page, meta = self._page(resource, namespace, query)
        if form.table:
            shown = tables.table(
                resource, page, meta["resourceVersion"], self.store.now(), include=form.include
            )
            return encoded({**shown, "metadata": meta})
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta}
        items = b",".join(_item(obj, resource) for obj in page)
        return encoded(head)[:-1] + b',"items":[' + items + b"]}"

    def _page(self, resource: Resource, namespace: str, query: ReadQuery) -> tuple[list[Obj], Obj]:
        """The objects of a page, and the metadata of its list."""
        token, version = query.token, self._listed_as_of(resource, query)
        places, at = self.store.as_of(resource, namespace, version, token.after if token else None)
        page: list[Obj] = []
        meta: Obj = {"resourceVersion": str(version)}
        for index, place in enumerate(places):
            if query.limit and len(page) == query.limit:
                meta["continue"] = str(Token(places[index - 1], version))
                if not query.selective:  # behind a selector, a real server does not count
                    meta["remainingItemCount"] = len(places) - index
                break
            obj = at(place)
            if query.test(obj):
                page.append(obj)
        return page, meta

    def _listed_as_of(self, resource: Resource, query: ReadQuery) -> int:
        """The version of what is listed; raises 410 where it is forgotten, 504 where it is to come."""
        now, oldest = self.store.version, self.store.oldest(resource.key)
        if query.token is not None:
            if 0 <= query.token.version < oldest:
                raise status.continue_expired(str(Token(query.token.after, -1)))
            return now if query.token.version < 0 else query.token.version
        if query.version > now:
            raise status.version_to_come(query.version, now)
        if query.exact and query.version < oldest:
            raise status.list_expired()
        return query.version if query.exact else now

    async def watch(
        self, resource: Resource, namespace: str, query: ReadQuery, form: Form, clock: Callable[[], float]
    ) -> AsyncIterator[bytes]:
        """The lines of a watch until its time is up, as many at once as there are; raises the 410 of one."""
        end, seen = clock() + query.timeout_s, self.store.version
        telling = _Telling(self.store, resource, form, namespace, query.test)
        if query.begins:
            chunk = telling.what_is_there()
            if query.initial_events:
                chunk += telling.bookmark(seen, initial=True)
            if chunk:
                yield chunk
        else:
            seen = query.version
        mark = self._next_mark(clock(), end)
        while clock() < end:
            chunk, seen = telling.since(seen)
            if query.bookmarks and clock() >= mark:
                chunk += telling.bookmark(seen)
                mark = self._next_mark(clock(), end)
            if chunk:
                yield chunk
            if self.store.newest(resource.key) <= seen:
                await self.store.changed((resource.key,), max(0.0, min(mark, end) - clock()))

    def _next_mark(self, now: float, end: float) -> float:
        last = end - LAST_BOOKMARK_S
        return min(now + self._bookmark_s, last) if last > now else end


class _Telling:
    """What one watch is told: the changes that concern it, in the form that it asked for."""

    def __init__(
        self, store: Store, resource: Resource, form: Form, namespace: str, test: Callable[[Obj], bool]
    ) -> None:
        self._store, self._resource, self._form = store, resource, form
        self._namespace, self._test = namespace, test
        self._first = True

    def what_is_there(self) -> bytes:
        """Everything that it is about, as added."""
        found = self._store.all(self._resource, self._namespace)
        return b"".join(self._line("ADDED", obj) for obj in found if self._test(obj))

    def since(self, version: int) -> tuple[bytes, int]:
        """What changed since a version, and the version up to which that tells; raises 410."""
        changes = self._store.since(version, self._resource.key)
        lines = [self._of(change) for change in changes]
        return b"".join(lines), max(version, self._store.version)

    def _of(self, change: Change) -> bytes:
        kind = _seen_as(change, self._namespace, self._test)
        if not kind:
            return b""
        if self._form.table or self._resource == EVENTS_NEW:
            return self._line(kind, change.obj)
        return change.line(kind)

    def _line(self, kind: str, obj: Obj) -> bytes:
        if not self._form.table:
            return watch_line(kind, events.as_new(obj) if self._resource == EVENTS_NEW else obj)
        version, now = obj["metadata"]["resourceVersion"], self._store.now()
        shown = tables.table(self._resource, [obj], version, now, include=self._form.include)
        first, self._first = self._first, False
        return watch_line(kind, shown if first else {**shown, "columnDefinitions": None})

    def bookmark(self, version: int, *, initial: bool = False) -> bytes:
        """That everything up to a version has been told."""
        meta: Obj = {"resourceVersion": str(version)}
        if initial:
            meta["annotations"] = {INITIAL_EVENTS_END: "true"}
        about = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": meta}
        return watch_line("BOOKMARK", about)


def _item(obj: Obj, resource: Resource) -> bytes:
    """An object in a list: those of the server's own kinds do not name their kind there."""
    if resource.definition is not None:
        return encoded(obj)
    shown = events.as_new(obj) if resource == EVENTS_NEW else obj
    return encoded({key: part for key, part in shown.items() if key not in ("kind", "apiVersion")})


def _seen_as(change: Change, namespace: str, test: Callable[[Obj], bool]) -> str:
    """What a change is to a watch, "" for nothing: an object that leaves its selector is deleted to it."""
    if namespace and change.obj["metadata"].get("namespace") != namespace:
        return ""
    now = change.type != "DELETED" and test(change.obj)
    before = change.before is not None and test(change.before)
    if now:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else ""
