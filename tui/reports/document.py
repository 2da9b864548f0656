"""A document on disk: whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a document for us alone (0600), so that no reader ever finds half of it.

    Raises:
        FileExistsError: there is one, and it is not to be replaced.
        OSError: it cannot be written; nothing is left behind.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            _put_in_place(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link never takes the place of what came there meanwhile.
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links.
        if path.exists():
            raise FileExistsError(path) from None
        draft.replace(path)
