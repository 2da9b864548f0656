"""What another console did that concerns this one, from one snapshot to the next: pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui.model.incident import Applied, Entry, Incident, Kind
from tui.model.sharing import Holder, Link, Person
from tui.model.times import clock
from tui.screens import company
from tui.screens.bells import fresh
from tui.session.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class News:
    """A sentence for the message line, its state, whether the bell rings, and what it overtakes of before."""

    words: str
    state: str = "warn"
    bell: bool = False
    about: str = ""


def news(before: Snapshot, after: Snapshot) -> tuple[News, ...]:
    """What is to be said now; () for what a person did here, and while nothing is shared."""
    was, now = before.incident, after.incident
    own = () if was is None or now is None or was.id != now.id else tuple(_own(before, after, now))
    if not own and (was is None or now is None or was.id != now.id):
        return ()
    if before.sharing is None or after.sharing is None:
        return own
    assert was is not None and now is not None
    command = (replace(one, about="command") for one in _command(before, after))
    resolved = (replace(one, about="resolved") for one in _resolved(before, after, was, now))
    lock = (replace(one, about="lock") for one in _lock(before, after, now))
    return (*own, *command, *resolved, *_without_lock(before, after), *lock)


def refusal(snapshot: Snapshot) -> str:
    """What the shared place refuses us, whom to ask, and that nothing is lost; "" where it does not."""
    sharing = snapshot.sharing
    if sharing is not None and sharing.looks_on:
        return f"You look on: what you write stays on this machine. {sharing.remedy}".strip()
    if sharing is None or sharing.link is not Link.REFUSED:
        return ""
    said = sharing.said or f"The shared place ({sharing.place}) refuses us."
    return f"{said} {sharing.remedy} Entries stay on this machine.".replace("  ", " ")


def _own(before: Snapshot, after: Snapshot, now: Incident) -> Iterator[News]:
    """What became of a change that was sent from here, where it was not applied, and of its lock."""
    me = _me(company.people(after))
    for entry in fresh(before, after):
        if entry.kind == Kind.OUTCOME and entry.data.get("outcome") in ("refused", "failed", "unknown"):
            change = _change(entry, now)
            if change is not None and _is_mine(change, me):
                remedy = entry.data.get("remedy")
                more = f" {remedy}" if isinstance(remedy, str) and remedy not in entry.text else ""
                yield News(f"{change.title}: {entry.text}.{more}".replace("..", "."), "fail")
        elif entry.kind == Kind.LOCK and entry.data.get("event") == "lost" and _by(entry, me):
            yield News(f"{entry.text}. Nothing more is sent; look at the timeline.", "fail", True)
        elif entry.kind == Kind.LOCK and entry.data.get("event") == "taken_over" and _by(entry, me):
            yield from _taken_up(entry, after, now)


def _command(before: Snapshot, after: Snapshot) -> Iterator[News]:
    assert before.sharing is not None and after.sharing is not None
    had, has = before.sharing.command, after.sharing.command
    given = next((e for e in reversed(fresh(before, after)) if _is_given(e, before, after)), None)
    if given is not None:
        yield News(f"{given.actor} handed command to you.", "warn", True)
        return
    if has is None or has.here or has.gone or (had is not None and had.console == has.console):
        return
    name = company.called(has, after.sharing.people)
    last = next((e for e in reversed(after.entries) if e.kind in (Kind.COMMANDER, Kind.HANDOVER)), None)
    if had is not None and had.here:
        handed = last is not None and last.kind == Kind.HANDOVER
        words = f"{name} has command now" + ("." if handed else ", taken from you: i, Commander tells more.")
        yield News(words, "ok" if handed else "warn", not handed)
    elif had is not None:
        yield News(f"{name} has command now.", "ok")


def _is_given(entry: Entry, before: Snapshot, after: Snapshot) -> bool:
    """Whether somebody else handed command to this very console, or to its person by name."""
    me = _me(company.people(after))
    if entry.kind != Kind.HANDOVER or me is None:
        return False
    command = before.sharing.command if before.sharing is not None else None
    own = entry.actor == me.name and (command is None or command.here or not _doubled(after))
    return not own and entry.data.get("console", me.console) == me.console and entry.data.get("to") == me.name


def _resolved(before: Snapshot, after: Snapshot, was: Incident, now: Incident) -> Iterator[News]:
    if now.open is was.open:
        return
    me = _me(company.people(after))
    kind = Kind.STATUS if now.open else Kind.RESOLVED
    told = next((e for e in reversed(fresh(before, after)) if e.kind == kind), None)
    if told is None or (_by(told, me) and not _doubled(after)):
        return
    done = "opened the incident again" if now.open else "resolved the incident"
    yield News(f"{told.actor} {done}: {told.text}", "warn" if now.open else "ok", True)


def _lock(before: Snapshot, after: Snapshot, now: Incident) -> Iterator[News]:
    had, has = company.locker(before), company.locker(after)
    people = company.people(after)
    if had is not None and has is not None and had.console == has.console:
        return
    doing = f"{company.called(has, people)} {company.does(has)}" if has is not None else ""
    if had is not None and _vanished(had, after) and _is_open(had, now):
        left = company.doing(had)[1] or "a change"
        name = company.called(had, people)
        yield News(
            f"{name} is gone in the middle of {left}; {doing or 'nobody judges it yet'}.", "warn", True
        )
    elif has is not None:
        change = "" if company.doing(has)[0] == company.CHANGES else " change the target"
        yield News(f"{doing}. Nobody else can{change} until that is over.")
    elif had is not None:
        yield News(f"{company.called(had, people)} no longer {_became(had, now)}.", "ok")


def _without_lock(before: Snapshot, after: Snapshot) -> Iterator[News]:
    """Somebody else changed the target while nobody could hold its lock; it may be heard of late."""
    me = _me(company.people(after))
    for entry in fresh(before, after):
        if entry.kind == Kind.LOCK and entry.data.get("event") == "without" and not _by(entry, me):
            yield News(f"{entry.actor}, at {clock(entry.occurred_at)} UTC: {entry.text}.", "warn", True)


def _became(had: Holder, now: Incident) -> str:
    """`changes the target: Raise timeout, effective: 1.3/s → 0.1/s`: what was done, and what came of it."""
    verb, title = company.doing(had)
    change = _under(had, now)
    came = (change.verdict_text or change.outcome or "not known yet") if change is not None else ""
    if verb == company.CHANGES:
        return f"{verb}: {change.title}, {came}" if change is not None else verb
    return f"{verb} {title}: {came}" if came else f"{verb} {title}"


def _vanished(had: Holder, after: Snapshot) -> bool:
    """Whether who had the lock let it run out, or is gone as another takes it over."""
    if after.lock is not None and after.lock.gone and after.lock.console == had.console:
        return True
    return any(one.console == had.console and company.is_silent(one) for one in company.people(after))


def _is_open(had: Holder, now: Incident) -> bool:
    """Whether what somebody had the lock for is not judged."""
    change = _under(had, now)
    return change is None or not change.settled or change.unjudged


def _under(had: Holder, now: Incident) -> Applied | None:
    """The change that a lock was taken for: the holder's own last one, or the one that it looks after."""
    verb, title = company.doing(had)

    def is_it(one: Applied) -> bool:
        return one.console == had.console if verb == company.CHANGES else one.title == title

    return next(filter(is_it, reversed(now.mitigations)), None)


def _taken_up(entry: Entry, after: Snapshot, now: Incident) -> Iterator[News]:
    """This console goes on with what another left that is gone."""
    change = _change(entry, now)
    if change is None or all(run.intent != change.intent for run in after.running):
        return
    people = company.people(after)
    whose = next((one for one in people if one.console == change.console), None)
    name = company.called(whose, people) if whose is not None else "Another console"
    yield News(f"{name} is gone in the middle of {change.title}; this console judges it.")


def _change(entry: Entry, incident: Incident) -> Applied | None:
    intent = entry.data.get("intent")
    return next((one for one in reversed(incident.mitigations) if one.intent == intent), None)


def _me(people: tuple[Person, ...]) -> Person | None:
    return next((one for one in people if one.here), None)


def _is_mine(change: Applied, me: Person | None) -> bool:
    return me is None or change.console in ("", me.console)


def _by(entry: Entry, me: Person | None) -> bool:
    """Whether it is of this console's login."""
    return me is None or entry.actor == me.name


def _doubled(snapshot: Snapshot) -> bool:
    """Whether another console of the same login is here: who did it cannot be told by the name."""
    me = _me(company.people(snapshot))
    others = snapshot.sharing.others if snapshot.sharing is not None else ()
    return me is not None and any(one.name == me.name for one in others)
