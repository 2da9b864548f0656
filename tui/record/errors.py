"""What can go wrong with a record, in words."""

import errno
from pathlib import Path

_WORDS = {
    errno.ENOSPC: ("the disk is full", "Free some space; what was recorded before is safe."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space; what was recorded before is safe."),
    errno.EFBIG: ("the file may not grow further", "Raise the file size limit (ulimit -f)."),
    errno.EACCES: ("permission denied", "Make the folder yours and writable (chmod u+rwx)."),
    errno.EPERM: ("not permitted", "Make the folder yours and writable (chmod u+rwx)."),
    errno.EROFS: ("the file system is read-only", "Set XDG_STATE_HOME to a folder that can be written."),
    errno.ENOENT: ("the folder is gone", "Put it back, or declare a new incident."),
    errno.ENOTDIR: ("a part of the path is no folder", "Set XDG_STATE_HOME to a folder that can be written."),
    errno.EIO: ("the disk reports an error", "Set XDG_STATE_HOME to a folder on a disk that is well."),
    errno.ESTALE: ("the network file system lost the file", "Mount it again."),
}


class JournalError(Exception):
    """A record could not be read or written: thing, place and remedy in plain sentences.

    Attributes:
        said: what happened and where.
        remedy: what a person can do, or "".
    """

    def __init__(self, said: str, remedy: str = "") -> None:
        super().__init__(f"{said} {remedy}".strip())
        self.said = said
        self.remedy = remedy


class NoSuchIncident(JournalError):
    """There is no incident of this id, or it is no id."""


class HeldByAnother(JournalError):
    """Another process writes this journal; this one may read it."""


def told(doing: str, path: Path, error: OSError) -> JournalError:
    """The error of the operating system as ours: "Cannot write /…/journal.jsonl: the disk is full."."""
    number = error.errno or 0
    words, remedy = _WORDS.get(number, (error.strerror or type(error).__name__, ""))
    return JournalError(f"Cannot {doing} {path}: {words}.", remedy)
