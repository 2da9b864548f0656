"""A stub of the API server, a connection to it, and the runbook's changes."""

import pytest

from tests.support.api_fixtures import cluster, stub
from tui.model.runbook import Runbook
from tui.runbooks import load

__all__ = ["cluster", "runbook", "stub"]


@pytest.fixture(scope="session")
def runbook() -> Runbook:
    return load(None)
