"""What can be made to go wrong with the simulated API server, apart from what its world does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Faults:
    """Switches that tests and drills set while the server runs.

    `login_expired` refuses every token; `forbid` takes (verb, resource) pairs from the responder;
    `quota` refuses creates and patches of these resources as an exceeded quota does; `latency_s` delays
    every answer; `hang` answers nothing at all until it is unset; `fail_status` answers every request
    with that status (503, 500) in the server's form.
    """

    login_expired: bool = False
    forbid: frozenset[tuple[str, str]] = frozenset()
    quota: frozenset[str] = frozenset()
    latency_s: float = 0.0
    hang: bool = False
    fail_status: int = 0
