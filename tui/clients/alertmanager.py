"""Alertmanager's API v2: the alerts it holds."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.clients import access, http
from tui.model.reading import Alert
from tui.model.text import clean
from tui.model.times import parse_rfc3339

_STATES = frozenset({"active", "suppressed", "unprocessed"})
_ASKED = "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"
_LIMIT = 4 << 20


class AlertmanagerError(Exception):
    """It answered, but with no alerts; `status` is what it answered. The text is a plain sentence."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True)
class Held:
    """The alerts that an Alertmanager holds, the oldest first, and how long it took to tell.

    `left_out` is how many more there are that it did not tell: 0 none, None nobody knows how many.
    """

    alerts: tuple[Alert, ...]
    took: timedelta
    left_out: int | None = 0


async def alerts(url: str, how: access.Access, deadline: float) -> Held:
    """Every alert, silenced and inhibited ones included.

    Raises:
        Unanswered: no answer came within `deadline` seconds.
        AlertmanagerError: what came is no list of alerts.
    """
    answer = await http.ask(
        "GET",
        url.rstrip("/") + _ASKED,
        deadline=deadline,
        headers=how.headers,
        verify=how.verify,
        proxy=how.proxy,
        limit=_LIMIT,
    )
    if answer.status != 200:
        raise AlertmanagerError(f"Alertmanager answers {answer.status}{_login(answer)}", answer.status)
    listed = _listed(answer.json() if not answer.truncated else list(_whole_items(answer.body)))
    if listed is None or (answer.truncated and not listed[0]):
        raise AlertmanagerError(f"what answers 200 is no Alertmanager{_login(answer)}", 200)
    items, left_out = listed
    found = [alert for item in items if (alert := parse(item))]
    oldest_first = tuple(sorted(found, key=lambda alert: (alert.starts_at, alert.fingerprint)))
    took = timedelta(seconds=answer.timings["total"])
    return Held(oldest_first, took, None if answer.truncated else left_out)


def _listed(told: object) -> tuple[list[object], int] | None:
    """The alerts and how many are left out, of a list of alerts or of groups, or of a notification.

    A group that is cut to a size says how many it left out, in `truncatedAlerts`.
    """
    if isinstance(told, dict) and isinstance(told.get("alerts"), list):
        told = [told]
    if not isinstance(told, list):
        return None
    items: list[object] = []
    left_out = 0
    for item in told:
        if isinstance(item, dict) and isinstance(item.get("alerts"), list):
            items += item["alerts"]
            count = item.get("truncatedAlerts")
            left_out += count if isinstance(count, int) and count > 0 else 0
        else:
            items.append(item)
    return items, left_out


def _whole_items(body: bytes) -> Iterator[object]:
    """The items of a list whose end did not come, as far as they are whole."""
    text, decoder = body.decode("utf-8", "replace").lstrip(), json.JSONDecoder()
    at = 1 if text.startswith("[") else len(text)
    while at < len(text):
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item
        at += len(text[at : at + 50]) - len(text[at : at + 50].lstrip(", \n\r\t"))


def _login(answer: http.Answer) -> str:
    return " with a web page" if answer.html else ""


def parse(item: object) -> Alert | None:
    """One alert of the list; None where it has no name, no start or an unknown form."""
    if not isinstance(item, dict):
        return None
    labels = _texts(item.get("labels"))
    started = moment(item.get("startsAt"))
    if "alertname" not in labels or started is None:
        return None
    status = item.get("status")
    if status == "resolved":  # as a notification tells of one that has ended
        return None
    state = status.get("state") if isinstance(status, dict) else None
    return Alert(
        fingerprint=clean(str(item.get("fingerprint") or _named(labels)), limit=200),
        name=labels["alertname"],
        severity=labels.get("severity", ""),
        summary=_summary(_texts(item.get("annotations"))),
        starts_at=started,
        state=state if state in _STATES else "active",
        labels=labels,
    )


def moment(value: object) -> datetime | None:
    """A time as Go writes it (nanoseconds, any zone), in UTC; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        return parse_rfc3339(_microseconds(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _microseconds(text: str) -> str:
    """Python reads at most six digits of a fraction."""
    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[:digits][:6]}{rest[digits:]}" if dot else text


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {clean(str(k), limit=100): clean(v, limit=300) for k, v in value.items() if isinstance(v, str)}


def _summary(annotations: Mapping[str, str]) -> str:
    return next((annotations[k] for k in ("summary", "description", "message") if annotations.get(k)), "")


def _named(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
