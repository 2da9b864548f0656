"""What the tests of the shared place's clients ask, and how they hear of a refusal."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.api_stub import KEY, TOKEN
from tui.clients.cluster_errors import ClusterError
from tui.model.sharing import SharedLine

T = TypeVar("T")
RECORDINGS = Path(__file__).parents[2] / "recordings" / "kubernetes-api"
ENTRY = "01jd7m3s9zqk8v4x2b6n0c5r1t"
INCIDENT = "inc-20261123-1503-7f3a"
AT = datetime(2026, 11, 23, 15, 3, 11, 42000, tzinfo=UTC)
SECONDS = 30.0


def line_of(line: str, kind: str = "note", header: str = "", entry: str = ENTRY) -> SharedLine:
    return SharedLine(INCIDENT, entry, kind, AT, "ada", "text", line, header)


async def refusal(awaitable: Any) -> ClusterError:
    """The error, of which nothing is secret and everything a sentence."""
    with pytest.raises(ClusterError) as caught:
        await awaitable
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(vars(error))
    for secret in (TOKEN, KEY, "Authorization"):
        assert secret not in told
    for text in (error.said, error.remedy):
        assert text.endswith(".")
        assert text.isprintable()
    return error


async def until(events: AsyncIterator[T], count: int = 1000) -> list[T]:
    """So many of what a watch tells, or all that it told until it ended."""
    found: list[T] = []
    async with asyncio.timeout(SECONDS):
        async for seen in events:
            found.append(seen)
            if len(found) == count:
                return found
    return found
