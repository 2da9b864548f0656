"""What was done about it, change by change, with what the record says of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.model.incident import Applied, Entry, Incident, Kind
from tui.model.mitigation import told
from tui.model.times import clock, date_and_time

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure before and after a change; None is unknown."""

    what: str
    unit: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and its undos as lines. Texts are as the record has them: from outside."""

    applied: Applied
    by: str
    target: str
    diff: str
    apply_by_hand: str
    undo_by_hand: str
    outcome: str
    verdict: str
    held: str
    measures: tuple[Measured, ...]
    undos: tuple[str, ...] = ()


def changes(incident: Incident, entries: Iterable[Entry]) -> Iterator[Change]:
    """In their order, each with its undos; an undo of another incident's stands by itself."""
    told_of = tuple(sorted(entries, key=lambda entry: entry.id))
    made = incident.mitigations
    own = {applied.intent for applied in made}
    for applied in made:
        if applied.undoes not in own:
            undos = tuple(_undo(undo, told_of) for undo in made if undo.undoes == applied.intent)
            yield _change(applied, told_of, undos)


def live(applied: Applied) -> str:
    """`MAX_CONCURRENT_MISTRAL=3`."""
    return f"{applied.variable}={told(applied.after)}"


def held(applied: Applied) -> str:
    """`held by alice until 2026-11-23 17:22 UTC`."""
    until = date_and_time(applied.lease_until) if applied.lease_until else UNKNOWN
    return f"held by {applied.lease_owner or UNKNOWN} until {until}"


def _undo(undo: Applied, entries: tuple[Entry, ...]) -> str:
    """`by ana, 15:40: applied: MAX_CONCURRENT_MISTRAL 3 → 10`."""
    made = _change(undo, entries, ())
    return f"by {made.by}, {clock(undo.at)}: {made.outcome}"


def _change(applied: Applied, entries: tuple[Entry, ...], undos: tuple[str, ...]) -> Change:
    """With what its entries say of it: commands, target, measures, lease."""
    own = {entry.kind: entry for entry in entries if _is_about(entry, applied.intent)}
    intent = own[Kind.INTENT].data if Kind.INTENT in own else {}
    verdict = own[Kind.VERDICT].data if Kind.VERDICT in own else {}
    outcome = own.get(Kind.SETTLED) or own.get(Kind.OUTCOME)
    return Change(
        applied=applied,
        by=applied.by or UNKNOWN,
        target=_target(intent.get("target")),
        diff="\n".join(str(line) for line in _list(intent, "diff")),
        apply_by_hand=_string(intent, "apply_by_hand"),
        undo_by_hand=_string(intent, "undo_by_hand"),
        outcome=_told(applied.outcome, outcome.text if outcome else ""),
        verdict=_told(applied.verdict, applied.verdict_text),
        held=held(applied) if applied.held else "",
        measures=tuple(_measured(m) for m in _list(verdict, "measures") if isinstance(m, Mapping)),
        undos=undos,
    )


def _told(word: str, text: str) -> str:
    """A word and the sentence that goes with it, without saying it twice."""
    if not word or not text:
        return word or text or UNKNOWN
    return text if text.lower().startswith(word.lower()) else f"{word}: {text}"


def _measured(measure: Mapping[str, Any]) -> Measured:
    return Measured(
        what=str(measure.get("what") or measure.get("query") or UNKNOWN),
        unit=str(measure.get("unit") or ""),
        before=_number(measure.get("before")),
        after=_number(measure.get("after")),
    )


def _is_about(entry: Entry, intent: str) -> bool:
    return entry.id == intent or entry.data.get("intent") == intent


def _target(target: Any) -> str:
    if not isinstance(target, Mapping):
        return UNKNOWN
    parts = [str(target[key]) for key in ("context", "namespace", "deployment") if target.get(key)]
    return " / ".join(parts) or UNKNOWN


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _string(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    """A number that JSON has, too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 else None
