"""Faults that nobody awaits, in a task or a thread: one plain line, and a file without secrets.

Python's own way is a traceback on stderr, with whatever a server or a secret put into its message.
"""

import asyncio
import os
import sys
import threading
from typing import Any

from tui.cli import crash
from tui.cli.output import narrate

# More of them are the same one again and again.
_KEPT_AT_MOST = 3


class Faults:
    """Hears of what failed unseen, for as long as a command runs."""

    def __init__(self) -> None:
        self._count = 0

    def in_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception handler for a loop."""
        self.tell(context.get("exception"))

    def in_thread(self, failed: threading.ExceptHookArgs) -> None:
        """A hook for threads."""
        self.tell(failed.exc_value)

    def tell(self, error: BaseException | None) -> None:
        """Say that something failed, and keep it; nothing of its message is said."""
        self._count += 1
        if error is None or isinstance(error, SystemExit) or self._count > _KEPT_AT_MOST:
            return
        kept = crash.keep(error, os.environ)
        where = f"What is known of it is in {kept}" if kept else "It could not be written down"
        if sys.stderr is not None:  # none at all while Python ends
            narrate(f"leeward: something in the background failed ({type(error).__name__}). {where}.")


def mind(loop: asyncio.AbstractEventLoop) -> None:
    """From now on faults of this loop, and of any thread, are told so."""
    faults = Faults()
    loop.set_exception_handler(faults.in_loop)
    threading.excepthook = faults.in_thread
