"""What holds for all tests."""

from functools import lru_cache

import pytest
from hypothesis import HealthCheck, settings

from tests.support.thorough import THOROUGH
from tui.model.runbook import Runbook
from tui.runbooks import document, loader

# An example takes as long as the machine needs: what a test shows is never how fast it ran.
settings.register_profile("leeward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leeward")

# The same text is the same runbook, and to read the shipped one takes as long as many a test.
_read = loader.load_text


@lru_cache(maxsize=8)
def _known(source: str, file: str, _parser: object) -> Runbook:
    return _read(source, file)


def _load_text(source: str, file: str = "runbook") -> Runbook:
    return _known(source, file, document._LOADER)


loader.load_text = _load_text


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow first, that none is waited for at the end; long variants are for those who ask for all."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if item.get_closest_marker("thorough") and not THOROUGH:
            item.add_marker(pytest.mark.skip(reason="a long variant: LEEWARD_THOROUGH=1 runs it"))
