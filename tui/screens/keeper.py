"""Keeping on disk what is typed, while it is typed."""

import asyncio
from collections.abc import Awaitable, Callable

from tui.screens.desk import Desk
from tui.session.errors import SessionError


class Keeper:
    """Every key is kept on disk, the latest text alone where the disk is slower than the hand."""

    def __init__(
        self, desk: Desk, put: Callable[[str], Awaitable[None]], what: str = "what is typed"
    ) -> None:
        self._desk, self._put, self._what = desk, put, what
        self._unkept: str | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def keep(self, text: str) -> None:
        """Keep this text, soon."""
        self._unkept = text
        if self._idle.is_set():
            self._idle.clear()
            self._desk.own(self._keep_all(), f"keeping {self._what}")

    async def rest(self) -> None:
        """Return when the last text is on disk, or was refused by it."""
        await self._idle.wait()

    async def _keep_all(self) -> None:
        try:
            while self._unkept is not None:
                text, self._unkept = self._unkept, None
                await self._put(text)
        except SessionError as refused:
            self._desk.say(str(refused), "warn")
        finally:
            self._idle.set()
