"""A chart of rates over time, with axes, one line for each series."""

from dataclasses import dataclass

from widgets.lines import Line, Piece
from widgets.panel import Panel


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

    def __init__(self, title: str = "Errors per second, by model, last 30 min", **kwargs) -> None:  # type: ignore[no-untyped-def]
        super().__init__(title, **kwargs)
        self.view = ChartView()

    def show(self, view: ChartView) -> None:
        """Show this."""
        if view != self.view:
            self.view = view
            self.show_changes()

    def paint_inside(self, width: int, height: int) -> list[Line]:
        """The drawing."""
        return [(Piece(self.text(s.label)),) for s in self.view.series]
