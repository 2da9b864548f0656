"""Several consoles work one incident: two folders are two machines, one folder is two consoles of one."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from tests.support.drills import ENVIRON, drill, settings_for, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Applied, Entry, Kind
from tui.model.returning import returned
from tui.model.sharing import Link
from tui.record.verification import verify
from tui.session.errors import CommandHeld, LockHeld, LockUnreachable, SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import Loaded


@contextlib.asynccontextmanager
async def console(world: Drill, folder: Path, seed: int = 7) -> AsyncIterator[Session]:
    """A console of its own, with its own dice."""
    session = Session(
        settings_for(world), clock=SystemClock(), environ=ENVIRON, state_dir=folder, rng=Random(seed)
    )
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def live(snapshot: Snapshot) -> bool:
    return snapshot.sharing is not None and snapshot.sharing.link is Link.LIVE


def notes(snapshot: Snapshot) -> list[str]:
    return [entry.text for entry in snapshot.entries if entry.kind == Kind.NOTE]


def has(*wanted: str) -> Callable[[Snapshot], bool]:
    return lambda snapshot: set(wanted) <= set(notes(snapshot))


def of(snapshot: Snapshot, *kinds: Kind) -> list[Entry]:
    return [entry for entry in snapshot.entries if entry.kind in kinds]


async def opened(session: Session) -> str:
    """It declared, and everything is shared; the incident's id."""
    await until(session, diagnosed)
    await session.note("the first")
    seen = await until(session, lambda s: live(s) and s.sharing and not s.sharing.unsent)
    assert seen.incident is not None
    return seen.incident.id


async def same(one: Session, two: Session) -> None:
    """Both have the same entries, and the same incident."""

    def told(session: Session) -> object:
        return session.snapshot.incident, [entry.id for entry in session.snapshot.entries]

    async with asyncio.timeout(60):
        while told(one) != told(two):  # noqa: ASYNC110 - either may be the one that lags
            await asyncio.sleep(0.05)


async def test_two_machines_one_incident(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        incident = await opened(ana)
        assert [entry.actor for entry in of(ana.snapshot, Kind.NOTE)] != ["leeward"]
        async with console(world, tmp_path / "b", 2) as bo:
            seen = await until(bo, lambda s: diagnosed(s) and s.open_incidents)
            (offered,) = seen.open_incidents
            assert (offered.id, offered.shared, offered.here) == (incident, True, False)
            assert [one.id for one in await bo.shared_incidents()] == [incident]
            await bo.join(incident)
            (joined,) = of(bo.snapshot, Kind.JOINED)
            assert bo.snapshot.came == joined.id
            assert has("the first")(bo.snapshot)
            await ana.note("from a")
            await bo.note("from b")
            await until(ana, has("from b"))
            await until(bo, has("from a"))
            await bo.resolve("it is over, nothing was wrong")
            over = await until(ana, lambda s: s.incident and not s.incident.open)
            assert over.incident is not None
            await same(ana, bo)
            await ana.note("begun before it was over", incident)
            late = await until(bo, has("begun before it was over"))
            assert late.incident == ana.snapshot.incident
            assert late.incident is not None
            assert (late.incident.id, late.incident.open) == (incident, False)
            with pytest.raises(SessionError, match="resolved already"):
                await ana.resolve("it is over, as I say, too")


async def test_who_comes_back_is_told_what_others_did_meanwhile(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        incident = await opened(ana)
        async with console(world, tmp_path / "b", 2) as bo:
            await until(bo, diagnosed)
            await bo.join(incident)
            await bo.note("bo leaves")
            await until(ana, has("bo leaves"))
        assert bo.left_behind == ""
        await ana.take_command()
        await ana.note("while bo was away")
        await until(ana, lambda s: s.sharing and not s.sharing.unsent)
        async with console(world, tmp_path / "b", 3) as bo:
            await until(bo, diagnosed)
            await bo.resume(incident)
            found = returned(bo.snapshot.entries, bo.snapshot.came)
            assert found is not None
            assert not found.joined
            assert [entry.text for entry in found.of(Kind.NOTE)] == ["while bo was away"]
            assert len(found.of(Kind.COMMANDER)) == 1


def commanders(snapshot: Snapshot) -> list[str]:
    return [entry.text for entry in of(snapshot, Kind.COMMANDER, Kind.HANDOVER)]


@contextlib.asynccontextmanager
async def two(world: Drill, folder: Path) -> AsyncIterator[tuple[Session, Session]]:
    """Two machines that work one incident; each sees the other."""
    async with console(world, folder / "a", 1) as ana:
        incident = await opened(ana)
        async with console(world, folder / "b", 2) as bo:
            await until(bo, diagnosed)
            await bo.join(incident)
            for one in (ana, bo):
                await until(one, lambda s: live(s) and s.sharing and s.sharing.others)
            yield ana, bo


def changes(snapshot: Snapshot) -> tuple[Applied, ...]:
    return snapshot.incident.mitigations if snapshot.incident is not None else ()


async def armed(session: Session) -> None:
    await until(session, lambda s: s.arming.word)
    assert session.arm(session.snapshot.arming.word)


async def test_one_has_command_and_hands_it_over(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, two(world, tmp_path) as (ana, bo):
        await ana.take_command()
        led = await until(bo, lambda s: s.sharing and s.sharing.command)
        assert led.sharing is not None
        assert led.sharing.command is not None
        assert not led.sharing.command.here
        with pytest.raises(CommandHeld) as refused:
            await bo.take_command()
        assert refused.value.holder.console == ana.snapshot.sharing.people[0].console  # type: ignore[union-attr]
        await ana.hand_over("somebody else")
        await until(bo, lambda s: s.incident and s.incident.commander == "somebody else")
        await bo.take_command()
        await until(ana, lambda s: s.incident and s.incident.commander == bo.snapshot.sharing.people[0].name)  # type: ignore[union-attr]
        await until(ana, lambda s: s.sharing and s.sharing.command and not s.sharing.command.here)
        await same(ana, bo)
        with pytest.raises(CommandHeld):
            await ana.hand_over("me")


async def test_two_never_change_one_target_at_once(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, two(world, tmp_path) as (ana, bo):
        for one in (ana, bo):
            await armed(one)
        mine, theirs = await ana.preview("reduce-concurrency"), await bo.preview("reduce-concurrency")
        await ana.approve(mine)
        with pytest.raises(LockHeld) as refused:
            await bo.approve(theirs)
        name = ana.snapshot.sharing.people[0].name  # type: ignore[union-attr]
        assert refused.value.holder.name == name
        seen = await until(bo, lambda s: s.lock)
        assert seen.lock is not None
        assert (seen.lock.name, seen.lock.what) == (name, mine.rule.title)
        blocked = await until(bo, lambda s: any(a.kind == "mitigation" and a.blocked for a in s.actions))
        assert f"{name} is changing it" in {action.blocked for action in blocked.actions}
        (taken,) = of(await until(bo, lambda s: of(s, Kind.LOCK)), Kind.LOCK)
        assert taken.data["event"] == "taken"
        await until(ana, lambda s: not s.running, 90)
        judged = await until(bo, lambda s: any(c.verdict for c in changes(s)), 60)
        await until(bo, lambda s: s.lock is None)
        assert [c.outcome for c in changes(judged)] == ["applied"]
        plan = await bo.preview_undo()
        await bo.approve(plan)
        await until(ana, lambda s: any(c.undone for c in changes(s)))
        await until(bo, lambda s: not s.running, 60)
        await same(ana, bo)


async def test_a_preview_tells_of_a_console_of_another_incident_that_changes_the_target(
    tmp_path: Path,
) -> None:
    async with (
        drill("rate-limited") as world,
        console(world, tmp_path / "a", 1) as ana,
        console(world, tmp_path / "b", 2) as bo,
    ):
        await opened(ana)
        await until(bo, lambda s: diagnosed(s) and s.open_incidents)
        await bo.declare("another thing")
        await until(bo, live)
        await armed(ana)
        await bo.preview("reduce-concurrency")
        await ana.approve(await ana.preview("reduce-concurrency"))
        seen = await until(bo, lambda s: s.lock)
        assert seen.lock is not None
        assert seen.sharing is not None
        assert not seen.sharing.others
        assert f"{seen.lock.name} is changing it" in {action.blocked for action in seen.actions}


async def all_told(session: Session) -> None:
    """Nothing waits for its turn to be written any more."""
    scribe = session._parts.chronicle._scribe
    assert scribe is not None
    async with asyncio.timeout(60):
        while scribe._waiting:  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.05)


async def test_what_both_see_is_written_once(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, two(world, tmp_path) as (ana, bo):
        await armed(ana)
        await ana.approve(await ana.preview("reduce-concurrency"))
        await until(ana, lambda s: not s.running, 90)
        world.cluster.set_env("MAX_CONCURRENT_MISTRAL", "10", manager="argocd-controller")
        for one in (ana, bo):
            await until(one, lambda s: any(e.data["event"] == "overwritten" for e in of(s, Kind.LEASE)), 60)
            await all_told(one)
        await same(ana, bo)
        told = [(e.data.get("intent"), e.data.get("event")) for e in of(ana.snapshot, Kind.LEASE)]
        assert len(told) == len(set(told))
        alerts = [(e.data["fingerprint"], e.data["starts_at"]) for e in of(ana.snapshot, Kind.ALERT)]
        assert len(alerts) == len(set(alerts))
        states: dict[str, str] = {}
        for entry in sorted(of(ana.snapshot, Kind.STATE), key=lambda e: e.id):
            check, to = entry.data["check"], entry.data["to"]
            assert states.get(check) != to, entry.text
            states[check] = to
        found = [entry.data["id"] for entry in sorted(of(ana.snapshot, Kind.DIAGNOSIS), key=lambda e: e.id)]
        assert all(one != after for one, after in itertools.pairwise(found))


async def test_two_consoles_of_one_machine_write_side_by_side(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path, 1) as ana:
        incident = await opened(ana)
        async with console(world, tmp_path, 2) as bo:
            await until(bo, diagnosed)
            await bo.resume(incident)
            assert not bo.snapshot.following
            assert len(of(bo.snapshot, Kind.JOINED)) == 1
            await until(bo, lambda s: s.sharing and s.sharing.link is Link.LIVE and s.sharing.others)
            await ana.note("from one terminal")
            await bo.note("from the other")
            await until(ana, has("from the other"))
            await until(bo, has("from one terminal"))
            await armed(ana)
            await armed(bo)
            plan = await bo.preview("reduce-concurrency")
            await ana.approve(await ana.preview("reduce-concurrency"))
            with pytest.raises(LockHeld):
                await bo.approve(plan)
            assert bo.snapshot.telling == ""
        await until(ana, lambda s: not s.running, 90)
    assert verify(tmp_path, incident).whole


def away(world: Drill, loaded: Loaded, folder: Path) -> Loaded:
    """The same settings, but that the shared place is on a port where nothing listens."""
    kubeconfig = folder / "nobody.kubeconfig"
    kubeconfig.write_text(NOBODY)
    sharing = structs.replace(loaded.settings.sharing, kubeconfig=str(kubeconfig), context="there")
    return replace(loaded, settings=structs.replace(loaded.settings, sharing=sharing))


NOBODY = """
apiVersion: v1
kind: Config
current-context: there
clusters: [{name: there, cluster: {server: "https://127.0.0.1:9", insecure-skip-tls-verify: true}}]
users: [{name: me, user: {token: t}}]
contexts: [{name: there, context: {cluster: there, user: me}}]
"""


async def test_with_the_place_away_everything_works_and_says_so(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        session = Session(
            away(world, settings_for(world), tmp_path),
            clock=SystemClock(),
            environ=ENVIRON,
            state_dir=tmp_path / "a",
            rng=Random(1),
        )
        await session.start()
        try:
            await until(session, diagnosed)
            await session.note("written all the same")
            lonely = await until(session, lambda s: s.sharing and s.sharing.link is Link.AWAY)
            assert lonely.sharing is not None
            assert lonely.sharing.said
            for asked in (session.shared_incidents(), session.join("inc-20261123-1503-7f3a")):
                with pytest.raises(SessionError):
                    await asked
            await session.take_command()
            assert session.snapshot.incident is not None
            assert session.snapshot.incident.commander
            await armed(session)
            plan = await session.preview("reduce-concurrency")
            with pytest.raises(LockUnreachable, match="whether somebody else is changing"):
                await session.approve(plan)
            assert not changes(session.snapshot)
            await session.approve(plan, without_lock=True)
            (without,) = of(session.snapshot, Kind.LOCK)
            assert without.data["event"] == "without"
            done = await until(session, lambda s: changes(s) and not s.running, 90)
            assert changes(done)[0].outcome == "applied"
        finally:
            await session.stop()


def kept(folder: Path, secret: str) -> list[Path]:
    """The files of a machine that have this in them."""
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_what_is_redacted_here_leaves_the_other_machine_too(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, two(world, tmp_path) as (ana, bo):
        note = await bo.note("the password is correct-horse-battery")
        await until(ana, has(note.text))
        assert kept(tmp_path / "a", "correct-horse-battery")
        await bo.redact_entry(note.id, "a password was typed")
        await until(ana, lambda s: note.id in s.amendments.redactions, 60)
        assert "correct-horse-battery" not in repr(ana._parts.chronicle.recorded)
        async with asyncio.timeout(60):
            while kept(tmp_path / "a", "correct-horse-battery"):  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.05)
        await same(ana, bo)


async def test_what_one_pins_leads_the_other_too(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, two(world, tmp_path) as (ana, bo):
        await ana.pin("network")
        seen = await until(bo, lambda s: s.pinned)
        assert seen.diagnosis is not None
        assert seen.diagnosis.id == "network"
        await bo.pin(None)
        await until(ana, lambda s: not s.pinned)
