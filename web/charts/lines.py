"""One or two lines over time (or over another order). The second is dashed, so they are told apart without colour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.figure import Limit, Table, chosen_labels, figure, grid, labels_below, tick_labels
from web.charts.meters import SwatchKind
from web.charts.scale import axis_for
from web.charts.svg import coordinate, described, line, markup
from web.formats import DASH, number


@dataclass(frozen=True, slots=True)
class Series:
    """A named course; None is a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Lines:
    """A line chart over `names` (one per value; `shorts` stand below the plot). At most two series. Zero is on the
    axis unless `from_zero` is off (temperatures). `mark` is the place of the name that a dashed upright line marks, and
    `mark_label` its words."""

    title: str
    names: Sequence[str]
    series: Sequence[Series]
    name_head: str
    note: str = ""
    sentence: str = ""
    shorts: Sequence[str] | None = None
    limit: Limit | None = None
    from_zero: bool = True
    digits: int | None = None
    mark: int | None = None
    mark_label: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.series) <= 2:
            raise ValueError("a line chart holds one or two series; draw two charts for more")
        if any(len(one.values) != len(self.names) for one in self.series):
            raise ValueError("each series has one value (or None) for each name")


def lines(chart: Lines) -> Markup:
    """The chart as a `<figure>`."""
    present = [value for one in chart.series for value in one.values if value is not None]
    axis = axis_for([*present, *([chart.limit.value] if chart.limit else [])], from_zero=chart.from_zero)
    count = len(chart.names)
    positions = [100 * index / (count - 1) if count > 1 else 50.0 for index in range(count)]
    drawn: list[str] = grid(axis)
    for index, one in enumerate(chart.series):
        css = "l1" if index == 0 else "l2 dash"
        drawn.extend(f'<path class="{css} course" d="{path}"/>' for path in _paths(one.values, positions, axis.y))
    if chart.limit:
        y = axis.y(chart.limit.value)
        drawn.append(line(0, y, 100, y, "li dash"))
    if chart.mark is not None:
        x = positions[chart.mark]
        drawn.append(line(x, 0, x, 100, "li dash"))
    sentence = chart.sentence or " ".join(part for part in (chart.title, chart.note) if part)
    places = chosen_labels(chart.shorts or chart.names, positions)
    plot = markup(
        '<div class="plot">',
        tick_labels(axis),
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" {described(sentence)}>',
        *drawn,
        "</svg>",
        labels_below(places, anchor_ends=True),
        "</div>",
    )
    kinds: tuple[SwatchKind, SwatchKind] = ("one", "two")
    legend: list[tuple[SwatchKind, str]] = []
    if len(chart.series) > 1:
        legend = [(kind, one.name) for kind, one in zip(kinds, chart.series, strict=False)]
    if chart.limit:
        legend.append(("limit", chart.limit.label))
    if chart.mark is not None:
        legend.append(("limit", chart.mark_label))
    table = Table(
        chart.title,
        (chart.name_head, *(one.name for one in chart.series)),
        [
            (name, *(_cell(one.values[index], chart.digits) for one in chart.series))
            for index, name in enumerate(chart.names)
        ],
    )
    return figure(chart.title, chart.note, plot, legend, table)


def _cell(value: float | None, digits: int | None) -> str:
    return DASH if value is None else number(value, digits)


def _paths(values: Sequence[float | None], positions: Sequence[float], y: Callable[[float], float]) -> list[str]:
    """One path for each stretch without a gap; a lone point becomes a short stroke."""
    paths: list[str] = []
    stretch: list[str] = []
    for value, x in [*zip(values, positions, strict=True), (None, 0.0)]:
        if value is not None:
            stretch.append(f"{coordinate(x)} {coordinate(y(value), 1)}")
        elif stretch:
            paths.append("M" + "L".join(stretch) + ("h.01" if len(stretch) == 1 else ""))
            stretch = []
    return paths
