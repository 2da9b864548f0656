"""Resolving while a temporary change is live: somebody decides, by keys alone, and nothing is silent."""

from dataclasses import replace
from datetime import timedelta

from tests.support import sights
from tui.model.mitigation import Lease

HELD = Lease(sights.LEASE)


async def resolving(desk, *left: Lease) -> None:  # type: ignore[no-untyped-def]
    desk.session.left = left or (HELD,)
    await desk.press("i", "x", "y")


async def test_a_live_lease_is_asked_about_and_enter_leaves_the_incident_open(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await resolving(desk)
        seen = desk.seen()
        assert "MAX_CONCURRENT_MISTRAL=3 is still live" in seen
        assert "held by" in seen
        await desk.press("enter")
        assert not desk.session.did("resolve")
        assert "Still open: MAX_CONCURRENT_MISTRAL=3 is live" in desk.seen()
        await resolving(desk)
        await desk.press("escape")
        assert not desk.session.did("resolve")


async def test_a_lease_that_is_kept_as_it_is_resolves(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await resolving(desk)
        await desk.press("k")
        assert desk.session.did("keep_as_it_is") == [("keep_as_it_is", HELD)]
        assert desk.session.did("resolve") == [("resolve", "")]


async def test_a_lease_past_its_end_cannot_be_kept_as_it_is(console) -> None:
    over = Lease(replace(sights.LEASE, until=sights.NOW - timedelta(minutes=3)))
    async with console(sights.held_by_lease(leases=(over,))) as desk:
        await resolving(desk, over)
        assert "that was 2026-" in desk.seen()
        await desk.press("k")
        assert not desk.session.did("keep_as_it_is")
        assert not desk.session.did("resolve")


async def test_undo_opens_the_undos_preview_and_the_incident_stays_open(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await resolving(desk)
        await desk.press("u")
        assert desk.screen == "PreviewScreen"
        assert desk.session.did("preview_undo") == [("preview_undo", "reduce-concurrency")]
        await desk.press("escape")
        assert not desk.session.did("resolve")
        assert "resolve it again once the undo is through" in desk.seen()


async def test_another_owner_and_end_are_asked_for_checked_and_previewed(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await resolving(desk)
        await desk.press("o")
        assert "Who keeps it?" in desk.seen()
        await desk.press("ctrl+u", *"bob", "enter", *"soon", "enter")
        assert "'soon' is no time. Write 2h, 3d, 17:30" in desk.seen()
        await desk.press("ctrl+u", *"2h", "enter")
        assert desk.screen == "PreviewScreen"
        until = sights.NOW + timedelta(hours=2)
        assert desk.session.did("preview_keep") == [("preview_keep", HELD, "bob", until)]
        await desk.press("escape")
        assert not desk.session.did("resolve")
        assert "Still open: MAX_CONCURRENT_MISTRAL=3 is not decided" in desk.seen()


async def test_escape_while_naming_decides_nothing(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        for keys in (("o", "escape"), ("o", "enter", "escape")):
            await resolving(desk)
            await desk.press(*keys)
            assert not desk.session.did("preview_keep")
            assert not desk.session.did("resolve")
            assert "Still open: nobody was named" in desk.seen()


async def test_ending_the_lease_is_a_preview_too(console) -> None:
    async with console(sights.held_by_lease()) as desk:
        await resolving(desk)
        await desk.press("e")
        assert desk.session.did("preview_keep") == [("preview_keep", HELD, "", None)]


async def test_the_dialog_fits_a_small_terminal(console) -> None:
    for size in ((80, 24), (60, 20)):
        async with console(sights.held_by_lease(), size=size) as desk:
            await resolving(desk)
            seen = desk.seen()
            for label in ("Leave the incident open", "Undo it", "Keep it as it is", "End the lease"):
                assert label in seen


async def test_the_end_of_a_lease_is_told_and_rings(console) -> None:
    soon = Lease(replace(sights.LEASE, until=sights.NOW + timedelta(seconds=5)))
    async with console(sights.held_by_lease(leases=(soon,), incident=None, entries=())) as desk:
        rung = []
        desk.app.bell = lambda: rung.append(True)
        await desk.advance(10)
        desk.app._tick()
        await desk.settle()
        assert rung == [True]
        assert "MAX_CONCURRENT_MISTRAL: the time it was to be held is over" in desk.seen()
        desk.app._tick()
        assert rung == [True]
