"""The last line: the keys that work now, and the clock."""

from textual.events import Resize
from textual.widget import Widget

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, plain, width_of
from widgets.parts import PartsRow


class KeyBar(Widget):
    """Keys and their words; those at the right are dropped where it is narrow."""

    DEFAULT_CSS = "KeyBar { height: 1; width: 1fr; }"

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        self.glyphs = glyphs
        self.keys: tuple[tuple[str, str], ...] = ()
        self.clock = ""
        self._row = PartsRow(1, glyphs=glyphs)
        super().__init__(self._row, id=id, classes=classes)

    def show_keys(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Show these keys: `(("?", "help"), ("n", "note"))`, the most important first."""
        if keys != self.keys:
            self.keys = keys
            self._lay_out()

    def show_clock(self, clock: str) -> None:
        """Show this time, `15:22 UTC`; it is dropped before the first four keys are."""
        if clock != self.clock:
            self.clock = clock
            self._lay_out()

    def lines_now(self) -> list[str]:
        """The characters of the line."""
        return [self._row.words()]

    def on_mount(self) -> None:
        """Be there from the first paint."""
        self._lay_out()

    def on_resize(self, _event: Resize) -> None:
        """Lay out for the new width."""
        self._lay_out()

    def _lay_out(self) -> None:
        if not self.is_attached:
            return
        # Before the first layout the line is taken to be as wide as the screen: so the first paint has it.
        width = self.size.width or self.app.size.width
        clock: Line = (Piece(f"  {self.glyphs.words(plain(self.clock))} ", "dim"),) if self.clock else ()
        if width_of(self._keys(4)) + width_of(clock) > width:
            clock = ()
        room = width - width_of(clock)
        count = len(self.keys)
        while count and width_of(self._keys(count)) > room:
            count -= 1
        self._row.show(self._keys(count), (clock,), width)

    def _keys(self, count: int) -> Line:
        pieces: list[Piece] = []
        for key, words in self.keys[:count]:
            pieces.append(Piece(f"{'  ' if pieces else ' '}{self.glyphs.words(plain(key))}", "key"))
            pieces.append(Piece(f" {self.glyphs.words(plain(words))}", "dim"))
        return tuple(pieces)
