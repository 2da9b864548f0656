"""Consoles on one simulated world that somebody else changes too: overwritten, undone elsewhere, locked."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import START
from tests.support.drills import ENVIRON, drill, session_on, settings_for, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Entry, Incident, Kind
from tui.model.redaction import Redactor
from tui.screens import view
from tui.session.chronicle import Chronicle
from tui.session.errors import NotArmed, SessionError
from tui.session.openings import locked
from tui.session.session import Session
from tui.session.snapshot import Snapshot
from tui.settings import Loaded
from tui.settings.structs import Context


def diagnosed(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def overwritten(entry: Entry) -> bool:
    return entry.kind == Kind.LEASE and entry.data["event"] == "overwritten"


async def mitigated(session: Session) -> Incident:
    """The concurrency was reduced, and judged; the lease is seen on the object."""
    await until(session, diagnosed)
    assert session.arm(session.snapshot.arming.word)
    await session.approve(await session.preview("reduce-concurrency"))
    await until(session, lambda s: not s.running, 60)
    seen = await until(session, lambda s: s.leases, 60)
    assert seen.incident is not None
    return seen.incident


async def test_what_was_effective_and_is_overwritten_is_told_once_everywhere(tmp_path: Path) -> None:
    async with drill("rate-limited") as world:
        async with session_on(world, tmp_path) as session:
            before = (await mitigated(session)).mitigations[0]
            assert before.verdict == "effective"
            world.cluster.set_env("MAX_CONCURRENT_MISTRAL", "10", manager="argocd-controller")
            seen = await until(session, lambda s: any(map(overwritten, s.entries)), 60)
            assert seen.incident is not None
            (change,) = seen.incident.mitigations
            (told,) = filter(overwritten, seen.entries)
            at = f"{told.occurred_at:%H:%M}"
            assert "OVERWRITTEN by argocd-controller: now 10, was 3" in told.text
            assert (change.verdict, change.measured) == ("overwritten", "effective")
            said = f"overwritten by argocd-controller {at}; before that {before.verdict_text}"
            assert change.verdict_text == said
            (lease,) = view.banner(seen, seen.at).leases
            assert lease == "OVERWRITTEN by argocd-controller: MAX_CONCURRENT_MISTRAL"
            session.refresh()
            again = await until(session, lambda s: s.checks != seen.checks, 60)
            assert len([*filter(overwritten, again.entries)]) == 1
            report = (await session.postmortem()).read_text(encoding="utf-8")
            assert 'verdict: "overwritten"' in report
            assert 'measured: "effective"' in report
            assert f"overwritten by argocd-controller {at}; before that effective" in report
        async with session_on(world, tmp_path) as session:
            await until(session, lambda s: s.leases, 60)
            resumed = await session.resume(seen.incident.id)
            assert resumed.mitigations[0].verdict == "overwritten"
            first = session.snapshot
            session.refresh()
            later = await until(session, lambda s: s.checks != first.checks, 60)
            assert len([*filter(overwritten, later.entries)]) == 1


async def test_a_second_console_sees_the_first_ones_change_and_takes_it_back(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    async with drill("rate-limited") as world, session_on(world, one) as first:
        made = await mitigated(first)
        async with session_on(world, two) as second:
            # It sees which incident is open, and goes on in one of its own all the same.
            seen = await until(second, lambda s: diagnosed(s) and s.leases and s.open_incidents, 60)
            assert seen.incident is None
            assert [able.change for able in seen.undoable] == ["MAX_CONCURRENT_MISTRAL 3 → 10"]
            assert seen.leases[0].seen.incident == made.id
            plan = await second.preview_undo()
            assert (plan.before, plan.after) == ("3", "10")
            assert second.arm(seen.arming.word)
            await second.approve(plan)
            await until(second, lambda s: s.incident and s.incident.mitigations and not s.running, 60)
            assert second.snapshot.incident is not None
            assert second.snapshot.incident.mitigations[0].outcome == "applied"
        env = {e["name"]: e.get("value") for e in _container(world)["env"]}
        assert env["MAX_CONCURRENT_MISTRAL"] == "10"
        gone = await until(first, lambda s: any(map(lost, s.entries)), 60)
        assert gone.leases == ()
        assert gone.incident is not None
        assert gone.incident.mitigations[0].lease == "gone"
        with pytest.raises(SessionError, match="10"):
            await first.preview_undo()


def lost(entry: Entry) -> bool:
    """Whether it tells that a lease was taken off the object by another hand."""
    return entry.data.get("event") == "gone" and "is no longer on the deployment: taken back" in entry.text


def _container(world: Drill) -> dict[str, object]:
    return world.cluster.deployment["spec"]["template"]["spec"]["containers"][0]  # type: ignore[no-any-return]


def with_settings(loaded: Loaded, **changes: object) -> Loaded:
    return replace(loaded, settings=_replaced(loaded.settings, **changes))


def _replaced(settings, **changes):  # type: ignore[no-untyped-def]
    from msgspec import structs

    return structs.replace(settings, **changes)


async def test_a_context_that_the_settings_lock_cannot_be_armed_and_still_shows_everything(
    tmp_path: Path,
) -> None:
    async with drill("rate-limited") as world:
        loaded = settings_for(world)
        async with session_on(world, tmp_path / "free") as session:
            context = (await until(session, diagnosed)).place.context
        contexts = {context: Context(read_only=True)}
        session = Session(
            with_settings(loaded, contexts=contexts),
            clock=SystemClock(),
            environ=ENVIRON,
            state_dir=tmp_path / "locked",
            rng=Random(7),
        )
        await session.start()
        try:
            seen = await until(session, diagnosed)
            assert seen.arming.locked == f"{context} is read-only in the settings"
            with pytest.raises(NotArmed, match="read-only in the settings"):
                session.arm(seen.arming.word)
            plan = await session.preview("reduce-concurrency")
            with pytest.raises(NotArmed):
                await session.approve(plan)
            shown = view.do_here(seen, START, view.Places(), trail=False)
            assert shown.prose[0] == f"Read-only here: {context} is read-only in the settings."
        finally:
            await session.stop()


@pytest.mark.parametrize(
    ("flag", "everywhere", "kubernetes", "said"),
    [
        (True, True, True, "it was started with --read-only"),
        (True, False, False, "it was started with --read-only"),
        (False, True, True, "read_only is set in the settings"),
        (False, False, True, "kubernetes.read_only is set in the settings"),
        (False, False, False, ""),
    ],
)
async def test_the_strictest_lock_wins_and_the_first_of_them_is_named(
    flag: bool, everywhere: bool, kubernetes: bool, said: str
) -> None:
    async with drill("healthy") as world:
        settings = settings_for(world).settings
    settings = _replaced(
        settings, read_only=everywhere, kubernetes=_replaced(settings.kubernetes, read_only=kubernetes)
    )
    assert locked(settings, flag) == said


async def test_a_locked_context_does_not_hide_the_flag_and_a_free_one_does_not_lift_it(
    tmp_path: Path,
) -> None:
    async with drill("healthy") as world:
        for read_only in (True, False):
            contexts = {"prod-eu": Context(read_only=read_only)}
            session = Session(
                with_settings(settings_for(world), contexts=contexts),
                clock=SystemClock(),
                environ=ENVIRON,
                state_dir=tmp_path,
                read_only=True,
                rng=Random(7),
            )
            await session.start()
            try:
                seen = await until(session, diagnosed)
                assert seen.arming.locked == "it was started with --read-only"
            finally:
                await session.stop()


async def test_a_torn_record_is_told_with_its_place_and_what_to_do(tmp_path: Path) -> None:
    async with drill("healthy") as world:
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            await session.note("before the power went")
            assert session.snapshot.problems == ()
            assert session.snapshot.incident is not None
            incident_id = session.snapshot.incident.id
        (journal,) = tmp_path.rglob("journal.jsonl")
        with journal.open("ab") as file:
            file.write(b'{"torn": "in the middle of')
        async with session_on(world, tmp_path) as session:
            await until(session, diagnosed)
            await session.shared_incidents()  # the shared place is there: what it has comes here first
            await session.resume(incident_id)
            torn, advice = session.snapshot.problems
            (aside,) = journal.parent.glob("*.torn-*")
            assert torn == f"The last line was torn (26 bytes); it is set aside in {aside.name}."
            assert str(journal.parent) in advice
            assert f"leeward verify {incident_id}" in advice
            shown = view.do_here(session.snapshot, START, view.Places(), trail=False)
            assert shown.prose[0] == f"Record: {torn}"
    with journal.open("ab") as file:
        file.write(b"{")
    chronicle = Chronicle(tmp_path, SystemClock(), Redactor(()), lambda: None)
    await chronicle.resume(incident_id)
    assert len(chronicle.problems) == 2
    await chronicle.open_new("inc-20261123-1503-0001", Draft(Kind.DECLARED, "another", START, "ana"))
    assert chronicle.problems == ()
    await chronicle.close()
