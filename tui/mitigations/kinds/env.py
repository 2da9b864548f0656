"""Environment variables of the service's container: several at once are one rollout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from tui.clients.cluster import Cluster
from tui.mitigations import by_hand, meaning
from tui.mitigations.kinds.kind import APPLIED, NOT_APPLIED, OVERWRITTEN, Asked
from tui.mitigations.kinds.objects import Change, OnObject, parts
from tui.mitigations.patch import env_ops
from tui.mitigations.refusal import Refused, rewritten
from tui.mitigations.survey import Survey, survey
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, notes_of
from tui.model.mitigation import Made, Plan, told
from tui.model.runbook import Direction, EnvChange
from tui.model.text import clean
from tui.model.times import clock, rfc3339

Json = Mapping[str, Any]
_NUMBER = re.compile(r"[0-9]{1,9}")
_BOOLEANS = ("true", "false")
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """The container, and what it has today of the variables that change."""

    index: int
    container: Json
    before: Mapping[str, str | None]

    @property
    def name(self) -> str:
        return str(self.container.get("name") or "")


class EnvKind(OnObject):
    """Sets variables, leased; the way back is what the lease says."""

    name = "env"

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a change."""
        rule, change = asked.rule, asked.rule.change
        assert isinstance(change, EnvChange)
        found = await survey(asked.cluster)
        place = _place(asked.cluster, found, [name for name, _ in change.values])
        wanted = checked_values(change, asked.value, place.before)
        first = change.variable
        held = _leases_on(found, first, place.name, place.before[first])
        previous = held[0].previous if held and held[0].value == place.before[first] else place.before[first]
        lease = LeaseNote(
            incident=asked.incident,
            mitigation=rule.id,
            container=place.name,
            variable=first,
            value=wanted[first],
            previous=previous,
            owner=asked.owner,
            applied_at=asked.now,
            until=asked.now + asked.hold,
            more=tuple((name, wanted[name], place.before[name]) for name in list(wanted)[1:]),
        )
        # What goes back to how it was before any lease is no temporary change.
        returning = bool(held) and not lease.more and wanted[first] == previous
        back = {first: previous, **{name: place.before[name] for name in list(wanted)[1:]}}
        made = self._change(asked, found, place, dict(wanted), back)
        made = replace(
            made,
            means=meaning.means(rule, found, place.before[first], wanted[first]),
            lease=None if returning else lease,
            mark={**(made.mark or {}), **({} if returning else {"leased_at": rfc3339(asked.now)})},
            released=[note.mitigation for note in held],
            notes=(*_notes(place), *_held_notes(held, place.before[first])),
        )
        return await self.planned(asked, found, made)

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """The way back: of two changes of one variable, the value from before both."""
        found = await survey(asked.cluster, undoing=True)
        names = [part.variable for part in parts(change)]
        place = _place(asked.cluster, found, names)
        change = replace(change, container=place.name)
        live = place.before[change.variable]
        held = [
            note
            for note in _leases_on(found, change.variable, place.name, live)
            if note.value == change.after
        ]
        if held and held[0].more and not change.more:
            change = replace(change, mark={**change.mark, "more": _rows(held[0])})
            names = [part.variable for part in parts(change)]
            place = _place(asked.cluster, found, names)
        if self.strange(found.deployment, change):
            raise self.not_ours(found.deployment, change)
        back = {part.variable: part.before for part in parts(change)}
        if held:
            back[change.variable] = held[0].previous
        if back == dict(place.before):
            raise Refused(
                f"{change.variable} was {told(live)} before as well; there is nothing to undo.",
                "Choose another mitigation.",
            )
        released = [note.mitigation for note in _leases_on(found, change.variable, place.name, live)]
        made = self._change(asked, found, place, back, dict(place.before))
        first = back[change.variable]
        per_pod = isinstance(asked.rule.change, EnvChange) and asked.rule.change.per_pod
        means = (
            meaning.means(asked.rule, found, live, first)
            if first is not None and per_pod
            else ", ".join(f"{name} goes back to {told(value)}" for name, value in back.items())
        )
        made = replace(
            made, means=means, released=released, undoes=entry, cause=f"undo {made.cause}", notes=()
        )
        return await self.planned(asked, found, made)

    def live(self, deployment: Json, change: Made) -> str | None:
        """The variable's value."""
        return workload.live_value(deployment, self._where(deployment, change), change.variable)

    def manager(self, deployment: Json, change: Made) -> str:
        """Who wrote its entry."""
        return workload.env_manager(deployment, self._where(deployment, change), change.variable)

    def without_token(self, deployment: Json, change: Made) -> str:
        """By the lease: a change and its lease are one patch.

        Where the lease is, the change was made, and where only the value is, somebody else set it,
        unless our field manager is its owner.
        """
        lease = _lease(deployment, change)
        if lease is not None and not change.container:
            change = replace(change, container=lease.container)
        live = self.live(deployment, change)
        ours = self.manager(deployment, change) == "leeward"
        if change.undoes:
            return _undone(live, change, lease, ours)
        if lease is not None and lease.value == change.after and _is_its(lease, change):
            return OVERWRITTEN if self.strange(deployment, change) else APPLIED
        if live == change.after and ours and not change.mark.get("leased_at"):
            return APPLIED
        return NOT_APPLIED

    def _where(self, deployment: Json, change: Made) -> str:
        """The container that is meant, else the one that has the variable, else the first one."""
        if change.container:
            return change.container
        all_of_them = workload.containers(deployment)
        having = [c for c in all_of_them if workload.env_entries(c, change.variable)] or list(all_of_them)
        return str(having[0].get("name") or "") if having else ""

    def _change(
        self,
        asked: Asked,
        found: Survey,
        place: _Place,
        values: Mapping[str, str | None],
        back: Mapping[str, str | None],
    ) -> Change:
        """What is common to both ways; `back` is what the command by hand that undoes it sets."""
        (first, after), *_ = values.items()
        more = tuple((name, place.before[name], values[name]) for name in list(values)[1:])
        several = place.name if len(workload.containers(found.deployment)) > 1 else ""

        def verify(stored: Json) -> None:
            _check_stored(stored, place, values)

        def diff(old: Json, new: Json) -> tuple[str, ...]:
            return meaning.diff(old, new, place.index, values)

        return Change(
            variable=first,
            before=place.before[first],
            after=after,
            more=more,
            ops=env_ops(found.deployment, place.index, values),
            cause=", ".join(f"{n} {told(place.before[n])} -> {told(v)}" for n, v in values.items()),
            ours=f"spec.template.spec.containers[{place.index}].env",
            container=place.name,
            means="",
            diff=diff,
            verify=verify,
            apply_by_hand=by_hand.set_variables(asked.cluster, values, several),
            undo_by_hand=by_hand.set_variables(asked.cluster, back, several),
            mark={"more": [list(row) for row in more]} if more else {},
            git_patch=_for_git(place.name, values),
        )


def checked_values(change: EnvChange, value: str | None, before: Mapping[str, str | None]) -> dict[str, str]:
    """The values, fit to be set. Raises Refused for one that is none, is worse, or where all are there."""
    first = change.value if value is None else value
    there = all(before[name] == wanted for name, wanted in change.more)
    wanted = {change.variable: checked_value(change, first, before[change.variable], also=not there)}
    for name, text in change.more:
        if len(text) > _LONGEST or clean(text) != text:
            raise Refused(f"The value for {name} must be one line of plain text.", "Mend the runbook.")
        wanted[name] = text
    return wanted


def checked_value(change: EnvChange, value: str, before: str | None, *, also: bool = False) -> str:
    """One value, fit to be set; `also`: other variables change with it, so that it may be there already."""
    value = value.strip()
    name = change.variable
    if len(value) > _LONGEST or clean(value) != value:
        raise Refused(f"The value for {name} must be one line of plain text.", "Edit the value.")
    if change.numeric and (not _NUMBER.fullmatch(value) or int(value) < 1):
        raise Refused(
            f"{name} must be a whole number from 1 on; {clean(value, limit=40)!r} is none.", "Edit the value."
        )
    if change.value in _BOOLEANS and value not in _BOOLEANS:
        raise Refused(
            f"{name} must be true or false; {clean(value, limit=40)!r} is neither.", "Edit the value."
        )
    if value == before and not also:
        raise Refused(f"{name} is {told(value)} already; no change is needed.", "Choose another mitigation.")
    if change.worse is not None and _worse(change.worse, value, before):
        raise Refused(
            f"{name} {told(before)} → {value} would make it worse: it must not go {change.worse}.",
            f"Choose a value that is {'lower' if change.worse is Direction.HIGHER else 'higher'} "
            f"than {told(before)}.",
        )
    return value


def _worse(worse: Direction, value: str, before: str | None) -> bool:
    if before is None or not _NUMBER.fullmatch(before.strip()) or not _NUMBER.fullmatch(value):
        return False  # nothing to compare with
    return int(value) > int(before) if worse is Direction.HIGHER else int(value) < int(before)


def _check_stored(stored: Json, place: _Place, values: Mapping[str, str | None]) -> None:
    """The server's answer must hold exactly what was asked for."""
    containers = workload.containers(stored)
    container = containers[place.index] if place.index < len(containers) else {}
    for name, after in values.items():
        becomes = workload.env_value(container, name)
        if container.get("name") != place.name or becomes != after:
            raise rewritten(f"store {name} as {told(becomes)} instead of {told(after)}")


def _for_git(container: str, values: Mapping[str, str | None]) -> str:
    """The variables as they would stand in the deployment's file."""
    entries = [{"name": name, "value": value} for name, value in values.items() if value is not None]
    gone = [name for name, value in values.items() if value is None]
    said = "".join(f"# take out of env: {name}\n" for name in gone)
    if not entries:
        return said
    spec = {"template": {"spec": {"containers": [{"name": container, "env": entries}]}}}
    return said + str(yaml.safe_dump({"spec": spec}, sort_keys=False))


def _undone(live: str | None, change: Made, lease: LeaseNote | None, ours: bool) -> str:
    if lease is not None and lease.value == change.before:
        return NOT_APPLIED if live == change.before else OVERWRITTEN
    if live == change.after and (ours or change.after is None):
        return APPLIED
    return OVERWRITTEN if live != change.before else NOT_APPLIED


def _lease(deployment: Json, change: Made) -> LeaseNote | None:
    for note in notes_of(deployment):
        if note.variable == change.variable and note.mitigation == change.mitigation:
            return note
    return None


def _is_its(lease: LeaseNote, change: Made) -> bool:
    """Whether the lease was written by this very change, as far as that is known of it."""
    at = change.mark.get("leased_at")
    return not at or (rfc3339(lease.applied_at) == at and change.token.startswith(f"{lease.incident} "))


def _rows(note: LeaseNote) -> list[list[str | None]]:
    return [[name, previous, value] for name, value, previous in note.more]


def _leases_on(found: Survey, variable: str, container: str, live: str | None) -> list[LeaseNote]:
    """Leases of this variable in this container, the ones whose value is live first."""
    here = [
        note
        for note in notes_of(found.deployment)
        if note.variable == variable and note.container in ("", container) and note.kind == "env"
    ]
    return sorted(here, key=lambda note: note.value != live)


def _held_notes(held: list[LeaseNote], live: str | None) -> tuple[str, ...]:
    return tuple(
        f"held at {note.value} since {clock(note.applied_at)} by {note.owner} ({note.incident}); "
        f"its undo goes back to {told(note.previous)}"
        for note in held
        if note.value == live
    )


def _notes(place: _Place) -> tuple[str, ...]:
    notes = []
    for name, before in place.before.items():
        if before is None and place.container.get("envFrom"):
            notes.append(f"{name} may come from the container's envFrom today: a value set here wins over it")
        if before is not None and "$(" in before:
            notes.append(f"today's value of {name} refers to another variable")
    return tuple(notes)


def _place(cluster: Cluster, found: Survey, variables: list[str]) -> _Place:
    index, container = _container(cluster, found.deployment, variables[0])
    return _Place(index, container, {name: _plain_value(container, name) for name in variables})


def _container(cluster: Cluster, deployment: Json, variable: str) -> tuple[int, Json]:
    """The container that is meant: the settings', the only one, the one that has the variable."""
    all_of_them = workload.containers(deployment)
    names = [str(container.get("name")) for container in all_of_them]
    if cluster.container:
        found = workload.container_named(deployment, cluster.container)
        if found is None:
            raise Refused(
                f"Deployment {cluster.deployment_name} has no container {cluster.container}; "
                "nothing was changed.",
                f"Set kubernetes.container to one of: {clean(', '.join(names), limit=200)}.",
            )
        return found
    if len(all_of_them) == 1:
        return 0, all_of_them[0]
    having = [i for i, container in enumerate(all_of_them) if workload.env_entries(container, variable)]
    if len(having) == 1:
        return having[0], all_of_them[having[0]]
    named = workload.container_named(deployment, cluster.deployment_name)
    if named is not None and not having:
        return named
    raise Refused(
        f"Deployment {cluster.deployment_name} has several containers, and it is not plain which one "
        f"reads {variable}; nothing was changed.",
        f"Set kubernetes.container to one of: {clean(', '.join(names), limit=200)}.",
    )


def _plain_value(container: Json, variable: str) -> str | None:
    found = workload.env_entries(container, variable)
    if len(found) > 1:
        raise Refused(
            f"{variable} stands {len(found)} times in the container's env, and the last one wins; "
            "nothing was changed.",
            "Remove the others from the deployment first.",
        )
    if not found:
        return None
    source = found[0][1].get("valueFrom")
    if source:
        raise Refused(
            f"{variable} comes from {_source(source)}, not from a plain value; nothing was changed.",
            "Change it there, then restart the pods.",
        )
    return workload.env_value(container, variable)


def _source(value_from: Json) -> str:
    for kind, word in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        reference = value_from.get(kind)
        if isinstance(reference, Mapping):
            return clean(f"{word} {reference.get('name')}, key {reference.get('key')}", limit=160)
    return clean(f"the pod's own {', '.join(map(str, value_from))}", limit=160)
