"""What changed, kept for watches and for pages of a list: one log for each resource."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from tui.drill.kubernetes import status
from tui.drill.kubernetes.encoding import encoded

Obj = dict[str, Any]
HISTORY = 5000
"""Changes of a resource that are kept at least; an older resourceVersion is answered with 410."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: ADDED, MODIFIED or DELETED, with the object after it (before it, when deleted)."""

    version: int
    type: str
    resource: str
    obj: Obj
    before: Obj | None = None
    _lines: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def place(self) -> tuple[str, str]:
        """Namespace and name of the object."""
        meta = self.obj["metadata"]
        return meta.get("namespace", ""), meta["name"]

    def line(self, kind: str) -> bytes:
        """The line of a watch that tells of it as `kind`; made once for all watches."""
        if kind not in self._lines:
            self._lines[kind] = watch_line(kind, self.obj)
        return self._lines[kind]


def watch_line(kind: str, obj: Obj) -> bytes:
    """One line of a watch."""
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), encoded(obj))


class Log:
    """The changes of one resource, oldest first; those up to `floor` have been forgotten."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self._changes: list[Change] = []
        self._versions: list[int] = []

    @property
    def newest(self) -> int:
        """The version of the last change; 0 where there was none."""
        return self._versions[-1] if self._versions else self.floor

    def add(self, change: Change) -> None:
        """Keeps a change, and forgets the oldest half once there are twice as many as are kept."""
        self._changes.append(change)
        self._versions.append(change.version)
        if len(self._changes) >= 2 * HISTORY:
            self.forget(self._versions[-HISTORY - 1])

    def forget(self, version: int) -> None:
        """Drops the changes up to a version, as etcd does when it is compacted."""
        count = bisect_right(self._versions, version)
        del self._changes[:count], self._versions[:count]
        self.floor = max(self.floor, version)

    def after(self, version: int) -> list[Change]:
        """The changes since a version; raises the 410 of a watch where some of them are forgotten."""
        if version < self.floor:
            raise status.expired(version, self.floor)
        return self._changes[bisect_right(self._versions, version) :]
