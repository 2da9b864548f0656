"""From a change that was made to its verdict: the rollout, the watch, and an end by hand."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.model.clock import Clock
from tui.model.incident import LEEWARD, Applied, Draft, Kind
from tui.model.mitigation import Made, Progress, Stage, Verdict, VerdictKind
from tui.model.runbook import MitigationRule, Runbook
from tui.model.times import span
from tui.session import guard, intents
from tui.session.chronicle import Chronicle
from tui.session.errors import SessionError
from tui.session.refusals import in_words

if TYPE_CHECKING:
    from tui.clients.cluster import Cluster
    from tui.clients.prometheus import Prometheus
    from tui.mitigations.beside import Beside

# The last samples of a window are scraped a little after its end.
SCRAPE = 1.0
BY_HAND = "unknown: the watch was ended by hand"
# An entry of another console starts no program on this machine.
NOT_RUN = "unknown: the program that judges it is only run where the change was approved"
TAKEN_BACK = "unknown: taken back before its verdict"
Show = Callable[[Stage, str], None]
Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Windows:
    """How long things take: over what a query is measured, how long a verdict may take, and so on."""

    window: timedelta
    watch: timedelta
    hold: timedelta
    rollout: timedelta
    afterwards: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Watched:
    """A change that was made and waits for its verdict; `rule` None: the runbook knows it no more.

    `own`: it was approved in this console, or nothing is shared; not only told of by another one's entry.
    """

    intent: str
    at: datetime
    change: Made
    rule: MitigationRule | None
    rolled_out_at: datetime | None = None
    own: bool = True


class Watch:
    """Waits for what a change does, and writes down each step of it.

    Args:
        cluster: opens the cluster; raises SessionError.
    """

    def __init__(
        self,
        runbook: Runbook,
        prometheus: "Prometheus | None",
        chronicle: Chronicle,
        windows: Windows,
        clock: Clock,
        cluster: "Callable[[], Awaitable[Cluster]]",
        beside: "Beside | None" = None,
    ) -> None:
        self._runbook = runbook
        self._prometheus = prometheus
        self._chronicle = chronicle
        self._windows = windows
        self._clock = clock
        self._cluster = cluster
        self._beside = beside

    async def watch(self, watched: Watched, show: Show) -> None:
        """Follow the rollout and judge; taking a change back is watched by the panels alone."""
        from tui.mitigations.kinds import kind_named

        complete = watched.rolled_out_at or await self._follow(watched, show)
        if complete is None or watched.change.undoes or not kind_named(watched.change.kind).judged:
            return
        if watched.rolled_out_at is not None and (strange := await self._strange(watched)):
            await self._verdict(
                watched, Verdict(VerdictKind.UNKNOWN, f"unknown: overwritten since: {strange}")
            )
            return
        no_worse = watched.rule is not None and watched.rule.judged.no_worse
        lasts = self._windows.afterwards if no_worse else self._windows.watch
        show(Stage.WATCHING, f"watching what it does, {span(lasts)}; z takes it back")
        await self._verdict(watched, await self._measured(watched, complete))

    async def is_of_here(self, change: Applied) -> bool:
        """Whether a change that another console told of is one of the object that this one changes."""
        return await guard.is_of(await self._cluster(), change)

    async def _strange(self, watched: Watched) -> str:
        """What stands there instead of a change that was rolled out while nobody watched, or ""."""
        from tui.mitigations.kinds import kind_named

        cluster = await self._cluster()
        with in_words():
            return kind_named(watched.change.kind).strange(await cluster.deployment(), watched.change)

    async def _follow(self, watched: Watched, show: Show) -> datetime | None:
        """Follow the rollout; when it was complete, or None where it was not."""
        from tui.mitigations.kinds import kind_named
        from tui.mitigations.rollout import follow

        kind = kind_named(watched.change.kind)
        if not (kind.rolls_out and watched.change.rolls_out):
            return self._clock.now()
        cluster = await self._cluster()
        last = Progress(Stage.ROLLING_OUT, "", self._clock.now(), {})
        # Closed here however it ends: its watch has a connection of its own.
        following = follow(cluster, watched.change, self._windows.rollout, self._clock)
        async with aclosing(following) as steps:  # type: ignore[type-var]
            async for last in steps:
                show(last.stage, last.text)
                data = {"intent": watched.intent, "stage": last.stage.value, **last.data}
                await self._note(Kind.ROLLOUT, last.text, data)
        if last.data.get("complete") is True:
            return self._clock.now()
        way_back = "z undoes the change" if kind.reversible else "it cannot be taken back"
        found = Verdict(VerdictKind.UNKNOWN, f"unknown: the rollout did not complete; {way_back}")
        await self._verdict(watched, found, stalled="overwritten_by" not in last.data)
        return None

    async def _measured(self, watched: Watched, complete: datetime) -> Verdict:
        from tui.mitigations.proof import prove
        from tui.mitigations.verdict import measure, windows

        rule = watched.rule
        if rule is None:
            return Verdict(
                VerdictKind.UNKNOWN,
                f"unknown: the runbook has no mitigation called {watched.change.mitigation} any more",
            )
        queries = self._runbook.queries
        before, after = windows(rule, queries, watched.at, complete, self._windows.window)
        await self._until(after[1])
        if rule.judged.no_worse:
            return await self._no_worse(rule, before, after, complete)
        if rule.judged.proof is not None and not watched.own:
            return Verdict(VerdictKind.UNKNOWN, NOT_RUN)
        if rule.judged.proof is not None:
            return await prove(await self._cluster(), rule, rule.judged.proof)
        found = await measure(self._prometheus, rule, queries, before, after)
        return await self._proven(watched, found, complete)

    async def _proven(self, watched: Watched, found: Verdict, complete: datetime) -> Verdict:
        """With what the kind itself can tell of its effect."""
        from tui.mitigations.kinds import kind_named
        from tui.mitigations.kinds.kind import Proves

        kind = kind_named(watched.change.kind, self._beside)
        if not isinstance(kind, Proves):
            return found
        cluster = await self._cluster()
        with in_words():
            return await kind.proven(cluster, found, complete)

    async def _no_worse(
        self, rule: MitigationRule, before: Window, after: Window, complete: datetime
    ) -> Verdict:
        """Measure window after window: harm ends it at once, its absence only when the time is over."""
        from tui.mitigations.verdict import measure

        ends = max(complete + self._windows.afterwards, after[1])
        at = after[1]
        while True:
            window = (at - (after[1] - after[0]), at)
            found = await measure(self._prometheus, rule, self._runbook.queries, before, window)
            if found.kind is VerdictKind.HARMFUL or at >= ends:
                return replace(found, summary=f"{found.summary}, {span(at - complete)} after the rollout")
            at = min(at + self._windows.window, ends)
            await self._until(at)

    async def _until(self, moment: datetime) -> None:
        """Wait until the samples of that moment have been scraped."""
        await self._clock.sleep(max((moment - self._clock.now()).total_seconds() + SCRAPE, 0.0))

    async def end(self, watched: Watched, because: str = BY_HAND) -> None:
        """Nobody waits any longer: the cluster says what is there now, and the verdict is unknown."""
        from tui.mitigations.kinds import kind_named
        from tui.mitigations.settle import settled

        why = ""
        incident = self._chronicle.incident
        found = [c for c in (incident.mitigations if incident else ()) if c.intent == watched.intent]
        if found and kind_named(watched.change.kind).rolls_out:
            try:
                cluster = await self._cluster()
                with in_words():
                    outcome = await settled(cluster, found[0], self._beside)
            except SessionError as error:
                why = f"; the cluster could not be asked what is there now: {error.said}"
            else:
                data = {"intent": watched.intent, "outcome": outcome}
                await self._note(Kind.SETTLED, f"{found[0].title}, as the cluster has it: {outcome}", data)
        await self._verdict(watched, Verdict(VerdictKind.UNKNOWN, because + why))

    async def _verdict(self, watched: Watched, found: Verdict, *, stalled: bool = False) -> None:
        if self._is_judged(watched.intent):
            return
        draft = intents.verdict(watched.intent, found, self._clock.now(), stalled=stalled)
        await self._chronicle.tell(draft)

    def _is_judged(self, intent: str) -> bool:
        """Whether the change has a verdict already: another console's, which had the lock meanwhile."""
        incident = self._chronicle.incident
        return any(c.intent == intent and c.measured for c in (incident.mitigations if incident else ()))

    async def _note(self, kind: Kind, text: str, data: Mapping[str, Any]) -> None:
        await self._chronicle.tell(Draft(kind, text, self._clock.now(), LEEWARD, data))
