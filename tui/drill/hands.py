"""Somebody else at the same deployment: a colleague who turns the same knob by hand."""

from collections.abc import Callable

from tui.drill.kubernetes import Cluster

VARIABLE = "MAX_CONCURRENT_MISTRAL"
FIRST, THEN = "8", "10"
MANAGER = "kubectl-set"
# Seconds for which somebody else's value stands before the colleague notices and sets it back.
_NOTICES = 2.0


class Colleague:
    """Sets the variable the moment that a change of it is previewed, and again after it was made.

    They saw the alert, too, and nobody told them that the incident has a commander.

    Args:
        cluster: where the deployment is.
        now: the wall clock, seconds since the epoch.
    """

    def __init__(self, cluster: Cluster, now: Callable[[], float]) -> None:
        self._cluster = cluster
        self._now = now
        self._since: float | None = None
        self._done = False
        cluster.on_preview = self._before

    def _before(self) -> None:
        """A change is being looked at: theirs is the first to be made."""
        self._cluster.on_preview = lambda: None
        self._set(FIRST)

    def look(self) -> None:
        """Once in a while: is what is in force still theirs?"""
        if self._done or not self._cluster.rolled_out or self._cluster.variable(VARIABLE) in (FIRST, THEN):
            self._since = None
        elif self._since is None:
            self._since = self._now()
        elif self._now() - self._since >= _NOTICES:
            self._done = True
            self._set(THEN)

    def _set(self, value: str) -> None:
        self._cluster.set_env(VARIABLE, value, manager=MANAGER)
