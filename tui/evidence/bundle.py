"""The archive: pieces in, one `.tar.gz` out, whole or not at all.

Each piece is redacted before it touches the disk, in parts, so that memory stays small whatever its
size. What cannot be had is listed in the manifest with its reason, and the rest is kept.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.evidence.archive import Archive, Collected, EvidenceError, Missing
from tui.evidence.piece import Piece, Unobtainable
from tui.model.clock import Clock
from tui.model.redaction import Redactor
from tui.model.times import rfc3339

__all__ = ["Collected", "EvidenceError", "Missing", "Progress", "collect"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: which piece of how many, and the bytes read so far in all."""

    piece: str
    number: int
    pieces: int
    bytes: int


async def collect(
    pieces: Sequence[Piece],
    path: Path,
    redact: Redactor,
    clock: Clock,
    about: Mapping[str, Any],
    progress: Callable[[Progress], None],
) -> Collected:
    """Write the archive.

    Args:
        pieces: what goes in, in order.
        path: where it goes; what is there already is not replaced.
        redact: which secrets are taken out; it may learn more on the way.
        about: what else the manifest says.
        progress: told at each part of each piece.

    Raises:
        EvidenceError: the disk refuses; nothing is left behind. Cancelling leaves nothing either.
    """
    try:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _refused(path, error) from None
    try:
        archive = await asyncio.to_thread(Archive, folder, redact)
        try:
            await _fill(archive, pieces, clock, progress)
            return await asyncio.to_thread(archive.finish, path, about, rfc3339(clock.now()))
        finally:
            await asyncio.to_thread(archive.close)
    except OSError as error:
        raise _refused(path, error) from None
    finally:
        # Not awaited: who cancelled must not be waited for by what is left behind.
        shutil.rmtree(folder, ignore_errors=True)


def _refused(path: Path, error: OSError) -> EvidenceError:
    why = error.strerror or "it failed"
    return EvidenceError(
        f"The evidence was not written to {path.parent}: {why}. Name another folder with more room or rights."
    )


async def _fill(
    archive: Archive, pieces: Sequence[Piece], clock: Clock, progress: Callable[[Progress], None]
) -> None:
    read = 0
    for number, piece in enumerate(pieces, start=1):
        progress(Progress(piece.what, number, len(pieces), read))
        await asyncio.to_thread(archive.begin, piece)
        reason = ""
        try:
            async with contextlib.aclosing(piece.read()) as parts:
                async for part in parts:
                    read += len(part)
                    await asyncio.to_thread(archive.take, part)
                    progress(Progress(piece.what, number, len(pieces), read))
        except Unobtainable as error:
            reason = error.reason
        await asyncio.to_thread(archive.end, piece, reason, clock.now().timestamp())
