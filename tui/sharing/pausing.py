"""Waiting: ever longer after failures, and never without an end that is noticed."""

import asyncio
import logging
from collections.abc import Awaitable
from random import Random

from tui.clients.cluster_errors import ClusterError, Reason

log = logging.getLogger(__name__)

FIRST = 0.5
LONGEST = 30.0


class Backoff:
    """How long to wait after failures in a row: anything up to 0.5 s, 1 s, … 30 s.

    Full jitter: consoles that lost the server in the same moment do not come back in the same moment.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._failures = 0
        self._until = float("-inf")

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        most = min(FIRST * 2 ** min(self._failures, 16), LONGEST)
        self._failures += 1
        return self._rng.uniform(0.0, most)

    def wait(self, now: float) -> None:
        """One more failure, at this moment of a monotonic clock."""
        self._until = now + self.next()

    def over(self, now: float) -> bool:
        """Whether the wait is over."""
        return now >= self._until

    def reset(self) -> None:
        """It works, or a person asks for it now."""
        self._failures = 0
        self._until = float("-inf")


class GivenUp(Exception):
    """What was waited for was cancelled by somebody else."""


def fault(what: str, error: Exception) -> ClusterError:
    """That work in the background met an error nobody foresaw; `what` is what it is about.

    Its text may hold anything, so that only its kind is told.
    """
    kind = type(error).__name__
    log.warning("%s failed with %s", what, kind)
    said = f"{what[:1].upper()}{what[1:]} stopped with a fault of Leeward's ({kind}); it is begun again."
    return ClusterError(Reason.SERVER, said, "Please report it.")


async def noticed(work: Awaitable[object]) -> None:
    """Await work that goes on until its task is cancelled.

    Where it ends since something that it waited for was cancelled, a group of tasks would take it for
    cancelled itself, and let the others go on without it.

    Raises:
        GivenUp: it ended so; and whatever the work raises.
    """
    try:
        await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise GivenUp from None
