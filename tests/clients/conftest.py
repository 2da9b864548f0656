"""What the tests of the clients share."""

from tests.support.api_fixtures import cluster, stub

__all__ = ["cluster", "stub"]
