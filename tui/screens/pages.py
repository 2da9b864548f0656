"""What a page of details says of an entry, the checks, a branch or the keys: pure functions."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from tui.model import times
from tui.model.amending import AMENDING, NONE, Amendments
from tui.model.incident import KEPT_ID, Entry
from tui.model.reading import Alert, Check, Held, Series
from tui.model.runbook import Runbook
from tui.model.text import clean
from tui.screens import branches
from tui.screens.bindings import ENTRY, KEY, LIST, MAIN, PREVIEW, UPDATE, Bound
from tui.screens.page import Page, Row
from tui.screens.view import NAMES, Places, age, moment
from tui.session.snapshot import Snapshot


def entry(shown: Entry, zone: tzinfo | None = None, said: Amendments = NONE, keys_told: str = "") -> Page:
    """All of one entry as it is to be read now: who, when, every datum, and what was said of it since."""
    corrections = said.corrections.get(shown.id, ()) if said.corrected(shown.id) else ()
    rows = [
        Row("what", shown.text, "dim" if shown.redacted else "bold"),
        Row("kind", f"{shown.kind}, pinned" if shown.id in said.pinned else str(shown.kind)),
        Row("happened", _when(shown.occurred_at, zone)),
        Row("recorded", _when(shown.recorded_at, zone)),
        Row("by", shown.actor),
        Row("id", shown.id),
    ]
    rows += [Row(clean(str(name)), _value(value)) for name, value in shown.data.items()]
    rows += [
        Row("corrected", f"by {one.actor}, {_when(one.recorded_at, zone)}: {one.text}") for one in corrections
    ]
    if corrections and (written := said.original(shown.id)) is not None:
        rows += [Row("original", written.text), Row("", f"at {_when(written.occurred_at, zone)}")]
    if (gone := said.redactions.get(shown.id)) is not None:
        rows.append(Row("redacted", f"by {gone.actor}, {_when(gone.recorded_at, zone)}"))
    if keys_told:
        rows += [Row("", " "), Row("", keys_told, "dim")]
    return tuple(rows)


def speakable(shown: Entry) -> bool:
    """Whether anything can be said of it: it is on disk, and is not itself about another entry."""
    return shown.kind not in AMENDING and not shown.id.startswith(KEPT_ID)


def checks(snapshot: Snapshot, now: datetime) -> Page:
    """All that the seven checks said, the last good answer included."""
    rows: list[Row] = [Row("clock", snapshot.clock, "warn")] if snapshot.clock else []
    for check in Check:
        held = snapshot.checks.get(check)
        if rows:
            rows.append(Row("", " "))
        rows.extend(_check(check, held, now) if held else [Row(NAMES[check][0], "asking…", "unknown")])
    return tuple(rows)


def check(shown: Check, snapshot: Snapshot, now: datetime) -> Page:
    """All that one check said."""
    held = snapshot.checks.get(shown)
    return tuple(_check(shown, held, now)) if held else (Row(NAMES[shown][0], "asking…", "unknown"),)


def branch(row_id: str, snapshot: Snapshot, runbook: Runbook) -> Page:
    """A question of the tree: its answer, what that rests on, and where each branch leads."""
    question = runbook.questions[branches.question_of(row_id)]
    step = next((s for s in snapshot.walk.steps if s.question == question.id), None)
    rows = [Row("question", question.text, "bold")]
    if step is None:
        rows.append(Row("answer", branches.NOT_ASKED))
    else:
        rows.append(Row("answer", step.answer + (", overruled by hand" if step.overruled else "")))
        rows += [Row("because", line) for line in step.evidence]
        rows += [Row("would tell", line) for line in step.missing]
    ways = (*question.branches, *((question.otherwise,) if question.otherwise else ()))
    for way in ways:
        title = (
            runbook.questions[way.then].text
            if way.then in runbook.questions
            else runbook.diagnoses[way.then].title
        )
        taken = step is not None and step.branch == way.label
        rows.append(Row(way.label, title + (", the live path" if taken else ""), "live" if taken else ""))
    return tuple(rows)


def diagnosis(snapshot: Snapshot) -> Page:
    """The diagnosis with everything that it rests on and asks for."""
    found = snapshot.diagnosis
    if found is None:
        waits = [Row("waits at", s.text) for s in snapshot.walk.steps if not s.branch]
        missing = [Row("would tell", line) for s in snapshot.walk.steps for line in s.missing]
        damaged = [Row("record", line) for line in snapshot.problems]
        return (Row("diagnosis", "none yet", "bold"), *waits, *missing, *damaged)
    walked = (line for step in snapshot.walk.steps for line in step.evidence)
    evidence = dict.fromkeys((*snapshot.evidence, *walked))
    return (
        Row("diagnosis", found.title, "bold"),
        Row("severity", str(snapshot.proposed or found.severity or "none")),
        Row("path", snapshot.walk.trail or "none"),
        Row("means", found.means),
        *(Row("evidence", line) for line in evidence),
        *(Row("do", line) for line in found.do),
        *(Row("record", line) for line in snapshot.problems),
        *(Row("link", f"{a.title}: {a.url}") for a in snapshot.actions if a.url),
    )


def keys(table: Sequence[Bound], places: Places, version: str, ascii_only: bool) -> Page:
    """The help: every key, what never happens, and where the files are."""
    titles = (
        (MAIN, "Everywhere"),
        (LIST, "In a panel or a list"),
        (PREVIEW, "In a preview"),
        (UPDATE, "In an update"),
        (ENTRY, "On the page of an entry"),
        (KEY, "Where a key is exchanged"),
    )
    rows: list[Row] = []
    for where, title in titles:
        rows.append(Row("", title, "title"))
        rows += [
            Row(entry.shown(ascii_only), f"{entry.help}   [{entry.id}]")
            for entry in table
            if entry.where == where
        ]
        rows.append(Row("", " "))
    rows += [
        Row("", "What never happens", "title"),
        Row("Enter", "looks; it never changes anything in the cluster"),
        Row("Esc", "closes; what was typed is kept, but a new key is forgotten"),
        Row("y", "is the one key that applies a change: in a preview, armed, after one second"),
        Row("", " "),
        Row("", "Files", "title"),
        Row("settings", places.settings or "none"),
        Row("record", places.state or "none"),
        Row("rebind", '[console.keys] in the settings, by the id in brackets:  note = "w"'),
        Row("version", version),
    ]
    return tuple(rows)


def _check(check: Check, held: Held, now: datetime) -> Iterable[Row]:
    latest = held.latest
    state = f"{latest.state}, stale" if held.stale(now) and latest.known else str(latest.state)
    yield Row(NAMES[check][0], f"{state}: {latest.summary}", str(latest.state))
    asked = f", took {latest.latency_ms:.0f} ms" if latest.latency_ms is not None else ""
    yield Row("asked", f"{age(now - latest.at)} ago, from {latest.origin}{asked}")
    if latest.note:
        yield Row("", latest.note)
    yield from (Row("evidence", line) for line in latest.evidence)
    if latest.remedy:
        yield Row("to do", latest.remedy, "accent")
    if held.good is not None and held.good is not latest:
        yield Row("last good", f"{held.good.summary}, {age(now - held.good.at)} ago", "dim")
    yield from (
        Row("alert", f"{a.name} ({a.severity}), since {moment(a.starts_at)}: {a.summary}")
        for a in latest.of(Alert)
    )
    yield from (Row("series", _series(s)) for s in latest.of(Series))
    yield from (Row(clean(name), _value(value)) for name, value in latest.facts.items())


def _series(series: Series) -> str:
    last = next((value for _, value in reversed(series.points) if value is not None), None)
    return f"{series.label}: {'nothing' if last is None else f'{last:.2f}{series.unit}'} now"


def _when(at: datetime, zone: tzinfo | None) -> str:
    local = f" ({at.astimezone(zone):%H:%M:%S %Z})" if zone is not None else ""
    return f"{times.rfc3339(at)}{local}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value) or "none"
    return "nothing" if value is None else json.dumps(value, default=str, ensure_ascii=False)
