"""Calls of the stores' own libraries, which block: off the loop, bounded, and silent about values.

Each runs in a daemon thread within a deadline. Whoever waited is told the truth about writes: one
that has not begun when the waiting ends is never begun, and one that has begun is `unknown` until the
store is read. What a library raises may hold the whole request: only words of ours leave here, and
neither its exception nor its frames go with them.
"""

import logging
import threading
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from tui.clients.imports import imported
from tui.clients.lanes import Lanes
from tui.model.keys import Outcome, StoreError

T = TypeVar("T")
CONNECTS, ANSWERS = 3.0, 6.0  # seconds for a connection, and between two bytes of an answer
DEADLINE = 25.0  # of a whole errand: fetching credentials and at most three calls
_MOST_THREADS = 4
# What a person must know of every store that is not in the cluster.
SYNC = (
    "an operator that copies the key into the cluster does so at its own interval: pods are restarted "
    "once the Secret that they read has the key"
)
_UNKNOWN = "Whether the key was stored cannot be told yet."
_READ_AGAIN = "Read the store before anything else is sent to it."


@dataclass(frozen=True, slots=True)
class Told:
    """What a library's exception means.

    `silent`: the server gave no definite answer, so that a write that was sent may have arrived.
    """

    said: str
    remedy: str
    how: Literal["refused", "conflict", "silent"] = "refused"


class Denied(StoreError):
    """A permission is missing: `permission`, as the store names it."""

    def __init__(self, said: str, remedy: str, permission: str) -> None:
        super().__init__(said, remedy)
        self.permission = permission


class Errand:
    """One piece of work with a store, seen from both threads.

    Attributes:
        needs: the permission that the call under way needs, as the store names it.
        sent: whether a write has begun.
    """

    def __init__(self) -> None:
        self.needs = ""
        self.sent = False
        self._ended = False
        self._lock = threading.Lock()

    def writes(self, needs: str) -> None:
        """Say so right before each write: it raises where nobody waits for it any more."""
        with self._lock:
            if self._ended:
                raise _NobodyWaits
            self.sent, self.needs = True, needs

    def end(self) -> None:
        """No write begins from now on."""
        with self._lock:
            self._ended = True


class _NobodyWaits(Exception):
    """The deadline passed, or the waiting was ended."""


class Caller:
    """Runs errands for one store.

    Args:
        store: the store's name, for sentences.
        turned: what an exception of its library means; called in the thread.
        deadline: seconds for a whole errand.
    """

    def __init__(
        self, store: str, turned: Callable[[Exception, Errand], Told | StoreError], deadline: float = DEADLINE
    ) -> None:
        self._store = store
        self._turned = turned
        self._deadline = deadline
        self._lanes = Lanes(_MOST_THREADS, "leeward-keys")

    async def run(self, work: Callable[[Errand], T]) -> T:
        """What `work` returns. Raises StoreError alone."""
        errand = Errand()
        try:
            return await self._lanes.run(lambda: self._in_thread(work, errand), self._deadline)
        except TimeoutError:
            errand.end()
        finally:
            errand.end()
        said = f"{self._store} did not answer within {self._deadline:g} s."
        raise _error(Told(said, "See whether it can be reached from here.", "silent"), errand)

    def _in_thread(self, work: Callable[[Errand], T], errand: Errand) -> T:
        try:
            return work(errand)
        except StoreError as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - the libraries' exceptions are many; all become ours
            told = self._turned(error, errand)
            failed = told if isinstance(told, StoreError) else _error(told, errand)
        # Raised here, where the library's exception is no longer at hand to go with it.
        failed.__context__ = failed.__cause__ = None
        raise failed.with_traceback(None)


def _error(told: Told, errand: Errand) -> StoreError:
    lost = told.how == "silent" and errand.sent
    if lost:
        return StoreError(f"{told.said} {_UNKNOWN}", _READ_AGAIN, sent=True, outcome="unknown")
    outcome: Outcome = "conflict" if told.how == "conflict" else "refused"
    return StoreError(f"{told.said} Nothing was changed.", told.remedy, outcome=outcome)


async def library(extra: str, loggers: Iterable[str], *modules: str) -> None:
    """Import a store's library, which takes a second, off the loop; and keep it quiet.

    Its logs are kept to warnings: at a lower level each of them logs requests and answers, values
    included. Its warnings to programmers are not for whoever looks at a console.

    Raises StoreError where the extra is not installed.
    """

    names = tuple(loggers)

    def work() -> bool:
        for name in names:  # printed warnings would stand in the middle of the screen
            warnings.filterwarnings("ignore", module=rf"{name}(\.|\Z)")
        try:
            imported(*modules)
        except ImportError:
            return False
        for name in names:
            quiet(name)
        return True

    try:
        there = await Lanes(1, "leeward-import").run(work, DEADLINE)
    except TimeoutError:
        raise StoreError("The library of the key's store did not load in time.", "Try again.") from None
    if not there:
        raise StoreError(
            f"The key is kept where this installation cannot go: leeward[{extra}] is missing. "
            "Nothing was changed.",
            f"Install leeward[{extra}] (pip install 'leeward[{extra}]'), or do it by hand.",
        )


def quiet(root: str) -> None:
    """Let this logger and all below it say warnings and worse, whatever levels they were given."""
    for name in (root, *(n for n in list(logging.root.manager.loggerDict) if n.startswith(f"{root}."))):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        if _no_details not in logger.filters:
            logger.addFilter(_no_details)


def _no_details(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
