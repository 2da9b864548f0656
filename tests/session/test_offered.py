"""What others declare is offered here at once, and not only at the next of the regular looks."""

import asyncio
from pathlib import Path

import pytest

from tests.session.test_together import console, diagnosed, has, live, opened
from tests.support.drills import drill, until
from tui.clients.leases import Leases
from tui.model.sharing import Link
from tui.session import declaring, place_connection
from tui.session.errors import SessionError


@pytest.mark.thorough
async def test_what_another_declares_and_resolves_is_offered_and_withdrawn_without_waiting_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_connection, "OVERVIEW", 3600.0)
    monkeypatch.setattr(declaring, "LOOK_EVERY", 3600.0)
    async with (
        drill("rate-limited") as world,
        console(world, tmp_path / "a", 1) as ana,
        console(world, tmp_path / "b", 2) as bo,
    ):
        await until(bo, diagnosed)
        assert not bo.snapshot.open_incidents
        incident = await opened(ana)
        seen = await until(bo, lambda s: s.open_incidents)
        assert [one.id for one in seen.open_incidents] == [incident]
        await ana.take_command()
        await until(bo, lambda s: any(one.commander for one in s.open_incidents))
        await ana.resolve("it is over, nothing was wrong")
        await until(bo, lambda s: not s.open_incidents)


async def test_what_others_declared_a_moment_ago_is_said_before_another_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declaring.Declaring, "_look_now_and_then", lambda self: None)
    async with (
        drill("rate-limited") as world,
        console(world, tmp_path / "a", 1) as ana,
        console(world, tmp_path / "b", 2) as bo,
    ):
        await until(bo, diagnosed)
        incident = await opened(ana)
        with pytest.raises(SessionError, match=f"{incident} .* was declared by others meanwhile"):
            await bo.note("nobody works on it")
        assert bo.snapshot.incident is None
        assert [one.id for one in bo.snapshot.open_incidents] == [incident]
        await bo.note("this is another matter")
        assert bo.snapshot.incident is not None
        assert bo.snapshot.incident.id != incident


async def test_as_long_as_the_leases_are_not_heard_it_is_not_told_as_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        incident = await opened(ana)
        heard, listed = asyncio.Event(), Leases.list

        async def late(self: Leases) -> object:
            await heard.wait()
            return await listed(self)

        monkeypatch.setattr(Leases, "list", late)
        async with console(world, tmp_path / "b", 2) as bo:
            await until(bo, diagnosed)
            await bo.join(incident)
            await ana.note("it goes on")
            seen = await until(bo, has("it goes on"))
            assert seen.sharing is not None and seen.sharing.link is Link.CONNECTING
            heard.set()
            seen = await until(bo, live)
            assert seen.sharing is not None and len(seen.sharing.people) == 2
