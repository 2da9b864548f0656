"""What every change of the deployment itself shares: the dry run, the sending, the looking afterwards."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tui.clients.cluster import Cluster, ClusterError, Reason
from tui.clients.cluster_errors import OPEN_AGAIN
from tui.mitigations import meaning
from tui.mitigations.kinds.kind import APPLIED, NOT_APPLIED, OVERWRITTEN, Asked, Confirm, unguarded
from tui.mitigations.ownership import suspend
from tui.mitigations.patch import JSON_PATCH, Op, guarded
from tui.mitigations.refusal import Refused, refused_by
from tui.mitigations.survey import Survey, ownership_of
from tui.model import deployment as workload
from tui.model.clock import Clock
from tui.model.lease import LeaseNote
from tui.model.mitigation import Made, Plan, told
from tui.model.text import clean

Json = Mapping[str, Any]
_ATTEMPTS = 4
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the deployment, before the server has been asked.

    Attributes:
        variable, before, after, more: as in `Plan`.
        ops: the operations, with tests of their own.
        cause: for the change cause.
        ours: the path of the spec under which all of it lies.
        container: where a variable stands, or "".
        lease: what is leased; None for what is not temporary.
        released: mitigations whose leases end with it.
        mark: as in `Plan`; the token is added.
        undoes: as in `Plan`.
        diff: of what is stored and what would be.
        verify: raises Refused where the server would store something else.
    """

    variable: str
    before: str | None
    after: str | None
    ops: Sequence[Op]
    cause: str
    ours: str
    means: str
    diff: Callable[[Json, Json], tuple[str, ...]]
    verify: Callable[[Json], None]
    apply_by_hand: str
    undo_by_hand: str
    container: str = ""
    more: tuple[tuple[str, str | None, str | None], ...] = ()
    lease: LeaseNote | None = None
    released: Sequence[str] = ()
    mark: Mapping[str, Any] | None = None
    undoes: str = ""
    notes: tuple[str, ...] = ()
    git_patch: str = ""
    says: str = ""
    reversible: bool = True
    way_back: str = ""
    touches: str = ""


class OnObject(ABC):
    """A kind that changes the deployment by one JSON Patch."""

    name: str
    rolls_out = True
    reversible = True
    judged = True
    interruptible = False

    @abstractmethod
    def live(self, deployment: Json, change: Made) -> str | None:
        """What the object has in the place of what is changed."""

    @abstractmethod
    def manager(self, deployment: Json, change: Made) -> str:
        """Who last wrote there; "" where nobody is told."""

    async def planned(self, asked: Asked, found: Survey, change: Change) -> Plan:
        """The plan of a change, with what the server makes of it. Raises Refused."""
        token = asked.token()
        patch = guarded(
            found.deployment,
            change.ops,
            cause=asked.cause(change.cause),
            token=token,
            lease=change.lease,
            released=change.released,
        )
        stored = await dry_run(asked.cluster, patch)
        if workload.uid(stored) != found.target.uid:
            raise Refused("The dry run answered for another object; nothing was changed.", OPEN_AGAIN)
        change.verify(stored)
        ownership = ownership_of(found.deployment)
        also = meaning.side_effects(found.deployment, stored, change.ours)
        side = (f"the server would also change {clean(', '.join(also), limit=160)}",) if also else ()
        return Plan(
            rule=asked.rule,
            target=replace(found.target, container=change.container),
            variable=change.variable,
            before=change.before,
            after=change.after,
            patch=patch,
            content_type=JSON_PATCH,
            diff=change.diff(found.deployment, stored),
            means=change.means,
            touches=change.touches or meaning.touches(found),
            ownership=ownership,
            checked=_checked(found),
            notes=(*found.notes, *side, *change.notes),
            apply_by_hand=change.apply_by_hand,
            undo_by_hand=change.undo_by_hand,
            hold=change.lease.until - change.lease.applied_at if change.lease else timedelta(0),
            undoes=change.undoes,
            kind=self.name,
            reversible=change.reversible,
            more=change.more,
            git_patch=change.git_patch,
            suspend=suspend(found.deployment, ownership, asked.cluster.context),
            way_back=change.way_back,
            says=change.says,
            mark={**(change.mark or {}), "known_by": token},
        )

    # -- doing it

    async def apply(
        self, cluster: Cluster, plan: Plan, clock: Clock, confirm: Confirm = unguarded
    ) -> dict[str, Any]:
        """Send the patch; the answer is the deployment as stored.

        A precondition that does not hold applies nothing, and the refusal says what changed. An
        answer that was lost is settled by looking: Refused with `outcome` "unknown" is raised only
        where the cluster cannot be asked either.
        """
        await confirm()
        try:
            return await cluster.patch_deployment(plan.patch, plan.content_type, dry_run=False)
        except ClusterError as error:
            problem = error
        if problem.sent:
            return await self._look(cluster, plan, problem, clock)
        if problem.reason in (Reason.CONFLICT, Reason.INVALID):
            raise await self._explained(cluster, plan, problem)
        raise refused_by(problem)

    def kept(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing: what is stored can be asked for."""
        return {}

    async def _explained(self, cluster: Cluster, plan: Plan, problem: ClusterError) -> Refused:
        """The refusal, with what is different now."""
        try:
            changed = self.drifted(await cluster.deployment(), plan)
        except ClusterError:
            changed = ""
        if not changed:
            return refused_by(problem)
        return Refused(f"Nothing was applied: {changed}.", OPEN_AGAIN, reason=Reason.CONFLICT)

    async def _look(
        self, cluster: Cluster, plan: Plan, problem: ClusterError, clock: Clock
    ) -> dict[str, Any]:
        """What became of a change whose answer was lost."""
        for attempt in range(_ATTEMPTS):
            # Even a request that timed out here may still be on its way through the server.
            await clock.sleep(_PAUSE * (attempt + 1))
            try:
                deployment = await cluster.deployment()
            except ClusterError:
                continue
            if self.arrived(deployment, plan):
                return deployment
            changed = self.drifted(deployment, plan)
            if changed:
                raise Refused(f"Nothing of ours is live: {changed}.", OPEN_AGAIN, reason=problem.reason)
            if attempt == _ATTEMPTS - 1:
                raise Refused(
                    f"{problem.said} The change did not arrive: {plan.variable} is still "
                    f"{told(plan.before)}.",
                    OPEN_AGAIN,
                    reason=problem.reason,
                )
        raise Refused(
            f"{problem.said} Whether {plan.change} was made is not known: the cluster cannot be asked.",
            "It is compared with the cluster as soon as that answers; do not apply it again before.",
            outcome="unknown",
            reason=problem.reason,
        )

    # -- looking at it

    def arrived(self, deployment: Json, plan: Plan) -> bool:
        """Whether the object holds this very change: its token tells it from another's."""
        if workload.uid(deployment) != plan.target.uid:
            return False
        if workload.generation(deployment) <= plan.target.generation:
            return False
        token = plan.made.token
        return bool(token) and workload.annotations(deployment).get(workload.CHANGE_MARK) == token

    def drifted(self, deployment: Json, plan: Plan) -> str:
        """Why the preconditions no longer hold, as a clause; "" where they still do."""
        target = plan.target
        if workload.uid(deployment) != target.uid:
            return f"deployment {target.deployment} was deleted and made anew"
        differs = self._differs(deployment, plan.made, before=True)
        if differs:
            return differs
        if workload.generation(deployment) != target.generation:
            return (
                f"somebody changed the deployment since the preview (generation {target.generation} → "
                f"{workload.generation(deployment)}); {plan.variable} is still {told(plan.before)}"
            )
        return ""

    def strange(self, deployment: Json, change: Made) -> str:
        """What is live instead of what we set, as a clause; "" while it is ours."""
        return self._differs(deployment, change, before=False)

    def _differs(self, deployment: Json, change: Made, *, before: bool) -> str:
        """The first of the change's places that holds neither what was read nor what was set."""
        for part in parts(change):
            live, wanted = self.live(deployment, part), part.before if before else part.after
            if live != wanted:
                manager = clean(self.manager(deployment, part), limit=60)
                by = f", set by {manager}" if manager else ""
                return f"{part.variable} is {told(live)} now{by}, no longer {told(wanted)}"
        return ""

    async def settle(self, cluster: Cluster, change: Made) -> str:
        """What became of it, by the object itself. Raises ClusterError where it cannot be asked."""
        try:
            deployment = await cluster.deployment()
        except ClusterError as error:
            if error.reason is Reason.MISSING:
                return NOT_APPLIED
            raise
        return self.outcome(deployment, change)

    def outcome(self, deployment: Json, change: Made) -> str:
        """What became of it: a change is known by what it wrote on the object, else by its value."""
        uid = workload.uid(deployment)
        if change.uid and uid != change.uid:
            return NOT_APPLIED
        ours = not self.strange(deployment, change)
        if change.token and workload.annotations(deployment).get(workload.CHANGE_MARK) == change.token:
            return APPLIED if ours else OVERWRITTEN
        return self.without_token(deployment, change)

    def without_token(self, deployment: Json, change: Made) -> str:
        """The outcome where another change of Leeward's came after it, or none of it did."""
        if not self._differs(deployment, change, before=True):
            return NOT_APPLIED
        mine = not self.strange(deployment, change)
        if mine and self.manager(deployment, change) == "leeward" and not change.token:
            return APPLIED
        return OVERWRITTEN

    def not_ours(self, deployment: Json, change: Made) -> Refused:
        """The refusal of an undo."""
        what = self.strange(deployment, change).replace(", set by leeward", "")
        head, _, tail = what.rpartition(", no longer ")
        return Refused(
            f"{head}, no longer the {tail} that we set; nothing was undone.",
            "Talk to whoever changed it; to change it all the same, use kubectl.",
        )


def parts(change: Made) -> tuple[Made, ...]:
    """Each variable of a change as a change of its own."""
    more = (replace(change, variable=name, before=was, after=becomes) for name, was, becomes in change.more)
    return (change, *more)


async def dry_run(cluster: Cluster, patch: list[Op]) -> Json:
    """What the server would store. Raises Refused."""
    try:
        return await cluster.patch_deployment(patch, JSON_PATCH, dry_run=True)
    except ClusterError as error:
        raise refused_by(error) from None


def _checked(found: Survey) -> str:
    running = any(note.startswith("a rollout is running") for note in found.notes)
    return f"permitted, server dry run accepted, {'a' if running else 'no'} rollout running"
