"""The mapping from the model to what the widgets show: pure functions, no clock, no Textual.

Every function takes the snapshot and the time and gives a frozen value; equal values mean that
nothing has to be painted again. Times are in UTC unless a zone is given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from tui.model import times
from tui.model.incident import KEY_KINDS, Entry, Incident, Kind, Status
from tui.model.mitigation import Lease
from tui.model.reading import Check, Held, Reading, Series, State
from tui.model.severity import Severity
from tui.session.snapshot import Action, Snapshot
from widgets.actions import ActionRow, ActionsView
from widgets.banner import BannerView
from widgets.chart import ChartSeries, ChartView
from widgets.checks import CheckRow
from widgets.timeline import TimelineRow

NAMES: Mapping[Check, tuple[str, str]] = {
    Check.MISTRAL_API: ("Mistral API", "API"),
    Check.SERVICE: ("Service", "service"),
    Check.ERROR_RATE: ("Error rate", "errors"),
    Check.STATUS_PAGE: ("Status page", "page"),
    Check.NETWORK: ("Network", "net"),
    Check.WORKLOAD: ("Workload", "pods"),
    Check.ALERTS: ("Alerts", "alerts"),
}
_SEVERITY_ROLES = {Severity.P1: "fail", Severity.P2: "warn"}
_VERDICT_ROLES = {"effective": "ok", "ineffective": "warn", "harmful": "fail", "unknown": "unknown"}
# The column of kinds has ten cells.
_KINDS: Mapping[str, str] = {Kind.ACKNOWLEDGED: "ack"}
_ASKING = "asking…"
_CHART_SPAN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Places:
    """Files that the console names: where settings belong, and where the record is."""

    settings: str = ""
    state: str = ""


def age(length: timedelta) -> str:
    """`47s` under two minutes, then `5 min`: how old a stale answer is."""
    text = times.span(length)
    return text.replace(" ", "") if text.endswith(" s") else text


def clock(now: datetime, zone: tzinfo | None = None) -> str:
    """`15:22 UTC`, or the local time with its zone's name."""
    if zone is None:
        return f"{times.clock(now)} UTC"
    return now.astimezone(zone).strftime("%H:%M %Z")


# The banner


def banner(snapshot: Snapshot, now: datetime) -> BannerView:
    """The two lines at the top."""
    incident = snapshot.incident
    place = snapshot.place
    severity = incident.severity if incident else None
    response, late = _response(snapshot, now)
    return BannerView(
        incident=incident.id if incident else "",
        title=incident.title if incident else _no_incident(snapshot, now),
        severity=str(severity) if severity else "",
        severity_role="fail" if late else _SEVERITY_ROLES.get(severity, "") if severity else "",
        response=response,
        status=str(incident.status).upper() if incident else "",
        open_for=_open_for(incident, now),
        context=place.context,
        namespace=place.namespace,
        deployment=place.deployment,
        env_colour=place.colour,
        user=place.user,
        arming=arming(snapshot, now),
        armed=snapshot.arming.until is not None,
        # What is live comes first: where there is little room, the rest is a count.
        leases=tuple(lease(held, now) for held in sorted(snapshot.leases, key=lambda one: not one.ours)),
        drill="DRILL" if snapshot.drill else "",
        notice="held by another console" if snapshot.following else snapshot.offline or snapshot.unsettled,
    )


def arming(snapshot: Snapshot, now: datetime) -> str:
    """`READ-ONLY`, or `ARMED 14 min`."""
    until = snapshot.arming.until
    if until is None:
        return "READ-ONLY"
    # An arming that a dialog or a running change holds has no minutes left to show.
    return f"ARMED {times.span(until - now)}" if until > now else "ARMED"


def lease(held: Lease, now: datetime) -> str:
    """`held: MAX_CONCURRENT_MISTRAL=3 until 17:22`, or what became of it."""
    seen = held.seen
    if not held.ours:
        by = f" by {held.overwritten_by}" if held.overwritten_by else ""
        return f"OVERWRITTEN{by}: {seen.variable}"
    if seen.until <= now:
        return f"still held: {seen.variable}={seen.value}, was to end {times.clock(seen.until)}"
    return f"held: {seen.variable}={seen.value} until {times.clock(seen.until)}"


def offer(snapshot: Snapshot, now: datetime) -> str:
    """`1 open incident, 2 h: i resumes`, or "" where none was left open; another console's is followed."""
    left = snapshot.open_incidents
    if not left:
        return ""
    oldest = times.span(now - min(i.since for i in left))
    verb = "follows" if all(i.held_by_other for i in left) else "resumes"
    return f"{len(left)} open incident{'s' if len(left) > 1 else ''}, {oldest}: i {verb}"


def _no_incident(snapshot: Snapshot, now: datetime) -> str:
    return offer(snapshot, now) or "no incident: looking"


def _open_for(incident: Incident | None, now: datetime) -> str:
    if incident is None or incident.started_at is None:
        return ""
    if incident.resolved_at is not None:
        return f"lasted {times.span(incident.resolved_at - incident.started_at)}"
    return f"open {times.span(now - incident.started_at)}"


def _response(snapshot: Snapshot, now: datetime) -> tuple[str, bool]:
    incident = snapshot.incident
    if incident is None:
        return "", False
    if incident.acknowledged_at is not None:
        since = incident.started_at or incident.declared_at
        return (
            f"acknowledged in {times.span(incident.acknowledged_at - since)}" if since else "acknowledged"
        ), False
    if snapshot.respond_by is None:
        return "", False
    left = snapshot.respond_by - now
    if left < timedelta(0):
        return f"response overdue {times.span(-left)}", True
    return f"respond in {times.span(left)}", False


# The checks


def checks(snapshot: Snapshot, now: datetime) -> tuple[CheckRow, ...]:
    """A row for each of the seven checks; one that has not answered yet is unknown."""
    return tuple(_check(check, snapshot.checks.get(check), now) for check in Check)


def _check(check: Check, held: Held | None, now: datetime) -> CheckRow:
    name, short = NAMES[check]
    if held is None:
        return CheckRow(name, short, State.UNKNOWN, _ASKING)
    latest = held.latest
    if latest.state is State.UNSET:
        return CheckRow(name, short, State.UNSET, _told_unset(latest), brief="")
    if held.usable(now):
        return CheckRow(
            name, short, latest.state, latest.summary, _brief(check, latest), latest.note, _latency(latest)
        )
    if held.good is None:
        why = latest.remedy if latest.remedy and latest.remedy != latest.summary else latest.note
        return CheckRow(name, short, State.UNKNOWN, latest.summary, note=why, latency=_latency(latest))
    why = latest.summary if not latest.known else ""
    return CheckRow(
        name,
        short,
        State.UNKNOWN,
        held.good.summary,
        note=why,
        stale=f"stale {age(now - held.good.at)}",
    )


def _told_unset(reading: Reading) -> str:
    """What to set; a narrow row has no room to say each time where."""
    words = (reading.remedy or reading.summary).removesuffix(".")
    return words.removesuffix(" in the settings").removesuffix(" in the environment")


def _brief(check: Check, reading: Reading) -> str:
    """What the strip says of it: the part of the summary before the first parenthesis or `of`."""
    if reading.state is State.OK:
        return ""
    if check is Check.ERROR_RATE:
        return reading.summary.split(" of ")[0]
    return "" if check in (Check.SERVICE, Check.ALERTS) else reading.summary.split(" (")[0]


def _latency(reading: Reading) -> str:
    return "" if reading.latency_ms is None else f"{reading.latency_ms:.0f} ms"


# The chart


def short_model(name: str) -> str:
    """`mistral-large-latest` is `large` to a person, and leaves the chart its room."""
    return name.removeprefix("mistral-").removesuffix("-latest") or name


def chart(snapshot: Snapshot, now: datetime, zone: tzinfo | None = None) -> ChartView:
    """Errors per second of the last 30 minutes. It moves on when an answer comes, not by the second."""
    held = snapshot.checks.get(Check.ERROR_RATE)
    shown = held.good if held else None
    series = shown.of(Series) if shown else ()
    if held is None or shown is None or not series:
        return ChartView(empty=_no_chart(held))
    end = max((at for s in series for at, _ in s.points), default=shown.at)
    start = end - _CHART_SPAN
    stale = "" if held.usable(now) else f"stale {age(now - shown.at)}"
    return ChartView(
        series=tuple(_line(s) for s in sorted(series, key=_last, reverse=True)),
        ticks=tuple(_ticks(start, end, zone)),
        start=start.timestamp(),
        end=end.timestamp(),
        zone="UTC" if zone is None else now.astimezone(zone).strftime("%Z"),
        remark=stale,
    )


def _line(series: Series) -> ChartSeries:
    return ChartSeries(
        short_model(series.label) or "all", tuple((at.timestamp(), value) for at, value in series.points)
    )


def _last(series: Series) -> float:
    return next((value for _, value in reversed(series.points) if value is not None), 0.0)


def _ticks(start: datetime, end: datetime, zone: tzinfo | None) -> Iterable[tuple[float, str]]:
    at = start.replace(minute=start.minute // 10 * 10, second=0, microsecond=0) + timedelta(minutes=10)
    while at <= end:
        yield at.timestamp(), f"{at:%H:%M}" if zone is None else f"{at.astimezone(zone):%H:%M}"
        at += timedelta(minutes=10)


def _no_chart(held: Held | None) -> str:
    if held is None:
        return _ASKING
    latest = held.latest
    if latest.state is State.UNSET:
        return f"{_told_unset(latest)}, to see the errors"
    if latest.known:
        return f"{latest.summary}: nothing to draw"
    return ": ".join(part for part in (latest.summary, latest.remedy) if part)


# What to do here


def do_here(
    snapshot: Snapshot,
    now: datetime,
    places: Places,
    *,
    trail: bool,
    hints: tuple[tuple[str, str], ...] = (),
) -> ActionsView:
    """The panel "Do here". `trail` adds the path, for where the tree is not on the screen."""
    headline, role, prose = _situation(snapshot, now, places)
    return ActionsView(
        headline=headline,
        trail=snapshot.walk.trail if trail else "",
        prose=(*_going_on(snapshot, now), *_recovering(snapshot), *prose),
        actions=tuple(_action(a) for a in snapshot.actions),
        hints=hints,
        changed=snapshot.path_changed,
        role=role,
    )


def _situation(snapshot: Snapshot, now: datetime, places: Places) -> tuple[str, str, tuple[str, ...]]:
    diagnosis = snapshot.diagnosis
    if diagnosis is not None:
        return _diagnosed(snapshot, now)
    if not snapshot.checks:
        return "Asking every check…", "bold", ()
    if _nothing_answers(snapshot):
        return "Nothing is set up yet.", "bold", _first_steps(places, snapshot.unset)
    waiting = next((s for s in snapshot.walk.steps if not s.branch), None)
    if waiting is None:
        return "No diagnosis yet.", "bold", ()
    missing = tuple(f"Would tell: {what}" for what in waiting.missing)
    return (
        f"Cannot tell yet: {waiting.text}",
        "unknown",
        (*missing, *_evidence(snapshot), *_setup(snapshot, places)),
    )


def _diagnosed(snapshot: Snapshot, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    diagnosis = snapshot.diagnosis
    assert diagnosis is not None
    live = [held for held in snapshot.leases if held.ours]
    if diagnosis.healthy and live:
        names = ", ".join(f"{held.seen.variable}={held.seen.value}" for held in live)
        return (
            f"Healthy, held by {names}",
            "warn",
            (*_next(snapshot, now), "z takes it back when the cause is gone.", *_evidence(snapshot)),
        )
    severity = snapshot.proposed or diagnosis.severity
    headline = (
        diagnosis.title
        + (f" ({severity})" if severity else "")
        + (", pinned by hand" if snapshot.pinned else "")
    )
    role = "ok" if diagnosis.healthy else "bold"
    said = _evidence(snapshot) or (diagnosis.means,)
    if diagnosis.healthy:
        return headline, role, (*_next(snapshot, now), *said, *diagnosis.do)
    going_on = _resolving(snapshot, now)
    if snapshot.actions:
        return headline, role, (*said, *going_on, *diagnosis.do)
    # With no action to choose, the steps by hand are what to do here: evidence gives way to them.
    return headline, role, (*going_on, *(f"To do: {step}" for step in diagnosis.do), *said)


def _next(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    """The way from a healthy path to the incident's end; nothing while a change runs."""
    incident = snapshot.incident
    if incident is None or not incident.open or snapshot.running:
        return ()
    if incident.status is Status.MONITORING:
        return _resolving(snapshot, now)
    return ("Next: i sets the status to monitoring; when that has held, i resolves.",)


def _resolving(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    if snapshot.resolvable_at is None:
        return ()
    if snapshot.resolvable_at > now:
        return (f"Monitoring: resolving is offered at {times.clock(snapshot.resolvable_at)} UTC.",)
    return ("It has held: i resolves the incident.",)


def _going_on(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    return tuple(f"Running: {r.title}, {r.text or r.stage}" for r in snapshot.running)


def _recovering(snapshot: Snapshot) -> tuple[str, ...]:
    """Where the recovery watch is; what it proposes is the first action."""
    watch = snapshot.recovery
    if watch is None:
        return ()
    if watch.trouble:
        return (f"Recovery: {watch.trouble}",)
    if watch.since is None:
        last = f"; the last: {watch.last}" if watch.last else ""
        needs = f"needs {watch.needed} of {watch.completions}"
        return (f"Recovery: {watch.good} of {watch.asked} good, {needs}{last}.",)
    said = f"Mistral has recovered ({times.clock(watch.since)} UTC): {watch.good} of {watch.asked} good."
    proposed = next((a for a in snapshot.actions if a.id == "disable-fallback"), None)
    return (f"{said} Next, proposed: {proposed.title}." if proposed else said,)


def _evidence(snapshot: Snapshot) -> tuple[str, ...]:
    return snapshot.evidence or tuple(
        dict.fromkeys(line for step in snapshot.walk.steps for line in step.evidence)
    )


def _nothing_answers(snapshot: Snapshot) -> bool:
    """Whether none of our own systems is named: what needs no settings always answers."""
    ours = (Check.MISTRAL_API, Check.SERVICE, Check.ERROR_RATE, Check.WORKLOAD, Check.ALERTS)
    held = [snapshot.checks.get(check) for check in ours]
    return all(h is not None and h.latest.state is State.UNSET for h in held)


def _first_steps(places: Places, unset: tuple[str, ...]) -> tuple[str, ...]:
    return (
        "To try it all in a simulated world, leave (q) and run:  leeward drill",
        "With MISTRAL_API_KEY in the environment, the Mistral API is checked.",
        f"Settings belong in {places.settings}" if places.settings else "Settings: see ? help",
        "Each check in the status panel says what to set.",
        *((f"Not set: {', '.join(unset)}",) if unset else ()),
    )


def _setup(snapshot: Snapshot, places: Places) -> tuple[str, ...]:
    if not snapshot.unset:
        return ()
    return (f"Settings belong in {places.settings}" if places.settings else "Settings: see ? help",)


def _action(action: Action) -> ActionRow:
    return ActionRow(action.id, action.title, action.hint, action.risk, action.blocked)


# The timeline


def timeline(entries: Iterable[Entry], zone: tzinfo | None = None) -> tuple[TimelineRow, ...]:
    """A row for each entry, in their order."""
    return tuple(timeline_row(entry, zone) for entry in entries)


def timeline_row(entry: Entry, zone: tzinfo | None = None) -> TimelineRow:
    """One entry. A kind that this version does not know is shown, as a key entry."""
    return TimelineRow(
        time=moment(entry.occurred_at, zone),
        kind=_KINDS.get(entry.kind, str(entry.kind)),
        text=entry.text,
        key=entry.kind in KEY_KINDS or entry.kind not in frozenset(Kind),
        role=_entry_role(entry),
    )


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """`15:03:09`."""
    return times.clock(at, seconds=True) if zone is None else at.astimezone(zone).strftime("%H:%M:%S")


def _entry_role(entry: Entry) -> str:
    if entry.kind == Kind.VERDICT:
        return _VERDICT_ROLES.get(entry.text.split(":")[0], "")
    if entry.kind == Kind.STATE and "→ fail" in entry.text:
        return "fail"
    return {Kind.ALERT: "warn", Kind.DECLARED: "bold", Kind.RESOLVED: "ok"}.get(entry.kind, "")  # type: ignore[call-overload, no-any-return]


def worsened(before: Snapshot, after: Snapshot) -> bool:
    """Whether something asks for the bell: a check that turned to fail, a verdict, a lease's end."""
    fails = _failing(after) - _failing(before)
    verdict = before.incident is not None and any(e.kind == Kind.VERDICT for e in _fresh(before, after))
    return bool(fails) or verdict


def _fresh(before: Snapshot, after: Snapshot) -> tuple[Entry, ...]:
    """The entries that came, looking at those that there were only where one came among them."""
    old, new = before.entries, after.entries
    if new[: len(old)] == old:
        return new[len(old) :]
    known = {entry.id for entry in old}
    return tuple(entry for entry in new if entry.id not in known)


def ended(leases: Iterable[Lease], now: datetime) -> frozenset[tuple[str, datetime]]:
    """The leases that are past their end and still live, by variable and end."""
    return frozenset((h.seen.variable, h.seen.until) for h in leases if h.ours and h.seen.until <= now)


def _failing(snapshot: Snapshot) -> frozenset[Check]:
    return frozenset(c for c, h in snapshot.checks.items() if h.latest.state is State.FAIL)
