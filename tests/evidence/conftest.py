"""A stub of the API server, for the rooms that read it raw."""

from tests.support.api_fixtures import cluster, stub

__all__ = ["cluster", "stub"]
