"""Collecting evidence from the console: looked at first, begun by `y`, seen, stopped, left running."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from tests.app.conftest import Desk
from tui.session.snapshot import Collecting

Console = Callable[..., AbstractAsyncContextManager[Desk]]

RUNNING = Collecting("log of mistral-service-x, app", 8, 23, 1_500_000)


async def test_e_says_what_and_where_and_enter_collects_nothing(console: Console) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("e")
        assert "one archive, with secrets taken out" in desk.seen()
        assert "It goes to ~/.local/state/leeward" in desk.seen()
        await desk.press("enter", "space")
        assert ("collect_evidence", None) not in desk.session.calls
        await desk.press("escape")
        assert "y collects" not in desk.seen()
        assert desk.session.acts == []


async def test_y_collects_and_the_console_stays_usable(console: Console) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.gate = asyncio.Event()
        await desk.press("e", "y")
        assert desk.session.acts == [("collect_evidence", None)]
        assert "e shows how far it is" in desk.seen()
        await desk.press("question_mark")
        await desk.until("Help")
        await desk.press("escape")
        desk.session.gate.set()
        await desk.settle()
        assert "Evidence: 23 files, 319 KB" in desk.seen()


async def test_while_it_runs_e_shows_how_far_it_is_and_s_stops_it(console: Console) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.publish(replace(desk.session.snapshot, collecting=RUNNING))
        await desk.press("e")
        assert "7 of 23" in desk.seen()
        assert "log of mistral-service-x, app, 1.5 MB so far" in desk.seen()
        await desk.press("y")
        assert desk.session.acts == []
        await desk.press("s")
        assert desk.session.acts == [("end_evidence",)]
        desk.session.publish(replace(desk.session.snapshot, collecting=None))
        await desk.settle()
        assert "so far" not in desk.seen()


async def test_leaving_the_dialog_leaves_it_running(console: Console) -> None:
    async with console(size=(80, 24)) as desk:
        desk.session.publish(replace(desk.session.snapshot, collecting=RUNNING))
        await desk.press("e", "escape")
        assert desk.session.acts == []
        assert "so far" not in desk.seen()
