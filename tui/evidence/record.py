"""What the console itself has: the readings, the journals of the incident, and who collected it with what."""

import platform
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from tui.evidence.piece import Piece, Unobtainable, document
from tui.model.reading import Alert, Check, Held, Reading
from tui.model.times import rfc3339

_CHUNK = 1 << 16
_PACKAGES = ("leeward", "textual", "httpx", "kubernetes", "prometheus-api-client", "aiofiles")


def readings(held: Mapping[Check, Held]) -> list[Piece]:
    """Every check's latest answer, and the last good one where that is another.

    What the status page and Alertmanager said stands in files of their own too.
    """
    found = [document("readings.json", "every reading", [_held(check, one) for check, one in held.items()])]
    page = held.get(Check.STATUS_PAGE)
    if page is not None:
        found.append(document("status-page.json", "the status page", as_data(page.good or page.latest)))
    alerts = held.get(Check.ALERTS)
    if alerts is not None:
        firing = (alerts.good or alerts.latest).of(Alert)
        found.append(document("alerts.json", "the alerts", [_plain(alert) for alert in firing]))
    return found


def as_data(reading: Reading) -> dict[str, Any]:
    """A reading, whole, as JSON values."""
    return {
        "check": reading.check.value,
        "state": reading.state.value,
        "summary": reading.summary,
        "at": rfc3339(reading.at),
        "latency_ms": reading.latency_ms,
        "origin": reading.origin,
        "facts": _plain(reading.facts),
        "evidence": list(reading.evidence),
        "note": reading.note,
        "remedy": reading.remedy,
        "details": [{"kind": type(one).__name__, **_plain(one)} for one in reading.details],
    }


def _held(check: Check, held: Held) -> dict[str, Any]:
    good = held.good
    return {
        "check": check.value,
        "latest": as_data(held.latest),
        "last_good": as_data(good) if good is not None and good is not held.latest else None,
        "good_for_seconds": held.max_age.total_seconds(),
    }


def _plain(value: Any) -> Any:
    """JSON values of a frozen value, however deep."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def journals(paths: Iterable[Path]) -> list[Piece]:
    """The incident's journals, byte for byte: `leeward verify` checks them as they are."""
    return [_file(f"journal/{path.name}", "the journal", path) for path in paths]


def _file(name: str, what: str, path: Path) -> Piece:
    async def read() -> AsyncGenerator[bytes, None]:
        import aiofiles

        try:
            async with aiofiles.open(path, "rb") as file:
                while part := await file.read(_CHUNK):
                    yield part
        except OSError as error:
            raise Unobtainable(f"{path.name} cannot be read: {error.strerror}.") from None

    return Piece(name, what, read, verbatim=True)


def versions(runbook: str) -> Piece:
    """What it was collected with."""
    return document(
        "versions.json",
        "versions",
        {
            "python": platform.python_version(),
            "system": platform.platform(),
            "runbook": runbook,
            "packages": {name: _version(name) for name in _PACKAGES},
        },
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
