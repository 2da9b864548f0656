"""The number of pods: a user's own mitigation, refused where an autoscaler owns it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui.clients.cluster import ClusterError
from tui.mitigations import by_hand, meaning
from tui.mitigations.kinds.kind import Asked
from tui.mitigations.kinds.objects import Change, OnObject
from tui.mitigations.patch import scale_ops
from tui.mitigations.refusal import Refused, refused_by, rewritten
from tui.mitigations.survey import Survey, survey
from tui.model import deployment as workload
from tui.model.lease import LeaseNote, notes_of
from tui.model.mitigation import Made, Plan
from tui.model.runbook import Direction, Scale
from tui.model.text import clean

Json = Mapping[str, Any]
VARIABLE = "replicas"
_NUMBER = re.compile(r"[0-9]{1,4}")
MOST = 1000


class ScaleKind(OnObject):
    """Sets the replicas, leased."""

    name = "scale"

    async def plan(self, asked: Asked) -> Plan:
        """The plan of a change of size."""
        change = asked.rule.change
        assert isinstance(change, Scale)
        found = await survey(asked.cluster, at_rest=True)
        _check_owner(found)
        wanted = checked_size(change, asked.value, found.pods)
        held = [note for note in _leases(found) if note.value == str(found.pods)]
        lease = LeaseNote(
            incident=asked.incident,
            mitigation=asked.rule.id,
            container="",
            variable=VARIABLE,
            value=str(wanted),
            previous=held[0].previous if held else str(found.pods),
            owner=asked.owner,
            applied_at=asked.now,
            until=asked.now + asked.hold,
            kind=self.name,
        )
        notes = () if await self._sees_autoscalers(asked) else (_UNSEEN,)
        made = self._change(asked, found, wanted, int(lease.previous or found.pods))
        released = [note.mitigation for note in _leases(found)]
        return await self.planned(asked, found, replace(made, lease=lease, released=released, notes=notes))

    async def undo(self, asked: Asked, change: Made, entry: str) -> Plan:
        """Back to the size from before, if it is still the one that we set."""
        found = await survey(asked.cluster, undoing=True, at_rest=True)
        _check_owner(found)
        if self.strange(found.deployment, change):
            raise self.not_ours(found.deployment, change)
        held = [note for note in _leases(found) if note.value == change.after]
        previous = held[0].previous if held else change.before
        if previous is None or not _NUMBER.fullmatch(previous) or previous == str(found.pods):
            raise Refused(
                "It had as many pods before; there is nothing to undo.", "Choose another mitigation."
            )
        made = self._change(asked, found, int(previous), found.pods)
        released = [note.mitigation for note in _leases(found)]
        means = f"back to {_pods(int(previous))}"
        return await self.planned(
            asked,
            found,
            replace(made, released=released, undoes=entry, cause=f"undo {made.cause}", means=means),
        )

    def live(self, deployment: Json, change: Made) -> str | None:
        """The replicas."""
        return str(workload.replicas_wanted(deployment))

    def manager(self, deployment: Json, change: Made) -> str:
        """Who set them."""
        return workload.field_manager(deployment, "f:spec", "f:replicas")

    def _change(self, asked: Asked, found: Survey, wanted: int, back: int) -> Change:
        before, after = str(found.pods), str(wanted)

        def verify(stored: Json) -> None:
            becomes = workload.replicas_wanted(stored)
            if becomes != wanted:
                raise rewritten(f"store {becomes} replicas instead of {wanted}")

        more = wanted - found.pods
        return Change(
            variable=VARIABLE,
            before=before,
            after=after,
            ops=scale_ops(found.deployment, wanted),
            cause=f"replicas {before} -> {after}",
            ours="spec.replicas",
            means=meaning.means(asked.rule, found, before, after),
            touches=f"{_pods(abs(more))} {'more' if more > 0 else 'fewer'}; the others stay as they are",
            diff=lambda old, new: (
                "  spec",
                f"-   replicas: {workload.replicas_wanted(old)}",
                f"+   replicas: {workload.replicas_wanted(new)}",
            ),
            verify=verify,
            apply_by_hand=by_hand.of(asked.cluster, "scale", f"--replicas={wanted}"),
            undo_by_hand=by_hand.of(asked.cluster, "scale", f"--replicas={back}"),
            git_patch=f"spec:\n  replicas: {wanted}\n",
        )

    async def _sees_autoscalers(self, asked: Asked) -> bool:
        try:
            return await asked.cluster.may("list", "autoscaling", "horizontalpodautoscalers")
        except ClusterError as error:
            raise refused_by(error) from None


_UNSEEN = "you may not list autoscalers: whether one owns the number of pods is not known"


def checked_size(change: Scale, value: str | None, before: int) -> int:
    """The number of pods, fit to be set. Raises Refused."""
    text = str(change.replicas) if value is None else value.strip()
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise Refused(
            f"The number of pods must be from 1 to {MOST}; {clean(text, limit=40)!r} is not.",
            "Edit the value.",
        )
    wanted = int(text)
    if wanted == before:
        raise Refused(
            f"There are {_pods(before)} already; no change is needed.", "Choose another mitigation."
        )
    higher = wanted > before
    if (change.worse is Direction.HIGHER and higher) or (change.worse is Direction.LOWER and not higher):
        raise Refused(
            f"replicas {before} → {wanted} would make it worse: it must not go {change.worse}.",
            f"Choose a number that is {'lower' if higher else 'higher'} than {before}.",
        )
    return wanted


def _check_owner(found: Survey) -> None:
    if found.autoscalers:
        names = ", ".join(found.autoscalers)
        raise Refused(
            f"The number of pods is owned by the autoscaler {names}, which would set it again at once; "
            "nothing was changed.",
            f"Change the bounds of {names} instead.",
        )


def _leases(found: Survey) -> list[LeaseNote]:
    return [note for note in notes_of(found.deployment) if note.kind == "scale"]


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
