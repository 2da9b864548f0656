"""Mitigations, in the order of the protocol: preview, approve, apply, follow, judge, undo, settle."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import Applied, Draft, Entry, Kind
from tui.model.mitigation import Plan, Progress, Stage, Target, Verdict, VerdictKind, told
from tui.model.reading import LeaseSeen
from tui.model.runbook import MitigationRule, Runbook
from tui.model.times import rfc3339, span
from tui.session.arming import Safety
from tui.session.chronicle import Chronicle
from tui.session.errors import NotArmed, SessionError
from tui.session.snapshot import Running

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster, ClusterDoor
    from tui.clients.prometheus import Prometheus
    from tui.mitigations.breaker import Breaker

ACTOR = "leeward"
# The last samples of a window are scraped a little after its end.
SCRAPE = 1.0


@dataclass(frozen=True, slots=True)
class Windows:
    """How long things take: over what a query is measured, how long a verdict may take, and so on."""

    window: timedelta
    watch: timedelta
    hold: timedelta
    rollout: timedelta


@dataclass(slots=True)
class _Run:
    """One mitigation under way."""

    shown: Running
    target: tuple[str, str, str]
    task: "asyncio.Task[None] | None" = None


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
    ) -> None:
        self._runbook = runbook
        self._door = door
        self._prometheus = prometheus
        self._chronicle = chronicle
        self._safety = safety
        self._windows = windows
        self._clock = clock
        self._actor = actor
        self._changed = changed
        self._runs: dict[str, _Run] = {}
        self._reset: dict[str, int] = {}
        self.unsettled = ""

    # -- looking

    @property
    def running(self) -> tuple[Running, ...]:
        """What is under way."""
        return tuple(run.shown for run in self._runs.values())

    @property
    def busy(self) -> bool:
        """Whether a change is under way."""
        return bool(self._runs)

    async def preview(self, mitigation: str, value: str | None, incident_id: str) -> Plan:
        """The plan of a mitigation, dry-run on the server. Changes nothing. Raises SessionError."""
        from tui.mitigations.plan import plan_change

        rule = self._rule(mitigation)
        cluster = await self._cluster()
        with _in_words():
            return await plan_change(
                cluster,
                rule,
                incident=incident_id,
                owner=self._actor,
                now=self._clock.now(),
                value=value,
                hold=self._windows.hold,
            )

    async def preview_undo(self, incident_id: str, change: Applied | LeaseSeen) -> Plan:
        """The plan that takes a change back, if the live value is still ours. Raises SessionError."""
        from tui.mitigations.plan import plan_undo

        cluster = await self._cluster()
        with _in_words():
            return await plan_undo(
                cluster,
                self._rule(change.mitigation),
                change,
                incident=incident_id,
                owner=self._actor,
                now=self._clock.now(),
            )

    # -- acting

    def check(self, plan: Plan) -> None:
        """Raise what stands against running this plan now: arming, a running change, a breaker."""
        if not self._safety.armed(self._clock.now()):
            raise NotArmed(
                "Nothing was changed: the console is read-only.", "Type the context's word to arm it."
            )
        if self.unsettled:
            raise SessionError(f"Nothing was changed: {self.unsettled}", "Press r to look again.")
        if any(run.target == plan.target.key for run in self._runs.values()):
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
        self.check(plan)
        run = _Run(self._shown(plan, Stage.APPLYING, "applying"), plan.target.key)
        self._runs[plan.target.deployment] = run
        self._safety.hold()
        try:
            (intent,) = await self._chronicle.record(self._intent(plan))
        except SessionError:
            self._finish(plan)
            raise
        run.task = asyncio.create_task(self._run(plan, intent), name=f"mitigation {plan.rule.id}")

    @property
    def tripped(self) -> frozenset[str]:
        """Mitigations that failed twice in a row and wait for a person."""
        incident = self._chronicle.incident
        return self._breaker().stopped if incident else frozenset()

    def reset(self, mitigation: str) -> None:
        """A person says that a mitigation may be tried again."""
        incident = self._chronicle.incident
        self._reset[mitigation] = len(incident.mitigations) if incident else 0
        self._changed()

    async def stop(self) -> None:
        """Stop waiting for what runs. What was sent stays sent, and is settled on the next resume."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Compare intents without outcome with the cluster, before anything else is offered."""
        incident = self._chronicle.incident
        if incident is None or not incident.unsettled:
            self.unsettled = ""
            return
        self.unsettled = f"{len(incident.unsettled)} change(s) of an earlier console are not settled yet."
        try:
            cluster = await self._cluster()
            for change in incident.unsettled:
                await self._settle(cluster, change)
        except SessionError as error:
            self.unsettled = f"a change of an earlier console cannot be settled: {error.said}"
        else:
            self.unsettled = ""
        self._changed()

    # -- one run

    async def _run(self, plan: Plan, intent: Entry) -> None:
        try:
            if await self._apply(plan, intent) and await self._follow(plan, intent):
                await self._judge(plan, intent)
        except SessionError as error:
            # The journal refused a step: the change goes on, and the trouble is in the banner.
            self._chronicle.trouble = error.said
        finally:
            self._finish(plan)

    async def _apply(self, plan: Plan, intent: Entry) -> bool:
        from tui.mitigations.apply import apply
        from tui.mitigations.refusal import Refused

        cluster = await self._cluster()
        try:
            await apply(cluster, plan)
        except Refused as refused:
            data = {"intent": intent.id, "outcome": refused.outcome, "remedy": refused.remedy}
            await self._note(Kind.OUTCOME, f"{refused.said} {refused.remedy}".strip(), data)
            return False
        applied = {"intent": intent.id, "outcome": "applied"}
        lease = {"intent": intent.id, "event": "released"}
        said = f"took back {plan.change}"
        if not plan.undoes:
            until = self._clock.now() + plan.hold
            lease = {"intent": intent.id, "event": "taken", "until": rfc3339(until)}
            said = f"holds {plan.variable}={told(plan.after)}"
        await self._chronicle.record(
            self._draft(Kind.OUTCOME, f"applied: {plan.change}", applied),
            self._draft(Kind.LEASE, said, {**lease, "of": plan.undoes or intent.id}),
        )
        return True

    async def _follow(self, plan: Plan, intent: Entry) -> bool:
        """Follow the rollout; whether it completed."""
        from tui.mitigations.rollout import follow

        cluster = await self._cluster()
        complete = False
        async for step in follow(cluster, plan, self._windows.rollout, self._clock):
            complete = step.data.get("complete") is True
            self._show(plan, step)
            data = {"intent": intent.id, "stage": step.stage.value, **step.data}
            await self._note(Kind.ROLLOUT, step.text, data)
        if not complete:
            text = "unknown: the rollout did not complete; z undoes the change"
            await self._verdict(intent.id, Verdict(VerdictKind.UNKNOWN, text))
        return complete

    async def _judge(self, plan: Plan, intent: Entry) -> None:
        """Watch what a change does; taking one back is watched by the panels alone."""
        if plan.undoes:
            return
        length = span(self._windows.watch)
        self._show(plan, Progress(Stage.WATCHING, f"watching what it does, {length}", self._clock.now(), {}))
        verdict = await self._measured(plan.rule, intent.occurred_at, self._clock.now())
        await self._verdict(intent.id, verdict)

    async def _measured(self, rule: MitigationRule, applied: datetime, complete: datetime) -> Verdict:
        from tui.mitigations.verdict import measure, windows

        queries = self._runbook.queries
        before, after = windows(rule, queries, applied, complete, self._windows.window)
        await self._clock.sleep(max((after[1] - self._clock.now()).total_seconds(), 0.0) + SCRAPE)
        return await measure(self._prometheus, rule, queries, before, after)

    async def _settle(self, cluster: "Cluster", change: Applied) -> None:
        from tui.mitigations.settle import settle

        with _in_words():
            outcome = await settle(cluster, change)
        said = f"{change.title}, left without an outcome: {outcome}"
        await self._note(Kind.SETTLED, said, {"intent": change.intent, "outcome": outcome})

    # -- writing down

    def _intent(self, plan: Plan) -> Draft:
        data = {
            "mitigation": plan.rule.id,
            "title": plan.rule.title,
            "variable": plan.variable,
            "before": plan.before,
            "after": plan.after,
            "target": target_data(plan.target),
            "patch": plan.patch,
            "diff": list(plan.diff),
            "apply_by_hand": plan.apply_by_hand,
            "undo_by_hand": plan.undo_by_hand,
            "undoes": plan.undoes,
        }
        what = "undo: " if plan.undoes else ""
        return Draft(
            Kind.INTENT, f"{what}{plan.rule.title}: {plan.change}", self._clock.now(), self._actor, data
        )

    async def _verdict(self, intent: str, verdict: Verdict) -> None:
        measures = [
            {"query": m.query, "what": m.what, "unit": m.unit, "before": m.before, "after": m.after}
            for m in verdict.measures
        ]
        data = {"intent": intent, "verdict": verdict.kind.value, "measures": measures}
        await self._note(Kind.VERDICT, verdict.summary, data)

    async def _note(self, kind: Kind, text: str, data: Mapping[str, Any]) -> None:
        await self._chronicle.record(self._draft(kind, text, data))

    def _draft(self, kind: Kind, text: str, data: Mapping[str, Any]) -> Draft:
        return Draft(kind, text, self._clock.now(), ACTOR, data)

    # -- the rest

    def _shown(self, plan: Plan, stage: Stage, text: str) -> Running:
        title = f"undo {plan.rule.title}" if plan.undoes else plan.rule.title
        return Running(plan.rule.id, title, stage, text, self._clock.now())

    def _show(self, plan: Plan, step: Progress) -> None:
        run = self._runs[plan.target.deployment]
        run.shown = replace(run.shown, stage=step.stage, text=step.text)
        self._changed()

    def _finish(self, plan: Plan) -> None:
        self._runs.pop(plan.target.deployment, None)
        self._safety.release(self._clock.now())
        self._changed()

    def _breaker(self) -> "Breaker":
        from tui.mitigations.breaker import breaker_of

        incident = self._chronicle.incident
        changes = incident.mitigations if incident else ()
        counted = (c for n, c in enumerate(changes) if n >= self._reset.get(c.mitigation, 0))
        return breaker_of(counted)

    def _rule(self, mitigation: str) -> MitigationRule:
        rule = self._runbook.mitigations.get(mitigation)
        if rule is None:
            raise SessionError(f"The runbook has no mitigation called {mitigation}.")
        return rule

    async def _cluster(self) -> "Cluster":
        if self._door is None:
            raise SessionError("No deployment is set.", "Set kubernetes.deployment in the settings.")
        with _in_words():
            return await self._door.open()


class _in_words:  # noqa: N801 - read as a phrase, `with _in_words():`
    """Turn what the cluster and the protocol refuse into a SessionError."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from tui.clients.cluster import ClusterError
        from tui.mitigations.refusal import Refused

        if isinstance(error, ClusterError | Refused):
            raise SessionError(error.said, error.remedy) from error


def target_data(target: Target) -> dict[str, object]:
    """A target as the journal keeps it."""
    return {
        "context": target.context,
        "namespace": target.namespace,
        "deployment": target.deployment,
        "container": target.container,
        "uid": target.uid,
        "generation": target.generation,
        "user": target.user,
    }
