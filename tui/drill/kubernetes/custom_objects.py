"""Validation of custom objects against the schema that defined them, in the API server's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tui.drill.kubernetes import definitions
from tui.drill.kubernetes.status import Cause, go_text

Obj = dict[str, Any]
Schema = Mapping[str, Any]
_UNCHECKED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_NAMES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": float}


def problems(schema: Schema, new: Obj, old: Obj | None) -> list[Cause]:
    """What is wrong with an object, in the order in which the server tells it.

    Rules are checked only where the rest is well, and those about the old value only on a change.
    """
    body = {name: part for name, part in new.items() if name not in ("apiVersion", "kind", "metadata")}
    found = list(_object(body, schema, ""))
    if found:
        unchecked = [Cause("FieldValueInvalid", _UNCHECKED, "<nil>")] if definitions.has_rules(schema) else []
        return found + unchecked
    return [] if old is None else list(_broken_rules(new, old, schema, ""))


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _object(value: Obj, schema: Schema, path: str) -> Iterator[Cause]:
    for name in schema.get("required") or []:
        if name not in value:
            yield Cause("FieldValueRequired", "Required value", _at(path, name))
    parts, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        if name in parts:
            yield from _value(item, parts[name], _at(path, name))
        elif isinstance(others, dict):
            yield from _value(item, others, f"{path}[{name}]")


def _value(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    kind = schema.get("type", "")
    if kind and not _is(value, kind):
        shown = f'"{_type_name(value)}"'
        why = f"Invalid value: {shown}: {path} in body must be of type {kind}: {shown}"
        yield Cause("FieldValueTypeInvalid", why, path)
        return
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(f'"{item}"' for item in schema["enum"])
        why = f"Unsupported value: {_shown(value)}: supported values: {choices}"
        yield Cause("FieldValueNotSupported", why, path)
    if kind == "string":
        yield from _string(value, schema, path)
    elif kind in ("integer", "number"):
        yield from _number(value, schema, path)
    elif kind == "object":
        yield from _object(value, schema, path)
    elif kind == "array":
        for index, item in enumerate(value):
            yield from _value(item, schema.get("items") or {}, f"{path}[{index}]")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, (int, float) if kind == "number" else _NAMES.get(kind, object))


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, type_ in _NAMES.items() if isinstance(value, type_))


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else go_text(value)


def _string(value: str, schema: Schema, path: str) -> Iterator[Cause]:
    most, least = schema.get("maxLength"), schema.get("minLength", 0)
    if most is not None and len(value) > most:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", path)
    if len(value) < least:
        yield _wrong(value, path, f"should be at least {least} chars long")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield _wrong(value, path, f"should match '{schema['pattern']}'")
    if schema.get("format") == "date-time" and not _is_moment(value):
        yield _wrong(value, path, f"must be of type date-time: {_shown(value)}")


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


def _number(value: float, schema: Schema, path: str) -> Iterator[Cause]:
    if "minimum" in schema and value < schema["minimum"]:
        yield _wrong(value, path, f"should be greater than or equal to {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        yield _wrong(value, path, f"should be less than or equal to {schema['maximum']}")


def _wrong(value: Any, path: str, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {path} in body {why}", path)


def _broken_rules(new: Any, old: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """The rules that a change breaks: `self == oldSelf` is the only one that definitions may have."""
    for rule in schema.get("x-kubernetes-validations") or []:
        if new != old:
            said = rule.get("message") or f"failed rule: {rule['rule']}"
            yield Cause("FieldValueInvalid", f"Invalid value: {said}", path)
    for name, part in (schema.get("properties") or {}).items():
        after, before = (value.get(name) if isinstance(value, dict) else None for value in (new, old))
        if after is not None and before is not None:
            yield from _broken_rules(after, before, part, _at(path, name))
