"""A chart of rates over time, with axes, one line for each series."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from widgets.glyphs import UNICODE, Glyphs
from widgets.lines import Line, Piece, fit_line, pad, wrap
from widgets.panel import Panel, Tab

_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One line: (x, y) pairs in the order of x; y None where nothing is known (a gap)."""

    label: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class ChartView:
    """What the chart shows.

    Attributes:
        series: the lines, the most important first; x in any one unit, such as epoch seconds.
        ticks: x and its words, `(1795444920.0, "14:52")`.
        start, end: the range of x that is drawn; equal where the points shall tell it.
        zone: said beside the ticks, `UTC`.
        empty: said where there is no point at all ("set prometheus.url to see the errors").
        remark: at the right of the frame (`stale 47s`), or "".
    """

    series: tuple[ChartSeries, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()
    start: float = 0.0
    end: float = 0.0
    zone: str = "UTC"
    empty: str = "no data"
    remark: str = ""


class RateChart(Panel):
    """The chart in its frame. It redraws only when it is shown something else."""

    def __init__(
        self,
        title: str = "Errors per second, by model, last 30 min",
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(title, glyphs=glyphs, id=id, classes=classes)
        self.view = ChartView()

    def show(self, view: ChartView) -> None:
        """Show this; the same view again sends nothing."""
        if view != self.view:
            self.view = view
            self._corner = (Tab(view.remark),) if view.remark else ()
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """Values at the left, times below, names with their last values at the right."""
        known = [p for series in self.view.series for p in series.points if p[1] is not None]
        if not known or height < 3 or width < 16:
            return [(Piece(line, "dim"),) for line in wrap(self.text(self.view.empty), width)]
        top = _ceiling(max(y for _, y in known if y is not None))
        names = self._names(width // 3)
        beside = max(cell_len(name) for name in names) + 1
        scale = _scale(top, height - 1)
        left = max(len(words) for words in scale.values())
        columns, rows = width - left - 1 - beside, height - 1
        start, end = self._range(known)
        marks = "*+ox#" if self.glyphs.plain_only else ""
        cells = canvas(self.view.series, (start, end), top, (columns, rows), marks)
        tags = self._tags(names, rows, top)
        lines = [
            self._line(y, rows, scale.get(y, "").rjust(left), cells[y], tags.get(y), beside)
            for y in range(rows)
        ]
        return [*lines, self._times(start, end, left + 1, columns, width)]

    def _range(self, known: list[tuple[float, float | None]]) -> tuple[float, float]:
        if self.view.end > self.view.start:
            return self.view.start, self.view.end
        start, end = min(x for x, _ in known), max(x for x, _ in known)
        return (start, end) if end > start else (start - 1, end + 1)

    def _names(self, most: int) -> list[str]:
        """`large 1.2`: the last value, or `?` where it is not known."""
        names = []
        for series in self.view.series:
            last = series.points[-1][1] if series.points else None
            value = self.glyphs.unknown if last is None else f"{last:.1f}" if last >= 0.1 else f"{last:.2g}"
            names.append(f"{self.fit(series.label, max(most - len(value) - 1, 3))} {value}")
        return names

    def _tags(self, names: list[str], rows: int, top: float) -> dict[int, tuple[int, str]]:
        """On which row each name stands: that of its line's end, or the nearest that is free."""
        tags: dict[int, tuple[int, str]] = {}
        for index, series in enumerate(self.view.series):
            last = next((y for _, y in reversed(series.points) if y is not None), None)
            want = rows - 1 - round((last or 0.0) / top * (rows - 1))
            free = [y for y in range(rows) if y not in tags]
            if free:
                tags[min(free, key=lambda y: (abs(y - want), y))] = (index, names[index])
        return tags

    def _line(
        self, y: int, rows: int, value: str, cells: Line, tag: tuple[int, str] | None, beside: int
    ) -> Line:
        bottom = y == rows - 1
        axis = self.glyphs.words(("┼" if bottom else "┤") if value.strip() else "│")
        rule = self.glyphs.words("─")
        body = [Piece(p.text.replace(" ", rule), "frame") if bottom and not p.role else p for p in cells]
        index, name = tag or (0, "")
        look = f"series-{index % 5}"
        return (
            Piece(value, "dim"),
            Piece(axis, "frame"),
            *body,
            Piece(" " + pad(name, beside - 1), look),
        )

    def _times(self, start: float, end: float, left: int, columns: int, width: int) -> Line:
        row = [" "] * width
        free = 0
        for x, words in sorted(self.view.ticks):
            words = self.text(words)
            at = left + round((x - start) / (end - start) * max(columns - 1, 1)) - len(words) // 2
            at = max(at, 0)
            if start <= x <= end and at >= free and at + len(words) <= width - len(self.view.zone) - 2:
                row[at : at + len(words)] = words
                free = at + len(words) + 2
        zone = self.text(self.view.zone)
        row[width - len(zone) :] = zone
        return (Piece("".join(row), "dim"),)


def canvas(
    series: Sequence[ChartSeries], span: tuple[float, float], top: float, size: tuple[int, int], marks: str
) -> list[Line]:
    """The lines alone, drawn by plotext: `rows` lines of exactly `columns` cells.

    `marks` gives a character to each series; "" draws in braille, eight dots to a cell.
    """
    # 14 ms that the first paint does not need.
    from textual_plotext import Plot

    columns, rows = size
    plot = Plot()
    plot.plotsize(columns, rows)
    plot.frame(False)
    plot.xaxes(False, False)
    plot.yaxes(False, False)
    plot.xticks([], [])
    plot.yticks([], [])
    plot.xlim(*span)
    plot.ylim(0, top)
    # The first series is drawn last, over the others.
    for index, line in reversed(list(enumerate(series))):
        marker = marks[index % len(marks)] if marks else "braille"
        for run in _runs(line.points, span):
            draw = plot.plot if len(run) > 1 else plot.scatter
            draw([x for x, _ in run], [y for _, y in run], marker=marker, color=index % 5 + 1)
    drawn = plot.build().splitlines()
    return [fit_line(_pieces(line), columns) for line in (*drawn, *[""] * rows)][:rows]


def _runs(
    points: Sequence[tuple[float, float | None]], span: tuple[float, float]
) -> list[list[tuple[float, float]]]:
    """The stretches of known values: no line is drawn over a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None or not math.isfinite(y):
            runs.append([])
        elif span[0] <= x <= span[1]:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _pieces(drawn: str) -> Line:
    """One line of plotext's output with its colours turned into roles."""
    pieces: list[Piece] = []
    role = ""
    for index, part in enumerate(_COLOUR.split(drawn)):
        if index % 2 == 0:
            if part:
                pieces.append(Piece(part, role))
        elif part.startswith("38;5;"):
            role = f"series-{int(part[5:]) - 1}" if part[5:] in "12345" else ""
        elif part == "0":
            role = ""
    return tuple(pieces)


def _ceiling(value: float) -> float:
    """A round number at or over the value, for the top of the axis."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if value <= step * power * 1.000001)


def _scale(top: float, rows: int) -> dict[int, str]:
    """Which row of the axis has which words: 0, the top, and round values between.

    A value stands on the row nearest to it, so it may be half a row off.
    """
    lead = round(top / 10.0 ** math.floor(math.log10(top)), 1)
    parts = next(n for n in (*_PARTS[lead], 1) if rows >= 2 * n or n == 1)
    digits = max(0, -math.floor(math.log10(top / parts) + 1e-9))
    words: dict[int, str] = {}
    for n in range(parts + 1):
        words[round((rows - 1) * (1 - n / parts))] = f"{top * n / parts:.{digits}f}"
    return words


# Into how many equal steps an axis that ends in 1, 1.5, 2, … is cut so that each step is round.
_PARTS = {
    1.0: (5, 2),
    1.5: (3,),
    2.0: (4, 2),
    3.0: (3,),
    4.0: (4, 2),
    5.0: (5,),
    6.0: (3, 2),
    8.0: (4, 2),
    10.0: (5, 2),
}
