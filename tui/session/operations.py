"""Mitigations, in the order of the protocol: preview, approve, apply, follow, judge, undo, settle."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import DECIDES, Applied, Draft, Kind
from tui.model.mitigation import Plan, Stage
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule, Runbook
from tui.session import intents
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.errors import NotArmed, SessionError
from tui.session.intents import ACTOR
from tui.session.judging import BY_HAND, TAKEN_BACK, Watch, Watched, Windows
from tui.session.refusals import in_words
from tui.session.snapshot import Running

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster, ClusterDoor
    from tui.clients.prometheus import Prometheus
    from tui.mitigations.beside import Beside, Offer

# How often a cluster that is away is asked again what became of a change, in seconds.
AGAIN, AGAIN_MOST = 2.0, 30.0


@dataclass(slots=True)
class _Run:
    """One mitigation under way.

    `waiting` is the part of it that may be ended by hand; `by_hand` says why it was; `decides`
    that it only decides about a lease.
    """

    shown: Running
    target: tuple[str, str, str]
    intent: str = ""
    task: "asyncio.Task[None] | None" = None
    waiting: "asyncio.Future[Any] | None" = None
    by_hand: str = ""
    decides: bool = False

    def gives_way(self, plan: Plan) -> bool:
        """Whether the plan takes back the very change whose effect is only being watched."""
        return bool(plan.undoes) and plan.undoes == self.intent and self.shown.stage is Stage.WATCHING


class Operations:
    """What is done to the world. One change at a time on one target; each step is an entry."""

    def __init__(
        self,
        runbook: Runbook,
        door: "ClusterDoor | None",
        prometheus: "Prometheus | None",
        chronicle: Chronicle,
        safety: Safety,
        windows: Windows,
        clock: Clock,
        actor: str,
        changed: Callable[[], None],
        beside: "Beside | None" = None,
    ) -> None:
        self._runbook = runbook
        self._door = door
        self._chronicle = chronicle
        self._safety = safety
        self._windows = windows
        self._clock = clock
        self._actor = actor
        self._changed = changed
        self._beside = beside
        self._watch = Watch(runbook, prometheus, chronicle, windows, clock, self._cluster, beside)
        self._runs: list[_Run] = []
        self._settling = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None
        self.unsettled = ""

    # -- looking

    @property
    def running(self) -> tuple[Running, ...]:
        """What is under way."""
        return tuple(run.shown for run in self._runs)

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
            return await plan_change(
                cluster,
                rule,
                incident=incident_id,
                owner=self._actor,
                now=self._clock.now(),
                value=value,
                hold=self._windows.hold,
                beside=replace(self._beside, offer=offer) if self._beside else None,
            )

    async def preview_undo(self, incident_id: str, change: Applied | LeaseSeen) -> Plan:
        """The plan that takes a change back, if the live value is still ours. Raises SessionError."""
        from tui.mitigations.plan import plan_undo

        cluster = await self._cluster()
        with in_words():
            return await plan_undo(
                cluster,
                self._rule(change.mitigation),
                change,
                incident=incident_id,
                owner=self._actor,
                now=self._clock.now(),
                beside=self._beside,
            )

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
        return replace(plan, mark={**plan.mark, "of": of})

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

    async def approve(self, plan: Plan) -> None:
        """Write the intent down, then run the plan in the background. Raises SessionError."""
        from tui.mitigations.patch import for_the_record

        self.check(plan)
        await self._end([run for run in self._runs if run.gives_way(plan)], TAKEN_BACK)
        title = f"undo {plan.rule.title}" if plan.undoes else plan.rule.title
        run = self._begin(plan.rule.id, title, Stage.APPLYING, "applying", plan.target.key)
        try:
            now, patch = self._clock.now(), for_the_record(plan.patch)
            *_, intent = await self._chronicle.record(*intents.intended(plan, patch, now, self._actor))
        except BaseException:
            self._finish(run)
            raise
        run.intent, run.decides = intent.id, plan.kind == DECIDES
        watched = Watched(intent.id, intent.occurred_at, plan.made, plan.rule)
        self._start(run, self._run(run, plan, watched))

    @property
    def tripped(self) -> frozenset[str]:
        """Mitigations that failed twice in a row and wait for a person."""
        from tui.mitigations.breaker import breaker_of

        incident = self._chronicle.incident
        return breaker_of(incident.mitigations, incident.resets).stopped if incident else frozenset()

    async def reset(self, mitigation: str) -> None:
        """A person says that a mitigation may be tried again. Raises SessionError."""
        rule = self._rule(mitigation)
        if mitigation not in self.tripped:
            raise SessionError(f"{rule.title} did not fail twice in a row: there is nothing to reset.")
        said = f"{rule.title} may be tried again"
        draft = Draft(Kind.RESET, said, self._clock.now(), self._actor, {"mitigation": mitigation})
        await self._chronicle.record(draft)
        self._changed()

    async def cancel_watch(self) -> None:
        """Stop waiting for what runs, and settle it against the cluster at once. Raises SessionError.

        What is being sent at this moment is not torn off: its answer is awaited first.
        """
        if not any(run.task is not None for run in self._runs):
            raise SessionError("Nothing is being waited for.")
        await self._end(self._runs, BY_HAND)

    async def decided(self) -> None:
        """Wait for the decisions about leases that are being made; they roll nothing out."""
        tasks = [run.task for run in self._runs if run.decides and run.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    async def stop(self) -> None:
        """Stop waiting for what runs. What was sent stays sent, and is settled on the next resume."""
        tasks = [task for task in (*(run.task for run in self._runs), self._again) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- settling

    async def settle(self) -> None:
        """Compare intents without outcome with the cluster, before anything else is offered.

        Where it cannot be asked it is asked again in the background. What turns out to be in force
        and was never judged is judged then.
        """
        async with self._settling:
            waiting = self._waiting()
            if waiting:
                self.unsettled = f"{_changes(len(waiting))} not settled yet."
                self._changed()
            try:
                for change in waiting:
                    await self._settle(change)
            except SessionError as error:
                self.unsettled = f"{_changes(len(self._waiting()))} not settled yet: {error.said}"
                self._settle_later()
            else:
                self.unsettled = ""
                self._judge_again()
        self._changed()

    def _waiting(self) -> tuple[Applied, ...]:
        """What is not settled, but for what this console is busy with."""
        incident = self._chronicle.incident
        if incident is None or not self._chronicle.writable:
            return ()
        ours = {run.intent for run in self._runs}
        return tuple(change for change in incident.unsettled if change.intent not in ours)

    async def _settle(self, change: Applied) -> None:
        from tui.mitigations.settle import settled

        cluster = await self._cluster()
        with in_words():
            outcome = await settled(cluster, change, self._beside)
        await self._chronicle.record(*intents.settled(change, outcome, self._clock.now()))

    def _settle_later(self) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._settle_again(), name="settle again")

    async def _settle_again(self) -> None:
        pause = AGAIN
        while self.unsettled:
            await self._clock.sleep(pause)
            pause = min(pause * 2, AGAIN_MOST)
            await self.settle()

    def _judge_again(self) -> None:
        """Watch what is in force and has no verdict: a crash left it, or a lost answer."""
        incident = self._chronicle.incident
        if incident is None or not incident.open or not self._chronicle.writable:
            return
        from tui.mitigations.kinds.kind import made_of

        ours = {run.intent for run in self._runs}
        for change in incident.mitigations:
            if not change.unjudged or change.intent in ours:
                continue
            run = self._begin(
                change.mitigation, change.title, Stage.WATCHING, "looking again at what it did", change.place
            )
            run.intent = change.intent
            rule = self._runbook.mitigations.get(change.mitigation)
            watched = Watched(change.intent, change.at, made_of(change), rule, change.rolled_out_at)
            self._start(run, self._watch_alone(run, watched))

    # -- one run

    async def _run(self, run: _Run, plan: Plan, watched: Watched) -> None:
        unknown = False
        try:
            outcome = await self._apply(run, plan)
            unknown = outcome == "unknown"
            if outcome == "applied":
                await self._watch_or_end(run, watched)
        except SessionError as error:
            # The journal refused a step: the change goes on, and the trouble is in the banner.
            self._chronicle.trouble = error.said
        finally:
            if unknown:
                self.unsettled = "1 change is not settled yet: its answer was lost."
                self._settle_later()
            self._finish(run)

    async def _watch_alone(self, run: _Run, watched: Watched) -> None:
        try:
            with in_words():
                await self._watch_or_end(run, watched)
        except SessionError as error:
            self._chronicle.trouble = error.said
        finally:
            self._finish(run)

    async def _apply(self, run: _Run, plan: Plan) -> str:
        """Make the change and write down what became of it; that outcome."""
        from tui.mitigations.apply import apply
        from tui.mitigations.kinds import kind_named
        from tui.mitigations.refusal import Refused

        kind = kind_named(plan.kind)
        try:
            cluster = await self._cluster()
        except SessionError as error:
            text = f"Nothing was sent: {error.said} {error.remedy}".strip()
            await self._note(Kind.OUTCOME, text, {"intent": run.intent, "outcome": "refused"})
            return "refused"
        try:
            making = apply(cluster, plan, self._clock, self._beside)
            result = await (self._endable(run, making) if kind.interruptible else making)
        except Refused as refused:
            data = {"intent": run.intent, "outcome": refused.outcome, "remedy": refused.remedy}
            text = f"{refused.said} {refused.remedy}".strip()
            await self._note(Kind.OUTCOME, text, {**refused.kept, **data})
            return refused.outcome
        except _EndedByHand:
            data = {"intent": run.intent, "outcome": "failed"}
            await self._note(Kind.OUTCOME, "ended by hand, with all that it had started", data)
            return "failed"
        drafts = intents.applied(plan, run.intent, kind.kept(result), self._clock.now())
        await self._chronicle.record(*drafts)
        return "applied"

    async def _watch_or_end(self, run: _Run, watched: Watched) -> None:
        """Watch it to its verdict, or as long as a person likes."""

        def show(stage: Stage, text: str) -> None:
            run.shown = replace(run.shown, stage=stage, text=text)
            self._changed()

        try:
            await self._endable(run, self._watch.watch(watched, show))
        except _EndedByHand:
            await self._watch.end(watched, run.by_hand)

    async def _endable(self, run: _Run, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it, unless and until it is ended by hand. Raises _EndedByHand."""
        if run.by_hand:
            work.close()
            raise _EndedByHand
        run.waiting = asyncio.create_task(work)
        try:
            return await run.waiting
        except asyncio.CancelledError:
            if _leaving():
                raise
            raise _EndedByHand from None
        finally:
            run.waiting = None

    async def _end(self, runs: Iterable[_Run], why: str) -> None:
        """End what these wait for, and wait until that is written down."""
        ending = [run for run in runs if run.task is not None]
        for run in ending:
            run.by_hand = why
            if run.waiting is not None:
                run.waiting.cancel()
        if ending:
            await asyncio.wait([run.task for run in ending if run.task is not None])

    # -- writing down

    async def _note(self, kind: Kind, text: str, data: Mapping[str, Any]) -> None:
        await self._chronicle.record(Draft(kind, text, self._clock.now(), ACTOR, data))

    # -- the rest

    def _begin(
        self, mitigation: str, title: str, stage: Stage, text: str, target: tuple[str, str, str]
    ) -> _Run:
        run = _Run(Running(mitigation, title, stage, text, self._clock.now()), target)
        self._runs.append(run)
        self._safety.hold()
        return run

    def _start(self, run: _Run, work: Coroutine[Any, Any, None]) -> None:
        run.task = asyncio.create_task(work, name=f"mitigation {run.shown.mitigation}")

    def _finish(self, run: _Run) -> None:
        self._runs.remove(run)
        self._safety.release(self._clock.now())
        self._changed()

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


class _EndedByHand(Exception):
    """The waiting was ended by hand."""


def _leaving() -> bool:
    """Whether this very task is being cancelled, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _changes(count: int) -> str:
    return "1 change is" if count == 1 else f"{count} changes are"
