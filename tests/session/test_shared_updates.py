"""Two consoles tell people of one incident: one thread, one incident of the page, one clock."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from tests.session.test_together import diagnosed, live, of, opened
from tests.support.drills import ENVIRON, drill, settings_for, until
from tui.drill.serve import Drill
from tui.model.clock import SystemClock
from tui.model.incident import Draft, Kind
from tui.model.update import Audience
from tui.session.session import Session
from tui.settings import SecretSource
from tui.settings.structs import Slack


@contextlib.asynccontextmanager
async def telling(world: Drill, folder: Path, seed: int) -> AsyncIterator[Session]:
    """A console whose internal updates are a bot's, in a thread."""
    loaded = settings_for(world)
    token = SecretSource(file=world.addresses["slack_token"])
    slack = Slack(token=token, channel="#incidents", api_url=f"{world.slack.address}/api")
    updates = structs.replace(loaded.settings.updates, slack=slack)
    session = Session(
        replace(loaded, settings=structs.replace(loaded.settings, updates=updates)),
        clock=SystemClock(),
        environ=ENVIRON,
        state_dir=folder,
        rng=Random(seed),
    )
    await session.start()
    try:
        yield session
    finally:
        await session.stop()


async def tell(session: Session, audience: Audience, text: str = "") -> None:
    draft = await session.update_draft(audience)
    (sent,) = await session.send_update(draft, text or draft.text)
    assert sent.state == "sent", sent.said


@pytest.mark.parametrize("machines", [("a", "b"), ("a", "a")], ids=["two machines", "one machine"])
async def test_the_other_goes_on_with_what_one_began(tmp_path: Path, machines: tuple[str, str]) -> None:
    one, other = (tmp_path / name for name in machines)
    async with drill("rate-limited") as world, telling(world, one, 1) as ana:
        incident = await opened(ana)
        async with telling(world, other, 2) as bo:
            await until(bo, diagnosed)
            await bo.resume(incident)
            for console in (ana, bo):
                await until(console, lambda s: live(s) and s.sharing and s.sharing.others)
            if one != other:
                # Its sender is at work before anything is told elsewhere.
                await bo.page("acknowledge")
            for audience in (Audience.INTERNAL, Audience.EXTERNAL):
                await tell(ana, audience)
            told = len(of(ana.snapshot, Kind.UPDATE))
            seen = await until(bo, lambda s: len(of(s, Kind.UPDATE)) >= told)
            assert seen.update_due == ana.snapshot.update_due
            assert seen.update_due is not None
            if one == other:
                return  # the outbox of a machine is one console's
            await tell(bo, Audience.EXTERNAL, "AI Feature Degradation\nWe found the cause.")
            await tell(bo, Audience.INTERNAL)
            await until(ana, lambda s: len(of(s, Kind.UPDATE)) == len(of(bo.snapshot, Kind.UPDATE)))
            assert ana.snapshot.update_due == bo.snapshot.update_due != seen.update_due
            await tell(ana, Audience.INTERNAL)
    first, *rest = world.slack.received
    assert "thread_ts" not in first
    assert [message["thread_ts"] for message in rest] == [first["ts"]] * 2
    (page,) = world.statuspage.incidents.values()
    assert len(page["incident_updates"]) == 2


async def test_what_an_entry_calls_a_message_leads_nowhere_else(tmp_path: Path) -> None:
    async with drill("rate-limited") as world, telling(world, tmp_path, 1) as ana:
        await opened(ana)
        hostile = {
            "slack": {"set": "#incidents", "channel": "C0EVERYBODY"},
            "statuspage": {"page_incident": ".."},
        }
        for target, refs in hostile.items():
            data = {"target": target, "refs": refs, "outcome": "sent", "message": target}
            draft = Draft(Kind.UPDATE, "sent", SystemClock().now(), "mallory", data)
            await ana._parts.chronicle.record(draft)
        for audience in (Audience.INTERNAL, Audience.EXTERNAL):
            await tell(ana, audience)
    assert [message["channel"] for message in world.slack.received] == ["C0INCIDENTS"]
    assert len(world.statuspage.incidents) == 1
