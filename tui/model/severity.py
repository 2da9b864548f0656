"""How bad it is."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, with the runbook's definitions and clocks (`runbook.SeverityRule`)."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
