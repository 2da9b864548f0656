"""One request to a target, and what its answer means for sending it again."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tui.clients.http import Answer
from tui.clients.unanswered import Unanswered
from tui.notify.message import Result

DEADLINE = 10.0
# Said before anything was accepted: too many requests, not now, no way to the server behind.
_REFUSED_FOR_NOW = frozenset({420, 429, 500, 503, 521, 522, 523})
_LONGEST_WAIT = 3600.0
_BEFORE_SENDING = frozenset({None, "dns", "connect", "tls"})


def unanswered(error: Unanswered, place: str) -> Result:
    """No answer: whether anything can have arrived is told by how far the exchange had come."""
    said = f"{place}: {error.text}."
    if error.outcome == "unsendable":
        return Result("refused", said, "Mend the target's address or secret in the settings.")
    if error.outcome in ("refused", "dns") or error.phase in _BEFORE_SENDING:
        return Result("later", said, "It is tried again by itself.")
    return Result("unknown", f"{said} It may have arrived.", "Look there, then say whether it did.")


def refused(answer: Answer, place: str, said: str = "", remedy: str = "") -> Result:
    """An answer that is no success; `said` is the target's own word for it, if it is known to be one."""
    told = f"{place} answered {answer.status}{f', {said}' if said else ''}."
    if answer.status in _REFUSED_FOR_NOW:
        return Result("later", told, "It is tried again by itself.", retry_after(answer.headers))
    if answer.status >= 500:
        # A gateway's word: what stands behind it may have taken the message.
        return Result("unknown", f"{told} It may have arrived.", "Look there, then say whether it did.")
    return Result("refused", told, remedy or "Mend the target in the settings; leeward doctor tests it.")


def garbled(place: str) -> Result:
    """A success that is not in the target's own words."""
    said = f"{place} answered in words that are not its own. It may have arrived."
    return Result("unknown", said, "Look there, then say whether it did.")


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait, from a number or a date; None where it does not say."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        if at.tzinfo is None:
            return None
        seconds = (at - (now or datetime.now(UTC))).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT)
