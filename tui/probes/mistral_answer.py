"""What Mistral's answers mean, read tolerantly: bodies and headers vary by age and by gateway."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from tui.clients.http import Answer
from tui.model.reading import Allowance

Cause = Literal["our_limit", "provider_capacity", "no_allowance", "unclear"]

_OUR_CODES = frozenset({"1300"})
_OUR_TYPES = frozenset({"rate_limited", "rate_limit_exceeded", "rate_limit_error"})
_THEIR_CODES = frozenset({"3505", "3810"})
_THEIR_TYPES = frozenset(
    {"service_tier_capacity_exceeded", "backend_out_of_capacity", "engine_max_pending_tokens"}
)
# The present names first, then those of 2025 and before.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "limit_requests_minute": ("x-ratelimit-limit-req-minute",),
    "remaining_requests_minute": ("x-ratelimit-remaining-req-minute",),
    "limit_tokens_minute": (
        "x-ratelimit-limit-tokens-minute",
        "x-ratelimitbysize-limit-minute",
        "ratelimitbysize-limit",
    ),
    "limit_tokens_month": ("x-ratelimit-limit-tokens-month", "x-ratelimitbysize-limit-month"),
    "remaining_tokens_month": ("x-ratelimit-remaining-tokens-month", "x-ratelimitbysize-remaining-month"),
    "remaining_tokens_minute": (
        "x-ratelimit-remaining-tokens-minute",
        "x-ratelimitbysize-remaining-minute",
        "ratelimitbysize-remaining",
    ),
}
# The same by form: what is limited, in which window, in the present names and in the older ones.
_ALLOWANCE = re.compile(
    r"x-ratelimit-(?P<part>limit|remaining)-(?P<what>[a-z]{2,20})-(?P<window>second|minute|hour|day|week|month)"
)
_OLDER = re.compile(r"x-ratelimitbysize-(?P<part>limit|remaining)-(?P<window>minute|month)")
_WORDS = {"req": "requests"}
_WINDOWS = ("second", "minute", "hour", "day", "week", "month")
_CORRELATION = ("mistral-correlation-id", "x-kong-request-id")
_LONGEST_RETRY = 7 * 86400.0
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Told:
    """An error body: each part None where the body does not say it."""

    code: str | None = None
    type: str | None = None
    message: str | None = None


def told(body: object) -> Told:
    """Read any of the known error bodies; whatever else comes is an empty `Told`.

    `message` may be a text, a dict or a list; `code` may be "1300" or 3505; `detail` may stand in
    for `message`, beside it or inside it; some gateways wrap all of it in `error`.
    """
    if not isinstance(body, dict):
        return Told()
    inner = body.get("error")
    if isinstance(inner, dict):
        body = inner
    message = body.get("message", body.get("detail"))
    return Told(_word(body.get("code")), _word(body.get("type")), _sentence(message))


def _word(value: Any) -> str | None:
    """A code or a type; None where it is no plain word, since words of others are not repeated."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip() if isinstance(value, str) or abs(value) < 10**12 else ""
    return text if _CODE.fullmatch(text) else None


def _sentence(value: Any, depth: int = 0) -> str | None:
    if isinstance(value, str):
        return value or None
    if depth < 4 and isinstance(value, list):
        parts = [part for item in value[:3] if (part := _sentence(item, depth + 1))]
        return "; ".join(parts) or None
    if depth < 4 and isinstance(value, dict):
        found = next((value[k] for k in ("message", "msg", "detail") if value.get(k)), None)
        return _sentence(found, depth + 1)
    return None


def limits(headers: Mapping[str, str]) -> dict[str, int]:
    """The limits and what is left of them, in a minute and a month, as far as the headers say."""
    found = {}
    for name, spellings in _HEADERS.items():
        value = next((number for s in spellings if (number := _whole(headers.get(s))) is not None), None)
        if value is not None:
            found[name] = value
    return found


def allowances(headers: Mapping[str, str]) -> tuple[Allowance, ...]:
    """Every limit that the headers tell, by window from the shortest, and what is left of it."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for name, text in headers.items():
        match = _ALLOWANCE.fullmatch(name) or _OLDER.fullmatch(name)
        value = _whole(text)
        if match is not None and value is not None:
            what = match.groupdict().get("what") or "tokens"
            key = (_WORDS.get(what, what), match["window"])
            found.setdefault(key, {}).setdefault(match["part"], value)
    ordered = sorted(found, key=lambda key: (_WINDOWS.index(key[1]), key[0]))
    return tuple(
        Allowance(what, window, found[what, window].get("limit"), found[what, window].get("remaining"))
        for what, window in ordered
    )


def _whole(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdecimal() and len(stripped) < 16 else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `Retry-After` in seconds or as an HTTP date.

    None where it is absent or says nothing sensible; a date that has passed is 0.
    """
    milliseconds = _decimal(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _sensible(milliseconds / 1000)
    text = headers.get("retry-after")
    seconds = _decimal(text)
    if seconds is not None:
        return _sensible(seconds)
    return _sensible(_until(text, now)) if text else None


def _decimal(text: str | None) -> float | None:
    stripped = (text or "").strip()
    return float(stripped) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", stripped) else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((aware - now).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _sensible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST_RETRY else None


def cause_of_429(error: Told, limit: Mapping[str, int]) -> Cause:
    """Which of the three 429s this is. A limit of 0 comes first: then waiting can never help."""
    if limit.get("limit_requests_minute") == 0:
        return "no_allowance"
    if error.code in _THEIR_CODES or error.type in _THEIR_TYPES:
        return "provider_capacity"
    if error.code in _OUR_CODES or error.type in _OUR_TYPES:
        return "our_limit"
    if 0 in (limit.get("remaining_requests_minute"), limit.get("remaining_tokens_minute")):
        return "our_limit"
    return "unclear"


def correlation_id(headers: Mapping[str, str]) -> str | None:
    """The id that Mistral's support asks for."""
    return next((headers[name] for name in _CORRELATION if headers.get(name)), None)


def from_mistral(answer: Answer, body: object) -> bool:
    """Whether Mistral answered, and not something that stands in between.

    A web page never is Mistral's word, but its front may give one with a 5xx; a redirect is a
    portal's or a login's; a 200 must be a list of models or a completion, since anybody says 200.
    """
    if answer.status == 200:
        return models(body) is not None or (isinstance(body, dict) and isinstance(body.get("choices"), list))
    if answer.html:
        front = "cf-ray" in answer.headers or correlation_id(answer.headers) is not None
        return answer.status >= 500 and front
    return not (answer.status < 400 or answer.status == 407)


@dataclass(frozen=True, slots=True)
class Models:
    """The list of models: names and aliases, and those of them that will be withdrawn."""

    names: frozenset[str]
    deprecated: Mapping[str, str]
    count: int


def models(body: object) -> Models | None:
    """Read `GET /v1/models`; None where the body is no such list. Unknown kinds are kept."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        return None
    found: set[str] = set()
    deprecated: dict[str, str] = {}
    items = [item for item in data if isinstance(item, dict) and isinstance(item.get("id"), str)]
    for item in items:
        aliases = item.get("aliases")
        named = {
            item["id"],
            *(a for a in (aliases if isinstance(aliases, list) else ()) if isinstance(a, str)),
        }
        found |= named
        if item.get("deprecation"):
            deprecated |= dict.fromkeys(named, str(item.get("deprecation_replacement_model") or ""))
    return Models(frozenset(found), deprecated, len(items))
