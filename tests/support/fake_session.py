"""A session that tests play by hand: the API of `tui.session.session.Session`, no world behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.support import sights
from tests.support.fake_updates import FakeUpdates
from tests.support.fake_writing import FakeWriting
from tui.evidence.bundle import Collected
from tui.model.clock import Clock
from tui.model.incident import Entry, Kind, Status
from tui.model.keys import KeyShown, KeyTest
from tui.model.milestones import Milestone, WrongTime, laid_over, placed, set_to, typed
from tui.model.mitigation import Lease, Plan
from tui.model.network_look import NetworkLook
from tui.model.runbook import Runbook
from tui.model.secret import Secret
from tui.model.severity import Severity
from tui.session.errors import LockUnreachable, SessionError
from tui.session.snapshot import Snapshot


class FakeSession(FakeUpdates, FakeWriting):
    """Publishes the snapshots that it is given and remembers what was asked of it.

    Attributes:
        calls: each call that asks for something, `("note", text)`.
        plan: what `preview` answers; an exception is raised instead.
        gate: when set to an event, `preview` answers only once it is set.
        refuse: when set, every call that acts raises it.
        tests: what each key's test answers, by the key; the key in use is None. `testing` holds them.
        left: the leases about which nobody has decided; `keep_as_it_is` decides.
        unredactable: why no entry can be redacted, or "".
        unlocked: when set, a change is refused with it, until it is approved without the lock.
        joined: what is published once an incident is joined.
        noted_in: the incident that each note was begun in, "" where none was open.
        draft, look: what the draft to support and the look at the network are; the gate holds the look.
    """

    def __init__(self, snapshot: Snapshot, clock: Clock, runbook: Runbook = sights.RUNBOOK) -> None:
        self.clock = clock
        self.runbook = runbook
        self.calls: list[tuple[object, ...]] = []
        self.plan: Plan | Exception = sights.PLAN
        self.gate: asyncio.Event | None = None
        self.refuse: Exception | None = None
        self.draft: tuple[str, ...] = ("Subject: it fails", "", "Hello,")
        self.look: NetworkLook | Exception = sights.LOOK
        self.current: KeyShown | None = sights.KEY_IN_USE
        self.tests: dict[str | None, KeyTest | Exception] = {
            None: sights.REFUSED_KEY,
            sights.NEW_KEY: sights.GOOD_KEY,
        }
        self.testing: asyncio.Event | None = None
        self.unredactable = ""
        self.unlocked: LockUnreachable | None = None
        self.joined: Snapshot | None = None
        self.noted_in: list[str] = []
        self.left_behind = ""
        self.left: tuple[Lease, ...] = ()
        self.started = False
        self.stopped = False
        self._snapshot = snapshot
        self._listeners: list[Callable[[Snapshot], None]] = []
        self.fresh_page()

    @property
    def acts(self) -> list[tuple[object, ...]]:
        """The calls that ask for more than looking, or for time to look."""
        looking = ("looked", "hold_arming", "release_arming")
        return [call for call in self.calls if call[0] not in looking]

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def publish(self, snapshot: Snapshot) -> None:
        """Let everybody see this now."""
        self._snapshot = snapshot
        for listener in tuple(self._listeners):
            listener(snapshot)

    def subscribe(self, listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self) -> None:
        self.started = True
        self.publish(self._snapshot)

    async def stop(self) -> None:
        self.stopped = True

    def evidence_folder(self) -> Path:
        return Path("~/.local/state/leeward/incidents/inc-20261123-1503-7f3a")

    async def collect_evidence(self, folder: Path | None = None) -> Collected:
        self._did("collect_evidence", folder)
        if self.gate is not None:
            await self.gate.wait()
        return Collected(self.evidence_folder() / "e.tar.gz", 319_000, "7f3a" * 16, 23, (), 4)

    def end_evidence(self) -> None:
        self._did("end_evidence")

    def refresh(self) -> None:
        self.calls.append(("refresh",))

    async def declare(self, title: str = "", severity: Severity | None = None) -> None:
        self._did("declare", title, severity)
        incident = replace(sights.INCIDENT, title=title or "incident", severity=severity)
        self.publish(replace(self._snapshot, incident=incident, entries=sights.ENTRIES))

    async def acknowledge(self) -> None:
        self._did("acknowledge")

    async def set_severity(self, severity: Severity, reason: str = "") -> None:
        self._did("set_severity", severity, *([reason] if reason else []))

    async def declare_from_alert(self, fingerprint: str, severity: Severity | None = None) -> None:
        self._did("declare_from_alert", fingerprint, severity)

    async def reopen(self, reason: str = "") -> None:
        self._did("reopen", reason)

    async def set_milestone(self, milestone: Milestone, text: str) -> datetime | None:
        self._did("set_milestone", milestone, text)
        if not text:
            return None
        assert self._snapshot.incident is not None
        try:
            at = placed(self._snapshot.incident, milestone, typed(text, self.clock.now()), self.clock.now())
        except WrongTime as wrong:
            raise SessionError(wrong.said, wrong.remedy) from wrong
        incident = laid_over(set_to(self._snapshot.incident, milestone, at))
        self.publish(replace(self._snapshot, incident=incident))
        return at

    async def set_status(self, status: Status) -> None:
        self._did("set_status", status)

    async def take_command(self, name: str = "") -> None:
        self._did("take_command", name)

    async def hand_over(self, name: str, console: str = "") -> None:
        self._did("hand_over", name, *([console] if console else []))

    async def note(self, text: str, of: str = "") -> Entry:
        self._did("note", text)
        self.noted_in.append(of)
        made = sights.entry(self.clock.now(), Kind.NOTE, text, 100 + len(self.calls))
        self.publish(replace(self._snapshot, entries=(*self._snapshot.entries, made)))
        return made

    def without_secrets(self, text: str) -> str:
        return text.replace(sights.NEW_KEY, "***")

    def can_redact(self, entry_id: str) -> str:
        return self.unredactable

    async def redact_entry(self, entry_id: str, reason: str) -> tuple[str, ...]:
        self._did("redact_entry", entry_id, reason)
        return ("the evidence of 15:03 UTC: /e/one.tar.gz",)

    async def correct_entry(self, entry_id: str, text: str = "", when: str = "") -> None:
        self._did("correct_entry", entry_id, text, when)

    async def pin_entry(self, entry_id: str) -> bool:
        self._did("pin_entry", entry_id)
        said = self._snapshot.amendments
        pinned = entry_id not in said.pinned
        now = said.pinned | {entry_id} if pinned else said.pinned - {entry_id}
        self.publish(replace(self._snapshot, amendments=replace(said, pinned=now)))
        return pinned

    async def hand_on(self, path: Path | None = None) -> Path:
        self._did("hand_on", path)
        return Path("/state/inc.leeward.zip")

    async def resume(self, incident_id: str) -> None:
        self._did("resume", incident_id)
        self.publish(
            replace(self._snapshot, incident=sights.INCIDENT, entries=sights.ENTRIES, open_incidents=())
        )

    async def join(self, incident_id: str) -> None:
        self._did("join", incident_id)
        self.publish(self.joined or self._snapshot)

    async def resolve(self, force_reason: str = "") -> None:
        self._did("resolve", force_reason)

    async def pin(self, diagnosis_id: str | None) -> None:
        self._did("pin", diagnosis_id)

    async def overrule(self, question_id: str, branch_label: str | None) -> None:
        self._did("overrule", question_id, branch_label)

    def arm(self, word: str) -> bool:
        self.calls.append(("arm", word))
        right = word.strip().casefold() == self._snapshot.arming.word.casefold()
        if right:
            until = self.clock.now() + timedelta(minutes=15)
            self.publish(replace(self._snapshot, arming=replace(self._snapshot.arming, until=until)))
        return right

    def disarm(self) -> None:
        self.calls.append(("disarm",))

    async def preview(self, mitigation_id: str, value: str | None = None) -> Plan:
        self._did("preview", mitigation_id, value)
        return await self._planned(value)

    async def preview_undo(self, mitigation: str = "") -> Plan:
        self._did("preview_undo", mitigation)
        return await self._planned(None)

    async def approve(self, plan: Plan, *, without_lock: bool = False) -> None:
        """`unlocked` is raised as long as nobody goes without the lock."""
        if self.unlocked is not None and not without_lock:
            self.calls.append(("refused", plan))
            raise self.unlocked
        self._did("approve", plan, *(["without the lock"] if without_lock else []))

    async def current_key(self) -> KeyShown | None:
        return self.current

    async def test_key(self, candidate: Secret | None) -> KeyTest:
        self._did("test_key", candidate)
        if self.testing is not None and candidate is not None:
            await self.testing.wait()
        found = self.tests[candidate.reveal() if candidate is not None else None]
        if isinstance(found, Exception):
            raise found
        return found

    def forget_keys(self) -> None:
        self.calls.append(("forget_keys",))

    async def preview_rotation(self, candidate: Secret, overrule: str = "") -> Plan:
        self._did("preview_rotation", candidate, overrule)
        return await self._planned(None)

    @property
    def undecided(self) -> tuple[Lease, ...]:
        return self.left

    async def rested(self) -> None:
        self.calls.append(("rested",))

    async def keep_as_it_is(self, lease: Lease) -> None:
        self._did("keep_as_it_is", lease)
        self.left = tuple(one for one in self.left if one is not lease)

    async def preview_keep(self, lease: Lease, owner: str, until: datetime | None) -> Plan:
        self._did("preview_keep", lease, owner, until)
        return await self._planned(None)

    def looked(self) -> None:
        self.calls.append(("looked",))

    def word_matches(self, word: str) -> bool:
        return word.strip().casefold() == self._snapshot.arming.word.casefold()

    def hold_arming(self) -> None:
        self.calls.append(("hold_arming",))

    def release_arming(self) -> None:
        self.calls.append(("release_arming",))

    async def reset_breaker(self, mitigation: str) -> None:
        self.calls.append(("reset_breaker", mitigation))

    async def cancel_watch(self) -> None:
        self._did("cancel_watch")

    def support_draft(self) -> tuple[str, ...]:
        return self.draft

    async def look_at_network(self) -> NetworkLook:
        self._did("look_at_network")
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.look, Exception):
            raise self.look
        return self.look

    def did(self, name: str) -> list[tuple[object, ...]]:
        """The calls of this name."""
        return [call for call in self.calls if call[0] == name]

    async def _planned(self, value: str | None) -> Plan:
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.plan, Exception):
            raise self.plan
        return self.plan if value is None else replace(self.plan, after=value)

    def _did(self, *call: object) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.calls.append(call)
