"""The postmortem of an incident as files: where they are, and whose they are."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.incident import Entry, Incident, Kind
from tui.session.errors import SessionError
from tui.session.threads import in_thread

if TYPE_CHECKING:
    from tui.reports.formats import Format

NAME = "postmortem"


@dataclass(frozen=True, slots=True)
class Exported:
    """A postmortem that was written.

    `beside` is the file that was left alone, because somebody had edited it; `sha256` is what this
    one is known by until somebody edits it, too.
    """

    path: Path
    sha256: str
    beside: Path | None = None


async def write(
    state_dir: Path, path: Path | None, incident: Incident, entries: Sequence[Entry], kind: "Format"
) -> Exported:
    """Write it, whole or not at all: to `path`, which must not be there, or beside the journal.

    There, our own earlier export is replaced, and a file that a person made or edited is not.
    Raises SessionError where the disk refuses.
    """

    def work() -> Exported:
        from tui.reports import document
        from tui.reports.formats import render
        from tui.reports.postmortem import PostmortemFacts

        text = render(PostmortemFacts(incident, tuple(entries)), kind)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if path is not None:
            document.write(path, text)
            return Exported(path, digest)
        first = _folder(state_dir, incident.id) / f"{NAME}.{kind.ending}"
        where = _ours(first, set(digests(entries)))
        document.write(where, text, replace=True)
        return Exported(where, digest, first if where != first else None)

    try:
        return await in_thread(work)
    except FileExistsError as error:
        raise SessionError(f"{path} is there already, and was not replaced.", "Name another file.") from error
    except OSError as error:
        where = path or _folder(state_dir, incident.id)
        raise SessionError(f"The postmortem was not written to {where}: {error.strerror}.") from error


def digests(entries: Iterable[Entry]) -> Iterable[str]:
    """Of every export that the record tells of."""
    found = (entry.data.get("sha256") for entry in entries if entry.kind == Kind.EXPORTED)
    return (digest for digest in found if isinstance(digest, str))


def _folder(state_dir: Path, incident_id: str) -> Path:
    from tui.record.folder import incident_folder

    return incident_folder(state_dir, incident_id)


def _ours(first: Path, known: set[str]) -> Path:
    """`postmortem.md`, or the first of `postmortem-2.md`, … that nobody but us has written to."""
    names = chain((first,), (first.with_stem(f"{first.stem}-{n}") for n in count(2)))
    return next(path for path in names if _is_ours(path, known))


def _is_ours(path: Path, known: set[str]) -> bool:
    if path.is_symlink():
        return False
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() in known
    except FileNotFoundError:
        return True
    except OSError:
        # A folder of that name, or a file that we may not read.
        return False
