"""What several of the mappings say in the same words: ages, times, and where files are."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from tui.model import times


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


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """`15:03:09`."""
    return times.clock(at, seconds=True) if zone is None else at.astimezone(zone).strftime("%H:%M:%S")


def zone_name(now: datetime, zone: tzinfo | None = None) -> str:
    """`UTC`, or `local time, CET`: what every list of times is labelled with."""
    return "UTC" if zone is None else f"local time, {now.astimezone(zone):%Z}"
