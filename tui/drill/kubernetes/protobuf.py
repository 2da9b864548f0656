"""As much of protobuf as an access review needs: kubectl posts it so and takes no other way.

The envelope is `k8s\\0` and a runtime.Unknown (k8s.io/apimachinery/pkg/runtime/generated.proto); the
field numbers of the review are those of k8s.io/api/authorization/v1/generated.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_PATH = {1: "path", 2: "verb"}


class ProtobufError(ValueError):
    """Bytes that are not what they are said to be."""


def fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message in order: (number, bytes or integer)."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            size, position = _varint(data, position)
            yield number, _slice(data, position, size)
            position += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, int.from_bytes(_slice(data, position, size), "little")
            position += size
        else:
            raise ProtobufError(f"wire type {wire} is not used here")


def _slice(data: bytes, position: int, size: int) -> bytes:
    part = data[position : position + size]
    if len(part) != size:
        raise ProtobufError("the message ends early")
    return part


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ProtobufError("a number does not end")
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def message(*parts: tuple[int, bytes | str | int]) -> bytes:
    """A message of these fields."""
    result = b""
    for number, value in parts:
        if isinstance(value, int):
            result += _encoded(number << 3) + _encoded(int(value))
        else:
            raw = value.encode() if isinstance(value, str) else value
            result += _encoded(number << 3 | 2) + _encoded(len(raw)) + raw
    return result


def _encoded(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def _texts(data: bytes, names: Mapping[int, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, value in fields(data):
        if number in names and isinstance(value, bytes) and value:
            found[names[number]] = value.decode()
    return found


def _parts(data: bytes) -> dict[int, bytes]:
    return {number: value for number, value in fields(data) if isinstance(value, bytes)}


def unwrap(body: bytes) -> tuple[str, str, bytes]:
    """(apiVersion, kind, message) of an envelope; raises ProtobufError."""
    if not body.startswith(MAGIC):
        raise ProtobufError("the body does not begin as protobuf of Kubernetes does")
    unknown = _parts(body[len(MAGIC) :])
    names = _texts(unknown.get(1, b""), {1: "apiVersion", 2: "kind"})
    return names.get("apiVersion", ""), names.get("kind", ""), unknown.get(2, b"")


def wrap(api_version: str, kind: str, raw: bytes) -> bytes:
    """An envelope around a message."""
    meta = message((1, api_version), (2, kind))
    return MAGIC + message((1, meta), (2, raw), (3, ""), (4, ""))


def posted(body: bytes) -> dict[str, Any] | None:
    """What kubectl posts in this form, as the JSON that it stands for; None for any other kind."""
    version, kind, raw = unwrap(body)
    if kind == "SelfSubjectAccessReview":
        return {"apiVersion": version, "kind": kind, "spec": _review_spec(raw)}
    if kind == "Namespace":
        return {"apiVersion": version, "kind": kind, "metadata": _texts(_parts(raw).get(1, b""), {1: "name"})}
    return None


def _review_spec(raw: bytes) -> dict[str, Any]:
    spec = _parts(_parts(raw).get(2, b""))
    asked: dict[str, Any] = {}
    if 1 in spec:
        asked["resourceAttributes"] = _texts(spec[1], _RESOURCE)
    if 2 in spec:
        asked["nonResourceAttributes"] = _texts(spec[2], _PATH)
    return asked


def encoded_review(review: Mapping[str, Any]) -> bytes:
    """A SelfSubjectAccessReview with its answer, as protobuf."""
    spec = review["spec"]
    parts = [
        (number, message(*((index, spec[name][key]) for index, key in names.items() if key in spec[name])))
        for number, name, names in ((1, "resourceAttributes", _RESOURCE), (2, "nonResourceAttributes", _PATH))
        if name in spec
    ]
    answer = review["status"]
    status = message((1, int(answer["allowed"])), (2, answer.get("reason", "")))
    raw = message((1, b""), (2, message(*parts)), (3, status))
    return wrap(review["apiVersion"], review["kind"], raw)
