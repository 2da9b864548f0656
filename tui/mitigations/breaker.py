"""Two failures in a row stop that kind of mitigation until a person resets it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tui.model.incident import Applied
from tui.model.mitigation import VerdictKind

LIMIT = 2


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures in a row, by mitigation id. A value: each step gives a new one."""

    failures: Mapping[str, int] = field(default_factory=dict)

    def after(self, mitigation: str, failed: bool) -> "Breaker":
        """The breaker after one more run of this mitigation."""
        count = self.failures.get(mitigation, 0) + 1 if failed else 0
        return Breaker({**self.failures, mitigation: count})

    def reset(self, mitigation: str) -> "Breaker":
        """A person says that it may be tried again."""
        return Breaker({**self.failures, mitigation: 0})

    def tripped(self, mitigation: str) -> bool:
        """Whether this kind is stopped."""
        return self.failures.get(mitigation, 0) >= LIMIT

    @property
    def stopped(self) -> frozenset[str]:
        """Every kind that is stopped."""
        return frozenset(kind for kind in self.failures if self.tripped(kind))


def breaker_of(applied: Iterable[Applied], resets: Iterable[tuple[str, int]] = ()) -> Breaker:
    """The breaker as an incident's mitigations, in their order, leave it. Undos and decisions about leases
    count for nothing.

    `resets` are the mitigations that a person let be tried again, each with how many changes
    there were by then: those count no more.
    """
    since = dict(resets)
    breaker = Breaker()
    for number, change in enumerate(applied):
        if change.undoes or change.decides or number < since.get(change.mitigation, 0):
            continue
        # One that helped until somebody overwrote it did not fail.
        failed = has_failed(change.outcome, change.measured or change.verdict, change.stalled)
        if failed is not None:
            breaker = breaker.after(change.mitigation, failed)
    return breaker


def has_failed(outcome: str, verdict: str, stalled: bool = False) -> bool | None:
    """Whether a change failed: not made, stalled, without effect, or worse. None while it is not known."""
    if outcome in ("refused", "failed") or stalled:
        return True
    if verdict in (VerdictKind.INEFFECTIVE, VerdictKind.HARMFUL):
        return True
    return False if verdict == VerdictKind.EFFECTIVE else None
