"""Telling people: who is told, and what became of the messages before."""

from datetime import timedelta

from tui.model import times
from tui.model.update import Audience
from tui.screens import asking
from tui.screens.desk import Desk
from tui.screens.update import TITLES, WAITING, UpdateScreen, outcome
from tui.session.snapshot import Unsent
from widgets.prompt import Choice

_SNOOZES = (("10m", "10 minutes", 10), ("30m", "30 minutes", 30), ("1h", "1 hour", 60), ("1d", "1 day", 1440))


async def menu(desk: Desk) -> None:
    """Who is told, and what became of earlier messages."""
    chosen = await asking.choose(desk, _menu_title(desk), _choices(desk))
    if chosen is None:
        return
    what, _, which = chosen.partition(":")
    if what == "tell":
        await _tell(desk, Audience(which))
    elif what == "unsent":
        await _unsent(desk, which)
    elif what == "snooze":
        await _snooze(desk)
    else:
        await _page(desk, which)


def _menu_title(desk: Desk) -> str:
    due = desk.snapshot.update_due
    if due is None:
        return "Tell people"
    left = due - desk.clock.now()
    if left <= timedelta(0):
        return f"Tell people: overdue since {times.clock(due)} UTC"
    return f"Tell people: due in {times.span(left)}, at {times.clock(due)} UTC"


def _choices(desk: Desk) -> tuple[Choice, ...]:
    snapshot, session = desk.snapshot, desk.session
    tell = tuple(
        Choice(f"tell:{who}", TITLES[who], ", ".join(session.places(who)) or "to copy: no place is set")
        for who in Audience
    )
    unsent = tuple(Choice(f"unsent:{one.id}", *_told(one)) for one in snapshot.unsent)
    snooze = Choice("snooze", "Put the next update off", "an entry", key="s")
    pager = (
        Choice("page:acknowledge", "Acknowledge at PagerDuty", key="a"),
        Choice("page:resolve", "Resolve at PagerDuty", key="r"),
    )
    has_incident = snapshot.incident is not None and not snapshot.following
    return (
        *tell,
        *unsent,
        *((snooze,) if snapshot.update_due is not None and has_incident else ()),
        *(pager if has_incident and session.pages else ()),
    )


def _told(one: Unsent) -> tuple[str, str]:
    state = {"unknown": "may have arrived", "failed": "not sent"}.get(one.state, "waits to be sent")
    return f"{one.place}: {state}", f"{one.what}, {times.clock(one.at)} UTC. {one.said}".strip()


# One message


async def _tell(desk: Desk, audience: Audience) -> None:
    draft = await desk.session.update_draft(audience)
    await desk.ask(UpdateScreen(desk, draft))


# What did not arrive


async def _unsent(desk: Desk, message_id: str) -> None:
    one = next((u for u in desk.snapshot.unsent if u.id == message_id), None)
    if one is None:
        desk.say("That message waits for nobody any more.", "ok")
        return
    if one.state in WAITING:
        desk.say(f"It is tried again by itself. {one.said}".strip(), "warn")
        return
    maybe = one.state == "unknown"
    again = "it may then be there twice" if maybe else "it did not arrive"
    choices = (
        Choice("keep", "Leave it as it is", "Esc does, too", key="k"),
        Choice("again", "Send it again", again, key="y"),
        *((Choice("arrived", "It did arrive", "you looked there", key="a"),) if maybe else ()),
        Choice("drop", "Give it up", "an entry", key="g"),
    )
    chosen = await asking.choose(desk, f"{one.place}: {one.said or one.state}", choices)
    if chosen == "again":
        await desk.session.send_again(message_id)
        desk.say("It is sent again; the timeline tells how it goes.", "ok")
    elif chosen == "arrived":
        await desk.session.arrived(message_id)
        desk.say("Noted: it arrived.", "ok")
    elif chosen == "drop":
        await desk.session.give_up(message_id)
        desk.say("Given up.", "ok")


# The rest


async def _snooze(desk: Desk) -> None:
    choices = tuple(Choice(which, words, "from now") for which, words, _ in _SNOOZES)
    chosen = await asking.choose(desk, "Put the next update off by", choices)
    if chosen is not None:
        minutes = next(m for which, _, m in _SNOOZES if which == chosen)
        until = await desk.session.snooze(timedelta(minutes=minutes))
        desk.say(f"The next update is due at {times.clock(until)} UTC.", "ok")


async def _page(desk: Desk, event: str) -> None:
    """Acknowledge or resolve at PagerDuty; asks once more, since others are paged by it."""
    choices = (
        Choice("no", "Leave it", key="k"),
        Choice("yes", f"{event.title()} it there", "each alert of this incident", key="y"),
    )
    if await asking.choose(desk, f"{event.title()} at PagerDuty?", choices) == "yes":
        messages = await desk.session.page(event)
        said, state = outcome(tuple((m.place, m.state.value, m.said, m.remedy) for m in messages))
        desk.say(said, state)
