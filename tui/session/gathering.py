"""Collecting evidence while everything else goes on; it can be ended at any time, and leaves nothing then."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tui.session import evidence
from tui.session.core import Core
from tui.session.errors import SessionError
from tui.session.snapshot import Collecting

if TYPE_CHECKING:
    from tui.evidence.bundle import Collected, Progress

# Between two pictures of the progress, in seconds: a slow link is not for a counter.
_PACE = 0.25


class Gathering(Core):
    """The calls about evidence."""

    _collecting: "asyncio.Future[Collected] | None" = None

    async def collect_evidence(self, folder: Path | None = None) -> "Collected":
        """Write an archive of everything that is known of the incident; the first thing opens one.

        Raises SessionError where one is being collected already, or the disk refuses; nothing is left
        behind then, nor when it is ended.
        """
        if self._collecting is not None:
            raise SessionError("Evidence is being collected already.", "Press e to see how far it is.")
        await self._ensure_incident()
        incident, chronicle = self._parts.command.incident, self._parts.chronicle
        self._show(Collecting("looking what there is", 0, 0, 0))
        work = evidence.collect(
            self._working.connections,
            self._parts.settings,
            incident,
            dict(self._working.board.checks),
            state_dir=self._state_dir,
            folder=folder or evidence.folder_of(self._parts.settings, self._state_dir, incident.id),
            clock=self._clock,
            environ=self._environ,
            progress=self._progress,
        )
        self._collecting = asyncio.ensure_future(work)
        try:
            collected = await self._collecting
        except asyncio.CancelledError:
            if not _ended_by_hand():
                self._collecting.cancel()
                raise
            raise SessionError("Collecting was ended, and nothing of it was kept.") from None
        finally:
            self._collecting = None
            self._show(None)
        if chronicle.writable:
            await chronicle.record(evidence.entry(collected, self._clock.now(), self._actor))
        return collected

    def end_evidence(self) -> None:
        """Stop collecting. Raises SessionError where nothing is collected."""
        if self._collecting is None:
            raise SessionError("No evidence is being collected.")
        self._collecting.cancel()

    def evidence_folder(self) -> Path:
        """Where the archive will go."""
        return evidence.folder_of(self._parts.settings, self._state_dir, self._incident_id())

    def _progress(self, progress: "Progress") -> None:
        shown = self._parts.collecting
        now = self._clock.monotonic()
        if shown is not None and shown.number == progress.number and now - self._shown_at < _PACE:
            return
        self._shown_at = now
        self._show(Collecting(progress.piece, progress.number, progress.pieces, progress.bytes))

    _shown_at = 0.0

    def _show(self, collecting: Collecting | None) -> None:
        self._parts.collecting = collecting
        self._publish()


def _ended_by_hand() -> bool:
    """Whether it was the collecting that was cancelled, and not who waits for it."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()
