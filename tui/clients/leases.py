"""Leases of the shared place, as they are: who holds them, since when and how long.

Nobody's clock is believed here: the times in them are for people. Who decides by leases goes by
`version`, which every renewal changes.
https://kubernetes.io/docs/concepts/architecture/leases/
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from tui.clients.cluster_connection import Connection
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.shared_asking import Asking, Event
from tui.clients.shared_objects import moment
from tui.model.text import clean

GROUP = "coordination.k8s.io"
PLURAL = "leases"
ROOT = f"/apis/{GROUP}/v1"
OURS = "leeward.dev/"
# The annotations that people's words may be in.
TOLD = frozenset({"leeward.dev/name", "leeward.dev/what"})
MANAGED_BY, LEEWARD = "app.kubernetes.io/managed-by", "leeward"
_SELECTOR = [("labelSelector", f"{MANAGED_BY}={LEEWARD}")]
_LONGEST = 1_024  # characters of an annotation that are read
_LONGEST_DURATION = 24 * 3600
_KINDS: Mapping[str, Literal["changed", "deleted"]] = {
    "ADDED": "changed",
    "MODIFIED": "changed",
    "DELETED": "deleted",
}
_UNREAD = frozenset({"managedFields"})  # the server keeps them where a replacement does not name them


@dataclass(frozen=True, slots=True)
class LeaseObject:
    """One Lease.

    Attributes:
        name: the object's.
        holder: holderIdentity; "" where nobody holds it.
        duration_s: leaseDurationSeconds; 0 where it has none.
        renewed_at, acquired_at: by the holder's clock; None where it does not say.
        transitions: how often it changed hands.
        annotations: those of `leeward.dev/`, and only those.
        labels: all.
        version, uid: resourceVersion and uid; "" for one that is to be created.
        stored: the whole object as it was read: what is not ours in it is sent back as it was.
    """

    name: str
    holder: str = ""
    duration_s: int = 0
    renewed_at: datetime | None = None
    acquired_at: datetime | None = None
    transitions: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    uid: str = ""
    stored: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SeenLease:
    """One event of the leases' watch; `version` is where the next watch goes on, "" where it is not told."""

    kind: Literal["changed", "deleted", "bookmark"]
    lease: LeaseObject | None
    name: str
    version: str


class Leases:
    """The Leases of one namespace that consoles made. Everything raises ClusterError."""

    def __init__(self, connection: Connection) -> None:
        self._asking = Asking(connection, ROOT, GROUP, PLURAL)
        self._redact = connection.redact

    async def get(self, name: str) -> LeaseObject | None:
        """One lease; None where there is none of that name."""
        content = await self._asking.get(name, f"lease {name}")
        return _read(content, name) if content is not None else None

    async def create(self, lease: LeaseObject) -> LeaseObject:
        """Create it; as it is stored. CONFLICT with status_reason `AlreadyExists` where the name is taken."""
        what = f"lease {lease.name}"
        return _read(await self._asking.create(what, self._body(lease)), lease.name)

    async def replace(self, lease: LeaseObject) -> LeaseObject:
        """Put it in the place of the version that it was read with; as it is stored.

        CONFLICT with status_reason `Conflict` where somebody was faster, which may be ourselves: where the
        connection breaks before the answer, the library sends it once more. MISSING where it was deleted.
        """
        what = f"lease {lease.name}"
        return _read(await self._asking.replace(lease.name, what, self._body(lease)), lease.name)

    def _body(self, lease: LeaseObject) -> dict[str, Any]:
        """The object to store; a secret that was typed where a name belongs leaves the machine nowhere."""
        text = self._redact.text
        told = {key: text(value) if key in TOLD else value for key, value in lease.annotations.items()}
        return _body(replace(lease, holder=text(lease.holder), annotations=told))

    async def list(self) -> tuple[tuple[LeaseObject, ...], str]:
        """Every lease of consoles, and the version from which a watch goes on."""
        found = await self._asking.list("leases", _SELECTOR)
        leases = await asyncio.to_thread(lambda: [_lease(item) for item in found.items])
        return tuple(lease for lease in leases if lease is not None and lease.name), found.version

    async def watch(self, version: str, seconds: float) -> AsyncGenerator[SeenLease, None]:
        """What happens to them after that version, for so many seconds at most.

        It ends without an error when its time is over, or earlier where the server ends it. Raises
        ClusterError: EXPIRED means that a listing comes first.
        """
        async with aclosing(self._asking.watch("leases", version, seconds, _SELECTOR)) as events:
            async for event in events:
                yield _seen(event)

    async def delete(self, lease: LeaseObject) -> bool:
        """Delete this very version. False where it is gone, or was changed meanwhile."""
        return await self._asking.delete(lease.name, f"lease {lease.name}", lease.uid, lease.version)


def labelled(lease: LeaseObject) -> LeaseObject:
    """The lease with the label by which consoles find it."""
    return replace(lease, labels={**lease.labels, MANAGED_BY: LEEWARD})


def micro_time(at: datetime | None) -> str | None:
    """A MicroTime as the server has it: six digits, `2026-11-23T15:00:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at is not None else None


# -- to objects


def _body(lease: LeaseObject) -> dict[str, Any]:
    """The object to store: what was read, with what is ours in it as it is to be."""
    metadata = {key: value for key, value in _under(lease.stored, "metadata").items() if key not in _UNREAD}
    foreign = _under(metadata, "annotations")
    kept = {key: value for key, value in foreign.items() if not key.startswith(OURS)}
    metadata |= {
        "name": lease.name,
        "labels": {**_under(metadata, "labels"), **lease.labels, MANAGED_BY: LEEWARD},
        "annotations": {**kept, **lease.annotations},
    }
    if lease.uid:
        metadata |= {"uid": lease.uid, "resourceVersion": lease.version}
    spec = {
        **_under(lease.stored, "spec"),
        "holderIdentity": lease.holder,
        "leaseDurationSeconds": lease.duration_s or None,  # a server takes none, but not 0
        "acquireTime": micro_time(lease.acquired_at),
        "renewTime": micro_time(lease.renewed_at),
        "leaseTransitions": lease.transitions,
    }
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


# -- from objects


def _seen(event: Event) -> SeenLease:
    """The event of a lease; what is none tells at most how far the watch is."""
    lease = _lease(event.object) if event.object is not None else None
    kind = _KINDS.get(event.type)
    if lease is None or not lease.name or kind is None:
        return SeenLease("bookmark", None, "", lease.version if lease is not None else "")
    return SeenLease(kind, lease, lease.name, lease.version)


def _read(content: bytes, name: str) -> LeaseObject:
    lease = _lease(content)
    if lease is None:
        said = f"What the shared place has as lease {name} is no lease."
        raise ClusterError(Reason.SERVER, said, "Look at it with kubectl.", sent=True)
    return lease


def _lease(content: bytes | msgspec.Raw) -> LeaseObject | None:
    """The lease that an object is; None where it is none. What has a wrong type is left out."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    metadata, spec = _under(found, "metadata"), _under(found, "spec")
    name = metadata.get("name")
    if not isinstance(found, dict):
        return None
    return LeaseObject(
        name=name if isinstance(name, str) else "",
        holder=_text(spec.get("holderIdentity")),
        duration_s=_number(spec.get("leaseDurationSeconds"), _LONGEST_DURATION),
        renewed_at=moment(spec.get("renewTime")),
        acquired_at=moment(spec.get("acquireTime")),
        transitions=_number(spec.get("leaseTransitions"), 2**31 - 1),
        annotations=_texts(_under(metadata, "annotations"), OURS),
        labels=_texts(_under(metadata, "labels"), ""),
        version=_text(metadata.get("resourceVersion")),
        uid=_text(metadata.get("uid")),
        stored={key: value for key, value in found.items() if key in ("metadata", "spec")},
    )


def _under(parent: object, key: str) -> dict[str, Any]:
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return clean(value, limit=_LONGEST) if isinstance(value, str) else ""


def _texts(found: Mapping[str, Any], prefix: str) -> dict[str, str]:
    return {
        key: clean(value, limit=_LONGEST)
        for key, value in found.items()
        if key.startswith(prefix) and isinstance(value, str)
    }


def _number(value: object, most: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else 0
