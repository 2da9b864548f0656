"""The query parameters of a list or a watch, checked as the API server checks them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.drill.kubernetes import selectors, status
from tui.drill.kubernetes.resources import Resource
from tui.drill.kubernetes.store import Place

Obj = dict[str, Any]
_EXACT, _NOT_OLDER = "Exact", "NotOlderThan"
_MATCH = "resourceVersionMatch"


@dataclass(frozen=True)
class Token:
    """Where a list goes on: behind a place, as it was at a version (-1: as it is by then)."""

    after: Place
    version: int

    @classmethod
    def read(cls, text: str) -> Token | None:
        """From the `continue` parameter; raises 400 for what is none."""
        if not text:
            return None
        try:
            found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls((str(found["namespace"]), str(found["name"])), int(found["rv"]))
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise status.bad_request("continue key is not valid") from error

    def __str__(self) -> str:
        namespace, name = self.after
        place = {"v": "meta.k8s.io/v1", "rv": self.version, "namespace": namespace, "name": name}
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@dataclass(frozen=True)
class ReadQuery:
    """What a list or a watch is asked for.

    Attributes:
        test: whether an object is meant; `selective` says that there is a selector at all.
        limit: objects on a page; 0 for all.
        token: where an earlier page ended.
        version: that what is read must not be older than, or, where `exact`, must be as of; 0 for any.
        timeout_s: after which a watch ends.
        bookmarks, initial_events: what a watch tells besides changes.
        begins: whether a watch begins with what is there.
    """

    test: Callable[[Obj], bool]
    selective: bool = False
    limit: int = 0
    token: Token | None = None
    version: int = 0
    exact: bool = False
    timeout_s: float = 1800.0
    bookmarks: bool = False
    initial_events: bool = False

    @property
    def begins(self) -> bool:
        """Whether a watch begins with what is there."""
        return self.version == 0 or self.initial_events

    @classmethod
    def read(cls, query: Mapping[str, str], resource: Resource) -> ReadQuery:
        """From the request; raises 400 and 422 for what the server does not take."""
        _check(query)
        try:
            by_label = selectors.labels(query.get("labelSelector", ""))
            own = resource.definition.selectable if resource.definition else frozenset()
            by_field = selectors.fields(query.get("fieldSelector", ""), resource.name, own)
            limit = int(query.get("limit", "") or 0)
            timeout_s = float(query.get("timeoutSeconds", "") or 1800)
        except ValueError as error:
            raise status.bad_request(str(error)) from error
        version, token = _version(query), Token.read(query.get("continue", ""))
        if token is not None and version:
            raise status.bad_request("specifying resource version is not allowed when using continue")
        match = query.get(_MATCH, "")
        return cls(
            lambda obj: by_label(obj) and by_field(obj),
            bool(query.get("labelSelector") or query.get("fieldSelector")),
            limit,
            token,
            version,
            match == _EXACT or bool(version and limit and not match),
            timeout_s,
            query.get("allowWatchBookmarks") in ("true", "1"),
            query.get("sendInitialEvents") in ("true", "1"),
        )


def _version(query: Mapping[str, str]) -> int:
    text = query.get("resourceVersion", "") or "0"
    if not text.isascii() or not text.isdigit():
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise status.bad_request(f'resourceVersion: Invalid value: "{text}": {why}')
    return int(text)


def _check(query: Mapping[str, str]) -> None:
    """Raises the 422 of list options that do not go together."""
    watching = query.get("watch") in ("true", "1")
    causes = list((_wrong_of_watch if watching else _wrong_of_list)(query))
    if causes:
        raise status.invalid_options(causes)


def _wrong_of_list(query: Mapping[str, str]) -> Iterator[status.Cause]:
    match, version = query.get(_MATCH, ""), query.get("resourceVersion", "")
    if match:
        if not version:
            yield _forbidden(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided")
        if query.get("continue"):
            yield _forbidden(_MATCH, f"{_MATCH} is forbidden when continue is provided")
        if match not in (_EXACT, _NOT_OLDER):
            yield _unsupported(match, _EXACT, _NOT_OLDER, "")
        if match == _EXACT and version == "0":
            yield _forbidden(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"')
    if query.get("sendInitialEvents"):
        yield _forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _wrong_of_watch(query: Mapping[str, str]) -> Iterator[status.Cause]:
    match, initial = query.get(_MATCH, ""), query.get("sendInitialEvents")
    if initial and match != _NOT_OLDER:
        yield _forbidden(_MATCH, f"sendInitialEvents requires setting {_MATCH} to {_NOT_OLDER}")
    if match and not initial:
        yield _forbidden(_MATCH, f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided")
    if match and match != _NOT_OLDER:
        yield _unsupported(match, _NOT_OLDER)


def _forbidden(field: str, why: str) -> status.Cause:
    return status.Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def _unsupported(match: str, *supported: str) -> status.Cause:
    choices = ", ".join(f'"{item}"' for item in supported)
    why = f'Unsupported value: "{match}": supported values: {choices}'
    return status.Cause("FieldValueNotSupported", why, _MATCH)
