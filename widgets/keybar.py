"""The last line: the keys that work now, and the clock."""

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, width_of
from widgets.parts import PartsBar, PartsRow


class KeyBar(PartsBar):
    """Keys and their words; those at the right are dropped where it is narrow."""

    DEFAULT_CSS = "KeyBar { height: 1; width: 1fr; }"

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        self.keys: tuple[tuple[str, str], ...] = ()
        self.clock = ""
        super().__init__(PartsRow(1, glyphs=glyphs), glyphs=glyphs, id=id, classes=classes)

    def show_keys(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Show these keys: `(("?", "help"), ("n", "note"))`, the most important first."""
        if keys != self.keys:
            self.keys = keys
            self.show_changes()

    def show_clock(self, clock: str) -> None:
        """Show this time, `15:22 UTC`; it is dropped before the first four keys are."""
        if clock != self.clock:
            self.clock = clock
            self.show_changes()

    def lay_out(self, width: int) -> None:
        """As many keys as there is room for, and the clock."""
        clock: Line = (Piece(f"  {self.say(self.clock)} ", "dim"),) if self.clock else ()
        if width_of(self._keys(4)) + width_of(clock) > width:
            clock = ()
        room = width - width_of(clock)
        count = len(self.keys)
        while count and width_of(self._keys(count)) > room:
            count -= 1
        self.rows[0].show(self._keys(count), (clock,), width)

    def _keys(self, count: int) -> Line:
        pieces: list[Piece] = []
        for key, words in self.keys[:count]:
            pieces.append(Piece(f"{'  ' if pieces else ' '}{self.say(key)}", "key"))
            pieces.append(Piece(f" {self.say(words)}", "dim"))
        return tuple(pieces)
