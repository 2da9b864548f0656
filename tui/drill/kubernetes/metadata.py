"""Names, labels and annotations: what the API server takes, and its words for what it does not.

Rules: apimachinery's validation of object metadata, of qualified names, and of DNS labels and subdomains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.drill.kubernetes.resources import NAMESPACES, ROLE_BINDINGS, ROLES, Resource
from tui.drill.kubernetes.status import Cause

Obj = dict[str, Any]
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_MOST_ANNOTATED = 256 * 1024
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_NAME_PART_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def problems(resource: Resource, meta: Obj, *, fresh: bool) -> Iterator[Cause]:
    """What is wrong with an object's metadata; names are looked at where the object is `fresh`."""
    if fresh:
        yield from _name(resource, str(meta.get("name") or ""))
    for key, value in (meta.get("labels") or {}).items():
        yield from (_invalid("metadata.labels", key, why) for why in _qualified(key))
        yield from (_invalid("metadata.labels", value, why) for why in _label_value(str(value)))
    annotations: Mapping[str, str] = meta.get("annotations") or {}
    for key in annotations:
        yield from (_invalid("metadata.annotations", key, why) for why in _qualified(key.lower()))
    if (
        sum(len(key.encode()) + len(str(text).encode()) for key, text in annotations.items())
        > _MOST_ANNOTATED
    ):
        why = f"Too long: may not be more than {_MOST_ANNOTATED} bytes"
        yield Cause("FieldValueTooLong", why, "metadata.annotations")


def _invalid(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "{value}": {why}', field)


def _name(resource: Resource, name: str) -> Iterator[Cause]:
    if not name:
        why = "Required value: name or generateName is required"
        yield Cause("FieldValueRequired", why, "metadata.name")
    elif resource in (ROLES, ROLE_BINDINGS):
        for part in ("/", "%"):
            if part in name:
                yield _invalid("metadata.name", name, f"may not contain '{part}'")
    elif resource == NAMESPACES:
        yield from _domain(name, 63, _LABEL, LABEL_RULE)
    else:
        yield from _domain(name, 253, _SUBDOMAIN, _SUBDOMAIN_RULE)


def _domain(name: str, most: int, form: re.Pattern[str], rule: str) -> Iterator[Cause]:
    if len(name) > most:
        yield _invalid("metadata.name", name, f"must be no more than {most} bytes")
    if not form.fullmatch(name):
        yield _invalid("metadata.name", name, rule)


def _label_value(value: str) -> Iterator[str]:
    if len(value) > 63:
        yield "must be no more than 63 bytes"
    if not _VALUE.fullmatch(value):
        yield _VALUE_RULE


def _qualified(key: str) -> Iterator[str]:
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash and not _SUBDOMAIN.fullmatch(prefix):
        yield f"prefix part {_SUBDOMAIN_RULE}"
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not _NAME_PART.fullmatch(name):
        yield _NAME_PART_RULE
