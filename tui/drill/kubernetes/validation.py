"""Validation of what clients write, with the API server's words for what is wrong."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from tui.drill.kubernetes import custom_objects, definitions, leases, metadata
from tui.drill.kubernetes.metadata import LABEL_RULE
from tui.drill.kubernetes.resources import (
    CUSTOM_RESOURCES,
    DEPLOYMENTS,
    LEASES,
    ROLE_BINDINGS,
    SECRETS,
    Resource,
)
from tui.drill.kubernetes.selectors import match_labels
from tui.drill.kubernetes.status import Cause, go_text

Obj = dict[str, Any]
_ENV_NAME = re.compile(r"^[ -<>-~]+$")
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_TEMPLATE = "spec.template.spec.containers"
_IMMUTABLE = "field is immutable"


def problems(resource: Resource, new: Obj, old: Obj | None) -> list[Cause]:
    """What is wrong with an object of that resource, in the order in which the server tells it."""
    found = list(metadata.problems(resource, new["metadata"], fresh=old is None))
    if old is not None:
        found += _metadata(new, old)
    if resource.definition is not None:
        found += custom_objects.problems(resource.definition.openapi, new, old)
    elif resource == DEPLOYMENTS:
        found += _deployment(new, old)
    elif resource == SECRETS:
        found += _secret(new, old)
    elif resource == LEASES:
        found += leases.problems(new)
    elif resource == CUSTOM_RESOURCES:
        found += definitions.definition_problems(new)
    elif resource == ROLE_BINDINGS and old is not None and new.get("roleRef") != old.get("roleRef"):
        found.append(_invalid("roleRef", new.get("roleRef"), "cannot change roleRef"))
    return found


def _metadata(new: Obj, old: Obj) -> Iterator[Cause]:
    for name in ("name", "namespace", "uid"):
        given, live = new["metadata"].get(name), old["metadata"].get(name)
        if given is not None and given != live:
            yield _invalid(f"metadata.{name}", given, _IMMUTABLE)


def _invalid(field: str, value: Any, why: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else go_text(value)
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", field)


def _required(field: str) -> Cause:
    return Cause("FieldValueRequired", "Required value", field)


def _deployment(new: Obj, old: Obj | None) -> Iterator[Cause]:
    spec = new.get("spec", {})
    for name in ("replicas", "progressDeadlineSeconds", "revisionHistoryLimit", "minReadySeconds"):
        value = spec.get(name)
        if isinstance(value, int) and value < 0:
            yield _invalid(f"spec.{name}", value, "must be greater than or equal to 0")
    containers = spec.get("template", {}).get("spec", {}).get("containers") or []
    if not containers:
        yield _required(_TEMPLATE)
    for index, container in enumerate(containers):
        yield from _container(container, f"{_TEMPLATE}[{index}]")
    labels = spec.get("template", {}).get("metadata", {}).get("labels") or {}
    if not match_labels(spec.get("selector") or {}, labels):
        why = "`selector` does not match template `labels`"
        yield _invalid("spec.template.metadata.labels", labels, why)
    if old is not None and spec.get("selector") != old["spec"]["selector"]:
        yield _invalid("spec.selector", spec.get("selector"), _IMMUTABLE)


def _container(container: Obj, path: str) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield _required(f"{path}.name")
    elif not _LABEL.match(name) or len(name) > 63:
        yield _invalid(f"{path}.name", name, LABEL_RULE)
    if not container.get("image"):
        yield _required(f"{path}.image")
    for index, item in enumerate(container.get("env") or []):
        yield from _env(item, f"{path}.env[{index}]")


def _env(item: Obj, path: str) -> Iterator[Cause]:
    name = item.get("name", "")
    if not name:
        yield _required(f"{path}.name")
    elif not _ENV_NAME.match(name):
        why = (
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
        yield _invalid(f"{path}.name", name, why)
    if item.get("value") and item.get("valueFrom"):
        yield _invalid(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")


def wrong_type(obj: Obj) -> str:
    """The Go type of the first env value that is no string, or "": env values are always quoted."""
    pods = obj.get("spec", {}).get("template", {}).get("spec", {})
    for container in pods.get("containers") or []:
        for item in container.get("env") or []:
            value = item.get("value")
            if value is not None and not isinstance(value, str):
                return (
                    "bool" if isinstance(value, bool) else "float64" if isinstance(value, float) else "int64"
                )
    return ""


def _secret(new: Obj, old: Obj | None) -> Iterator[Cause]:
    if old is not None and old.get("immutable"):
        why = "Forbidden: field is immutable when `immutable` is set"
        if not new.get("immutable"):
            yield Cause("FieldValueForbidden", why, "immutable")
        if new.get("data") != old.get("data"):
            yield Cause("FieldValueForbidden", why, "data")
    for key in new.get("data") or {}:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
            why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
            yield _invalid(f"data[{key}]", key, why)


def bad_base64(new: Obj) -> str:
    """The key of the first datum of a Secret that is not base64, or ""."""
    for key, value in (new.get("data") or {}).items():
        try:
            base64.b64decode(str(value), validate=True)
        except (binascii.Error, ValueError):
            return str(key)
    return ""
