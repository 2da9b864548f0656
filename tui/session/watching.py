"""Watching changes to their verdict: those that were made just now, and those that somebody left unjudged."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tui.model.clock import Clock
from tui.model.incident import Applied
from tui.model.mitigation import Stage
from tui.model.runbook import Runbook
from tui.session.chronicle import Chronicle
from tui.session.errors import LockHeld, LockUnreachable, SessionError
from tui.session.guard import Hold, TargetGuard, ours, taken_up, told
from tui.session.judging import Watch, Watched
from tui.session.refusals import in_words
from tui.session.runs import EndedByHand, Run, Runs

# How many changes of others are watched at once: who floods an incident must not keep us busy.
AT_ONCE = 3
# How often what others left is looked at again while its target cannot be had, in seconds.
AGAIN = 5.0


class Watching:
    """Waits for verdicts, each a run of its own that ends by itself or by hand.

    Args:
        watch: how one change is watched.
        guard: a change that is watched anew is watched by one console alone.
        changed: something that is shown changed.
        actor: who works here.
        can_be: whether a change that another console told of can be one of the runbook's, here.
    """

    def __init__(
        self,
        runbook: Runbook,
        watch: Watch,
        runs: Runs,
        chronicle: Chronicle,
        guard: TargetGuard,
        clock: Clock,
        changed: Callable[[], None],
        actor: Callable[[], str],
        can_be: Callable[[Applied], bool] = lambda change: True,
    ) -> None:
        self._actor = actor
        self._can_be = can_be
        self._of_others: set[str] = set()
        # The changes of which the record says that they are judged here.
        self._told: set[str] = set()
        self._runbook = runbook
        self._watch = watch
        self._runs = runs
        self._chronicle = chronicle
        self._guard = guard
        self._clock = clock
        self._changed = changed
        self._looked_at = float("-inf")
        # Judged elsewhere, as far as the lock tells: if that ends without a verdict, it is ours to judge.
        self._elsewhere: set[str] = set()

    async def to_its_end(self, run: Run, watched: Watched) -> None:
        """Watch it to its verdict, or as long as a person likes, or this console has the target's lock."""

        def show(stage: Stage, text: str) -> None:
            run.shown = replace(run.shown, stage=stage, text=text)
            self._changed()

        run.judging = True
        if run.lost:
            return
        try:
            await run.endable(self._watch.watch(watched, show))
        except EndedByHand:
            if not run.lost:
                await self._watch.end(watched, run.by_hand)

    def lost(self, uid: str) -> None:
        """The lock of this target was lost: whoever has it judges, and this console where nobody does."""
        for run in self._runs:
            if run.hold is not None and run.hold.uid == uid:
                self._elsewhere.add(run.intent)
                run.lose()

    async def finish(self, run: Run) -> None:
        """It is over: whoever waits for the target may have it."""
        self._runs.finish(run)
        self._changed()
        if run.hold is not None:
            await run.hold.release()

    async def again(self) -> None:
        """Watch what is in force and has no verdict: a crash left it, or a lost answer, here or elsewhere."""
        for change in self._unjudged():
            try:
                hold = await self._guard.take(change.uid, change, f"watching {change.title}")
            except LockHeld:
                self._elsewhere.add(change.intent)
                continue  # whoever has it judges
            except LockUnreachable:
                if not ours(change, self._guard):
                    continue
                hold = None  # looking changes nothing
            begun = False
            try:
                if hold is not None:
                    await self._guard.caught_up()
                if change.intent in {one.intent for one in self._unjudged()}:
                    self._begin(change, hold)
                    begun = True
            finally:
                if hold is not None and not begun:
                    await hold.release()

    @property
    def lacks_lock(self) -> bool:
        """Whether a change goes on without its target's lock that can be had now."""
        return any(True for _ in self._without_lock())

    async def lock(self) -> None:
        """Take the locks that changes go on without: the shared place is back."""
        for run, change in tuple(self._without_lock()):
            try:
                hold = await self._guard.take(change.uid, change, change.title)
            except (LockHeld, LockUnreachable):
                continue
            if hold is None or run not in self._runs:
                if hold is not None:
                    await hold.release()
                continue
            run.hold = hold
            now, deployment = self._clock.now(), change.place[2]
            await self._chronicle.tell(*told(hold, deployment, now, self._actor(), without=False))
            self._changed()

    def _without_lock(self) -> Iterator[tuple[Run, Applied]]:
        incident = self._chronicle.incident
        made = {change.intent: change for change in incident.mitigations} if incident is not None else {}
        for run in self._runs:
            change = made.get(run.intent)
            if run.hold is None and change is not None and change.uid and self._guard.left(change):
                yield run, change

    def left(self) -> bool:
        """Whether it is time to take up what a console that is gone left unsettled or unjudged."""
        now, incident = self._clock.monotonic(), self._chronicle.incident
        if now - self._looked_at < AGAIN or incident is None or not incident.open:
            return False
        busy = self._runs.intents
        found = any(
            change.intent not in busy and self._is_open(change) and self._takes_up(change)
            for change in incident.mitigations
        )
        self._looked_at = now if found else self._looked_at
        return found

    def _is_open(self, change: Applied) -> bool:
        """Whether somebody is to look at it. What this console judges itself it does not look at twice."""
        mine = ours(change, self._guard) and change.intent not in self._elsewhere
        return not change.settled or (change.unjudged and not mine)

    def _unjudged(self) -> tuple[Applied, ...]:
        incident = self._chronicle.incident
        if incident is None or not incident.open or not self._chronicle.writable:
            return ()
        busy = self._runs.intents
        found = [one for one in incident.mitigations if one.unjudged and one.intent not in busy]
        mine = tuple(change for change in found if ours(change, self._guard))
        room = AT_ONCE - len(busy & self._of_others)
        others = [one for one in found if not ours(one, self._guard) and self._takes_up(one)]
        return (*others[len(others) - min(room, len(others)) :], *mine)

    def _takes_up(self, change: Applied) -> bool:
        return self._guard.left(change) and (ours(change, self._guard) or self._can_be(change))

    def _begin(self, change: Applied, hold: Hold | None) -> None:
        from tui.mitigations.kinds.kind import made_of

        rule = self._runbook.mitigations.get(change.mitigation)
        own, rolled_out = ours(change, self._guard), change.rolled_out_at
        if rolled_out is not None:
            rolled_out = min(rolled_out, self._clock.now())  # by another's clock it may be far ahead
        watched = Watched(change.intent, change.at, made_of(change), rule, rolled_out, own)
        if not own:
            self._of_others.add(change.intent)
        run = self._runs.begin(
            change.mitigation, change.title, Stage.WATCHING, "looking again at what it did", change.place
        )
        run.intent, run.hold = change.intent, hold
        self._runs.start(run, self._alone(run, watched, change))

    async def _alone(self, run: Run, watched: Watched, change: Applied) -> None:
        try:
            with in_words():
                if watched.own or await self._watch.is_of_here(change):
                    await self._tell(run, change)
                    await self.to_its_end(run, watched)
        except SessionError as error:
            self._chronicle.trouble = error.said
        finally:
            await self.finish(run)

    async def _tell(self, run: Run, change: Applied) -> None:
        """Write down, once, that another console's change is judged here from now on."""
        if change.intent in self._told:
            return
        self._told.add(change.intent)
        now, own = self._clock.now(), ours(change, self._guard)
        await self._chronicle.tell(*taken_up(run.hold, change, "judge", now, self._actor(), own=own))
