"""One heavy import at a time.

Two threads that import packages with circular imports of their own break each other: Python lets
one of them see a half-made module rather than deadlock. kubernetes and prometheus-api-client both
import requests, and are both imported in threads, at the same moment, right after the first paint.
"""

import importlib
import threading
from types import ModuleType

_GATE = threading.Lock()


def imported(*names: str) -> ModuleType:
    """Import these modules, one after the other and alone; answers the last. Never in the loop."""
    with _GATE:
        modules = [importlib.import_module(name) for name in names]
    return modules[-1]
