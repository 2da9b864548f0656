"""What stood in the way of an incident that was played through unattended, in sentences. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tui.model.incident import Applied, Entry, Kind
from tui.session.errors import SessionError


@dataclass(slots=True)
class Obstacles:
    """Why it could not simply be mended: gathered on the way, told at the end.

    Attributes:
        met: a sentence each, in their order.
        headline: why nothing that there is ended it.
    """

    met: list[str] = field(default_factory=list)
    headline: str = "no mitigation that there is ends it"

    def refused(self, title: str, error: SessionError) -> str:
        """A change that was not made, and what its refusal asks for."""
        return self._add(f"{title} was not made: {error}")

    def without_effect(self, change: Applied) -> str:
        """A change that was made and did not help."""
        return self._add(f"{change.title}: {change.verdict_text}")

    def stalled(self, change: Applied, entries: Iterable[Entry]) -> str:
        """A change whose rollout did not complete, with what the pods waited for."""
        reasons = pods_reasons(entries, change)
        because = f" ({reasons})" if reasons else ""
        now = "and was taken back" if change.undone else "and is still stored"
        return self._add(f"{change.title}: its rollout did not complete{because}, {now}")

    def overwritten(self, change: Applied) -> str:
        """A change that somebody else's took the place of."""
        self.headline = "somebody else changes the same variable"
        agree = "Agree with whoever set it before it is changed again."
        return self._add(f"{change.title}: {_sentence(change.verdict_text)} {agree}")

    def after(self, reason: str) -> str:
        """The reason, and after it all that was met, as sentences."""
        return " ".join([_sentence(reason), *self.met]) if self.met else reason

    def _add(self, text: str) -> str:
        said = _sentence(text.strip())
        if said not in self.met:
            self.met.append(said)
        return said


def pods_reasons(entries: Iterable[Entry], change: Applied) -> str:
    """Why the pods of a change did not get ready; "" where nobody could tell."""
    told = _told(entries, change, Kind.ROLLOUT)
    reasons = told[-1].data.get("reasons") if told else None
    return "; ".join(map(str, reasons)) if isinstance(reasons, list | tuple) else ""


def last_told(entries: Iterable[Entry], change: Applied, kind: Kind) -> str:
    """The last entry of a kind that tells of a change; "" where there is none."""
    told = _told(entries, change, kind)
    return told[-1].text if told else ""


def _told(entries: Iterable[Entry], change: Applied, kind: Kind) -> list[Entry]:
    return [e for e in entries if e.kind == kind and e.data.get("intent") == change.intent]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
