"""What a client says when no answer came."""

from typing import Literal

Outcome = Literal["timeout", "dns", "refused", "tls", "reset", "unreachable", "not_http", "unsendable"]
Phase = Literal["dns", "connect", "tls", "send", "headers", "body"]


class Unanswered(Exception):
    """No answer came, or none that is HTTP.

    Attributes:
        outcome: the kind of failure; `unsendable` means that nothing was sent at all.
        phase: how far the exchange had come; None where it had not begun.
        text: one plain sentence without any header, key or body in it.
    """

    def __init__(self, outcome: Outcome, phase: Phase | None, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.phase = phase
        self.text = text
