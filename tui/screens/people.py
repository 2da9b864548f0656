"""The page "who is here": each console with what it does, and how the shared place stands."""

from collections.abc import Iterator
from datetime import datetime

from tui.model import times
from tui.model.sharing import Link, Person, SharingStatus
from tui.screens import company
from tui.screens.desk import Desk
from tui.screens.page import Page, Row
from tui.screens.reader import ReaderScreen
from tui.session.snapshot import Snapshot

_LINKS = {Link.LIVE: "ok", Link.CONNECTING: "unknown", Link.AWAY: "warn", Link.REFUSED: "fail"}
_WORDS = {
    Link.LIVE: "live",
    Link.CONNECTING: "connecting",
    Link.AWAY: "AWAY: it does not answer",
    Link.REFUSED: "REFUSED: it does not let us read or write",
}


class PeopleScreen(ReaderScreen[None]):
    """The page; it follows what is heard of the others while it is read."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Who is here", page(desk.snapshot, desk.clock.now()), desk.glyphs, desk.copy)
        self.desk = desk

    def on_mount(self) -> None:
        """Keys go to the page, and how long nobody was heard of counts on."""
        super().on_mount()
        self.set_interval(1.0, lambda: self.take(self.desk.snapshot), name="silences")

    def take(self, snapshot: Snapshot) -> None:
        """Another snapshot was published, or a second is over."""
        fresh = page(snapshot, self.desk.clock.now())
        if fresh != self.reader.page:
            self.reader.replace(fresh)


async def show(desk: Desk, _which: str = "") -> None:
    """Who works the incident; where it is not shared, that is said."""
    if desk.snapshot.sharing is None:
        if desk.snapshot.incident is None:
            desk.say("No incident is open here: nobody works it with you. i declares, resumes or joins one.")
            return
        said = "This incident is not shared: nobody else can be here."
        desk.say(f"{said} sharing.namespace of the settings shares incidents.")
        return
    await desk.ask(PeopleScreen(desk))


def page(snapshot: Snapshot, now: datetime) -> Page:
    """The place, command and lock, everybody who is here, who was, and what is wrong."""
    sharing = snapshot.sharing
    if sharing is None:
        return (Row("", "This incident is no longer shared."),)
    here = [one for one in sharing.people if not one.gone]
    gone = [one for one in sharing.people if one.gone]
    return (
        *_place(sharing, now),
        Row("command", _command(snapshot, sharing, now)),
        Row("lock", *_lock(snapshot)),
        Row("", " "),
        Row("", "Here now", "title"),
        *(row for one in here for row in _person(one, snapshot, now)),
        *((Row("", " "), Row("", "Were here", "title")) if gone else ()),
        *(row for one in gone for row in _person(one, snapshot, now)),
        *((Row("", " "), Row("", "What is not in order", "title")) if sharing.problems else ()),
        *(Row("", problem, "warn") for problem in sharing.problems),
    )


def _place(sharing: SharingStatus, now: datetime) -> Iterator[Row]:
    since = f" for {times.span(now - sharing.since)}" if sharing.since else ""
    state, _, means = _WORDS[sharing.link].partition(": ")
    means = "you look on: notes stay on this machine" if sharing.looks_on else means
    means = f": {means}" if means else ""
    yield Row("place", f"{sharing.place}, {state}{since}{means}", _LINKS[sharing.link])
    if sharing.said:
        yield Row("", sharing.said, "warn")
    if sharing.remedy:
        yield Row("to do", sharing.remedy, "accent")
    if sharing.unsent and sharing.looks_on:
        stays = "entry stays" if sharing.unsent == 1 else "entries stay"
        yield Row("sent", f"{sharing.unsent:,} {stays} on this machine, whole on its disk")
    elif sharing.unsent:
        waits = "entry waits" if sharing.unsent == 1 else "entries wait"
        yield Row("sent", f"{sharing.unsent:,} {waits} on this machine, whole on its disk", "warn")
    elif sharing.link is Link.LIVE:
        yield Row("sent", "every entry of this machine is there")
    if sharing.awaited:
        yield Row("awaited", f"{_entries(sharing.awaited)} of others: later ones are here already", "warn")


def _command(snapshot: Snapshot, sharing: SharingStatus, now: datetime) -> str:
    holder = sharing.command
    if holder is None:
        named = snapshot.incident.commander if snapshot.incident else ""
        if not named:
            return "nobody: i, Commander takes it"
        unheard = company.unheard(snapshot)
        return f"{named}, by the record; {unheard[:1].lower()}{unheard[1:-1] or 'no console holds it'}"
    since = f" since {times.clock(holder.since)} UTC" if holder.since else ""
    gone = f", {gone_for(holder.console, snapshot, now)}: i, Commander takes it over" if holder.gone else ""
    return f"{company.called(holder, sharing.people)}{since}{gone}"


def gone_for(console: str, snapshot: Snapshot, now: datetime) -> str:
    """`silent for 2 min`, of a console, or `gone for 2 min`; `gone` where nothing is known of it."""
    one = next((person for person in company.people(snapshot) if person.console == console), None)
    if one is None:
        return "gone"
    return f"{'gone' if one.left else 'silent'} for {times.span(company.silence(one, snapshot, now))}"


def _lock(snapshot: Snapshot) -> tuple[str, str]:
    """Who has the target's lock, and the role of that."""
    if (lock := company.locker(snapshot)) is not None:
        return f"held by {company.changing(lock, company.people(snapshot))}", "warn"
    if snapshot.running:
        # A change goes on without the lock where it was approved so, or lost it.
        run = next((one for one in snapshot.running if one.locked), snapshot.running[0])
        without = f"▲ none: {run.title} goes on without it"
        return (f"yours: {run.title}", "") if run.locked else (without, "warn")
    live = snapshot.sharing is not None and snapshot.sharing.link is Link.LIVE
    return "free: nobody changes the target" if live else "not known while the place is not live", ""


def _person(one: Person, snapshot: Snapshot, now: datetime) -> Iterator[Row]:
    everybody = company.people(snapshot)
    name = "you" if company.is_yours(one, everybody) else one.name or "somebody"
    where = f"on {one.host}, process {one.process}" if one.host else "where it runs is not told"
    login = f"{one.name}, " if name == "you" and one.name else ""
    yield Row(name, f"{_fresh(one, snapshot, now)}; {login}{where}", "bold" if one.here else "")
    sharing, lock = snapshot.sharing, company.locker(snapshot)
    holder = sharing.command if sharing is not None else None
    if holder is not None and holder.console == one.console:
        yield Row("", "has command")
    if lock is not None and lock.console == one.console:
        yield Row("", company.does(lock), "warn")
    if one.behind:
        late = "its latest entry is" if one.behind == 1 else f"{one.behind:,} of its entries are"
        yield Row("", f"{late} not here yet", "warn")
    if said := company.clock_of(one):
        yield Row("", f"{said}: its entries' times are off by that; their order is not", "warn")


def _fresh(one: Person, snapshot: Snapshot, now: datetime) -> str:
    if one.here:
        return "here"
    if one.left:
        return f"left {times.span(company.silence(one, snapshot, now))} ago"
    if not company.is_silent(one):
        if one.unheard:
            return "not heard yet"
        if snapshot.sharing is not None and snapshot.sharing.link is Link.LIVE:
            return "live"
        return f"heard of {times.span(one.ago)} ago"
    return f"{'gone, ' if one.gone else ''}silent for {times.span(company.silence(one, snapshot, now))}"


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
