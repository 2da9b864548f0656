"""Pod logs: which container, since when, how much, and in what form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.drill.kubernetes import status

Obj = dict[str, Any]
Line = tuple[datetime, str]


@dataclass(frozen=True)
class LogQuery:
    """The query parameters of a log request."""

    container: str = ""
    since: datetime | None = None
    tail: int | None = None
    limit: int | None = None
    timestamps: bool = False
    previous: bool = False
    follow: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str], now: datetime) -> LogQuery:
        """From the request; raises 400 and 422 as the server does."""
        seconds, moment = _number(query, "sinceSeconds", least=1), query.get("sinceTime", "")
        if seconds is not None and moment:
            why = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
            raise _invalid(status.Cause("FieldValueForbidden", why, ""))
        since = now - timedelta(seconds=seconds) if seconds is not None else _moment(moment)
        return cls(
            query.get("container", ""),
            since,
            _number(query, "tailLines", least=0),
            _number(query, "limitBytes", least=1),
            _flag(query, "timestamps"),
            _flag(query, "previous"),
            _flag(query, "follow"),
        )


def _invalid(cause: status.Cause) -> status.Refusal:
    told = f"{cause.field}: {cause.message}".removeprefix(": ")
    details = {"causes": [cause.body()]}
    return status.Refusal(422, "Invalid", f'PodLogOptions "" is invalid: {told}', details)


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("true", "1")


def _number(query: Mapping[str, str], name: str, *, least: int) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.lstrip("-").isdigit():
        raise status.bad_request(
            f'unable to parse {name}: strconv.ParseInt: parsing "{text}": invalid syntax'
        )
    if int(text) < least:
        word = "greater than or equal to" if least == 0 else "greater than"
        raise _invalid(status.Cause("FieldValueInvalid", f"Invalid value: {text}: must be {word} 0", name))
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError as error:
        raise status.bad_request(f'unable to parse sinceTime: "{text}"') from error


def check(pod: Obj, query: LogQuery) -> None:
    """Refuses as the server does: another container, one that waits to start, no previous one."""
    name = pod["metadata"]["name"]
    container = query.container or pod["spec"]["containers"][0]["name"]
    if all(item["name"] != container for item in pod["spec"]["containers"]):
        raise status.bad_request(f"container {container} is not valid for pod {name}")
    found = pod["status"].get("containerStatuses") or []
    state = next((item for item in found if item["name"] == container), None)
    if query.previous and (state is None or not state["lastState"].get("terminated")):
        raise status.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    waiting = {} if state is None else state["state"].get("waiting") or {}
    if waiting and not state["restartCount"]:  # type: ignore[index]
        reason = str(waiting["reason"])
        why = "trying and failing to pull image" if reason == "ImagePullBackOff" else reason
        raise status.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')


def render(lines: list[Line], query: LogQuery) -> bytes:
    """The lines of a request: those since its time, the last so many, cut at the limit of bytes."""
    kept = [line for line in lines if query.since is None or line[0] >= query.since]
    if query.tail is not None:
        kept = kept[len(kept) - query.tail :] if query.tail < len(kept) else kept
    text = "".join(f"{_prefix(moment) if query.timestamps else ''}{line}\n" for moment, line in kept)
    data = text.encode()
    return data if query.limit is None else data[: query.limit]


def _prefix(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z "
