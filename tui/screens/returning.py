"""The card of a return, or of who joins: what happened meanwhile, or so far. It stands in no key's way."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from textual.events import Key

from tui.model import times
from tui.model.doers import approved, doer
from tui.model.incident import Applied, Entry, Kind, is_lesser
from tui.model.reading import Check
from tui.model.returning import Returned, returned
from tui.screens import company
from tui.screens.banners import lease
from tui.screens.bindings import MAIN
from tui.screens.desk import Desk
from tui.screens.page import Page, Row
from tui.screens.reader import ReaderScreen
from tui.screens.view import NAMES
from tui.session.snapshot import Snapshot

# So many of the latest notes are on a joiner's card; the timeline has them all.
_NOTES = 5
# What others said and did, each line with who and when; their changes stand with the changes.
_TOLD = (Kind.NOTE, Kind.HANDOVER, Kind.COMMANDER, Kind.STATUS, Kind.SEVERITY, Kind.RESOLVED, Kind.LOCK)
# What became of a lease; the last is what a change did that took it back.
_ENDED = ("ended", "overwritten", "gone", "released")
# The page's own keys; every other key of the console closes the page and does what it does.
_OWN = frozenset({"c", "q", "j", "k", "up", "down", "pageup", "pagedown", "home", "end", "enter", "escape"})


class ReturnCard(ReaderScreen[None]):
    """The page; what the checks answer since it opened stands on it at once."""

    def __init__(self, desk: Desk) -> None:
        title = "Joined: so far" if is_joined(desk.snapshot) else "While you were away"
        super().__init__(title, page(desk.snapshot, desk.clock.now()), desk.glyphs, desk.copy)
        self.desk = desk

    def take(self, snapshot: Snapshot) -> None:
        """Another snapshot was published."""
        self.reader.replace(page(snapshot, self.desk.clock.now()))

    def on_key(self, event: Key) -> None:
        """A key of the console: the page is out of its way."""
        if event.key in _OWN:
            return
        meant = next((b for b in self.desk.table if b.where == MAIN and event.key in b.keys), None)
        if meant is not None and not meant.fixed:
            event.stop()
            self.answer(None)
            self.desk.press(meant.id)


async def show(desk: Desk, _which: str = "") -> None:
    """The card of the last return; without one it is said so."""
    if _back(desk.snapshot) is None:
        desk.say("This incident was not resumed: nothing happened while nobody had it open.", "warn")
        return
    await desk.ask(ReturnCard(desk))


async def after_resuming(desk: Desk) -> None:
    """The card, where there is something to come back to."""
    snapshot = desk.snapshot
    back = _back(snapshot) is not None and not snapshot.following
    if back and snapshot.incident is not None and snapshot.incident.open:
        await desk.ask(ReturnCard(desk))


def page(snapshot: Snapshot, now: datetime) -> Page:
    """How long away, each check then and now, what was settled, alerts, updates, leases."""
    back = _back(snapshot)
    if back is None:
        return (Row("", "Nothing is known of an absence."),)
    if back.joined:
        return _joined(back, snapshot, now)
    left = f"{times.date_and_time(back.at - back.away)} to {times.clock(back.at)}"
    return (
        Row("away", f"{times.span(back.away)}, {left} UTC by the record", "bold"),
        Row("", "Checks, then and now", "title"),
        *(_check(check, back, snapshot) for check in Check if _is_set(check, snapshot)),
        *_company(snapshot, now),
        Row("", "Changes", "title"),
        *_changes(back, snapshot),
        *_meanwhile(back),
        Row("", "Alerts, updates, leases", "title"),
        *_rest(back, snapshot, now),
    )


def is_joined(snapshot: Snapshot) -> bool:
    """Whether this console is new to the incident."""
    back = _back(snapshot)
    return back is not None and back.joined


def _back(snapshot: Snapshot) -> Returned | None:
    """How this very console took the incident up; others come and go, too."""
    return returned(snapshot.entries, snapshot.came)


def _joined(back: Returned, snapshot: Snapshot, now: datetime) -> Page:
    """For who comes late: when it began, who is here, how it stands, what was changed, said and told."""
    return (
        *_beginning(snapshot, now),
        *_company(snapshot, now),
        Row("", "Changes", "title"),
        *_made(snapshot),
        *_said(back),
        Row("", "Alerts, updates, leases", "title"),
        *_rest(back, snapshot, now),
        Row("", "Checks, when it was declared and now", "title"),
        *(_check(check, back, snapshot) for check in Check if _is_set(check, snapshot)),
    )


def _beginning(snapshot: Snapshot, now: datetime) -> Iterator[Row]:
    incident = snapshot.incident
    if incident is None:
        return
    since = incident.started_at or incident.declared_at
    if since is not None:
        yield Row("began", f"{times.span(now - since)} ago, {times.date_and_time(since)}", "bold")
    declared = next((entry for entry in snapshot.entries if entry.kind == Kind.DECLARED), None)
    if declared is not None:
        yield Row("declared", f"by {declared.actor}: {declared.text}")
    level = f", {incident.severity}" if incident.severity else ""
    yield Row("stands", f"{incident.status}{level}: {incident.title}")


def _company(snapshot: Snapshot, now: datetime) -> Iterator[Row]:
    """Who has command, and who is here."""
    if snapshot.sharing is None:
        return
    yield Row("", "Who is here (h tells more)", "title")
    yield Row("command", company.command(snapshot).removeprefix("command: ") or "nobody")
    yield Row("here", company.with_whom(snapshot, now)[0].removeprefix("with "))


def _made(snapshot: Snapshot) -> list[Row]:
    """Each change of the incident, with who made it when, and what became of it."""
    made = snapshot.incident.mitigations if snapshot.incident else ()
    rows = [Row(times.clock(one.at), f"{_named(one)}: {_became(one)}") for one in made]
    return [*_under_way(snapshot), *rows] or [Row("", "none was made")]


def _under_way(snapshot: Snapshot) -> Iterator[Row]:
    """What is being changed at this moment, elsewhere and here."""
    if (lock := company.locker(snapshot)) is not None:
        yield Row("changing", company.changing(lock, company.people(snapshot)), "warn")
    yield from (Row("under way", f"{one.title}: {one.text}") for one in snapshot.running)


def _named(one: Applied) -> str:
    """`Undo: Reduce concurrency, by ana`: an undo has the title of what it takes back."""
    return f"{'Undo: ' if one.undoes else ''}{one.title}{f', by {one.by}' if one.by else ''}"


def _became(one: Applied) -> str:
    if one.undone:
        return "taken back"
    return one.verdict_text or str(one.outcome or "its outcome is not here yet")


def _said(back: Returned) -> list[Row]:
    """The latest notes and handovers, with who wrote them."""
    rows = [_told(entry) for entry in back.of(Kind.NOTE, Kind.HANDOVER)[-_NOTES:]]
    return [Row("", "Said so far", "title"), *rows] if rows else []


def _meanwhile(back: Returned) -> list[Row]:
    """What others said and did while this console was away."""
    told = [entry for entry in back.of(*_TOLD) if entry.occurred_at < back.at and not is_lesser(entry)]
    rows = [_told(entry) for entry in sorted(told, key=lambda entry: (entry.occurred_at, entry.id))]
    return [Row("", "Said and done meanwhile", "title"), *rows] if rows else []


def _told(entry: Entry) -> Row:
    """`15:04  ana: severity P2 → P1: checkout is down, too`."""
    what = f"{entry.kind} " if entry.kind in (Kind.STATUS, Kind.SEVERITY) else ""
    names = entry.kind == Kind.COMMANDER and entry.text.startswith(f"{entry.actor} ")
    who = "" if names else f"{entry.actor}: "
    return Row(times.clock(entry.occurred_at), f"{who}{what}{entry.text}")


def _is_set(check: Check, snapshot: Snapshot) -> bool:
    held = snapshot.checks.get(check)
    return held is None or held.latest.state.value != "unset"


def _check(check: Check, back: Returned, snapshot: Snapshot) -> Row:
    name = NAMES[check][0]
    held, then = snapshot.checks.get(check), back.then.get(check.value)
    was = then.state if then else "not recorded"
    if held is None:
        return Row(name, f"{was} → asking…", "unknown")
    latest = held.latest
    if then is None and back.joined:
        return Row(name, f"{latest.state}: {latest.summary}", str(latest.state))
    if then is not None and then.state == latest.state:
        role = "dim" if latest.state == "ok" else ""
        return Row(name, f"{latest.state} as before: {latest.summary}", role)
    return Row(name, f"{was} → {latest.state}: {latest.summary}", str(latest.state))


def _changes(back: Returned, snapshot: Snapshot) -> list[Row]:
    """What is under way, what was made meanwhile and by whom, and what became of what was made before."""
    incident = snapshot.incident
    made = {one.intent: one for one in incident.mitigations} if incident is not None else {}
    rows = [*_under_way(snapshot), *(Row("settled", entry.text) for entry in back.of(Kind.SETTLED))]
    rows += [
        Row("not settled", f"{_named(one)}: {snapshot.unsettled or 'it is looked at'}", "warn")
        for one in (incident.unsettled if incident is not None else ())
    ]
    rows += [
        Row(times.clock(entry.occurred_at), _of_change(entry, made))
        for entry in back.of(Kind.OUTCOME)
        if entry.occurred_at < back.at
    ]
    rows += [Row("verdict", _of_change(entry, made)) for entry in back.of(Kind.VERDICT)]
    return rows or [Row("", "none was under way")]


def _of_change(entry: Entry, made: Mapping[str, Applied]) -> str:
    """An outcome, or a verdict, with the change that it is of."""
    one = made.get(str(entry.data.get("intent", "")))
    return f"{_named(one)}: {entry.text}" if one is not None else entry.text


def _rest(back: Returned, snapshot: Snapshot, now: datetime) -> list[Row]:
    fired = [entry for entry in back.of(Kind.ALERT) if entry.data.get("event") != "ended"]
    rows = [Row("new alert", f"{times.clock(entry.occurred_at)} {entry.text}", "warn") for entry in fired]
    rows = rows or [Row("alerts", "no new one")]
    due = snapshot.update_due
    if due is not None and due <= now:
        rows.append(Row("update", f"overdue by {times.span(now - due)} (u)", "warn"))
    elif due is not None:
        rows.append(Row("update", f"due in {times.span(due - now)}"))
    rows += [Row("not sent", f"{one.what} to {one.place}. {one.said}", "warn") for one in snapshot.unsent]
    by = approved(snapshot.incident)
    ended = [entry for entry in back.of(Kind.LEASE) if entry.data.get("event") in _ENDED]
    rows += [_lease_end(entry, doer(entry, by)) for entry in ended]
    rows += [Row("live", lease(held, now)) for held in snapshot.leases]
    if not ended and not snapshot.leases:
        rows.append(Row("leases", "none ended, none is live"))
    return rows


def _lease_end(entry: Entry, by: str) -> Row:
    """That a person took it back is as it should be; all else wants a look."""
    meant = entry.data.get("event") == "released"
    return Row("lease", f"{entry.text}{f', by {by}' if by else ''}", "" if meant else "warn")
