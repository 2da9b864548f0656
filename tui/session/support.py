"""What Mistral's support asks for: the failures that were seen, and a draft that carries them.

Nothing is sent from here: a person reads the draft, copies it and sends it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tui.model.reading import Allowance, Check, Fact, Held, Reading, State
from tui.model.times import rfc3339, span
from tui.session.snapshot import Snapshot

if TYPE_CHECKING:
    from tui.probes.completion import Sample

# Support needs some ids, not all of a night's.
KEPT = 200
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """One call of ours that failed, with what names it in Mistral's own logs.

    `status` None is no answer at all; `outcome` says of which kind.
    """

    at: datetime
    outcome: str
    status: int | None
    code: str
    type: str
    correlation_id: str


class Failures:
    """The last failures that this console met, oldest first; older ones fall off."""

    def __init__(self, kept: int = KEPT) -> None:
        self._found: deque[Failure] = deque(maxlen=kept)

    @property
    def all(self) -> tuple[Failure, ...]:
        """Oldest first."""
        return tuple(self._found)

    def take(self, reading: Reading) -> None:
        """Keep what a reading of the Mistral API failed with."""
        if reading.check is not Check.MISTRAL_API or reading.state is not State.FAIL:
            return
        facts = reading.facts
        status = facts.get("http_status")
        self._found.append(
            Failure(
                reading.at,
                str(facts.get("outcome") or "unknown"),
                status if isinstance(status, int) else None,
                _word(facts, "error_code"),
                _word(facts, "error_type"),
                _word(facts, "correlation_id"),
            )
        )

    def sampled(self, sample: "Sample") -> None:
        """Keep what a completion of the recovery watch failed with."""
        if not sample.good:
            words = (sample.code or "", sample.type or "", sample.correlation_id or "")
            self._found.append(Failure(sample.at, sample.outcome, sample.status, *words))


def draft(snapshot: Snapshot, failures: Iterable[Failure], endpoint: str, model: str) -> tuple[str, ...]:
    """The message, a line each; an empty line stands between its parts.

    The key is told by its fingerprint alone. The caller takes out what may be secret all the same.
    """
    found = tuple(failures)
    held = snapshot.checks.get(Check.MISTRAL_API)
    facts = held.good.facts if held and held.good else {}
    return (
        f"Subject: {_subject(snapshot, found, model)}",
        "",
        "Hello,",
        "",
        *_story(snapshot, found),
        "",
        f"Endpoint: {endpoint}",
        f"Model: {model or 'not told'}",
        f"API key: fingerprint {facts.get('key_fingerprint') or 'not known'} (of its SHA-256; not the key)",
        *_limits(held),
        "",
        *_table(found),
        "",
        "Is the cause known on your side, and when is it expected to end?",
    )


def _subject(snapshot: Snapshot, found: tuple[Failure, ...], model: str) -> str:
    title = snapshot.diagnosis.title if snapshot.diagnosis else "calls to the API fail"
    since = f" since {rfc3339(_began(snapshot, found))}" if found or snapshot.diagnosis else ""
    return f"{title}{f', {model}' if model else ''}{since}"


def _began(snapshot: Snapshot, found: tuple[Failure, ...]) -> datetime:
    """The incident's beginning, else the errors' by the chart, else the first failure seen from here."""
    incident = snapshot.incident
    if incident is not None and incident.started_at is not None:
        return incident.started_at
    held = snapshot.checks.get(Check.ERROR_RATE)
    age = held.latest.facts.get("began_s") if held else None
    if held is not None and isinstance(age, int | float):
        return held.latest.at - timedelta(seconds=age)
    return found[0].at if found else snapshot.at


def _story(snapshot: Snapshot, found: tuple[Failure, ...]) -> list[str]:
    title = snapshot.diagnosis.title if snapshot.diagnosis else ""
    said = [f"Our calls to your API fail. What we see: {title}."] if title else []
    for check in (Check.ERROR_RATE, Check.STATUS_PAGE):
        held = snapshot.checks.get(check)
        if held and held.good and held.good.evidence:
            said.append(held.good.evidence[0])
    if found:
        length = span(found[-1].at - found[0].at)
        said.append(f"From one machine {len(found)} calls failed within {length}.")
    return said or ["Our calls to your API fail."]


def _limits(held: Held | None) -> list[str]:
    told = held.good.of(Allowance) if held and held.good else ()
    return [f"Limits of our organisation, by your headers: {'; '.join(map(allowance, told))}"] if told else []


def allowance(found: Allowance) -> str:
    """`requests a minute: 0 of 600 left`."""
    limit = "unknown" if found.limit is None else f"{found.limit:,}"
    left = f"limit {limit}" if found.remaining is None else f"{found.remaining:,} of {limit} left"
    return f"{found.what} a {found.window}: {left}"


def _table(found: tuple[Failure, ...]) -> list[str]:
    if not found:
        return ["No call from this machine has failed."]
    shown = found[-SHOWN:]
    head = f"The last {len(shown)} of {len(found)} failed calls (UTC):" if len(found) > SHOWN else ""
    return [head or "Failed calls (UTC):", *(_row(failure) for failure in shown)]


def _row(failure: Failure) -> str:
    what = str(failure.status) if failure.status else f"no answer ({failure.outcome})"
    parts = [rfc3339(failure.at), what]
    parts += [f"code {failure.code}"] if failure.code else []
    parts += [failure.type] if failure.type else []
    parts += [f"correlation id {failure.correlation_id}"] if failure.correlation_id else []
    return "  ".join(parts)


def _word(facts: Mapping[str, Fact], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""
