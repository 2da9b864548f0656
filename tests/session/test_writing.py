"""The postmortem of a session: nothing that a person wrote is replaced, and the impact is measured for it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.drills import drill, session_on, until
from tui.drill.servers.base import Fault, Misbehaviour
from tui.model.incident import Kind
from tui.model.measures import impact_of
from tui.model.written import ActionItem, Section
from tui.record.folder import incident_folder
from tui.record.verification import verify
from tui.reports.formats import Format
from tui.session import writing
from tui.session.errors import NoIncident, SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.session.writing import NEW_ITEM

KEY = "kJ3vXq8LmN2pR5tW7yZ1aB4cD6eF9gH0"


def failing(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and len(snapshot.checks) == 7


def incident_of(session: Session) -> str:
    assert session.snapshot.incident is not None
    return session.snapshot.incident.id


async def test_three_formats_are_written_from_one_measurement(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, failing)
        await session.note("it fails")
        made = [await session.export(kind) for kind in Format]
        assert [one.path.name for one in made] == ["postmortem.md", "postmortem.html", "postmortem.json"]
        assert [one.beside for one in made] == [None] * 3
        kinds = [entry.kind for entry in session.snapshot.entries]
        assert kinds.count(Kind.EXPORTED) == 3
        assert kinds.count(Kind.IMPACT) == 1
        assert session.snapshot.incident is not None
        found = impact_of(session.snapshot.incident, session.snapshot.entries)
        assert found.errors is not None and 10 < len(found.errors.values) < 400
        assert found.failed_requests is not None and found.failed_requests > 0
        read = json.loads(made[2].path.read_text())
        assert read["impact"]["failed_requests"] == found.failed_requests
        journal = (incident_folder(tmp_path, incident_of(session)) / "journal.jsonl").read_text()
        (measured,) = [line for line in journal.splitlines() if '"kind":"impact"' in line]
        assert len(measured) < 4096
    assert verify(tmp_path, read["incident"]["id"]).whole


async def test_a_file_that_a_person_edited_is_left_alone_again_and_again(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await session.note("one")
        first = await session.postmortem()
        await session.note("two")
        assert await session.postmortem() == first, "our own export is replaced"
        assert "two" in first.read_text()
        edited = first.read_text() + "\nWritten by hand.\n"
        first.write_text(edited)
        for text in ("three", "four"):
            await session.note(text)
            made = await session.export(Format.MARKDOWN)
            assert (made.path.name, made.beside) == ("postmortem-2.md", first)
            assert text in made.path.read_text()
        made.path.write_text("also edited")
        assert (await session.export(Format.MARKDOWN)).path.name == "postmortem-3.md"
        assert first.read_text() == edited
        assert made.path.read_text() == "also edited"
        assert (await session.export(Format.HTML)).beside is None


async def test_what_is_no_file_of_ours_is_left_alone_too(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await session.note("one")
        folder = incident_folder(tmp_path, incident_of(session))
        (folder / "postmortem.md").mkdir()
        (folder / "postmortem-2.md").symlink_to(tmp_path / "elsewhere.md")
        made = await session.export(Format.MARKDOWN)
        assert made.path.name == "postmortem-3.md"
        assert not (tmp_path / "elsewhere.md").exists()
        with pytest.raises(SessionError, match="is there already, and was not replaced"):
            await session.export(Format.JSON, made.path)


async def test_what_people_write_is_in_every_format_and_survives_another_console(tmp_path: Path) -> None:
    async with drill("healthy") as world:
        async with session_on(world, tmp_path) as session:
            with pytest.raises(NoIncident):
                await session.written()
            await session.note("Action: look at the limits")
            incident_id = incident_of(session)
            await session.write_section(Section.SUMMARY, "  First.\n")
            await session.write_section(Section.SUMMARY, "It was a drill.\n\n- a point")
            item = await session.add_item("Queue before the client")
            await session.change_item(item, "owner", "bob")
            await session.keep_unsaved(Section.BY_LUCK, "half a th")
            await session.keep_unsaved(NEW_ITEM, "half an it")
        async with session_on(world, tmp_path) as session:
            await session.resume(incident_id)
            written = await session.written()
            assert written.text(Section.SUMMARY) == "It was a drill.\n\n- a point"
            assert written.unsaved == {Section.BY_LUCK: "half a th"}
            assert await session.unsaved_item() == "half an it"
            noted, alert, *_ = written.items
            assert (noted.action, noted.owner) == ("look at the limits", "responder")
            assert written.items[-1] == ActionItem(item.id, "Queue before the client", owner="bob")
            await session.change_item(noted, "priority", "P1")
            await session.remove_item(alert)
            await session.write_section(Section.BY_LUCK, "half a thing")
            again = await session.written()
            assert again.unsaved == {}
            assert alert.id not in [one.id for one in again.items]
            assert again.items[0].priority == "P1"
            for kind in Format:
                text = (await session.export(kind)).path.read_text()
                for words in ("It was a drill.", "a point", "half a thing", "Queue before the client", "bob"):
                    assert words in text, (kind, words)
                assert "No alert fired" not in text
    assert verify(tmp_path, incident_id).whole


async def test_it_is_written_after_the_incident_too(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, failing)
        await session.note("it fails")
        await session.resolve("handled elsewhere")
        await session.write_section(Section.OPEN_QUESTIONS, "Who revoked it?")
        await session.postmortem()
        text = (await session.postmortem()).read_text()
        assert "Who revoked it?" in text
        kinds = [entry.kind for entry in session.snapshot.entries]
        assert kinds.count(Kind.IMPACT) == 1, "measured when it was resolved, and not again"
        incident_id = incident_of(session)
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await session.resume(incident_id)
        await session.write_section(Section.WENT_WELL, "We were quick.")
        text = (await session.postmortem()).read_text()
        assert "Who revoked it?" in text and "We were quick." in text


async def test_secrets_that_are_typed_reach_no_disk(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await session.note("one")
        said = f"we used Authorization: Bearer {KEY} there"
        await session.keep_unsaved(Section.SUMMARY, said)
        await session.write_section(Section.SUMMARY, said)
        await session.keep_unsaved(NEW_ITEM, said)
        await session.add_item(said)
        await session.keep_unsaved(Section.WENT_WELL, said)
        for kind in Format:
            await session.export(kind)
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(kept) >= 6
        assert not [path.name for path in kept if KEY.encode() in path.read_bytes()]


async def test_what_is_too_long_is_refused_and_stays_as_it_was_typed(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await session.note("one")
        long = "a b " * 6000
        await session.keep_unsaved(Section.SUMMARY, long)
        with pytest.raises(SessionError, match="too long: 23,999 characters, of 20,000"):
            await session.write_section(Section.SUMMARY, long)
        assert (await session.written()).unsaved == {Section.SUMMARY: long}


async def test_a_prometheus_that_hangs_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PATIENCE", 0.2)
    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, failing)
        await session.note("it fails")
        world.prometheus.fault = Fault(Misbehaviour.HANG)
        text = (await session.postmortem()).read_text()
        assert "- Failed requests: unknown\n" in text
        assert Kind.IMPACT not in [entry.kind for entry in session.snapshot.entries]


async def test_a_milestone_that_was_corrected_has_the_impact_measured_anew(tmp_path: Path) -> None:
    from tui.model.milestones import Milestone

    async with drill("rate-limited") as world, session_on(world, tmp_path) as session:
        await until(session, failing)
        await session.note("it fails")
        await session.resolve("handled elsewhere")
        assert session.snapshot.incident is not None and session.snapshot.incident.started_at is not None
        earlier = session.snapshot.incident.started_at - timedelta(minutes=2)
        await session.set_milestone(Milestone.IMPACT_STARTED, f"{earlier:%Y-%m-%d %H:%M:%S}")
        await session.postmortem()
        found = impact_of(session.snapshot.incident, session.snapshot.entries)
        assert found.start == earlier.replace(microsecond=0)
