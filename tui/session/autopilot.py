"""An incident played through unattended, as a careful engineer would: for drills and for tests.

It does nothing that the protocol does not allow a person: it looks, declares, previews, arms,
confirms, waits for the verdict, takes back what did not help, watches, and resolves only what is
well. What it cannot mend it leaves open, and says why.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tui.model.clock import Clock
from tui.model.incident import Applied, Kind, Status
from tui.model.mitigation import Plan, VerdictKind
from tui.model.reading import Check
from tui.model.runbook import EnvChange, MitigationRule, RotateKey
from tui.model.secret import Secret
from tui.model.times import date_and_time
from tui.session.deciding import what
from tui.session.errors import SessionError
from tui.session.obstacles import Obstacles, last_told
from tui.session.session import Session
from tui.session.snapshot import Snapshot

STEP = 0.25
LOOKING = timedelta(seconds=15)
CALM = timedelta(seconds=2)
CHANGING = timedelta(seconds=45)
RECOVERY = timedelta(seconds=22)
SETTLING = timedelta(seconds=12)


@dataclass(frozen=True, slots=True)
class Played:
    """How it ended. `diagnosis` is what was found first; `reason` says why it is (not) resolved."""

    resolved: bool
    reason: str
    diagnosis: str
    incident: str | None
    mitigations: tuple[tuple[str, str], ...] = ()


class Autopilot:
    """Plays one incident. `say` is told each step in a sentence; `new_key` is there to be stored."""

    def __init__(
        self, session: Session, clock: Clock, say: Callable[[str], None], new_key: Secret | None = None
    ) -> None:
        self._session = session
        self._clock = clock
        self._say = say
        self._new_key = new_key
        self._obstacles = Obstacles()

    async def play(self) -> Played:
        """Look, act, resolve or say why not. Raises SessionError only where nothing can be recorded."""
        found = await self._look()
        if found is None:
            waits = "; ".join(self._now.walk.missing) or "the checks did not answer"
            return Played(False, f"cannot tell what is wrong: {waits}", "unknown", None)
        diagnosis = self._session.runbook.diagnoses[found]
        self._say(f"Diagnosis: {diagnosis.title}.")
        if diagnosis.healthy:
            return Played(True, "healthy", found, None)
        await self._session.declare()
        await self._session.take_command()
        helped = await self._mitigate()
        reason = await self._finish(helped)
        incident = self._now.incident
        assert incident is not None
        return Played(not incident.open, reason, found, incident.id, _outcomes(incident.mitigations))

    @property
    def _now(self) -> Snapshot:
        return self._session.snapshot

    async def _look(self) -> str | None:
        """The diagnosis, once every check has answered and it has stood still for a moment."""
        found, since = None, self._clock.now()
        ends = since + LOOKING
        while self._clock.now() < ends:
            snapshot = self._now
            if snapshot.walk.diagnosis != found:
                found, since = snapshot.walk.diagnosis, self._clock.now()
            answered = len(snapshot.checks) == len(Check)
            if found and answered and snapshot.place.user and self._clock.now() - since >= CALM:
                return found
            await self._clock.sleep(STEP)
        return found

    async def _mitigate(self) -> MitigationRule | None:
        """Try what the diagnosis proposes, in order; the one that helped, or None."""
        tried: set[str] = set()
        lost: set[str] = set()
        while action := next(
            (a for a in self._now.actions if a.kind == "mitigation" and a.id not in tried), None
        ):
            tried.add(action.id)
            try:
                verdict = await self._change(action.id)
            except SessionError as error:
                self._say(self._obstacles.refused(action.title, error))
                continue
            if verdict is VerdictKind.EFFECTIVE:
                return self._session.runbook.mitigations[action.id]
            if verdict is VerdictKind.OVERWRITTEN:
                self._obstacles.overwritten(self._latest())
                self._say("Somebody else set another value: there is nothing of ours to take back.")
                return None
            if self._latest().outcome == "refused" and action.id not in lost:
                lost.add(action.id)
                tried.discard(action.id)
                await self._look_again()
                continue
            if verdict is None or not self._changed_anything():
                continue
            await self._give_up(self._latest())
        return None

    async def _look_again(self) -> None:
        """Somebody was faster, and nothing was applied: let theirs settle before previewing anew."""
        self._say("Nothing was applied: looking again at what is there.")
        self._session.refresh()
        ends = self._clock.now() + SETTLING
        while self._clock.now() < ends:
            await self._clock.sleep(CALM.total_seconds())
            held = self._now.checks.get(Check.WORKLOAD)
            if held is not None and held.latest.facts.get("rollout") == "complete":
                return

    async def _give_up(self, change: Applied) -> None:
        """It did not help, or did not even roll out: say why, and take it back where that can be done."""
        if change.stalled:
            self._say(f"{change.title}: {last_told(self._now.entries, change, Kind.ROLLOUT)}")
        if change.reversible:
            self._say("It did not help, and is taken back.")
            await self._take_back()
        if change.stalled:
            self._obstacles.stalled(self._as_it_is(change), self._now.entries)
        else:
            self._obstacles.without_effect(change)

    async def _change(self, mitigation: str) -> VerdictKind | None:
        rule = self._session.runbook.mitigations[mitigation]
        rotates = isinstance(rule.change, RotateKey)
        plan = await (self._rotation() if rotates else self._session.preview(mitigation))
        self._say(f"{plan.rule.title}: {plan.change} on {plan.target.place}.")
        await self._approve(plan)
        change = self._latest()
        told = change.verdict_text or last_told(self._now.entries, change, Kind.OUTCOME) or change.outcome
        self._say(f"{plan.rule.title}: {told.rstrip('.')}.")
        return _kind(change.verdict)

    async def _rotation(self) -> Plan:
        """Storing the new key, once the API has told which of the two works."""
        if self._new_key is None:
            raise SessionError("There is no new key to store.")
        now = await self._session.test_key(None)
        self._say(f"The key in use: {now.said}")
        if now.works:
            raise SessionError("The key in use works: another one would not help.")
        new = await self._session.test_key(self._new_key)
        self._say(f"The new key: {new.said}")
        return await self._session.preview_rotation(self._new_key)

    async def _take_back(self) -> None:
        await self._approve(await self._session.preview_undo())

    async def _approve(self, plan: Plan) -> None:
        if not self._session.arm(self._now.arming.word):
            raise SessionError("The arming word is not known: the cluster was not reached.")
        await self._session.approve(plan)
        await self._rest()

    async def _rest(self) -> None:
        """Wait for what runs."""
        ends = self._clock.now() + CHANGING
        while self._now.running and self._clock.now() < ends:
            await self._clock.sleep(STEP)

    async def _finish(self, helped: MitigationRule | None) -> str:
        """Resolve what is well; otherwise say why it stays open."""
        if helped is None:
            return await self._stays_open(f"{self._obstacles.headline}: {self._title()}")
        well = await self._recovered(helped)
        if not well:
            spared = f"{helped.title} spares the users, but the cause lasts: {self._title()}"
            return await self._stays_open(spared)
        if _hides(helped) and self._latest().verdict != VerdictKind.OVERWRITTEN:
            self._say("The cause has passed: what spared the users is taken back.")
            await self._take_back()
        await self._session.set_status(Status.MONITORING)
        await self._hold()
        reason, kept = self._reason(), await self._keep()
        await self._session.resolve(reason)
        return "; ".join(part for part in (reason, *kept) if part) or "healthy again"

    async def _keep(self) -> list[str]:
        """Decide that what is live stays with its owner until its end; a sentence for each."""
        kept = []
        for lease in self._session.undecided:
            await self._session.keep_as_it_is(lease)
            owner, until = lease.seen.owner, date_and_time(lease.seen.until)
            kept.append(f"{what(lease)} is kept until {until}, owner {owner}")
            self._say(f"{kept[-1]}.")
        return kept

    async def _stays_open(self, reason: str) -> str:
        """Leave what is known to whoever comes next: in the record, and with it in the postmortem."""
        told = self._obstacles.after(reason)
        await self._session.note(f"Stays open: {told}")
        return told

    def _title(self) -> str:
        """What is wrong, as it is seen now."""
        diagnosis = self._now.diagnosis
        return diagnosis.title if diagnosis else "unknown"

    async def _recovered(self, helped: MitigationRule) -> bool:
        """Whether the pods' calls are well again, be it that this machine still sees something."""
        ends = self._clock.now() + RECOVERY
        while self._clock.now() < ends:
            if self._pods_are_well():
                return True
            await self._clock.sleep(STEP)
        return False

    def _pods_are_well(self) -> bool:
        held = self._now.checks.get(Check.ERROR_RATE)
        if held is None or not held.usable(self._clock.now()):
            return False
        return held.latest.facts.get("has_errors") is False

    async def _hold(self) -> None:
        """Wait out the monitoring hold."""
        while (ends := self._now.resolvable_at) and self._clock.now() < ends:
            await self._clock.sleep(STEP)

    def _reason(self) -> str:
        """Why it may be resolved although something speaks against it; "" where nothing does."""
        now, said = self._now, []
        if now.diagnosis is not None and not now.diagnosis.healthy:
            said.append(f"the pods are well; from here still: {now.diagnosis.title}")
        return "; ".join(said)

    def _changed_anything(self) -> bool:
        return self._latest().outcome == "applied"

    def _as_it_is(self, change: Applied) -> Applied:
        """What has become of a change since."""
        incident = self._now.incident
        assert incident is not None
        return next(found for found in incident.mitigations if found.intent == change.intent)

    def _latest(self) -> Applied:
        incident = self._now.incident
        assert incident is not None
        return incident.mitigations[-1]


async def played(
    session: Session, clock: Clock, say: Callable[[str], None], limit: float, new_key: Secret | None = None
) -> Played:
    """Play one incident within `limit` seconds, from the session's start to its end."""
    await session.start()
    try:
        return await asyncio.wait_for(Autopilot(session, clock, say, new_key).play(), limit)
    except TimeoutError:
        incident = session.snapshot.incident
        return Played(False, f"not done within {limit:.0f} s", "unknown", incident.id if incident else None)


def _hides(rule: MitigationRule) -> bool:
    """Whether it spares users without touching the cause: then a healthy path means it has passed."""
    return isinstance(rule.change, EnvChange) and rule.judged.query == "user_errors"


def _kind(verdict: str) -> VerdictKind | None:
    """The verdict as a kind; None for none, or for a word of a later version."""
    return VerdictKind(verdict) if verdict in set(VerdictKind) else None


def _outcomes(changes: tuple[Applied, ...]) -> tuple[tuple[str, str], ...]:
    """What was tried, in its order: the verdict, or that it was refused and nothing was applied."""
    refused = {"refused": "refused"}
    return tuple(
        (change.mitigation, change.verdict or refused.get(change.outcome, "unknown"))
        for change in changes
        if not change.undoes
    )
