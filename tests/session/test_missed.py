"""An entry that a watch keeps to itself, and a connection that died unnoticed: the leases tell of both."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.session.test_together import console, diagnosed, has, opened
from tests.support.clock import START, ManualClock
from tests.support.drills import drill, until
from tui.clients import shared_entries
from tui.clients.cluster_errors import ClusterError, Reason
from tui.clients.shared_entries import Seen
from tui.model.redaction import Redactor
from tui.model.sharing import Link
from tui.session.together import Together
from tui.sharing.copier import Copier
from tui.sharing.status import CopyStatus

KEPT = "the watch keeps this to itself"


async def test_an_entry_that_no_watch_told_of_comes_since_its_writer_tells_what_it_recorded_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = shared_entries._seen

    def keep(*about: Any) -> Seen:
        seen = tell(*about)
        kept = seen.found is not None and KEPT in seen.found.line
        return Seen("bookmark", None, seen.entry, seen.version) if kept else seen

    monkeypatch.setattr(shared_entries, "_seen", keep)
    async with drill("rate-limited") as world, console(world, tmp_path / "a", 1) as ana:
        incident = await opened(ana)
        async with console(world, tmp_path / "b", 2) as bo:
            await until(bo, diagnosed)
            await bo.join(incident)
            await until(bo, has("the first"))
            await ana.note(KEPT)
            await until(bo, has(KEPT))


def beside(roster: SimpleNamespace, folder: Path) -> Together:
    """What is shared of an incident, with leases that tell just this."""
    presence = SimpleNamespace(problem="")
    company: Any = SimpleNamespace(roster=roster, command=SimpleNamespace(held=False), presence=presence)
    place: Any = SimpleNamespace(words="here", administrators="")
    chronicle: Any = SimpleNamespace(incident=None, wake=asyncio.Event())
    return Together(
        place, "inc-20261123-1503-7f3a", "c0", company, folder, chronicle, ManualClock(), Redactor(),
        Random(1), lambda: None,
    )  # fmt: skip


@pytest.mark.parametrize("copy", [Link.LIVE, Link.CONNECTING])
@pytest.mark.parametrize(
    ("link", "reason"), [(Link.AWAY, Reason.TIMEOUT), (Link.REFUSED, Reason.FORBIDDEN)], ids=str
)
async def test_what_only_the_leases_know_of_the_place_is_told(
    tmp_path: Path, copy: Link, link: Link, reason: Reason
) -> None:
    problem = ClusterError(reason, "It is not answered.", "Check the VPN.")
    roster = SimpleNamespace(link=link, since=START, problem=problem, people=(), command=lambda _: None)
    together = beside(roster, tmp_path)
    together._copier.status = CopyStatus(copy, since=START - timedelta(hours=1))
    told = together.status()
    assert (told.link, told.since) == (link, START)
    assert (told.said, told.remedy, told.problems) == ("It is not answered.", "Check the VPN.", ())
    roster.link, roster.problem = Link.LIVE, None
    assert together.status().link is copy
    await together._copier.stop()


async def test_a_place_that_was_lost_sight_of_has_the_entries_watched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    roster = SimpleNamespace(link=Link.CONNECTING, since=START, overdue=())
    monkeypatch.setattr(Copier, "rewatch", lambda copier: asked.append("watch"))
    monkeypatch.setattr(Copier, "stale", lambda copier: asked.append("list"))
    together = beside(roster, tmp_path)
    for link, at, wanted in (
        (Link.CONNECTING, 0, []),
        (Link.LIVE, 1, []),
        (Link.LIVE, 1, []),
        (Link.CONNECTING, 2, []),
        (Link.LIVE, 3, ["watch"]),
        (Link.LIVE, 3, []),
        (Link.LIVE, 4, ["watch"]),  # lost and found between two looks
    ):
        roster.link, roster.since = link, START + timedelta(seconds=at)
        together.mind()
        assert asked == wanted
        asked.clear()
    roster.overdue = ("an entry",)
    together.mind()
    assert asked == ["list"]
    await together._copier.stop()
