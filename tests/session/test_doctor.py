"""The doctor's look at the runbook's links."""

import pytest

from tests.support import hostile
from tui.model.reading import State
from tui.model.runbook import Link
from tui.session.doctor import open_link


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("200 OK", State.OK),
        ("302 Found", State.OK),
        ("403 Forbidden", State.OK),
        ("404 Not Found", State.FAIL),
        ("410 Gone", State.FAIL),
    ],
)
async def test_a_page_that_is_gone_fails_and_one_behind_a_login_does_not(status: str, state: State) -> None:
    async with hostile.serving(hostile.says(b"<html>", status, "text/html")) as url:
        (found,) = await open_link(Link("limits", "The limits page", url))
    assert found.state is state
    assert (url in found.remedy) is (state is State.FAIL)


async def test_a_link_that_cannot_be_tried_from_here_is_unknown() -> None:
    async with hostile.refusing() as url:
        (found,) = await open_link(Link("limits", "The limits page", url))
    assert found.state is State.UNKNOWN
    assert url in found.remedy
