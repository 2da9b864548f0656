"""Back to an earlier revision's pod template, with the preconditions that `kubectl rollout undo` lacks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui.clients.cluster import Cluster, Reason
from tui.mitigations import by_hand, meaning, templates
from tui.mitigations.kinds.kind import Asked
from tui.mitigations.kinds.objects import Change, OnObject
from tui.mitigations.patch import template_ops
from tui.mitigations.refusal import Refused, rewritten
from tui.mitigations.survey import Survey, survey
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, live_of, notes_of
from tui.model.mitigation import Made, Plan
from tui.model.text import clean
from tui.model.times import clock, parse_rfc3339, span

Json = Mapping[str, Any]
VARIABLE = "revision"
_ANOTHER = "another template"


class RollbackKind(OnObject):
    """Replaces the template by a ReplicaSet's; the way back is the template that was live.

    A template is known by its digest. The ReplicaSets keep the templates themselves, so that
    nothing that may stand in one has to be written into a journal.
    """

    name = "rollback"

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a rollback, to the newest revision that differs by more than our own changes."""
        found = await survey(asked.cluster, during_rollout=True)
        sets = _sets(asked.cluster, found)
        chosen, skipped = _chosen(found, sets, asked.value)
        change = self._change(asked, found, chosen, asked.now)
        return await self.planned(asked, found, replace(change, notes=(*skipped, *change.notes)))

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """Forward again to the template that was live before, if ours is still the live one."""
        found = await survey(asked.cluster, undoing=True)
        if self.strange(found.deployment, change):
            raise self.not_ours(found.deployment, change)
        wanted = change.mark.get("before")
        there = [item for item in _sets(asked.cluster, found) if _digest(item) == wanted]
        if not there:
            raise Refused(
                f"The template of revision {change.before} is kept no longer, so it cannot be brought back; "
                "nothing was undone.",
                "Deploy it from where it was built.",
            )
        back = self._change(asked, found, there[0], asked.now)
        return await self.planned(asked, found, replace(back, undoes=entry, cause=f"undo: {back.cause}"))

    def live(self, deployment: Json, change: Made) -> str | None:
        """The revision in the change's own terms: by the template, since numbers are given anew."""
        digest = templates.digest(workload.template(deployment))
        if digest == change.mark.get("after"):
            return change.after
        if digest == change.mark.get("before"):
            return change.before
        return _ANOTHER

    def manager(self, deployment: Json, change: Made) -> str:
        """Who of all that own a part of the template wrote last."""
        return workload.field_manager(deployment, "f:spec", "f:template")

    def _change(self, asked: Asked, found: Survey, chosen: Json, now: datetime) -> Change:
        deployment = found.deployment
        template = templates.bare(workload.template(chosen))
        mark = {
            "before": templates.digest(workload.template(deployment)),
            "after": templates.digest(template),
        }
        before, after = str(workload.revision(deployment)), str(workload.revision(chosen))
        ended = _ended_leases(deployment, template)
        said = _of_revision(chosen, now)
        diff = templates.differences(workload.template(deployment), template)

        def verify(stored: Json) -> None:
            if templates.digest(workload.template(stored)) != mark["after"]:
                raise rewritten(f"store another template than revision {after} had")

        return Change(
            variable=VARIABLE,
            before=before,
            after=after,
            ops=template_ops(deployment, template),
            cause=f"back to the template of revision {after}{_cause(chosen)}",
            ours="spec.template",
            means=meaning.means(asked.rule, found, before, after),
            diff=lambda _old, _new: diff,
            verify=verify,
            apply_by_hand=by_hand.of(asked.cluster, "rollout", "undo", f"--to-revision={after}"),
            undo_by_hand=by_hand.of(asked.cluster, "rollout", "undo", f"--to-revision={before}"),
            released=[note.mitigation for note in ended],
            mark=mark,
            says=f"revision {before} → {after}{_cause(chosen)}",
            notes=(
                f"today: revision {before}{_of_today(found, before, now)}",
                f"then: revision {after}{said}",
                *(f"this ends the lease of {note.variable}={note.value}" for note in ended),
            ),
            git_patch="\n".join(diff),
            way_back=f"forward again to the template of revision {before}, if nobody has changed it since",
        )


def _sets(cluster: Cluster, found: Survey) -> tuple[Json, ...]:
    if found.replica_sets is None:
        raise Refused(
            f"{found.target.user or 'Your user'} may not list replicasets.apps in namespace "
            f"{cluster.namespace} of {cluster.context}, where the earlier revisions are kept; nothing was "
            "changed.",
            f"Ask {cluster.administrators} for a Role with list on replicasets.apps in {cluster.namespace}.",
            reason=Reason.FORBIDDEN,
        )
    return found.replica_sets


def _chosen(found: Survey, sets: tuple[Json, ...], value: str | None) -> tuple[Json, tuple[str, ...]]:
    """The ReplicaSet to go back to, and what there is to say about those that were passed over."""
    now = workload.revision(found.deployment)
    live = templates.digest(workload.template(found.deployment))
    if not any(_digest(item) == live for item in sets):
        raise Refused(
            "The deployment was changed a moment ago, and its controller has made no revision of it yet; "
            "nothing was changed.",
            "Open the preview again in a moment.",
        )
    if value is not None:
        return _asked_for(sets, value, live), ()
    earlier = [item for item in sets if 0 < workload.revision(item) < now and _digest(item) != live]
    if not earlier:
        raise Refused(
            f"There is no earlier revision than {now} to go back to; nothing was changed.",
            "Deploy a version that is known to work.",
        )
    leased = {note.variable for note in notes_of(found.deployment)}
    essence = templates.essence(workload.template(found.deployment), leased)
    passed: list[int] = []
    for item in earlier:
        if templates.essence(workload.template(item), leased) != essence:
            return item, _passed_over(passed)
        passed.append(workload.revision(item))
    raise Refused(
        f"The earlier revisions ({', '.join(map(str, passed))}) differ from today's only by a restart or by "
        "what Leeward set itself; nothing was changed.",
        "Take that back by its own undo (z), or deploy a version that is known to work.",
    )


def _asked_for(sets: tuple[Json, ...], value: str, live: str) -> Json:
    wanted = value.strip()
    found = next((item for item in sets if str(workload.revision(item)) == wanted), None)
    if found is None:
        kept = ", ".join(str(workload.revision(item)) for item in sets)
        raise Refused(
            f"There is no revision {clean(wanted, limit=40)!r}; nothing was changed.",
            f"Choose one of: {kept}.",
        )
    if _digest(found) == live:
        raise Refused(
            f"Revision {wanted} has the template that is live already; no change is needed.",
            "Choose another revision.",
        )
    return found


def _passed_over(passed: list[int]) -> tuple[str, ...]:
    if not passed:
        return ()
    which = ", ".join(map(str, passed))
    return (f"passed over: revision {which}, which differs only by a restart or by what Leeward set itself",)


def _ended_leases(deployment: Json, template: Json) -> tuple[LeaseNote, ...]:
    """Leases whose value the other template does not have."""
    other = {"spec": {"template": template}}
    ended = [
        note
        for note in notes_of(deployment)
        if note.kind == "env"
        and live_of(deployment, note) == note.value
        and live_of(other, note) != note.value
    ]
    return tuple(ended)


def _digest(item: Json) -> str:
    return templates.digest(workload.template(item))


def _cause(item: Json) -> str:
    cause = clean(workload.annotations(item).get(workload.CHANGE_CAUSE, ""), limit=80)
    return f" ({cause})" if cause else ""


def _of_revision(item: Json, now: datetime) -> str:
    """` (release 2.3.1), first made 14:02 UTC, 2 d ago`."""
    made = str((item.get("metadata") or {}).get("creationTimestamp") or "")
    try:
        at = parse_rfc3339(made)
    except ValueError:
        return _cause(item)
    return f"{_cause(item)}, first made {clock(at)} UTC, {span(max(now - at, timedelta(0)))} ago"


def _of_today(found: Survey, revision: str, now: datetime) -> str:
    item = next((item for item in found.replica_sets or () if str(workload.revision(item)) == revision), None)
    return "" if item is None else _of_revision(item, now)
