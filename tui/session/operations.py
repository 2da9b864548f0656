"""Mitigations, in the order of the protocol: preview, approve, apply, follow, judge, undo, settle."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.model import deployment as workload
from tui.model.clock import Clock
from tui.model.incident import DECIDES, LEEWARD, Applied, Draft, Incident, Kind
from tui.model.mitigation import Plan, Stage
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule, Runbook
from tui.model.strange import strange
from tui.session import guard, intents
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.errors import LockUnreachable, NotArmed, SessionError
from tui.session.guard import Hold, TargetGuard
from tui.session.identity import Identity
from tui.session.judging import BY_HAND, TAKEN_BACK, Watch, Watched, Windows
from tui.session.refusals import in_words
from tui.session.runs import EndedByHand, Run, Runs, wait_for
from tui.session.settling import Settling
from tui.session.snapshot import Running
from tui.session.watching import Watching

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster, ClusterDoor
    from tui.clients.prometheus import Prometheus
    from tui.mitigations.beside import Beside, Offer


class Operations:
    """What is done to the world. One change at a time on one target; each step is an entry.

    Attributes:
        target_uid: the pinned deployment's, as the last plan found it; "" before.
    """

    def __init__(
        self,
        runbook: Runbook,
        door: "ClusterDoor | None",
        prometheus: "Prometheus | None",
        chronicle: Chronicle,
        safety: Safety,
        windows: Windows,
        clock: Clock,
        identity: Identity,
        changed: Callable[[], None],
        beside: "Beside | None" = None,
        target_guard: TargetGuard | None = None,
    ) -> None:
        self._runbook = runbook
        self._guard = target_guard or guard.Unguarded()
        self._door = door
        self._chronicle = chronicle
        self._safety = safety
        self._windows = windows
        self._clock = clock
        self._identity = identity
        self._changed = changed
        self._beside = beside
        self._watch = Watch(runbook, prometheus, chronicle, windows, clock, self._cluster, beside)
        self._runs = Runs(safety, clock)
        self._watching = Watching(
            runbook,
            self._watch,
            self._runs,
            chronicle,
            self._guard,
            clock,
            changed,
            lambda: identity.name,
            self._can_be,
        )
        self._guard.on_lost = self._watching.lost
        self._settling = Settling(
            chronicle,
            clock,
            self._cluster,
            beside,
            lambda: self._runs.intents,
            self._watching.again,
            changed,
            self._guard,
            lambda: identity.name,
            self._can_be,
        )
        self._minding: asyncio.Task[None] | None = None
        self._over = False
        self.target_uid = ""

    # -- looking

    @property
    def running(self) -> tuple[Running, ...]:
        """What is under way."""
        return tuple(run.told for run in self._runs)

    @property
    def busy(self) -> bool:
        """Whether a change is under way."""
        return bool(self._runs)

    async def preview(
        self, mitigation: str, value: str | None, incident_id: str, offer: "Offer | None" = None
    ) -> Plan:
        """The plan of a mitigation, dry-run on the server. Changes nothing. Raises SessionError.

        Args:
            offer: the new key, where the mitigation stores one.
        """
        from tui.mitigations.plan import plan_change

        rule = self._rule(mitigation)
        cluster = await self._cluster()
        with in_words():
            plan = await plan_change(
                cluster,
                rule,
                incident=incident_id,
                owner=self._identity.name,
                now=self._clock.now(),
                value=value,
                hold=self._windows.hold,
                beside=replace(self._beside, offer=offer) if self._beside else None,
            )
        return self._found(plan)

    async def preview_undo(self, incident_id: str, change: Applied | LeaseSeen) -> Plan:
        """The plan that takes a change back, if the live value is still ours. Raises SessionError."""
        from tui.mitigations.plan import plan_undo

        cluster = await self._cluster()
        with in_words():
            plan = await plan_undo(
                cluster,
                self._rule(change.mitigation),
                change,
                incident=incident_id,
                owner=self._identity.name,
                now=self._clock.now(),
                beside=self._beside,
            )
        if isinstance(change, Applied) and not guard.ours(change, self._guard):
            plan = replace(plan, notes=(*plan.notes, guard.of_another(change)))
        return self._found(plan)

    async def preview_keep(
        self, incident_id: str, lease: LeaseSeen, owner: str, until: datetime | None, of: str
    ) -> Plan:
        """The plan of a decision about a lease: who keeps it until when, or its end. Raises SessionError.

        Args:
            of: the intent of the incident's change that is leased; "" for another incident's.
        """
        from tui.mitigations.plan import plan_keep

        rule, now = self._rule(lease.mitigation), self._clock.now()
        cluster = await self._cluster()
        with in_words():
            plan = await plan_keep(
                cluster, rule, lease, incident=incident_id, owner=owner, now=now, until=until
            )
        return self._found(replace(plan, mark={**plan.mark, "of": of}))

    def _found(self, plan: Plan) -> Plan:
        """Whose lock is meant is known from now on, also where no change of the incident tells."""
        if plan.target.uid not in ("", self.target_uid):
            self.target_uid = plan.target.uid
            self._changed()
        return plan

    # -- acting

    def check(self, plan: Plan) -> None:
        """Raise what stands against running this plan now: arming, a running change, a breaker."""
        if not self._safety.armed(self._clock.now()):
            raise NotArmed(
                "Nothing was changed: the console is read-only.", "Type the context's word to arm it."
            )
        if self.unsettled:
            raise SessionError(f"Nothing was changed: {self.unsettled}", "Press r to look again.")
        # A decision about a lease restarts nothing: it waits for nobody's verdict.
        beside = plan.kind == DECIDES
        if not beside and any(r.target == plan.target.key and not r.gives_way(plan) for r in self._runs):
            raise SessionError(
                f"Nothing was changed: another change of {plan.target.deployment} is under way.",
                "Wait for its verdict.",
            )
        if not plan.undoes and plan.rule.id in self.tripped:
            raise SessionError(
                f"Nothing was changed: {plan.rule.title} failed twice in a row.",
                "Reset it in the palette (:) if it may be tried again.",
            )

    async def approve(self, plan: Plan, *, without_lock: bool = False) -> None:
        """Write the intent down, then run the plan in the background. Raises SessionError."""
        self.check(plan)
        hold = await self._lock(plan, without_lock=without_lock)
        without_lock = without_lock and hold is None
        try:
            if hold is not None:
                await self._settling.before(plan.target)
            await self._runs.end([run for run in self._runs if run.gives_way(plan)], TAKEN_BACK)
            self.check(plan)
            title = f"undo {plan.rule.title}" if plan.undoes else plan.rule.title
            run = self._runs.begin(plan.rule.id, title, Stage.APPLYING, "applying", plan.target.key)
        except BaseException:
            if hold is not None:
                await hold.release()
            raise
        run.hold, run.decides = hold, plan.kind == DECIDES
        try:
            run.intent, began = await self._intend(plan, hold, without_lock=without_lock)
        except BaseException:
            await self._watching.finish(run)
            raise
        self._runs.start(run, self._run(run, plan, Watched(run.intent, began, plan.made, plan.rule)))

    async def _lock(self, plan: Plan, *, without_lock: bool) -> Hold | None:
        """The lock of the plan's target; a program's plan names no object, and is about it all the same.

        It is asked for also where a person would go `without_lock`: that is for where nobody can tell.
        """
        uid = plan.target.uid
        if not uid and self._guard.console:
            with contextlib.suppress(SessionError), in_words():
                found = await (await self._cluster()).deployment()
                uid = workload.uid(found)
        try:
            return await self._guard.take(uid, plan.target, plan.rule.title)
        except LockUnreachable:
            if not without_lock:
                raise
            return None

    async def _intend(self, plan: Plan, hold: Hold | None, *, without_lock: bool) -> tuple[str, datetime]:
        """Write down, in one step, that the lock is held and the change about to be made."""
        from tui.mitigations.patch import for_the_record

        if hold is not None and not plan.target.uid:
            plan = replace(plan, target=replace(plan.target, uid=hold.uid))
        now, actor, place = self._clock.now(), self._identity.name, plan.target.deployment
        *_, intent = await self._chronicle.record(
            *guard.told(hold, place, now, actor, without=without_lock),
            *intents.intended(
                plan, for_the_record(plan.patch), now, actor, self._guard.console, without_lock=without_lock
            ),
        )
        return intent.id, intent.occurred_at

    @property
    def tripped(self) -> frozenset[str]:
        """Mitigations that failed twice in a row and wait for a person."""
        return _tripped(self._chronicle.incident)

    async def reset(self, mitigation: str) -> None:
        """A person says that a mitigation may be tried again. Raises SessionError."""
        rule = self._rule(mitigation)
        if mitigation not in self.tripped:
            raise SessionError(f"{rule.title} did not fail twice in a row: there is nothing to reset.")
        said = f"{rule.title} may be tried again"
        draft = Draft(Kind.RESET, said, self._clock.now(), self._identity.name, {"mitigation": mitigation})
        await self._chronicle.record(draft)
        self._changed()

    async def cancel_watch(self) -> None:
        """Stop waiting for what runs, and settle it against the cluster at once. Raises SessionError.

        What is being sent at this moment is not torn off: its answer is awaited first.
        """
        if not self._runs.tasks:
            raise SessionError("Nothing is being waited for.")
        await self._runs.end(self._runs, BY_HAND)

    async def decided(self) -> None:
        """Wait for the decisions about leases that are being made; they roll nothing out."""
        await wait_for([run.task for run in self._runs if run.decides])

    async def stop(self) -> None:
        """Stop waiting for what runs. What was sent stays sent, and is settled on the next resume."""
        self._over = True
        tasks = self._runs.tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._settling.stop()
        if self._minding is not None:
            self._minding.cancel()
            await asyncio.gather(self._minding, return_exceptions=True)

    # -- settling

    @property
    def unsettled(self) -> str:
        """Why nothing can be changed yet: what a crash, or a lost answer, left open; or ""."""
        return self._settling.unsettled

    async def settle(self) -> None:
        """Compare intents without outcome with the cluster; what is in force and unjudged is judged."""
        await self._settling.settle()

    def mind(self) -> None:
        """Take up what a console that is gone left unsettled or unjudged: whoever gets its lock does.

        What goes on here without its target's lock gets it as soon as it can be had.
        """
        if self._over or (self._minding is not None and not self._minding.done()):
            return
        if self._watching.left():
            self._minding = asyncio.create_task(self.settle(), name="take up what others left")
        elif self._watching.lacks_lock:
            self._minding = asyncio.create_task(self._watching.lock(), name="take the lock late")

    # -- one run

    async def _run(self, run: Run, plan: Plan, watched: Watched) -> None:
        outcome = ""
        try:
            outcome = await self._apply(run, plan)
            if outcome == "applied":
                await self._watching.to_its_end(run, watched)
        except SessionError as error:
            # The journal refused a step: the change goes on, and the trouble is in the banner.
            self._chronicle.trouble = error.said
        except asyncio.CancelledError:
            if not outcome:
                run.hold = None  # it may still arrive: its lock is left to run out, so that nobody settles it
            raise
        finally:
            if outcome == "unknown":
                self._settling.lost()
            await self._watching.finish(run)

    async def _apply(self, run: Run, plan: Plan) -> str:
        """Make the change and write down what became of it; that outcome."""
        from tui.mitigations.apply import apply
        from tui.mitigations.kinds import kind_named
        from tui.mitigations.refusal import Refused

        kind = kind_named(plan.kind)
        try:
            cluster = await self._cluster()
        except SessionError as error:
            text = f"Nothing was sent: {error}"
            await self._note(Kind.OUTCOME, text, {"intent": run.intent, "outcome": "refused"})
            return "refused"
        try:
            making = apply(cluster, plan, self._clock, self._beside, partial(guard.confirm, run.hold))
            result = await (run.endable(making) if kind.interruptible else making)
        except Refused as refused:
            data = {"intent": run.intent, "outcome": refused.outcome, "remedy": refused.remedy}
            await self._note(Kind.OUTCOME, str(refused), {**refused.kept, **data})
            return refused.outcome
        except EndedByHand:
            data = {"intent": run.intent, "outcome": "failed"}
            await self._note(Kind.OUTCOME, "ended by hand, with all that it had started", data)
            return "failed"
        drafts = intents.applied(plan, run.intent, kind.kept(result), self._clock.now())
        await self._chronicle.tell(*drafts)
        return "applied"

    # -- writing down

    async def _note(self, kind: Kind, text: str, data: Mapping[str, Any]) -> None:
        await self._chronicle.tell(Draft(kind, text, self._clock.now(), LEEWARD, data))

    # -- the rest

    def _can_be(self, change: Applied) -> bool:
        """Whether what an entry of another console tells of can be a change of the runbook here."""
        from tui.mitigations.kinds.kind import made_of

        rule = self._runbook.mitigations.get(change.mitigation)
        return rule is not None and not strange(rule, made_of(change))

    def _rule(self, mitigation: str) -> MitigationRule:
        rule = self._runbook.mitigations.get(mitigation)
        if rule is None:
            raise SessionError(f"The runbook has no mitigation called {mitigation}.")
        return rule

    async def _cluster(self) -> "Cluster":
        if self._door is None:
            raise SessionError("No deployment is set.", "Set kubernetes.deployment in the settings.")
        with in_words():
            return await self._door.open()


def _tripped(incident: Incident | None) -> frozenset[str]:
    from tui.mitigations.breaker import breaker_of

    return breaker_of(incident.mitigations, incident.resets).stopped if incident else frozenset()
