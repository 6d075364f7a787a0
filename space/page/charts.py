"""Numbers -> charts as inline SVG, which follow the light or dark theme of the page and need no plotting library.

Colours are those of the style sheet (`--model-0` to `--model-6`, after Okabe and Ito, which people with any colour
vision can tell apart); points differ in their shapes and lines in their dashes too.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from fer_models.looks import LOOKS

COLORS = len(LOOKS)
DASHES = tuple(look.dash for look in LOOKS)
SHAPES = (
    "M0-5.2A5.2 5.2 0 1 1 0 5.2A5.2 5.2 0 1 1 0-5.2Z",
    "M-4.6-4.6H4.6V4.6H-4.6Z",
    "M0-6L5.6 4.4H-5.6Z",
    "M0-6.4L6.4 0L0 6.4L-6.4 0Z",
    "M0 6L5.6-4.4H-5.6Z",
    "M-6-2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z",
    "M-5.6-3.2L0-6.4L5.6-3.2V3.2L0 6.4L-5.6 3.2Z",
)
LEFT, TOP, RIGHT, BOTTOM = 48, 10, 22, 44  # of the plotting area inside a chart, in its units
LINE, CHARACTER = 14, 7.2  # height and width of a letter with its room, at most
NUDGES = (0, -12, 12, -22, 22, -32, 32, -44, 44, -58, 58)  # how far a name may be from its point


@dataclass(frozen=True)
class Axis:
    """
    title: what the numbers are.
    low, high: the ends. ticks: value -> what is written there.
    log: whether equal distances are equal ratios.
    """

    title: str
    low: float
    high: float
    ticks: dict[float, str]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def percent_axis(title: str, values: Sequence[float]) -> Axis:
    """An axis of shares that holds `values` with some room, in steps of 1, 2, 5, 10 or 20 %; it need not start at 0."""
    low, high = min(values), max(values)
    room = max(0.02, 0.08 * (high - low))
    low, high = max(0.0, low - room), min(1.0, high + room)
    step = next((step for step in (1, 2, 5, 10) if 100 * (high - low) / step <= 7), 20)
    first, last = math.floor(100 * low / step), math.ceil(100 * high / step)
    ticks = {tick * step / 100: f"{tick * step} %" for tick in range(first, last + 1) if tick * step <= 100}
    return Axis(title, min(ticks), max(ticks), ticks)


def million_axis(title: str, values: Sequence[int]) -> Axis:
    """A logarithmic axis of counts, ticks at 1, 2, 5, 10 … million."""
    low, high = min(values) / 1.6, max(values) * 2.2  # labels stand to the right of their points
    steps = [digit * 10**power for power in range(4, 10) for digit in (1, 2, 5)]
    ticks = {float(step): f"{step / 1e6:g} M" for step in steps if low <= step <= high}
    return Axis(title, low, high, ticks, log=True)


def millisecond_axis(title: str, values: Sequence[float]) -> Axis:
    """An axis of times from 0 on, with room for the names to the right of their points."""
    high = 1.5 * max(values)
    step = next((step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if high / step <= 8), 1000)
    return Axis(title, 0.0, high, {float(tick): str(tick) for tick in range(0, int(high) + 1, step)})


def color(index: int) -> str:
    """The colour of the model with this number, as CSS."""
    return f"var(--model-{index % COLORS})"


def shape(index: int) -> str:
    """The path of the model's symbol, around 0, 0."""
    return SHAPES[index % len(SHAPES)]


def legend(names: dict[int, str]) -> str:
    """A line with each model's symbol, colour and dashes."""
    entries = "".join(
        f'<span><svg viewBox="-18 -8 36 16" aria-hidden="true"><path d="M-18 0H18" {_stroke(index)}/>'
        f'<path d="{shape(index)}" fill="{color(index)}"/></svg>{html.escape(name)}</span>'
        for index, name in names.items()
    )
    return f'<p class="legend">{entries}</p>'


@dataclass(frozen=True)
class Point:
    """A model's place in a scatter plot. index: its number, for colour and shape. low, high: its interval in y."""

    index: int
    label: str
    x: float
    y: float
    low: float
    high: float


def scatter(
    x_axis: Axis, y_axis: Axis, points: Sequence[Point], label: str, width: int = 500, height: int = 340
) -> str:
    """Points with their intervals and names. `label` says the same to those who cannot see it."""
    place = _Place(x_axis, y_axis, width, height)
    marks, names = [], []
    for point in points:
        x, y = place.x(point.x), place.y(point.y)
        marks.append(
            f'<path class="interval" stroke="{color(point.index)}" '
            f'd="M{x:.1f} {place.y(point.low):.1f}V{place.y(point.high):.1f}"/>'
            f"{_mark(point.index, x, y)}"
        )
        names.append((x, y, point))
    texts = []
    taken = [(x - 8, x + 8, y) for x, y, _ in names]  # left, right, y of what a name must not cover
    for x, _, point in names:  # nor the bar of another point's interval
        top, bottom = round(place.y(point.high)), round(place.y(point.low))
        taken += [(x - 3, x + 3, float(y)) for y in range(top, bottom + 1, LINE // 2)]
    for x, y, point in names:
        span = CHARACTER * len(point.label)
        spots = [(left, y + dy) for dy in NUDGES for left in (x + 11, x - 11 - span) if LEFT <= left <= width - span]
        free = (spot for spot in spots if not any(_covers(*spot, span, *other) for other in taken))
        left, at = next(free, (x + 11, y))
        taken.append((left, left + span, at))
        anchor, edge = ("start", left) if left > x else ("end", left + span)
        texts.append(
            f'<text x="{edge:.1f}" y="{at + 4:.1f}" text-anchor="{anchor}" style="fill:{color(point.index)}">'
            f"{html.escape(point.label)}</text>"
        )
    return place.chart("".join(marks + texts), label)


def lines(
    x_axis: Axis,
    y_axis: Axis,
    curves: dict[int, tuple[Sequence[float], Sequence[float]]],
    label: str,
    marked: dict[int, tuple[float, float]] | None = None,
    width: int = 500,
    height: int = 340,
) -> str:
    """A line per model, by its number, through `x` and `y`; `marked` gets the model's symbol at one place."""
    place = _Place(x_axis, y_axis, width, height)
    drawn = "".join(
        f'<path d="M{"L".join(f"{place.x(x):.1f} {place.y(y):.1f}" for x, y in zip(*curve, strict=True))}" '
        f"{_stroke(index)}/>"
        for index, curve in curves.items()
    )
    drawn += "".join(_mark(index, place.x(x), place.y(y)) for index, (x, y) in (marked or {}).items())
    return place.chart(drawn, label)


def _covers(left: float, y: float, span: float, other_left: float, other_right: float, other_y: float) -> bool:
    return left < other_right and left + span > other_left and abs(y - other_y) < LINE


def _mark(index: int, x: float, y: float) -> str:
    place = f'transform="translate({x:.1f} {y:.1f})"'
    return f'<path class="mark" {place} d="{shape(index)}" fill="{color(index)}"/>'


def _stroke(index: int) -> str:
    return f'fill="none" stroke="{color(index)}" stroke-width="2" stroke-dasharray="{DASHES[index % len(DASHES)]}"'


class _Place:
    """Where values lie in a chart."""

    def __init__(self, x_axis: Axis, y_axis: Axis, width: int, height: int):
        self.x_axis, self.y_axis, self.width, self.height = x_axis, y_axis, width, height

    def x(self, value: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * self.x_axis.share(value)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - (self.height - BOTTOM - TOP) * self.y_axis.share(value)

    def chart(self, content: str, label: str) -> str:
        floor = self.height - BOTTOM
        grid = "".join(
            f'<path class="grid" d="M{LEFT} {self.y(value):.1f}H{self.width - RIGHT}"/>'
            f'<text x="{LEFT - 7}" y="{self.y(value) + 4:.1f}" text-anchor="end">{text}</text>'
            for value, text in self.y_axis.ticks.items()
        ) + "".join(
            f'<path class="grid" d="M{self.x(value):.1f} {floor}v5"/>'
            f'<text x="{self.x(value):.1f}" y="{floor + 19}" text-anchor="middle">{text}</text>'
            for value, text in self.x_axis.ticks.items()
        )
        title = f'<text x="{(LEFT + self.width - RIGHT) / 2:.1f}" y="{self.height - 6}" text-anchor="middle">'
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{html.escape(label)}">'
            f"{grid}{title}{html.escape(self.x_axis.title)}</text>{content}</svg>"
        )


__all__ = [
    "Axis",
    "Point",
    "color",
    "legend",
    "lines",
    "million_axis",
    "millisecond_axis",
    "percent_axis",
    "scatter",
    "shape",
]
