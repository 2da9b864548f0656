"""Label and field selectors, as query parameters carry them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Obj = dict[str, Any]
Test = Callable[[Obj], bool]

_SET = re.compile(r"^(?P<key>\S+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^=!\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^=!\s]*)$")

FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset({"spec.nodeName", "status.phase", "status.podIP", "spec.restartPolicy"}),
    "events": frozenset(
        f"involvedObject.{name}"
        for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion")
    )
    | {"reason", "type", "reportingComponent", "source"},
    "secrets": frozenset({"type"}),
    "namespaces": frozenset({"status.phase"}),
}


class SelectorError(ValueError):
    """A selector that the server cannot read, in the server's words."""


def labels(text: str) -> Test:
    """A test of an object's labels; the empty selector takes everything."""
    test = _every([_label_test(part) for part in _split(text)])
    return lambda obj: test(obj.get("metadata", {}).get("labels") or {})


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _label_test(part: str) -> Test:
    if found := _SET.match(part):
        key, values = found["key"], {item.strip() for item in found["values"].split(",")}
        if found["op"] == "in":
            return lambda have: have.get(key) in values
        return lambda have: have.get(key) not in values
    if found := _EQUAL.match(part):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda have: have.get(key) != value
        return lambda have: have.get(key) == value
    if re.fullmatch(r"![^\s=!]+", part):
        return lambda have: part[1:] not in have
    if re.fullmatch(r"[^\s=!]+", part):
        return lambda have: part in have
    raise SelectorError(
        f"unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=, gt, lt"
    )


def fields(text: str, resource: str, own: frozenset[str] = frozenset()) -> Test:
    """A test of an object's fields; only the fields that the resource supports may be named.

    `own` are those that the definition of a custom resource names.
    """
    known = FIELDS.get(resource, frozenset()) | own | {"metadata.name", "metadata.namespace"}
    tests: list[Test] = []
    for part in _split(text):
        found = _EQUAL.match(part)
        if not found:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        if found["key"] not in known:
            raise SelectorError(f"field label not supported: {found['key']}")
        tests.append(_field_test(found["key"], found["op"], found["value"]))
    return _every(tests)


def _every(tests: Sequence[Test]) -> Test:
    """All of these: as a rule none or one, and each watch asks it of each change."""
    if not tests:
        return lambda _obj: True
    if len(tests) == 1:
        return tests[0]
    return lambda obj: all(test(obj) for test in tests)


def _field_test(key: str, op: str, value: str) -> Test:
    path = ["source", "component"] if key == "source" else key.split(".")

    def read(obj: Obj) -> str:
        node: Any = obj
        for part in path:
            node = node.get(part) if isinstance(node, dict) else None
        return "" if node is None else str(node)

    if op == "!=":
        return lambda obj: read(obj) != value
    return lambda obj: read(obj) == value


def match_labels(selector: Mapping[str, Any], have: Mapping[str, str]) -> bool:
    """Whether a LabelSelector of an object takes these labels (matchLabels alone are used here)."""
    return all(have.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
