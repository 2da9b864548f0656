"""The card of a return: what changed while the incident was left alone. It stands in no key's way."""

from datetime import datetime

from textual.events import Key

from tui.model import times
from tui.model.incident import Kind
from tui.model.reading import Check
from tui.model.returning import Returned, returned
from tui.screens.banners import lease
from tui.screens.bindings import MAIN
from tui.screens.desk import Desk
from tui.screens.reader import Page, ReaderScreen, Row
from tui.screens.view import NAMES
from tui.session.snapshot import Snapshot

# The page's own keys; every other key of the console closes the page and does what it does.
_OWN = frozenset({"c", "q", "j", "k", "up", "down", "pageup", "pagedown", "home", "end", "enter", "escape"})


class ReturnCard(ReaderScreen):
    """The page; what the checks answer since it opened stands on it at once."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("While you were away", page(desk.snapshot, desk.clock.now()), desk.glyphs, desk.copy)
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


async def show(desk: Desk) -> None:
    """The card of the last return; without one it is said so."""
    if returned(desk.snapshot.entries) is None:
        desk.say("This incident was not resumed: nothing happened while nobody had it open.", "warn")
        return
    await desk.ask(ReturnCard(desk))


async def after_resuming(desk: Desk) -> None:
    """The card, where there is something to come back to."""
    snapshot = desk.snapshot
    back = returned(snapshot.entries) is not None and not snapshot.following
    if back and snapshot.incident is not None and snapshot.incident.open:
        await desk.ask(ReturnCard(desk))


def page(snapshot: Snapshot, now: datetime) -> Page:
    """How long away, each check then and now, what was settled, alerts, updates, leases."""
    back = returned(snapshot.entries)
    if back is None:
        return (Row("", "Nothing is known of an absence."),)
    left = f"{times.date_and_time(back.at - back.away)} to {times.clock(back.at)}"
    return (
        Row("away", f"{times.span(back.away)}, {left} UTC by the record", "bold"),
        Row("", "Checks, then and now", "title"),
        *(_check(check, back, snapshot) for check in Check if _is_set(check, snapshot)),
        Row("", "Changes", "title"),
        *_changes(back, snapshot),
        Row("", "Alerts, updates, leases", "title"),
        *_rest(back, snapshot, now),
    )


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
    if then is not None and then.state == latest.state:
        role = "dim" if latest.state == "ok" else ""
        return Row(name, f"{latest.state} as before: {latest.summary}", role)
    return Row(name, f"{was} → {latest.state}: {latest.summary}", str(latest.state))


def _changes(back: Returned, snapshot: Snapshot) -> list[Row]:
    rows = [Row("settled", entry.text) for entry in back.of(Kind.SETTLED)]
    unsettled = snapshot.incident.unsettled if snapshot.incident else ()
    rows += [
        Row("not settled", f"{one.title}: {snapshot.unsettled or 'it is looked at'}", "warn")
        for one in unsettled
    ]
    rows += [Row("verdict", entry.text) for entry in back.of(Kind.VERDICT)]
    rows += [
        Row("by others", entry.text)
        for entry in back.of(Kind.NOTE, Kind.HANDOVER)
        if entry.occurred_at < back.at
    ]
    return rows or [Row("", "none was under way")]


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
    ended = [entry for entry in back.of(Kind.LEASE) if entry.data.get("event") in ("ended", "overwritten")]
    rows += [Row("lease", entry.text, "warn") for entry in ended]
    rows += [Row("live", lease(held, now)) for held in snapshot.leases]
    if not ended and not snapshot.leases:
        rows.append(Row("leases", "none ended, none is live"))
    return rows
