"""What an app's log lines say of its calls to Mistral, read tolerantly: JSON lines, or words."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_LONGEST_LINE = 4096
_BAD_LEVELS = frozenset({"error", "err", "fatal", "critical", "severe", "alert", "emerg", "panic"})
_LEVEL_WORD = re.compile(
    r"\b(?:ERROR|ERR|FATAL|CRITICAL|SEVERE|PANIC|E\d{4})\b|level=(?:error|fatal|critical)\b"
)
_MISTRAL = re.compile(
    r"mistral|(?:\bcode|error_code)[\"']?\s*[=:]\s*[\"']?(?:1\d{3}|3\d{3})\b", re.IGNORECASE
)
_STATUS = re.compile(r"(?:status(?:[_ ]?code)?|http)[\"']?\s*[=:/ ]\s*[\"']?([1-5]\d{2}|0)\b", re.IGNORECASE)
_BARE_STATUS = re.compile(r"\b(4\d{2}|5\d{2})\b")
_CODE = re.compile(r"(?:\bcode|error_code)[\"']?\s*[=: ]\s*[\"']?(\d{4})\b", re.IGNORECASE)
_TYPE = re.compile(r"(?:\btype|error_type)[\"']?\s*[=:]\s*[\"']?([a-z][a-z_]{2,60})\b")
_KNOWN_TYPE = re.compile(
    r"\b(rate_limited|service_tier_capacity_exceeded|backend_out_of_capacity|engine_max_pending_tokens"
    r"|unreachable_backend|internal_server_error|invalid_model|invalid_request_error)\b"
)
_TIMEOUT = re.compile(r"\b(?:timed? ?out|timeout|deadline exceeded)\b", re.IGNORECASE)
_CONNECTION = re.compile(
    r"name resolution|getaddrinfo|no such host|ENOTFOUND|EAI_AGAIN|connection (?:refused|reset|error)",
    re.IGNORECASE,
)
# The first line of a stack trace; the lines after it belong to it.
_ANNOUNCED = re.compile(r"\b(?:unhandled|uncaught) (?:exception|error|rejection)", re.IGNORECASE)
# A model's name begins with the provider's: it does not make a line one about a call.
_MODEL = re.compile(r"\bmodel[\"']?\s*[=:]\s*[\"']?[\w./:-]+", re.IGNORECASE)
_TRACE = re.compile(
    r"^Traceback \(most recent call last\)|^panic: |^(?:Exception in thread|Unhandled|Uncaught) "
)


@dataclass(frozen=True, slots=True)
class Line:
    """One log line that tells of a failure.

    `status` is a text as the metric's label has it ("429", "0" for no answer, "" untold).
    `trace` is the head of a stack trace, `announced` a line that speaks of an unhandled exception.
    """

    mistral: bool
    status: str = ""
    code: str = ""
    type: str = ""
    trace: bool = False
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What the error lines of some pods add up to.

    Attributes:
        mistral: lines of calls to Mistral that failed.
        exceptions: the app's own exceptions, however many lines each took.
        others: error lines of neither kind, such as those of an access log.
    """

    mistral: int = 0
    exceptions: int = 0
    others: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        """Failures: one that is logged by the client and by the access log counts once."""
        return self.mistral or max(self.exceptions, self.others)


def tally(lines: Iterable[str]) -> Tally:
    """Read and count the error lines."""
    return count(line for text in lines if (line := parse(text)))


def count(lines: Iterable[Line]) -> Tally:
    """Count failures. An exception is one of the app's own: it names no call to Mistral."""
    found = list(lines)
    ours = [line for line in found if line.mistral]
    # A stack trace and the line that announces it are one exception.
    traces = sum(1 for line in found if line.trace and not line.mistral)
    announced = sum(1 for line in found if line.announced and not line.mistral)
    return Tally(
        mistral=len(ours),
        exceptions=max(traces, announced),
        others=sum(1 for line in found if not (line.mistral or line.trace or line.announced)),
        statuses=Counter(line.status for line in ours if line.status),
        codes=Counter(line.code for line in ours if line.code),
        types=Counter(line.type for line in ours if line.type),
    )


def parse(text: str) -> Line | None:
    """The failure that a line tells of; None for a line of another kind."""
    text = text[:_LONGEST_LINE]
    start = text.find("{")
    if start >= 0:
        try:
            record = json.loads(text[start:])
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            return _from_record(record, text)
    return _from_words(text)


def _from_record(record: dict[str, object], text: str) -> Line | None:
    level = _field(record, "level", "severity", "lvl", "levelname", "log.level").lower()
    if level not in _BAD_LEVELS:
        return None
    words = _from_words(text, sure=True)
    assert words is not None
    status = _field(record, "status_code", "http_status", "status", "statusCode")
    code = _field(record, "error_code", "mistral_code", "code")
    kind = _field(record, "error_type", "type", "errorType")
    status = status if re.fullmatch(r"[1-5]\d\d|0", status) else words.status
    code = code if re.fullmatch(r"\d{4}", code) else words.code
    kind = kind if re.fullmatch(r"[a-z][a-z_]{2,60}", kind) else words.type
    trace = any(name in record for name in ("traceback", "stack", "stacktrace", "exc_info", "exception"))
    return Line(words.mistral or bool(code), status, code, kind, trace, words.announced and not trace)


def _field(record: dict[str, object], *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(value)
    return ""


def _from_words(text: str, sure: bool = False) -> Line | None:
    trace = bool(_TRACE.match(text))
    if not (sure or trace or _LEVEL_WORD.search(text)):
        return None
    text = _MODEL.sub("", text)
    mistral = bool(_MISTRAL.search(text))
    code, kind = _first(_CODE, text), _first(_KNOWN_TYPE, text) or _first(_TYPE, text)
    status = _first(_STATUS, text) or (_first(_BARE_STATUS, text) if mistral else "")
    if not status and mistral and (_TIMEOUT.search(text) or _CONNECTION.search(text)):
        status, kind = "0", kind or ("timeout" if _TIMEOUT.search(text) else "connection")
    return Line(mistral, status, code, kind, trace, bool(_ANNOUNCED.search(text)) and not trace)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def top(counted: Counter[str]) -> tuple[str, float]:
    """The most frequent and its share of all; ("", 0.0) of nothing. Ties go to the first in order."""
    total = sum(counted.values())
    if not total:
        return "", 0.0
    name = min(counted, key=lambda n: (-counted[n], n))
    return name, counted[name] / total
