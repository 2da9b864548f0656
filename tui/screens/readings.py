"""The checks and their chart, from the snapshot: pure functions."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

from tui.model.reading import Check, Held, Reading, Series, State
from tui.screens.words import age
from tui.session.snapshot import Snapshot
from widgets.chart import ChartSeries, ChartView
from widgets.checks import CheckRow

NAMES: Mapping[Check, tuple[str, str]] = {
    Check.MISTRAL_API: ("Mistral API", "API"),
    Check.SERVICE: ("Service", "service"),
    Check.ERROR_RATE: ("Error rate", "errors"),
    Check.STATUS_PAGE: ("Status page", "page"),
    Check.NETWORK: ("Network", "net"),
    Check.WORKLOAD: ("Workload", "pods"),
    Check.ALERTS: ("Alerts", "alerts"),
}
_ASKING = "asking…"
_CHART_SPAN = timedelta(minutes=30)


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
