"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

from tests.support.thorough import THOROUGH

# An example takes as long as the machine needs: what a test shows is never how fast it ran.
settings.register_profile("leeward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leeward")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long variants of what other tests show, too, to those who ask for all."""
    for item in items:
        if item.get_closest_marker("thorough") and not THOROUGH:
            item.add_marker(pytest.mark.skip(reason="a long variant: LEEWARD_THOROUGH=1 runs it"))
