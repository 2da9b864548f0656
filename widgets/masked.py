"""Characters that are typed and never shown: only how many there are."""

LONGEST = 4096


class Masked:
    """Holds what is typed until it is taken, once. No repr, format or error gives any of it away."""

    __slots__ = ("_text",)

    def __init__(self) -> None:
        self._text = ""

    def __len__(self) -> int:
        return len(self._text)

    def type(self, text: str) -> None:
        """Add to the end; what no key could need is dropped."""
        self._text = (self._text + text)[:LONGEST]

    def rub(self) -> None:
        """Take the last character away."""
        self._text = self._text[:-1]

    def clear(self) -> None:
        """Forget all of it."""
        self._text = ""

    def take(self) -> str:
        """Give it away and forget it."""
        text, self._text = self._text, ""
        return text

    def __repr__(self) -> str:
        return f"Masked({len(self)})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("what is typed unseen is not pickled")
