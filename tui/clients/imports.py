"""One heavy import at a time.

Two threads that import packages with circular imports of their own break each other: Python lets
one of them see a half-made module rather than deadlock. kubernetes and prometheus-api-client both
import requests, and are both imported in threads, at the same moment, right after the first paint.
"""

import contextlib
import importlib
import threading
from types import ModuleType

_GATE = threading.Lock()


def imported(*names: str) -> ModuleType:
    """Import these modules, one after the other and alone; answers the last. Never in the loop."""
    with _GATE:
        modules = [importlib.import_module(name) for name in names]
    return modules[-1]


def begin(*names: str) -> None:
    """Import these modules in a thread, ahead of whatever is asked for later. Returns at once."""
    holds = threading.Event()

    def work() -> None:
        with _GATE:
            holds.set()
            with contextlib.suppress(ImportError):  # who needs it meets the error, and tells it
                for name in names:
                    importlib.import_module(name)

    threading.Thread(target=work, name="leeward-import", daemon=True).start()
    holds.wait()
