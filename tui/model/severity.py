"""How bad it is."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, with the runbook's definitions and clocks (`runbook.SeverityRule`)."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


_LABELS = {
    Severity.P1: "p1 sev1 critical page emergency disaster fatal",
    Severity.P2: "p2 sev2 warning error high major",
    Severity.P3: "p3 sev3 minor low",
    Severity.P4: "p4 sev4 info informational notice none",
}
_BY_LABEL = {word: severity for severity, words in _LABELS.items() for word in words.split()}


def from_label(label: str) -> Severity | None:
    """What an alert's `severity` label proposes; None where it is empty or nobody knows the word."""
    return _BY_LABEL.get(label.strip().lower())


def graver(one: Severity | None, other: Severity | None) -> Severity | None:
    """The graver of two; None is none."""
    return min(filter(None, (one, other)), default=None)
