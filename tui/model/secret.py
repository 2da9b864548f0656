"""A secret value that no repr, format, log or exception shows."""

import hashlib


class Secret:
    """Holds a secret; only `reveal` gives it away, and only to what sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Never put it into a message, a log, a Reading or an exception."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """The first four hex digits of its SHA-256: tells two keys apart, gives none away."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:4]

    def __len__(self) -> int:
        return len(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
