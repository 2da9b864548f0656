"""The last change of a deployment's pods: what it was, and when, against the revision before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tui.model import deployment as read
from tui.model.times import span

Json = Mapping[str, Any]
# Two moments that are nearer than this happened together: figures come every half a minute.
TOGETHER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs between two revisions; None where one of them has it not."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """The revision that runs, and how it differs from the one before.

    Attributes:
        revision, previous: their numbers; `previous` "" where none is kept.
        cause: the change cause that was written with it, or "".
        at: when the pods' template last changed; None where it cannot be told.
        differences: of images, variables and the rest of the template, in words.
    """

    revision: str
    previous: str
    cause: str
    at: datetime | None
    differences: tuple[Difference, ...] = ()


def of(deployment: Json, replica_sets: Sequence[Json], at: datetime | None) -> Change:
    """The last change of a deployment, told from its ReplicaSets."""
    notes = read.annotations(deployment)
    revision = notes.get(read.REVISION, "")
    before = _before(revision, replica_sets)
    previous = read.annotations(before).get(read.REVISION, "") if before else ""
    differences = _between(before, deployment) if before else ()
    return Change(revision, previous, notes.get(read.CHANGE_CAUSE, ""), at, differences)


def against(errors_began: datetime, changed: datetime) -> str:
    """`2 min after`, `40 min before`, `together with`: when errors began, as seen from a change."""
    apart = errors_began - changed
    if abs(apart) < TOGETHER:
        return "together with"
    return f"{span(abs(apart))} {'after' if apart > timedelta(0) else 'before'}"


def _before(revision: str, replica_sets: Sequence[Json]) -> Json | None:
    """The ReplicaSet of the highest revision below this one."""
    if not revision.isdecimal():
        return None
    older = [
        (int(number), replica_set)
        for replica_set in replica_sets
        if (number := read.annotations(replica_set).get(read.REVISION, "")).isdecimal()
        and int(number) < int(revision)
    ]
    return max(older, key=lambda item: item[0])[1] if older else None


def _between(before: Json, after: Json) -> tuple[Difference, ...]:
    """What differs in the containers; containers are matched by name."""
    old = {str(c.get("name")): c for c in read.containers(before)}
    new = {str(c.get("name")): c for c in read.containers(after)}
    found: list[Difference] = []
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        lead = f"{name}: " if len(new) > 1 else ""
        if one is None or other is None:
            found.append(Difference(f"container {name}", _there(one), _there(other)))
            continue
        found += _of_container(one, other, lead)
    return tuple(found)


def _of_container(one: Json, other: Json, lead: str) -> list[Difference]:
    found = []
    if one.get("image") != other.get("image"):
        found.append(Difference(f"{lead}image", _text(one.get("image")), _text(other.get("image"))))
    before, after = _variables(one), _variables(other)
    found += [
        Difference(f"{lead}{name}", before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    found += [
        Difference(f"{lead}{part}", "as before", "changed")
        for part in dict.fromkeys((*one, *other))
        if part not in ("image", "env", "name") and one.get(part) != other.get(part)
    ]
    return found


def _variables(container: Json) -> dict[str, str]:
    entries = container.get("env")
    return {
        str(entry.get("name")): "(from elsewhere)"
        if entry.get("valueFrom")
        else str(entry.get("value") or "")
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    }


def _there(container: Json | None) -> str | None:
    return None if container is None else _text(container.get("image"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
