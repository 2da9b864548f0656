"""The archive while it grows: a `.tar.gz` of redacted files, with a manifest at its end."""

import contextlib
import gzip
import hashlib
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tui.evidence.piece import Piece, as_json
from tui.model.redaction import MARK, Redactor
from tui.model.redaction_stream import RedactionStream

SCHEMA = "leeward/evidence/v1"
MANIFEST = "manifest.json"
BROKEN = "It held a secret, which was taken out: the chain of this copy does not verify any more."
_CHUNK = 1 << 16
# Level 6 takes twice the time for a tenth of the size of logs.
_LEVEL = 4


class EvidenceError(Exception):
    """The archive could not be written; nothing of it is left behind."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be had, wholly or from some point on (`partial`)."""

    name: str
    what: str
    reason: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Collected:
    """The archive as it was written.

    Attributes:
        path: where it is.
        size, sha256: of the file.
        pieces: how many files it holds beside the manifest.
        missing: what could not be had.
        redacted: how many secrets were taken out.
    """

    path: Path
    size: int
    sha256: str
    pieces: int
    missing: tuple[Missing, ...]
    redacted: int


class Archive:
    """The archive while it grows, in a folder of its own. Its methods block."""

    def __init__(self, folder: Path, redact: Redactor) -> None:
        self._draft = folder / "evidence.tar.gz"
        self._part = folder / "piece"
        self._again = folder / "piece-again"
        self._redact = redact
        self._file: IO[bytes] = self._draft.open("xb")
        os.fchmod(self._file.fileno(), 0o600)
        self._zip = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=_LEVEL, filename="")
        self._tar = tarfile.TarFile(fileobj=self._zip, mode="w", format=tarfile.PAX_FORMAT)
        self._piece: IO[bytes] | None = None
        self._stream = RedactionStream(redact)
        self._verbatim = False
        self._digest = hashlib.sha256()
        self._size = self._marks = 0
        self._files: list[Mapping[str, Any]] = []
        self._missing: list[Missing] = []

    def begin(self, piece: Piece) -> None:
        """A new piece: its parts go to a file of their own, since an archive wants its size first."""
        self._piece = self._part.open("w+b")
        os.fchmod(self._piece.fileno(), 0o600)
        self._stream = RedactionStream(self._redact)
        self._verbatim = piece.verbatim
        self._digest, self._size, self._marks = hashlib.sha256(), 0, 0

    def take(self, part: bytes) -> None:
        """A part of the piece."""
        for start in range(0, len(part), _CHUNK):
            chunk = part[start : start + _CHUNK]
            self._write(chunk if self._verbatim else self._stream.feed(chunk))

    def end(self, piece: Piece, reason: str, at: float) -> None:
        """The piece is whole, or what there is of it where `reason` says why the rest is not."""
        self._write(self._stream.close())
        if self._verbatim and self._holds_secrets():
            self._redact_again()
            reason = reason or BROKEN
        if reason:
            self._missing.append(Missing(piece.name, piece.what, self._redact.text(reason), self._size > 0))
        assert self._piece is not None
        with self._piece:
            if self._size or not reason:
                self._add(piece.name, self._piece, at)
        self._piece = None

    def _holds_secrets(self) -> bool:
        """Whether a piece that is kept as it is holds a secret that was not known when it was written."""
        assert self._piece is not None
        self._piece.flush()
        self._piece.seek(0)
        return any(self._redact.holds(line.decode("utf-8", "surrogateescape")) for line in self._piece)

    def _redact_again(self) -> None:
        assert self._piece is not None
        self._piece.seek(0)
        text, self._piece = self._piece, self._again.open("w+b")
        os.fchmod(self._piece.fileno(), 0o600)
        self._digest, self._size, self._marks = hashlib.sha256(), 0, 0
        with text:
            while chunk := text.read(_CHUNK):
                self._write(self._stream.feed(chunk))
        self._write(self._stream.close())

    def _write(self, data: bytes) -> None:
        if data:
            assert self._piece is not None
            self._piece.write(data)
            self._digest.update(data)
            self._size += len(data)
            # Also what was taken out before it came here, by the names of fields.
            self._marks += data.count(MARK.encode())

    def _add(self, name: str, content: IO[bytes], at: float) -> None:
        content.flush()
        content.seek(0)
        self._tar.addfile(_info(name, self._size, at), content)
        self._files.append(
            {
                "name": name,
                "size": self._size,
                "sha256": self._digest.hexdigest(),
                "redacted": self._marks,
            }
        )

    def finish(self, path: Path, about: Mapping[str, Any], at: str) -> Collected:
        """Add the manifest, put all of it on disk, and then in its place."""
        redacted = sum(int(row["redacted"]) for row in self._files)
        manifest = as_json(
            self._redact.data(
                {
                    "schema": SCHEMA,
                    "collected_at": at,
                    **about,
                    "redacted": redacted,
                    "files": self._files,
                    "missing": [
                        {"name": row.name, "what": row.what, "reason": row.reason, "partial": row.partial}
                        for row in self._missing
                    ],
                }
            )
        )
        with self._part.open("w+b") as content:
            content.write(manifest)
            content.seek(0)
            self._tar.addfile(_info(MANIFEST, len(manifest), 0), content)
        self._tar.close()
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        size, digest = self._draft.stat().st_size, _digest(self._draft)
        try:
            # Unlike a rename, a link never takes the place of what came there meanwhile.
            path.hardlink_to(self._draft)
        except FileExistsError:
            raise EvidenceError(f"{path} is there already, and was not replaced.") from None
        except OSError:
            self._draft.replace(path)
        return Collected(path, size, digest, len(self._files), tuple(self._missing), redacted)

    def close(self) -> None:
        """Let go of the files; a draft that is not finished is of no use to anybody."""
        for file in (self._piece, self._file):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()


def _info(name: str, size: int, at: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, int(at), 0o600
    return info


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
