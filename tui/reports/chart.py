"""The error rate over the incident, with what happened marked on it, as SVG for a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import floor, log10
from typing import Any

from tui.model.measures import Errors
from tui.model.text import clean

_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10080)
_LEFT, _RIGHT, _BOTTOM = 40.0, 10.0, 24.0
# Marks in one row keep this far apart; a row of marks is this high.
_APART, _LANE, _RADIUS = 20.0, 20.0, 8.5


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, with its number: `milestone`, `change` or `taken back`."""

    number: int
    at: datetime
    text: str
    kind: str = "milestone"


def chart(
    errors: Errors, marks: Sequence[Mark], window: tuple[datetime, datetime], width: int, height: int
) -> str:
    """An `<svg>` without style of its own: the page's classes give it its colours, light and dark.

    Args:
        errors: what is drawn; where it has no data, the line has a gap.
        marks: in the order of their times; those outside the chart stand at its edge.
        window: the impact window, which is shaded.
        width, height: of the plot in pixels; rows of marks are added above it.
    """
    return _Drawn(errors, marks, width, height).svg(window)


class _Drawn:
    """One chart: its scales, and what is drawn with them."""

    def __init__(self, errors: Errors, marks: Sequence[Mark], width: int, height: int) -> None:
        self.points = errors.points
        self.start = errors.start
        self.end = max(self.points[-1][0] if self.points else self.start, self.start + timedelta(seconds=1))
        self.width = width
        self.lanes = _lanes([(mark, self.x(mark.at)) for mark in marks])
        self.top = (max(self.lanes.values(), default=-1) + 1) * _LANE + 8
        self.floor = self.top + height
        self.height = self.floor + _BOTTOM
        self.marks = marks
        self.most = _ceiling(max((v for _, v in self.points if v is not None), default=0.0))

    def x(self, at: datetime) -> float:
        """From left; what lies outside stands at the edge."""
        share = (at - self.start) / (self.end - self.start)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (self.width - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        """From the top."""
        return round(self.floor - value / self.most * (self.floor - self.top), 1)

    def svg(self, window: tuple[datetime, datetime]) -> str:
        import drawsvg

        said = f"Errors per second from {self.start:%H:%M} to {self.end:%H:%M} UTC, at most {self.most:g}"
        drawn = drawsvg.Drawing(self.width, self.height, role="img", aria_label=said)
        drawn.append(self._window(drawsvg, window))
        for part in (self._scale, self._times, self._line, self._marks):
            for element in part(drawsvg):
                drawn.append(element)
        return str(drawn.as_svg(header=""))

    def _window(self, drawsvg: Any, window: tuple[datetime, datetime]) -> Any:
        left, right = self.x(window[0]), self.x(window[1])
        return drawsvg.Rectangle(
            left, self.top, round(max(right - left, 1), 1), round(self.floor - self.top, 1), class_="window"
        )

    def _scale(self, drawsvg: Any) -> Iterator[Any]:
        for part in (0.0, 0.5, 1.0):
            value = self.most * part
            y = self.y(value)
            yield drawsvg.Line(_LEFT, y, self.width - _RIGHT, y, class_="grid")
            yield drawsvg.Text(f"{value:g}", 11, _LEFT - 6, y + 4, text_anchor="end", class_="label")

    def _times(self, drawsvg: Any) -> Iterator[Any]:
        step = self._step(self.width // 85)
        at = _next(self.start, step)
        form = "%H:%M" if step < timedelta(days=1) else "%m-%d"
        while at <= self.end:
            x = self.x(at)
            yield drawsvg.Line(x, self.floor, x, self.floor + 4, class_="tick")
            # A label at the edge would be cut.
            x = min(max(x, _LEFT), self.width - _RIGHT - 8)
            yield drawsvg.Text(
                at.strftime(form), 11, x, self.floor + 17, text_anchor="middle", class_="label"
            )
            at += step

    def _step(self, most: int) -> timedelta:
        long = (self.end - self.start) / max(most, 2)
        fitting = (timedelta(minutes=m) for m in _MINUTES if timedelta(minutes=m) >= long)
        return next(fitting, timedelta(days=max(round(long / timedelta(days=1)), 7)))

    def _line(self, drawsvg: Any) -> Iterator[Any]:
        for has, part in groupby(self.points, key=lambda point: point[1] is not None):
            run = [(self.x(at), self.y(value)) for at, value in part if value is not None]
            if not has:
                continue
            if len(run) == 1:
                yield drawsvg.Circle(*run[0], 1.5, class_="dot")
                continue
            area, line = drawsvg.Path(class_="area"), drawsvg.Path(class_="line")
            area.M(run[0][0], self.floor)
            line.M(*run[0])
            for index, point in enumerate(run):
                area.L(*point)
                if index:
                    line.L(*point)
            area.L(run[-1][0], self.floor).Z()
            yield area
            yield line

    def _marks(self, drawsvg: Any) -> Iterator[Any]:
        for mark in self.marks:
            x, y = self.x(mark.at), self.lanes[mark.number] * _LANE + _RADIUS + 1
            yield drawsvg.Line(x, y + _RADIUS, x, self.floor, class_=f"at {_class(mark)}")
            group = drawsvg.Group(class_=f"mark {_class(mark)}")
            circle = drawsvg.Circle(x, y, _RADIUS)
            circle.append_title(f"{mark.at:%H:%M} {clean(mark.text, limit=120)}")
            group.append(circle)
            group.append(drawsvg.Text(str(mark.number), 11, x, y + 4, text_anchor="middle"))
            yield group


def _class(mark: Mark) -> str:
    return mark.kind.replace(" ", "-")


def _lanes(marks: list[tuple[Mark, float]]) -> dict[int, int]:
    """By a mark's number, its row: the first one in which it touches no other."""
    ends: list[float] = []
    lanes = {}
    for mark, x in marks:
        free = next((lane for lane, end in enumerate(ends) if end + _APART <= x), len(ends))
        if free == len(ends):
            ends.append(x)
        ends[free] = x
        lanes[mark.number] = free
    return lanes


def _ceiling(value: float) -> float:
    """The next number with one digit that counts (or 1.5, 2.5): where the scale ends."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return float(next((n * unit for n in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if n * unit >= value), 10 * unit))


def _next(at: datetime, step: timedelta) -> datetime:
    """The first round moment at or after this one."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + step * -(-(at - day) // step)
