"""Command of the incident: taken, taken over from who is gone, and handed to somebody who is here."""

from tui.model.sharing import Holder, Person
from tui.model.times import clock
from tui.screens import asking, company, handover, people
from tui.screens.desk import Desk
from widgets.prompt import Choice

_SOMEBODY = "name"


async def take(desk: Desk, _which: str = "") -> None:
    """Take command. Where a console has it by its lease, what can be done depends on whether it is there."""
    sharing = desk.snapshot.sharing
    holder = sharing.command if sharing is not None else None
    if holder is None:
        await _in_a_name(desk)
    elif holder.here:
        desk.say("You have command already: i, Hand over gives it to somebody else.", "ok")
    elif holder.gone:
        await _take_over(desk, holder)
    elif not holder.console:
        await _in_a_name(desk)  # given to a name alone: whoever that is takes it up
    else:
        await _held(desk, holder)


async def _in_a_name(desk: Desk) -> None:
    now = desk.snapshot.incident
    since = f" since {clock(now.commander_at)} UTC" if now is not None and now.commander_at else ""
    has = f"{now.commander} has command{since}." if now is not None and now.commander else ""
    mine = next((one.name for one in company.people(desk.snapshot) if one.here), "")
    name = await asking.ask(
        desk, "Incident commander", text=mine or desk.snapshot.place.user, hint="who takes command", why=has
    )
    if name is not None:
        await desk.session.take_command(name)
        _done(desk, f"Commander: {name}.")


async def _held(desk: Desk, holder: Holder) -> None:
    """Somebody has it who is there, as far as is known: nothing is taken from them."""
    name = company.called(holder, company.people(desk.snapshot))
    since = f" since {clock(holder.since)} UTC" if holder.since else ""
    choices = (
        Choice("keep", f"Leave it with {name}", "Esc does, too", key="k"),
        Choice("who", "Who is here", "each console, and how fresh", key="w"),
    )
    yours = company.is_yours(holder, company.people(desk.snapshot))
    ask = "Hand it over there: i, h." if yours else f"Ask {holder.name} to hand it over: i, h there."
    here = company.unseen(holder, desk.snapshot, desk.clock.now()) or "is here"
    why = f"{name} has had command{since}, and {here}. {ask} Once it is gone, it can be taken over here."
    if await asking.choose(desk, "Incident commander", choices, why) == "who":
        await people.show(desk)


async def _take_over(desk: Desk, holder: Holder) -> None:
    """The console that has it is gone. Enter and Escape leave it as it is."""
    name = company.called(holder, company.people(desk.snapshot))
    silent = people.gone_for(holder.console, desk.snapshot, desk.clock.now())
    choices = (
        Choice("keep", f"Leave it with {name}", "Esc does, too", key="k"),
        Choice("take", f"Take over from {name}", f"{silent}; an entry", key="t"),
    )
    why = f"{name} has command, and is {silent}. A console that comes back finds that it lost it."
    if await asking.choose(desk, "Incident commander", choices, why) == "take":
        await desk.session.take_command()
        _done(desk, f"You have command now, taken over from {name}.")


def _done(desk: Desk, words: str) -> None:
    """Say what was decided, and whether others hear of it."""
    unheard = company.unheard(desk.snapshot)
    desk.say(f"{words} {unheard}".strip(), "warn" if unheard else "ok")


async def hand_over(desk: Desk, _which: str = "") -> None:
    """Ask who takes command, of those who are here or by name; write it down, and offer the page."""
    sharing = desk.snapshot.sharing
    chosen: Person | None = None
    if sharing is not None and sharing.others:
        which = await asking.choose(desk, "Hand over to", _choices(desk, sharing.others))
        if which is None:
            return
        chosen = next((one for one in sharing.others if one.console == which), None)
    name = chosen.name if chosen is not None else await _named(desk)
    if name is None:
        return
    if chosen is not None and chosen.console not in _consoles(desk):
        desk.say(f"{name} has left meanwhile: nothing was handed over.", "warn")
        return
    await desk.session.hand_over(name, chosen.console if chosen is not None else "")
    await handover.offer(desk, name)


def _choices(desk: Desk, others: tuple[Person, ...]) -> tuple[Choice, ...]:
    """Those who are here, numbered as they stood when it was asked, and anybody else by name."""
    everybody = company.people(desk.snapshot)

    def choice(one: Person) -> Choice:
        name = company.called(one, everybody)
        told = not one.host or f" on {one.host}" in name
        return Choice(one.console, name, "" if told else f"on {one.host}")

    return (*map(choice, others), Choice(_SOMEBODY, "Somebody else", "type a name", key="n"))


async def _named(desk: Desk) -> str | None:
    return await asking.ask(desk, "Hand over to", hint="who takes command from now on; it is an entry")


def _consoles(desk: Desk) -> set[str]:
    sharing = desk.snapshot.sharing
    return {one.console for one in sharing.others} if sharing is not None else set()
