"""Who works the incident besides this console, and how the shared place stands, in words: pure functions."""

from datetime import datetime, timedelta

from tui.model import times
from tui.model.sharing import Holder, Link, Person, SharingStatus
from tui.model.skew import MISLEADS
from tui.session.snapshot import Snapshot

# From here on it is said how long nothing was heard of a console that is taken to be here.
SILENT = timedelta(seconds=20)
# A place that is only being connected to is no news for so long.
_CONNECTS = timedelta(seconds=5)
# Who has been gone for longer is on the page, and no longer at the top.
_MISSED = timedelta(minutes=30)
_NAMED = 3
CHANGES = "changes the target"
# What a lock was taken for that nothing is changed with, and what is said of that.
_LOOKING = {"watching ": "watches", "settling ": "settles"}


def is_company(snapshot: Snapshot, now: datetime) -> bool:
    """Whether there is something to say: somebody else is or was here, or the place is not live."""
    sharing = snapshot.sharing
    if sharing is None:
        return False
    return (
        any(not one.here for one in sharing.people)
        or bool(_place(sharing, now))
        or locker(snapshot) is not None
    )


def locker(snapshot: Snapshot) -> Holder | None:
    """Who else holds the target's lock, as far as that is known."""
    lock = snapshot.lock
    return lock if lock is not None and not lock.here and not lock.gone else None


# Names


def called(one: Person | Holder, people: tuple[Person, ...]) -> str:
    """A name that tells a console apart: `you`, `bo`, `bo on web1, process 12`, `your console on devbox`."""
    if one.here:
        return "you"
    where, process = _where(one, people)
    if is_yours(one, people):
        return f"your console on {where}{process}" if where else "your other console"
    name = one.name or "somebody"
    return f"{name} on {where}{process}" if where else name


def is_yours(one: Person | Holder, people: tuple[Person, ...]) -> bool:
    """Whether it is a console of the login that works here."""
    return one.here or (bool(one.name) and any(person.here and person.name == one.name for person in people))


def _where(one: Person | Holder, people: tuple[Person, ...]) -> tuple[str, str]:
    """Machine and process, as far as they are needed to tell consoles of one name apart."""
    same = [person for person in people if person.console != one.console and person.name == one.name]
    if not same or not one.host:
        return "", ""
    return one.host, f", process {one.process}" if any(p.host == one.host for p in same) else ""


def doing(lock: Holder) -> tuple[str, str]:
    """What somebody has the target's lock for, and which change that is about: `CHANGES`, `Raise timeout`.

    Whoever took up what another left changes nothing: it `watches` or `settles` that.
    """
    for begins, verb in _LOOKING.items():
        if lock.what.startswith(begins):
            return verb, lock.what.removeprefix(begins)
    return CHANGES, lock.what


def does(lock: Holder) -> str:
    """`changes the target: Raise timeout`, or `watches Raise timeout`."""
    verb, title = doing(lock)
    if verb != CHANGES:
        return f"{verb} {title}"
    return f"{verb}: {title}" if title else verb


def changing(lock: Holder, people: tuple[Person, ...]) -> str:
    """`bo: Raise timeout, since 15:03 UTC`: who holds the target, and what for."""
    what = f": {lock.what}" if lock.what else ""
    since = f", since {times.clock(lock.since)} UTC" if lock.since else ""
    return f"{called(lock, people)}{what}{since}"


def people(snapshot: Snapshot) -> tuple[Person, ...]:
    """Everybody who is or was here; nobody where the incident is not shared."""
    return snapshot.sharing.people if snapshot.sharing is not None else ()


def silence(one: Person, snapshot: Snapshot, now: datetime) -> timedelta:
    """How long nothing was heard of somebody; a snapshot that is no longer published ages, too."""
    return one.ago + max(now - snapshot.at, timedelta(0)) if one.gone or one.ago >= SILENT else one.ago


# The banner's words, the fullest first


def with_whom(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    """`with bo, cy; dee silent 40 s`, then shorter; who is gone for long is left out."""
    everybody = people(snapshot)
    near = [_short(one, everybody) for one in everybody if not one.here and not is_silent(one)]
    timed = [
        f"{_short(one, everybody)}{_off(one)}" for one in everybody if not one.here and not is_silent(one)
    ]
    lost = [
        one for one in everybody if not one.here and is_silent(one) and silence(one, snapshot, now) < _MISSED
    ]
    missed = [_missing(one, snapshot, now) for one in lost]
    if not near and not missed:
        return _nobody(snapshot)
    quiet = missed[0] if len(missed) == 1 else _count(lost)
    count = f"with {len(near)}" if near else "alone"
    return (
        "; ".join(part for part in (_listed(timed), ", ".join(missed[:2])) if part),
        "; ".join(part for part in (_listed(near), quiet if missed else "") if part),
        f"{count}, {_count(lost)}" if missed else count,
    )


def _missing(one: Person, snapshot: Snapshot, now: datetime) -> str:
    """`▲ cy silent 40 s`, or `cy left 40 s ago` of one that said so."""
    name, long = _short(one, people(snapshot)), times.span(silence(one, snapshot, now))
    return f"{name} left {long} ago" if one.left else f"▲ {name} silent {long}"


def _count(lost: list[Person]) -> str:
    """`▲ 2 silent`, `2 left`, or `▲ 3 not here` where it is some of both."""
    left = sum(one.left for one in lost)
    if left == len(lost):
        return f"{left} left"
    return f"▲ {len(lost)} {'not here' if left else 'silent'}"


def _nobody(snapshot: Snapshot) -> tuple[str, ...]:
    """Of nobody else anything is known; that nobody is here can be said only while the place is live."""
    sharing = snapshot.sharing
    if sharing is None or sharing.link is Link.LIVE:
        return ("nobody else is here",)
    if sharing.link is Link.CONNECTING:
        return ("looking who is here",)
    return ("who is here is not known", "others not known")


def unseen(holder: Holder, snapshot: Snapshot, now: datetime) -> str:
    """`was not heard of for 38 s; the place is away`: what is not known of a holder now; "" where it is."""
    sharing = snapshot.sharing
    if sharing is None or sharing.link is Link.LIVE:
        return ""
    one = next((person for person in sharing.people if person.console == holder.console), None)
    silent = one.ago + max(now - snapshot.at, timedelta(0)) if one is not None else None
    heard = f"was not heard of for {times.span(silent)}" if silent is not None else "is not heard of"
    return f"{heard}; the place is away"


def unheard(snapshot: Snapshot) -> str:
    """That others do not hear yet of what was decided here, in a sentence; "" where they do."""
    sharing = snapshot.sharing
    if sharing is None or (sharing.link is Link.LIVE and not sharing.looks_on):
        return ""
    if sharing.looks_on:
        return "Nobody else hears of it: this login only looks on."
    return "Others hear of it when the place is back."


def is_silent(one: Person) -> bool:
    """Whether somebody left, or was not heard of for longer than a console is silent by itself."""
    return one.gone or one.ago >= SILENT


def clock_of(one: Person) -> str:
    """`its clock is 3 min ahead of this machine's`, where that misleads; else ""."""
    if one.here or one.ahead is None or abs(one.ahead) < MISLEADS:
        return ""
    way = "ahead of" if one.ahead > timedelta(0) else "behind"
    return f"its clock is {times.span(abs(one.ahead))} {way} this machine's"


def _off(one: Person) -> str:
    """` (clock +3 min)`, where it misleads."""
    if not clock_of(one) or one.ahead is None:
        return ""
    return f" (clock {'+' if one.ahead > timedelta(0) else '-'}{times.span(abs(one.ahead))})"


def _short(one: Person | Holder, everybody: tuple[Person, ...]) -> str:
    """`bo`, `you on devbox`, `bo on web1 12`: for where there is little room."""
    where, process = _where(one, everybody)
    name = "you" if is_yours(one, everybody) else one.name or "somebody"
    return f"{name} on {where}{process.replace(', process', '')}" if where and not one.here else name


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
    return f"with {', '.join(names[:_NAMED])}{more}"


def command(snapshot: Snapshot) -> str:
    """`command: bo`, as the lease tells, else as the record does."""
    sharing, incident = snapshot.sharing, snapshot.incident
    if incident is None or not incident.open or sharing is None:
        return ""
    if sharing.command is not None:
        named = f"command: {_short(sharing.command, sharing.people)}"
        return f"▲ {named}, gone" if sharing.command.gone else named
    mine = any(one.here and one.name == incident.commander for one in sharing.people)
    return f"command: {'you' if mine else incident.commander or 'nobody'}"


def is_deserted(snapshot: Snapshot) -> bool:
    """Whether the console that has command is gone: somebody may take it over."""
    holder = snapshot.sharing.command if snapshot.sharing is not None else None
    return holder is not None and holder.gone


def under_change(snapshot: Snapshot) -> tuple[str, ...]:
    """`bo changes the target: Raise timeout`, then shorter; () where nobody else does."""
    lock = locker(snapshot)
    if lock is None:
        return ()
    name, verb = called(lock, people(snapshot)), doing(lock)[0]
    return f"{name} {does(lock)}", f"{name} {verb}" if verb == CHANGES else f"{name} {verb} a change"


def place(snapshot: Snapshot, now: datetime) -> tuple[tuple[str, ...], str]:
    """`shared place away 3 min, 4 entries wait`, then shorter, and its role; () while all is well."""
    sharing = snapshot.sharing
    if sharing is None:
        return (), ""
    return _place(sharing, now), "fail" if sharing.link is Link.REFUSED else "warn"


def _place(sharing: SharingStatus, now: datetime) -> tuple[str, ...]:
    if sharing.looks_on:
        return "you look on: notes stay on this machine", "you look on"
    if sharing.link is Link.LIVE:
        count = len(sharing.problems)
        return (f"{count} problem{'s' if count > 1 else ''} (h)",) if count else ()
    length = now - sharing.since if sharing.since else timedelta(0)
    if sharing.link is Link.CONNECTING:
        return () if length < _CONNECTS else (f"connecting for {times.span(length)}", "connecting")
    word = "refuses us" if sharing.link is Link.REFUSED else "away"
    lasts = f" {times.span(length)}" if sharing.since else ""
    if not sharing.unsent:
        return f"shared place {word}{lasts}", f"{word}{lasts}", word
    entries = "entry waits" if sharing.unsent == 1 else "entries wait"
    return (
        f"shared place {word}{lasts}, {sharing.unsent:,} {entries}",
        f"{word}{lasts}, {sharing.unsent:,} wait",
        f"{word}, {sharing.unsent:,} wait",
        word,
    )
