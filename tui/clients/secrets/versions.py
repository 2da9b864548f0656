"""Which version has the key before, in stores that number their versions."""

from collections.abc import Callable

from tui.model.keys import Stored, StoreError

LOOKS_BACK = 10  # versions: as many as a KV store of Vault keeps by default


def key_before(now: Stored, kept: Callable[[int], Stored | None]) -> Stored | None:
    """The newest key before this one that is another one; None where there is none.

    Args:
        kept: the key of a version, by its number; None where it can no longer be read. It raises
            StoreError for one that holds no key, which is passed over.
    """
    newest = int(now.version)
    for number in range(newest - 1, max(newest - 1 - LOOKS_BACK, 0), -1):
        try:
            found = kept(number)
        except StoreError:
            continue
        if found is not None and found.secret != now.secret:
            return found
    return None
