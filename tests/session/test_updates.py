"""Telling people in a simulated world: from the draft to the record, through refusal, loss and restart."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.drills import drill, session_on, settings_for, until
from tui.drill.serve import Drill
from tui.drill.servers.base import Fault, Misbehaviour
from tui.model.clock import SystemClock
from tui.model.incident import Kind, Status
from tui.model.reading import State
from tui.model.update import Audience
from tui.notify import exchange
from tui.session.doctor import examine
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None


def said(session: Session) -> list[str]:
    """The texts of what was told."""
    return [entry.text for entry in session.snapshot.entries if entry.kind == Kind.UPDATE]


def secrets_of(world: Drill) -> list[str]:
    folder = Path(world.addresses["config"]).parent
    names = ("slack.webhook", "slack.token", "statuspage.key", "pagerduty.key")
    return [(folder / name).read_text() for name in names] + [world.slack.webhook.rpartition("/")[2]]


async def test_the_first_update_opens_an_incident_and_is_an_entry(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        draft = await session.update_draft(Audience.INTERNAL)
        assert session.snapshot.incident is None, "looking opens nothing"
        (sent,) = await session.send_update(draft, draft.text)
        assert sent.state == "sent"
        assert world.slack.received[0]["text"].startswith(
            ":red_circle: P2 INCIDENT: Mistral AI Integration\n"
        )
        assert "*Impact*: Degraded service" in world.slack.received[0]["text"]
        promise = draft.next_update
        assert promise is not None
        assert said(session) == [f"sent to Slack #incidents: investigating, next {promise:%H:%M}"]
        assert session.snapshot.update_due == promise.replace(microsecond=promise.microsecond // 1000 * 1000)
        assert session.snapshot.unsent == ()
        (outbox,) = tmp_path.rglob("outbox.json")
        assert "INCIDENT" not in outbox.read_text(), (
            "its text is in the record alone, where it can be redacted"
        )


async def test_the_page_is_told_resolved_with_its_components_well_again(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        draft = await session.update_draft(Audience.EXTERNAL)
        await session.send_update(draft, draft.text, notify=False)
        await session.resolve("the trial of an update is over")
        last = await session.update_draft(Audience.EXTERNAL)
        assert "says that it goes on" in last.remark
        await session.send_update(last, "AI Feature Degradation\nIt is over.")
        (made,) = world.statuspage.incidents.values()
        assert made["status"] == "resolved"
        assert [one["deliver_notifications"] for one in made["incident_updates"]] == [True, False]
        assert {one["status"] for one in made["components"]} == {"operational"}
        incident = session.snapshot.incident
        assert incident is not None and incident.status is Status.RESOLVED, "it opened no other one"
        assert session.snapshot.update_due is None


async def test_a_refusal_is_an_entry_and_stays_in_sight_until_a_person_decides(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        world.slack._secret = "another"
        draft = await session.update_draft(Audience.INTERNAL)
        (sent,) = await session.send_update(draft, draft.text)
        assert sent.state == "failed"
        assert said(session)[0].startswith(
            "not sent to Slack #incidents (investigating). Slack #incidents ans"
        )
        (left,) = session.snapshot.unsent
        assert (left.state, "invalid_token" in left.said) == ("failed", True)
        await session.give_up(left.id)
        assert session.snapshot.unsent == ()
        assert said(session)[-1] == "given up: the internal update to Slack #incidents"


async def test_a_lost_answer_survives_a_restart_and_is_sent_again_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "DEADLINE", 0.5)
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            world.slack.fault = Fault(Misbehaviour.HANG)
            draft = await session.update_draft(Audience.INTERNAL)
            (sent,) = await session.send_update(draft, draft.text)
            assert sent.state == "unknown"
            assert session.snapshot.incident is not None
            incident = session.snapshot.incident.id
        world.slack.fault = Fault()
        monkeypatch.setattr(exchange, "DEADLINE", 10.0)
        async with session_on(world, tmp_path) as session:
            await session.resume(incident)
            found = await until(session, lambda s: s.unsent)
            assert [one.state for one in found.unsent] == ["unknown"]
            assert not world.slack.received
            await session.send_again(found.unsent[0].id)
            await until(session, lambda s: not s.unsent)
            # The outbox knows first that it arrived; the entry that says so comes behind.
            await until(
                session, lambda s: said(session)[-1].startswith("sent to Slack #incidents: investigating")
            )
            assert len(world.slack.received) == 1
            outcomes = [e.data["outcome"] for e in session.snapshot.entries if e.kind == Kind.UPDATE]
            assert outcomes == ["unknown", "sent"]


async def test_what_is_refused_for_now_is_sent_later_by_itself(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        await world.slack.refuse()
        draft = await session.update_draft(Audience.INTERNAL)
        (sent,) = await session.send_update(draft, draft.text)
        assert sent.state == "queued"
        assert "connection refused" in session.snapshot.unsent[0].said
        await world.slack.start()
        await until(session, lambda s: not s.unsent)
        assert len(world.slack.received) == 1


async def test_a_crash_between_sending_and_recording_is_recorded_once(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            draft = await session.update_draft(Audience.INTERNAL)
            await session.send_update(draft, draft.text)
            assert session.snapshot.incident is not None
            incident = session.snapshot.incident.id
        outbox = tmp_path / "incidents" / incident / "outbox.json"
        # As after a crash: once with the entry written, once with another message's missing.
        held = json.loads(outbox.read_text())
        held["messages"][0]["told"] = False
        held["messages"].append({**held["messages"][0], "id": "another"})
        outbox.write_text(json.dumps(held))
        async with session_on(world, tmp_path) as session:
            await session.resume(incident)
            await until(session, lambda s: sum(e.kind == Kind.UPDATE for e in s.entries) == 2)
            async with asyncio.timeout(15):
                while not all(  # noqa: ASYNC110 - a file has no event
                    m["told"] for m in json.loads(outbox.read_text())["messages"]
                ):
                    await asyncio.sleep(0.01)
        assert len(world.slack.received) == 1


async def test_an_edited_draft_survives_the_console_and_goes_when_it_was_sent(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            draft = await session.update_draft(Audience.INTERNAL)
            await session.keep_update(draft, f"{draft.text}\nand more")
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            again = await session.update_draft(Audience.INTERNAL)
            assert again.text.endswith("and more")
            assert again.kept_at is not None
            await session.send_update(again, again.text)
            assert world.slack.received[0]["text"].endswith("and more")
            assert (await session.update_draft(Audience.INTERNAL)).kept_at is None
            await session.keep_update(again, "typed")
            assert (await session.update_draft(Audience.INTERNAL)).text == "typed"
            assert (await session.update_draft(Audience.INTERNAL, anew=True)).kept_at is None
    assert not list(tmp_path.rglob("*.draft"))


async def test_what_does_not_fit_or_promises_the_past_is_not_sent(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        draft = await session.update_draft(Audience.INTERNAL)
        with pytest.raises(SessionError, match="too long: Slack takes 3000"):
            await session.send_update(draft, "x" * 3001)
        ago = draft.next_update - timedelta(hours=1)  # type: ignore[operator]
        with pytest.raises(SessionError, match="which is over"):
            await session.send_update(draft, f"Next update: {ago:%H:%M} UTC")
        assert not world.slack.received
        assert session.snapshot.unsent == ()


async def test_the_next_update_is_put_off_by_an_entry(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, diagnosed)
        await session.declare()
        before = session.snapshot.update_due
        until_then = await session.snooze(timedelta(hours=1))
        assert before is not None
        assert session.snapshot.update_due is not None and session.snapshot.update_due > before
        (entry,) = [e for e in session.snapshot.entries if e.kind == Kind.SNOOZED]
        assert entry.text == f"next update put off for 60 min, to {until_then:%H:%M} UTC"


async def test_pagerduty_is_told_of_each_alert(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, lambda s: s.diagnosis and any(e.kind == Kind.ALERT for e in s.entries))
        await session.declare()
        incident = (await until(session, lambda s: s.incident and s.incident.alerts)).incident
        assert incident is not None
        due = session.snapshot.update_due
        await session.page("acknowledge")
        assert {one["dedup_key"] for one in world.pagerduty.received} == incident.alerts
        assert {one["event_action"] for one in world.pagerduty.received} == {"acknowledge"}
        assert session.snapshot.update_due == due, "a page tells no people"


async def test_without_a_target_it_is_copied_and_that_is_recorded(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        config = Path(world.addresses["config"])
        kept = config.read_text().partition("[updates]")[0]
        config.write_text(kept)
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            draft = await session.update_draft(Audience.INTERNAL)
            assert draft.places == ()
            assert "updates.slack.webhook" in draft.to_set
            with pytest.raises(SessionError, match="nowhere to send an internal update"):
                await session.send_update(draft, draft.text)
            await session.update_copied(draft, draft.text)
            assert said(session)[0].startswith("copied to send by hand (internal): investigating, next ")


async def test_no_target_gives_its_secret_away_in_files_snapshots_or_words(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        held = secrets_of(world)
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            draft = await session.update_draft(Audience.INTERNAL)
            text = f"{draft.text}\npasted: {' and '.join(held)}"
            await session.keep_update(draft, text)
            drafts = "".join(path.read_text() for path in tmp_path.rglob("*.draft"))
            assert "pasted: " in drafts
            world.slack._secret = "another"
            await session.send_update(draft, text)
            await session.page("resolve")
            shown = repr(session.snapshot) + repr(session._working.updates.targets)
        findings = await examine(settings_for(world), SystemClock(), {}, tmp_path)
        kept = drafts + "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())
        told = kept + shown + repr(findings) + repr(list(world.pagerduty.received))
    assert "pasted: " in kept
    for secret in held:
        assert len(secret) >= 16
        assert secret not in told


async def test_the_doctor_tests_every_target_and_sends_nothing(tmp_path: Path) -> None:
    async with drill("healthy") as world:
        findings = {f.name: f for f in await examine(settings_for(world), SystemClock(), {}, tmp_path)}
        for name in ("Slack #incidents", "Statuspage", "PagerDuty"):
            assert findings[f"updates: {name}"].state is State.OK
        assert not world.slack.received
        assert not world.statuspage.incidents
        assert not world.pagerduty.received
        await world.statuspage.refuse()
        away = {f.name: f for f in await examine(settings_for(world), SystemClock(), {}, tmp_path)}
        assert away["updates: Statuspage"].state is State.UNKNOWN
