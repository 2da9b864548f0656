"""The last line: the keys that work now, and the clock."""

from widgets.lines import Line, Lines, Piece, both_ends


class KeyBar(Lines):
    """Keys and their words; those at the right are dropped where it is narrow."""

    keys: tuple[tuple[str, str], ...] = ()
    clock = ""

    def show_keys(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Show these keys: `(("?", "help"), ("n", "note"))`."""
        if keys != self.keys:
            self.keys = keys
            self.show_changes()

    def show_clock(self, clock: str) -> None:
        """Show this time, `15:22 UTC`."""
        if clock != self.clock:
            self.clock = clock
            self.show_changes()

    def paint(self, width: int, height: int) -> list[Line]:
        """The line."""
        words = " " + "  ".join(f"{k} {w}" for k, w in self.keys)
        return [both_ends((Piece(self.text(words)),), (Piece(self.text(self.clock)),), width)]
