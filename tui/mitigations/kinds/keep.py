"""A lease that is decided about: kept by somebody until another moment, or ended. No pod restarts.

The annotation alone changes, and only if it is to the letter what was read.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tui.clients.cluster import Cluster, ClusterError
from tui.clients.cluster_errors import OPEN_AGAIN
from tui.mitigations.kinds.kind import APPLIED, NOT_APPLIED, OVERWRITTEN, Asked
from tui.mitigations.kinds.objects import OnObject, dry_run
from tui.mitigations.patch import JSON_PATCH, lease_patch
from tui.mitigations.refusal import Refused, refused_by, rewritten
from tui.mitigations.survey import not_permitted, ownership_of
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, annotation_of, lease_text, live_of, notes_of
from tui.model.mitigation import Made, Plan, Target, told
from tui.model.reading import LeaseSeen
from tui.model.runbook import Risk
from tui.model.text import clean
from tui.model.times import date_and_time, rfc3339

Json = Mapping[str, Any]
ENDED = "no lease"


class KeepKind(OnObject):
    """Writes or removes a lease alone; what it leases stays as it is."""

    name = "lease"
    rolls_out = False
    reversible = False
    judged = False

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a decision about `asked.lease`: kept for `asked.hold` by the owner, or ended."""
        lease = asked.lease
        assert lease is not None
        deployment, target = await _look(asked.cluster)
        note = _note(deployment, lease)
        was = workload.annotations(deployment)[annotation_of(note.mitigation)]
        kept = _kept(deployment, note, asked) if asked.hold else None
        becomes = lease_text(kept) if kept else None
        patch = lease_patch(deployment, was, kept, note.mitigation)
        self._check_stored(await dry_run(asked.cluster, patch), note.mitigation, becomes)
        what = f"{note.variable}={told(note.value)}"
        before, after = _held(note), _held(kept) if kept else ENDED
        return Plan(
            rule=replace(
                asked.rule, title=f"Keep {what}" if kept else f"End the lease of {what}", risk=Risk.LOW
            ),
            target=target,
            variable=f"lease of {note.variable}",
            before=before,
            after=after,
            patch=patch,
            content_type=JSON_PATCH,
            diff=_diff(note.mitigation, was, becomes),
            means=_means(what, kept),
            touches="no pod: only an annotation of the deployment changes",
            ownership=ownership_of(deployment),
            checked="permitted, server dry run accepted",
            notes=(),
            apply_by_hand="",
            undo_by_hand="",
            hold=timedelta(0),
            kind=self.name,
            reversible=False,
            way_back="decide again; z still undoes what is leased" if kept else "the lease is gone for good",
            says=f"{what}: {before} → {after}",
            mark={
                "was": was,
                "becomes": becomes,
                "owner": kept.owner if kept else "",
                "until": rfc3339(kept.until) if kept else "",
                "leased": note.variable,
            },
        )

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """There is none: a decision is followed by another one."""
        raise Refused("A decision about a lease is not taken back; nothing was changed.", "Decide again.")

    def live(self, deployment: Json, change: Made) -> str | None:
        """The lease as it is written."""
        return workload.annotations(deployment).get(annotation_of(change.mitigation))

    def manager(self, deployment: Json, change: Made) -> str:
        """Who wrote it."""
        path = ("f:metadata", "f:annotations", f"f:{annotation_of(change.mitigation)}")
        return workload.field_manager(deployment, *path)

    def drifted(self, deployment: Json, plan: Plan) -> str:
        """Why it no longer is the lease that was read."""
        if workload.uid(deployment) != plan.target.uid:
            return f"deployment {plan.target.deployment} was deleted and made anew"
        return self._other(deployment, plan.made, plan.mark.get("was"), plan.before)

    def arrived(self, deployment: Json, plan: Plan) -> bool:
        """Whether it is what was to be written."""
        return self.live(deployment, plan.made) == plan.mark.get("becomes")

    def strange(self, deployment: Json, change: Made) -> str:
        """What stands there instead of what was written."""
        return self._other(deployment, change, change.mark.get("becomes"), change.after)

    def outcome(self, deployment: Json, change: Made) -> str:
        """What became of it, by the lease itself."""
        uid = workload.uid(deployment)
        live = self.live(deployment, change)
        if (change.uid and uid != change.uid) or live == change.mark.get("was"):
            return NOT_APPLIED
        return APPLIED if live == change.mark.get("becomes") else OVERWRITTEN

    def _other(self, deployment: Json, change: Made, wanted: Any, shown: str | None) -> str:
        if self.live(deployment, change) == wanted:
            return ""
        found = [note for note in notes_of(deployment) if note.mitigation == change.mitigation]
        now = _held(found[0]) if found else ENDED
        manager = clean(self.manager(deployment, change), limit=60)
        by = f", set by {manager}" if manager else ""
        return f"{change.variable} is {now} now{by}, no longer {told(shown)}"

    def _check_stored(self, stored: Json, mitigation: str, becomes: str | None) -> None:
        if workload.annotations(stored).get(annotation_of(mitigation)) != becomes:
            raise rewritten("not store the lease as it was sent")


async def _look(cluster: Cluster) -> tuple[Json, Target]:
    """The deployment, and whether we may write on it. Raises Refused."""
    try:
        user, allowed, deployment = await asyncio.gather(
            cluster.whoami(),
            cluster.may("patch", "apps", "deployments", cluster.deployment_name),
            cluster.deployment(),
        )
    except ClusterError as error:
        raise refused_by(error) from None
    if not allowed:
        raise not_permitted(cluster, user)
    return deployment, Target(
        context=cluster.context,
        namespace=cluster.namespace,
        deployment=cluster.deployment_name,
        container="",
        user=user,
        uid=workload.uid(deployment),
        generation=workload.generation(deployment),
    )


def _note(deployment: Json, lease: LeaseSeen) -> LeaseNote:
    for note in notes_of(deployment):
        if (note.mitigation, note.variable) == (lease.mitigation, lease.variable):
            return note
    raise Refused(
        f"There is no lease of {lease.variable} on the deployment any more; nothing was changed.",
        "Press r to look again.",
    )


def _kept(deployment: Json, note: LeaseNote, asked: Asked) -> LeaseNote:
    live = live_of(deployment, note)
    if live != note.value:
        raise Refused(
            f"{note.variable} is {told(live)} now, no longer the {told(note.value)} that was leased; "
            "nothing was changed.",
            "Talk to whoever changed it.",
        )
    kept = replace(note, owner=asked.owner, until=(asked.now + asked.hold).replace(microsecond=0))
    if (kept.owner, kept.until) == (note.owner, note.until):
        raise Refused(f"It is {_held(note)} already; nothing was changed.", OPEN_AGAIN)
    return kept


def _held(note: LeaseNote) -> str:
    return f"held by {note.owner} until {date_and_time(note.until)}"


def _means(what: str, kept: LeaseNote | None) -> str:
    if kept is None:
        return f"{what} stays, and nobody is reminded of it: it must be declared where it belongs"
    return f"{what} stays; any console rings at its end, {date_and_time(kept.until)}, and asks again"


def _diff(mitigation: str, was: str, becomes: str | None) -> tuple[str, ...]:
    key = annotation_of(mitigation)
    lines = (f"-   {key}: {clean(was, limit=400)}",)
    more = (f"+   {key}: {clean(becomes, limit=400)}",) if becomes is not None else ()
    return ("  metadata.annotations", *lines, *more)
