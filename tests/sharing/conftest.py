"""What tests of leases begin with."""

import pytest

from tests.sharing.leases_in_memory import LeaseStore
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> LeaseStore:
    return LeaseStore()
