"""Live leases at the end of an incident: each is undone, kept by somebody until a moment, or ended."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tui.model.mitigation import Lease, Plan
from tui.model.times import date_and_time
from tui.screens import asking
from tui.screens.desk import Desk
from tui.session import deciding
from tui.session.errors import SessionError
from widgets.prompt import Choice


async def decide(desk: Desk) -> bool:
    """Ask about each lease that is undecided; whether all of them are decided now.

    An undo, or another owner or end, is a change: its preview opens, and `y` makes it.
    """
    for lease in desk.session.undecided:
        chosen = await asking.choose(desk, f"{deciding.what(lease)} is still live", _choices(desk, lease))
        if chosen is None or chosen == "open":
            desk.say(f"Still open: {deciding.what(lease)} is live, {deciding.held_by(lease)}.", "warn")
            return False
        if chosen == "keep":
            await desk.session.keep_as_it_is(lease)
        elif not await _change(desk, lease, chosen):
            return False
    return True


def _choices(desk: Desk, lease: Lease) -> tuple[Choice, ...]:
    seen = lease.seen
    over = seen.until <= desk.clock.now()
    past = f"that was {date_and_time(seen.until)}" if over else ""
    before = "(unset)" if seen.previous is None else seen.previous
    return (
        Choice("open", "Leave the incident open", key="l"),
        Choice("undo", "Undo it", f"back to {before}: its preview opens", key="u"),
        Choice("keep", "Keep it as it is", deciding.held_by(lease), past, key="k"),
        Choice("date", "Keep it with another owner or end", "its preview opens", key="o"),
        Choice("end", "End the lease", "the value is declared where it belongs", key="e"),
    )


async def _change(desk: Desk, lease: Lease, chosen: str) -> bool:
    if chosen == "undo":
        undo = desk.session.preview_undo
        await _look_at(desk, f"Undo {deciding.what(lease)}", lambda _: undo(lease.seen.mitigation))
        desk.say("Still open: resolve it again once the undo is through.", "warn")
        return False
    owner, until = "", None
    if chosen == "date":
        named = await _owner_and_end(desk, lease)
        if named is None:
            desk.say(f"Still open: nobody was named to keep {deciding.what(lease)}.", "warn")
            return False
        owner, until = named
    keep = desk.session.preview_keep
    await _look_at(desk, f"Decide about {deciding.what(lease)}", lambda _: keep(lease, owner, until))
    await desk.session.rested()
    if lease.seen in [left.seen for left in desk.session.undecided]:
        desk.say(f"Still open: {deciding.what(lease)} is not decided.", "warn")
        return False
    return True


async def _look_at(desk: Desk, title: str, planner: Callable[[str | None], Awaitable[Plan]]) -> None:
    from tui.screens.preview import PreviewScreen

    await desk.ask(PreviewScreen(desk, title, planner))


async def _owner_and_end(desk: Desk, lease: Lease) -> tuple[str, datetime] | None:
    """Who keeps it, and until when; asked again, with the reason, until both can be used."""
    hint = "who undoes it, or declares it for good"
    owner = await asking.ask(desk, "Who keeps it?", text=lease.seen.owner, hint=hint)
    if owner is None:
        return None
    now, why, text = desk.clock.now(), "", ""
    while True:
        typed = await asking.ask(desk, "Until when?", text=text, hint=deciding.HOW, why=why)
        if typed is None:
            return None
        try:
            return deciding.owner_of(owner), deciding.end_of(typed, now)
        except SessionError as refused:
            why, text = str(refused), typed
