"""A key's rotation by a session in a simulated world, and where the keys are afterwards: nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.drills import drill, session_on, until
from tui.drill.kubernetes.resources import SECRETS
from tui.drill.serve import Drill
from tui.model.incident import Kind, Status
from tui.model.keys import named
from tui.model.mitigation import Plan
from tui.model.reading import Check
from tui.model.secret import Secret
from tui.record.verification import verify
from tui.session.errors import SessionError
from tui.session.session import Session
from tui.session.snapshot import Snapshot

WRONG = "aKeyThatNobodyEverMade0123456789"


def ready(snapshot: Snapshot) -> bool:
    return snapshot.diagnosis is not None and bool(snapshot.place.user) and len(snapshot.checks) == 7


def rolled_out(snapshot: Snapshot) -> bool:
    return snapshot.incident is not None and snapshot.incident.mitigations[-1].rolled_out_at is not None


def asked_with(snapshot: Snapshot) -> object:
    return snapshot.checks[Check.MISTRAL_API].latest.facts.get("key_fingerprint")


def candidate(world: Drill) -> Secret:
    return Secret(world.world.keys.candidate)


def made(snapshot: Snapshot) -> bool:
    """Whether the latest change is made."""
    return snapshot.incident is not None and snapshot.incident.mitigations[-1].outcome == "applied"


async def armed(session: Session) -> None:
    await until(session, ready)
    assert session.arm(session.snapshot.arming.word)


async def stored(session: Session, world: Drill) -> Plan:
    """Stored, and the pods being restarted."""
    await armed(session)
    plan = await session.preview_rotation(candidate(world))
    await session.approve(plan)
    await until(session, made)
    return plan


def kept(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_text(errors="replace")


def nowhere(world: Drill, folder: Path, *shown: str) -> bool:
    """Neither key, nor the beginning of one, is in anything that was kept or shown."""
    keys = (world.world.keys.ours, world.world.keys.candidate)
    return not [key for key in keys for text in (*kept(folder), *shown) if key[:8] in text]


async def test_the_key_in_use_and_a_new_one_are_tested_and_said_apart(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, ready)
        current = await session.current_key()
        assert current is not None
        ours = Secret(world.world.keys.ours)
        assert (current.length, current.fingerprint) == (32, ours.fingerprint)
        assert current.prefix == ours.reveal()[:4]
        assert current.source == "Kubernetes Secret mistral/api-key"
        now, new = await session.test_key(None), await session.test_key(candidate(world))
        assert (now.works, now.dead, now.models) == (False, True, "401")
        assert "Mistral knows no such key (401)" in now.said
        assert (new.works, new.completion) == (True, "one token came")
        assert ours.reveal() not in repr((current, now, new))
        assert candidate(world).reveal() not in repr((current, now, new))
    assert list(tmp_path.rglob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "No key was typed."),
        ("two words of one key", "white space inside"),
        ("short", "has 5 characters"),
    ],
)
async def test_what_can_be_no_key_is_not_sent_anywhere(tmp_path: Path, typed: str, said: str) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, ready)
        with pytest.raises(SessionError, match=said) as caught:
            await session.test_key(Secret(typed))
        assert not typed or typed not in str(caught.value)
        with pytest.raises(SessionError, match=said):
            await session.preview_rotation(Secret(typed))


async def test_a_revoked_key_is_exchanged_and_the_console_asks_with_the_new_one(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        old, new = (named(Secret(k).fingerprint) for k in (world.world.keys.ours, world.world.keys.candidate))
        plan = await stored(session, world)
        await until(session, lambda seen: not seen.running, 60)
        assert (plan.kind, plan.before, plan.after) == ("rotate-key", old, new)
        seen = await until(session, lambda seen: asked_with(seen) == candidate(world).fingerprint)
        assert seen.incident is not None
        (change,) = seen.incident.mitigations
        assert (change.outcome, change.verdict) == ("applied", "effective"), change
        assert "no 401 in the logs of" in change.verdict_text
        assert seen.incident.status is Status.MITIGATING
        assert seen.offline == ""
        with pytest.raises(SessionError, match="would leave production without a working key"):
            await session.preview_undo()
        await session.note(f"pasted {world.world.keys.ours} and {world.world.keys.candidate}")
        assert f"Revoke {old} once nothing uses it" in (await session.postmortem()).read_text()
        shown = repr(session.snapshot) + repr(plan)
        incident = seen.incident.id
    assert verify(tmp_path, incident).whole
    assert nowhere(world, tmp_path, shown)


async def test_a_key_that_still_works_is_put_back_by_the_undo(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        ours = Secret(world.world.keys.ours)
        await stored(session, world)
        await until(session, rolled_out, 60)
        undo = await session.preview_undo()
        assert undo.after == named(ours.fingerprint)
        await session.approve(undo)
        await until(session, made)
        assert world.cluster.key() == ours.reveal()
        seen = await until(session, lambda seen: asked_with(seen) == ours.fingerprint)
        assert seen.incident is not None and seen.incident.mitigations[0].undone
    assert nowhere(world, tmp_path)


async def test_a_key_that_failed_its_test_is_stored_only_in_words_which_are_an_entry(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await armed(session)
        with pytest.raises(SessionError, match="It is not stored: nothing was changed"):
            await session.preview_rotation(Secret(WRONG))
        with pytest.raises(SessionError):
            await session.preview_rotation(Secret(WRONG), "  ")
        plan = await session.preview_rotation(Secret(WRONG), f"activated at noon, {WRONG}")
        await session.approve(plan)
        await until(session, made)
        kinds = [entry.kind for entry in session.snapshot.entries]
        assert kinds.index(Kind.OVERRULED) < kinds.index(Kind.INTENT)
        (entry,) = [entry for entry in session.snapshot.entries if entry.kind == Kind.OVERRULED]
        assert "in spite of its test: activated at noon" in entry.text
        assert WRONG not in repr(session.snapshot)
    assert not [text for text in kept(tmp_path) if WRONG in text]


async def test_without_the_permission_it_is_named_and_nothing_is_stored(tmp_path: Path) -> None:
    async with drill("bad-key") as world, session_on(world, tmp_path) as session:
        await until(session, ready)
        world.cluster.faults.forbid = frozenset({("patch", "secrets")})
        with pytest.raises(SessionError, match="secrets/mistral patch in namespace") as caught:
            await session.preview_rotation(candidate(world))
        assert caught.value.remedy.startswith("Ask an administrator of ")


async def test_an_older_key_in_the_environment_is_said_first_on_resume(tmp_path: Path) -> None:
    async with drill("bad-key") as world:
        async with session_on(world, tmp_path) as session:
            await stored(session, world)
            incident = session.snapshot.incident
            assert incident is not None
        async with session_on(world, tmp_path) as again:
            await until(again, ready)
            await again.resume(incident.id)
            here, there = (
                named(Secret(world.world.keys.ours).fingerprint),
                named(candidate(world).fingerprint),
            )
            said = f"The key of this console ({here}) is not the one that this incident stored ({there})"
            assert said in again.snapshot.offline
            (entry,) = [entry for entry in again.snapshot.entries if entry.kind == Kind.RESUMED]
            assert entry.text.startswith(said)


async def test_a_key_that_is_stored_without_a_restart_is_said_and_can_be_taken_back(tmp_path: Path) -> None:
    async with drill("healthy") as world, session_on(world, tmp_path) as session:
        await armed(session)
        plan = await session.preview_rotation(candidate(world))
        store = world.cluster.store
        real = store.replace

        def forbid_then(*given: object, **named_: object) -> object:
            world.cluster.faults.forbid = frozenset({("patch", "deployments")})
            return real(*given, **named_)  # type: ignore[arg-type]

        store.replace = forbid_then  # type: ignore[assignment,method-assign]
        await session.approve(plan)
        await until(session, lambda seen: not seen.running, 60)
        store.replace = real  # type: ignore[method-assign]
        incident = session.snapshot.incident
        assert incident is not None
        (change,) = incident.mitigations
        assert change.outcome == "stored"
        (told,) = [entry for entry in session.snapshot.entries if entry.kind == Kind.OUTCOME]
        assert "is stored, and the pods were not restarted" in told.text
        assert "Restart the pods (m)" in told.text
        assert told.data["restarted"] is False
        assert session.snapshot.actions[0].id == "restart"
        world.cluster.faults.forbid = frozenset()
        undo = await session.preview_undo()
        assert undo.after == plan.before


async def test_a_console_that_ends_between_store_and_restart_is_settled_and_says_what_is_next(
    tmp_path: Path,
) -> None:
    async with drill("healthy") as world:
        store, faults = world.cluster.store, world.cluster.faults
        real = store.replace

        def then_silence(*given: object, **named_: object) -> object:
            # The lease of the lock is renewed right before the key is stored.
            faults.hang = faults.hang or given[0] is SECRETS
            return real(*given, **named_)  # type: ignore[arg-type]

        async with session_on(world, tmp_path) as session:
            await armed(session)
            plan = await session.preview_rotation(candidate(world))
            store.replace = then_silence  # type: ignore[assignment,method-assign]
            await session.approve(plan)
            await until(session, lambda _: asked_with(session.snapshot) == candidate(world).fingerprint)
            incident = session.snapshot.incident
            assert incident is not None
        store.replace = real  # type: ignore[method-assign]
        faults.hang = False
        assert world.cluster.key() == candidate(world).reveal()
        async with session_on(world, tmp_path) as again:
            await until(again, ready)
            await again.resume(incident.id)
            (told,) = [entry for entry in again.snapshot.entries if entry.kind == Kind.SETTLED]
            assert told.text.endswith(
                "stored, and the pods were not restarted: restart them (m), and revoke no key before"
            )
            seen = await until(again, lambda seen: bool(seen.actions))
            assert seen.actions[0].id == "restart"
            undo = await again.preview_undo()
            assert undo.after == plan.before
    assert nowhere(world, tmp_path)
