"""Leases as the API server reads and checks them.

Rules: pkg/apis/coordination/validation, and MicroTime of apimachinery: RFC 3339 with six digits, kept in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tui.drill.kubernetes import status
from tui.drill.kubernetes.resources import LEASES
from tui.drill.kubernetes.status import Cause

Obj = dict[str, Any]
_NUMBERS, _TEXTS = (
    ("leaseDurationSeconds", "leaseTransitions"),
    ("holderIdentity", "strategy", "preferredHolder"),
)
# Of coordinated leader election, which is off unless its feature gate is opened: dropped, as there.
_ELECTION = ("strategy", "preferredHolder")
_TIMES = ("acquireTime", "renewTime")
_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_MICRO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_GO_NAMES = {str: "string", bool: "bool", dict: "object", list: "array"}
_MOST = 2**31


def read(lease: Obj) -> Obj:
    """The lease as it is decoded: times in UTC; raises 400 for what is of no type that it may be."""
    spec = lease.get("spec")
    if spec is None:
        return lease
    if not isinstance(spec, dict):
        raise _unreadable(f"{_cannot(spec)} into Go struct field Lease.spec of type v1.LeaseSpec")
    for names, type_, go in ((_NUMBERS, int, "int32"), (_TEXTS, str, "string")):
        for name in names:
            _must_be(spec.get(name), type_, go, name)
    times = {name: _moment(spec[name]) for name in _TIMES if spec.get(name) is not None}
    kept = {name: value for name, value in spec.items() if name not in _ELECTION}
    return {**lease, "spec": {**kept, **times}}


def _must_be(value: Any, type_: type, go: str, name: str) -> None:
    right = isinstance(value, type_) and not isinstance(value, bool)
    if value is None or (right and not (type_ is int and not -_MOST <= value < _MOST)):
        return
    raise _unreadable(f"{_cannot(value)} into Go struct field LeaseSpec.spec.{name} of type {go}")


def _cannot(value: Any) -> str:
    return f"json: cannot unmarshal {_GO_NAMES.get(type(value), f'number {value}')}"


def _moment(text: Any) -> str:
    if isinstance(text, str) and _MICRO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if moment is not None:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    raise _unreadable(f'parsing time "{text}" as "{_LAYOUT}": cannot parse it')


def _unreadable(why: str) -> status.Refusal:
    return status.bad_request(f'{LEASES.kind} in version "v1" cannot be handled as a {LEASES.kind}: {why}')


def problems(lease: Obj) -> Iterator[Cause]:
    """What is wrong with a lease; a holder may be anybody, and nobody."""
    spec = lease.get("spec") or {}
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        yield _invalid("leaseDurationSeconds", duration, "must be greater than 0")
    if transitions is not None and transitions < 0:
        yield _invalid("leaseTransitions", transitions, "must be greater than or equal to 0")


def _invalid(name: str, value: int, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", f"spec.{name}")
