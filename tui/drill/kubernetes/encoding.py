"""Objects as JSON: what is stored is encoded once, however many read it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Obj = dict[str, Any]
T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class Stored(dict[str, Any]):
    """An object as it is stored: never changed, so that its JSON can be kept beside it."""

    __slots__ = ("json",)

    def __init__(self, obj: Obj) -> None:
        super().__init__(obj)
        self.json: bytes | None = None

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[Obj]]:
        # A copy may be changed: it is a plain dict, without the JSON.
        return dict, (dict(self),)


def copied(value: T) -> T:
    """A JSON value of one's own, to be changed. `copy.deepcopy` takes twice as long."""
    if isinstance(value, dict):
        return {name: copied(part) for name, part in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(part) for part in value]  # type: ignore[return-value]
    return value


def encoded(obj: Obj) -> bytes:
    """The JSON of an object, without a newline."""
    if not isinstance(obj, Stored):
        return _encode(obj)
    if obj.json is None:
        obj.json = _encode(obj)
    return obj.json


def decoded(raw: bytes) -> Any:
    """The value of a body; raises ValueError for what is no JSON."""
    return msgspec.json.decode(raw)
