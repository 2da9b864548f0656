"""What another console tells of a change makes this one send, run and tell nothing by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.mitigations.test_protocol import QUICK, World, world_of
from tests.session.test_guard import Guard
from tests.support.consoles import BAD, INCIDENT, Console, console_on, runbook_of
from tests.support.hostile_console import MALLORY, Mallory, heard, intent
from tui.model.incident import Applied, Kind
from tui.model.lease import leases_of
from tui.model.mitigation import Lease
from tui.model.runbook import Command, Judgement, Proof
from tui.session.errors import SessionError
from tui.session.leases import undoable

UID = "5f1c"
HOW = {"pace": QUICK, "revisions": (BAD,), "env": {"APP_VERSION": "2.3.1", "PASSWORD_HINT": "the-blue-horse"}}


class Gone(Guard):
    """Every other console is gone: what it left is there to be taken up."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._chronicle = console.chronicle

    def began(self, change: Applied) -> bool:
        return self._chronicle.intended(change.intent)

    def left(self, change: Applied) -> bool:
        return True


def alone_with(console: Console) -> Gone:
    guard = Gone(console)
    operations = console.operations
    for part in (operations, operations._settling, operations._watching):
        part._guard = guard
    return guard


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, **HOW) as made:
        made.sim.deployment["metadata"]["uid"] = UID
        yield made


def spec(world: World) -> str:
    found = world.sim.deployment
    return json.dumps([found["spec"], found["metadata"].get("annotations")], sort_keys=True)


async def forged(here: Console, folder: Path, outcome: str = "applied", **changed: Any) -> Applied:
    """Mallory tells of a change, and of its outcome."""
    mallory = Mallory()
    made = mallory.says(Kind.INTENT, intent(**{"uid": UID, "mitigation": "my-env", **changed}))
    if outcome:
        mallory.says(Kind.OUTCOME, {"intent": made.entry, "outcome": outcome})
    await heard(here, folder, mallory.written)
    return next(one for one in here.incident.mitigations if one.intent == made.entry)


# -- undo: nothing but what the runbook's own mitigation could have made


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"variable": "MISTRAL_BASE_URL", "before": "http://evil", "after": None}, "not change MISTRAL_B"),
        ({"mark": {"more": [["LD_PRELOAD", "/tmp/evil.so", None]]}}, "does not change LD_PRELOAD"),
        ({"before": "9\u202e9"}, "cannot be shown as it is"),
        ({"before": "9" * 5000}, "cannot be shown as it is"),
        ({"change": "scale", "variable": "replicas", "before": "0", "after": "3"}, "is of kind env"),
        ({"change": "command"}, "is of kind env"),
        ({"change": "rotate-key"}, "is of kind env"),
        ({"change": "\x1b[31m"}, "is of kind env"),
        ({"mitigation": "my-command", "change": "env"}, "is of kind command"),
        ({"mitigation": "evil"}, "has no mitigation"),
        ({"change": "lease"}, "is not taken back"),
        ({"target": {"deployment": "other", "namespace": "prod"}}, "on prod / other, not on"),
        ({"target": {"deployment": "mistral-service", "namespace": "prod", "uid": "1"}}, "on prod / mistral"),
    ],
)  # fmt: skip
async def test_an_undo_of_what_is_none_of_the_runbooks_is_refused(
    world: World, tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        change = await forged(console, tmp_path, **changed)
        before = spec(world)
        with pytest.raises(SessionError, match=why):
            await console.operations.preview_undo(INCIDENT, change)
        assert spec(world) == before


async def test_an_undo_that_another_consoles_entry_asks_for_says_so_and_needs_a_person(
    world: World, tmp_path: Path
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        before = spec(world)
        change = await forged(console, tmp_path)
        plan = await console.operations.preview_undo(INCIDENT, change)
        assert plan.change == "MAX_CONCURRENT_MISTRAL 10 → 99"
        said = "another console (mallory's) recorded this change, and what was there before"
        assert said in plan.notes
        console.safety.disarm()
        with pytest.raises(SessionError, match="read-only"):
            await console.operations.approve(plan)
        assert spec(world) == before


async def test_the_undo_of_a_program_is_the_one_of_the_runbook_here(world: World, tmp_path: Path) -> None:
    runbook = runbook_of(more={"my-command": Command(("true",), undo=("true", "back"))})
    async with console_on(world, tmp_path, runbook) as console:
        await console.open()
        told: dict[str, Any] = {
            "mitigation": "my-command",
            "change": "command",
            "patch": ["/bin/sh", "-c", "evil"],
        }
        change = await forged(
            console, tmp_path, **told, before="evil", after="evil", undo_by_hand="evil", apply_by_hand="evil"
        )
        plan = await console.operations.preview_undo(INCIDENT, change)
        assert plan.patch[1:] == ["back"]
        assert "evil" not in repr(plan)


# -- taking up: nothing is run, sent or told


async def rested(console: Console) -> None:
    await console.operations.settle()
    await console.until(lambda: not console.operations.busy)


async def test_no_entry_of_another_console_starts_a_program(world: World, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    proof = Judgement(None, proof=Proof(("touch", str(ran))))
    async with console_on(world, tmp_path, runbook_of(judged=proof)) as console:
        await console.open()
        alone_with(console)
        for name, kind in (("my-env", "env"), ("my-command", "command"), ("my-scale", "scale")):
            await forged(console, tmp_path, mitigation=name, change=kind)
        await rested(console)
        changes = console.incident.mitigations
        assert [one.verdict for one in changes] == ["unknown"] * 3
        assert "only run where the change was approved" in changes[1].verdict_text
        assert not ran.exists()
        await console.run("my-env")  # what is approved here is judged by it
        assert ran.exists()


async def test_no_value_that_the_runbook_does_not_change_is_told(world: World, tmp_path: Path) -> None:
    """A verdict tells what is live instead: of a variable that somebody names, that must not be shared."""
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        told: list[dict[str, Any]] = [
            {"variable": "PASSWORD_HINT", "after": "x"},
            {"mark": {"more": [["PASSWORD_HINT", "y", "x"]]}},
            {"mitigation": "nobodys", "variable": "PASSWORD_HINT"},
        ]
        for changed in told:
            mallory = Mallory()
            made = mallory.says(Kind.INTENT, intent(UID, **{"mitigation": "my-env", **changed})).entry
            mallory.says(Kind.OUTCOME, {"intent": made, "outcome": "applied"})
            mallory.says(Kind.ROLLOUT, {"intent": made, "complete": True})
            await heard(console, tmp_path, mallory.written)
        await rested(console)
        assert "blue-horse" not in repr(console.chronicle.recorded)


@pytest.mark.parametrize("console_id", ["", "c0" * 8, MALLORY, "\x1b[0m"])
@pytest.mark.parametrize(
    "changed",
    [
        {"change": "of a later version"},
        {"mitigation": "nobodys"},
        {"mitigation": "my-env"},
        {"mitigation": "rotate-key", "change": "rotate-key"},
        {"target": {"deployment": "other", "namespace": "prod", "context": "prod"}},
        {"target": 7, "mark": 7, "variable": {}, "before": [], "after": {}, "undoes": 3, "until": 9},
    ],
    ids=["kind", "rule", "plain", "key", "elsewhere", "types"],
)
async def test_a_change_that_never_was_stands_in_nobodys_way(
    world: World, tmp_path: Path, changed: dict[str, Any], console_id: str
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        for _ in range(3):
            await forged(console, tmp_path, "", console=console_id, **changed)
        await rested(console)
        assert console.operations.unsettled == ""
        change = await console.run("my-scale")
        assert change.outcome == "applied"


async def test_a_flood_of_changes_keeps_the_console_from_nothing(world: World, tmp_path: Path) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        mallory = Mallory()
        for _ in range(500):
            made = mallory.says(Kind.INTENT, intent(UID, "my-env")).entry
            mallory.says(Kind.OUTCOME, {"intent": made, "outcome": "applied"})
        await heard(console, tmp_path, mallory.written)
        await console.operations.settle()
        most = len(console.operations.running)
        assert 0 < most <= 3
        await console.until(lambda: not console.operations.busy)


async def test_a_rollout_of_the_far_future_is_not_waited_for(world: World, tmp_path: Path) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        mallory = Mallory()
        made = mallory.says(Kind.INTENT, intent(UID, "my-command", change="command")).entry
        mallory.says(Kind.OUTCOME, {"intent": made, "outcome": "applied"})
        mallory.says(Kind.ROLLOUT, {"intent": made, "complete": True}, at=datetime(8999, 1, 1, tzinfo=UTC))
        await heard(console, tmp_path, mallory.written)
        async with asyncio.timeout(60):
            await rested(console)
        assert console.last.verdict == "unknown"


# -- redaction of what is live


async def test_a_live_change_that_anybody_redacted_is_undone_by_its_lease(
    world: World, tmp_path: Path
) -> None:
    async with console_on(world, tmp_path) as console:
        await console.open()
        alone_with(console)
        was = world.env("MAX_CONCURRENT_MISTRAL")
        change = await console.run("my-env")
        mallory = Mallory()
        kept = {change.intent: {"mitigation": "my-env", "variable": "LD_PRELOAD", "before": "/evil.so"}}
        mallory.says(
            Kind.REDACTED,
            {"entry": change.intent, "entries": [change.intent], "reason": "because", "kept": kept},
        )
        await heard(console, tmp_path, mallory.written)
        assert "evil" not in repr(console.incident)
        found = tuple(Lease(seen) for seen in leases_of(world.sim.deployment))
        first = undoable(console.incident, found)[0]
        plan = await console.operations.preview_undo(INCIDENT, first)
        await console.operations.approve(plan)
        await console.rest()
        assert world.env("MAX_CONCURRENT_MISTRAL") == was
        assert leases_of(world.sim.deployment) == ()
