"""The key that this console asks with: read by each check at each ask, so that it can be exchanged."""

from tui.model.secret import Secret


class KeyHolder:
    """One place for the key; None where there is none. It lives in memory and nowhere else.

    Attributes:
        key: the key of this moment.
        source: where it is from, for a person.
    """

    def __init__(self, key: Secret | None, source: str = "") -> None:
        self.key = key
        self.source = source

    def exchange(self, key: Secret, source: str) -> None:
        """Ask with another key from now on."""
        self.key, self.source = key, source
