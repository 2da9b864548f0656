"""Commanding in a simulated world: from an alert, once; severity, milestones, reopening, a return."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import START
from tests.support.drills import drill, session_on, until
from tui.model.incident import Incident, Kind, Status
from tui.model.milestones import Milestone
from tui.model.reading import Alert, Check
from tui.model.returning import returned
from tui.model.runbook import Diagnosis
from tui.model.severity import Severity
from tui.model.severity_history import history
from tui.record.verification import verify
from tui.session.declaration import Declaration
from tui.session.declaring import firing, offered
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Place, Snapshot

REASON = "handled in another incident"


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def alarmed(snapshot: Snapshot) -> bool:
    return diagnosed(snapshot) and bool(firing(snapshot, snapshot.at))


async def an_alert(session: Session) -> Alert:
    seen = await until(session, alarmed, 60)
    return firing(seen, seen.at)[0]


def opened(session: Session) -> Incident:
    incident = session.snapshot.incident
    assert incident is not None
    return incident


async def test_an_incident_from_an_alert_began_when_it_did_and_says_so(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        alert = await an_alert(session)
        entry = await session.declare_from_alert(alert.fingerprint)
        incident = opened(session)
        assert incident.started_at == alert.starts_at.replace(
            microsecond=alert.starts_at.microsecond // 1000 * 1000
        )
        assert entry.text == "from the alert; severity P2 proposed and accepted"
        assert entry.data["alert"] == alert.fingerprint
        assert set(entry.data["checks"]) == {check.value for check in Check}
        assert alert.fingerprint in incident.alerts
        assert incident.detected_at == incident.alert_at
        assert offered(session.snapshot, session.snapshot.at) == ()
        with pytest.raises(SessionError, match="no longer fires"):
            await session.declare_from_alert("nobody")


async def test_the_label_only_proposes_the_severity(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        alert = await an_alert(session)
        entry = await session.declare_from_alert(alert.fingerprint, Severity.P4)
        assert entry.text == "from the alert; severity P2 proposed, P4 chosen"
        assert opened(session).severity is Severity.P4


async def test_an_alert_is_in_one_open_incident_across_polls_consoles_and_restarts(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as first, session_on(world, tmp_path) as second:
            second._rng = Random(8)
            alert = await an_alert(first)
            await an_alert(second)
            both = await asyncio.gather(
                *(one.declare_from_alert(alert.fingerprint) for one in (first, second)),
                return_exceptions=True,
            )
            refused = [one for one in both if isinstance(one, SessionError)]
            assert len(refused) == 1, both
            has, other = (first, second) if second.snapshot.incident is None else (second, first)
            assert f"{alert.name} is part of {opened(has).id} already" in str(refused[0])
            assert offered(other.snapshot, other.snapshot.at) == ()
            # An incident that is declared by hand meanwhile leaves the alert where it is.
            await other.declare("another thing", Severity.P3)
            assert alert.fingerprint not in opened(other).alerts
            seen = has.snapshot
            has.refresh()
            await until(has, lambda s: s.checks != seen.checks)
            assert [e.kind for e in has.snapshot.entries].count(Kind.ALERT) == len(opened(has).alerts)
            incident = opened(has)
        async with session_on(world, tmp_path) as again:
            again._rng = Random(9)
            found = await an_alert(again)
            assert offered(again.snapshot, again.snapshot.at) == ()
            with pytest.raises(SessionError, match=incident.id):
                await again.declare_from_alert(found.fingerprint)
            await again.resume(incident.id)
            await again.resolve(REASON)
            assert found.fingerprint in {a.fingerprint for a in offered(again.snapshot, again.snapshot.at)}
            entry = await again.declare_from_alert(found.fingerprint)
            assert found.fingerprint in opened(again).alerts
            assert entry.data["alert"] == found.fingerprint


async def test_what_another_console_opens_is_seen_while_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.session.declaring.LOOK_EVERY", 0.2)
    async with drill("rate-limited") as world, session_on(world, tmp_path) as looking:
        async with session_on(world, tmp_path) as other:
            await until(other, diagnosed)
            await other.declare("theirs", Severity.P2)
            seen = await until(looking, lambda s: s.open_incidents, 60)
            assert [(one.title, one.held_by_other) for one in seen.open_incidents] == [("theirs", True)]
            await other.resolve(REASON)
        await until(looking, lambda s: not s.open_incidents, 60)


async def test_the_severity_keeps_its_history_and_a_resolved_one_is_opened_again(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        await session.declare("limited", Severity.P2)
        await session.set_severity(Severity.P1, "  all of it fails  ")
        changes = history(session.snapshot.entries)
        assert [(one.before, one.to, one.why) for one in changes] == [
            ("", "P2", "declared"),
            ("P2", "P1", "all of it fails"),
        ]
        with pytest.raises(SessionError, match="is open: there is nothing to open again"):
            await session.reopen()
        await session.take_command("ana")
        before = opened(session)
        await session.resolve(REASON)
        assert opened(session).resolved_at is not None
        await session.reopen("it is back")
        incident = opened(session)
        assert (incident.status, incident.resolved_at, incident.reason) == (Status.INVESTIGATING, None, "")
        assert (incident.acknowledged_at, incident.commander_at) == (
            before.acknowledged_at,
            before.commander_at,
        )
        told = next(e for e in reversed(session.snapshot.entries) if e.kind == Kind.STATUS)
        assert told.text.startswith("opened again, ") and told.text.endswith(": it is back")
        await session.note("it goes on")
    assert verify(tmp_path, incident.id).whole


async def test_a_past_incident_is_opened_again_by_resuming_it(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            await session.declare("limited", Severity.P2)
            await session.resolve(REASON)
            past = opened(session).id
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            assert not (await session.resume(past)).open
            await session.reopen()
            assert opened(session).open
        async with session_on(world, tmp_path) as session:
            assert [one.id for one in session.snapshot.open_incidents] == [past]


async def test_milestones_are_set_by_an_entry_and_refused_out_of_order(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        await session.declare("limited", Severity.P2)
        before = opened(session).started_at
        assert before is not None
        began = before - timedelta(minutes=90)
        at = await session.set_milestone(Milestone.IMPACT_STARTED, f"{began:%Y-%m-%d %H:%M:%S}")
        assert at == opened(session).started_at == began.replace(microsecond=0)
        told = session.snapshot.entries[-1]
        assert (told.kind, told.data["name"]) == (Kind.MILESTONE, "impact_started")
        assert told.data["before"] is not None
        assert told.text.startswith("Impact started at ") and ", was " in told.text
        with pytest.raises(
            SessionError, match=r"Acknowledged at .* would be before .*impact started|detected"
        ):
            await session.set_milestone(Milestone.ACKNOWLEDGED, "3 h ago")
        with pytest.raises(SessionError, match="It is not resolved yet"):
            await session.set_milestone(Milestone.RESOLVED, "now")
        with pytest.raises(SessionError, match="nothing was changed"):
            await session.set_milestone(Milestone.MITIGATED, " ")
        assert await session.set_milestone(Milestone.IMPACT_STARTED, "") is None
        assert opened(session).started_at == before
        count = len(session.snapshot.entries)
        with pytest.raises(SessionError, match="is no time"):
            await session.set_milestone(Milestone.MITIGATED, "soon")
        assert len(session.snapshot.entries) == count


async def test_a_return_knows_how_it_stood_and_what_was_settled(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            assert session.arm(session.snapshot.arming.word)
            await session.declare("limited", Severity.P2)
            await session.approve(await session.preview("reduce-concurrency"))
            incident = opened(session)
            # As a kill would: the task dies with its intent on disk.
            await session._working.operations.stop()
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            await session.resume(incident.id)
            back = returned(session.snapshot.entries)
            assert back is not None
            assert back.then["mistral_api"].state == "fail"
            assert back.then["network"].state == "ok"
            settled = [change.settled for change in opened(session).mitigations]
            assert all(settled)
            resumed = next(e for e in session.snapshot.entries if e.kind == Kind.RESUMED)
            assert resumed.data["checks"]["mistral_api"]["state"] == "fail"


ALERT = Alert("f1", "MistralUnavailable", "critical", "", START, "active")
HEALTHY = Diagnosis("healthy", "All is well", None, "Nothing is wrong.", healthy=True)
LIMITED = Diagnosis("rate-limited", "Rate limited", Severity.P2, "Too many.")


@pytest.mark.parametrize(
    ("declaration", "called", "told", "source"),
    [
        (
            Declaration("", None, Severity.P2, LIMITED, Place()),
            "Rate limited",
            "Rate limited, P2",
            "diagnosis",
        ),
        (Declaration(" mine ", Severity.P3, Severity.P2, LIMITED, Place()), "mine", "mine, P3", "hand"),
        (Declaration("", None, None, None, Place()), "", "incident", "hand"),
        (
            Declaration("", None, Severity.P2, LIMITED, Place(), alert=ALERT),
            "Rate limited",
            "from the alert; severity P1 proposed and accepted",
            "alert",
        ),
        (
            Declaration("", Severity.P2, None, HEALTHY, Place(), alert=replace(ALERT, severity="teal")),
            "MistralUnavailable",
            "from the alert; severity P2 chosen, none was proposed",
            "alert",
        ),
        (
            Declaration(
                "", None, None, None, Place(), alert=replace(ALERT, severity=""), left_out="7 left out"
            ),
            "MistralUnavailable",
            "from the alert; no severity yet (7 left out)",
            "alert",
        ),
    ],
)
def test_a_declaration_says_where_it_comes_from(
    declaration: Declaration, called: str, told: str, source: str
) -> None:
    assert (declaration.called, declaration.told(), declaration.data()["source"]) == (called, told, source)
    assert ("started_at" in declaration.data()) is (source == "alert")
