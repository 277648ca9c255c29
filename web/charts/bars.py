"""Bars over days or categories, with a limit line and bars that are not yet complete."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.figure import Limit, Table, chosen_labels, figure, grid, labels_below, tick_labels
from web.charts.meters import SwatchKind
from web.charts.scale import axis_for
from web.charts.svg import described, line, markup, rect
from web.formats import number
from web.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `name` stands in the table, `short` (else `name`) below the plot; `partial` is not complete yet."""

    name: str
    value: float
    short: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart: `title` says the finding; `name_head` and `value_head` head the table; `total` adds its last row;
    `slots` leaves room for bars still to come (the days of a month)."""

    title: str
    bars: Sequence[Bar]
    name_head: str
    value_head: str
    note: str = ""
    sentence: str = ""
    limit: Limit | None = None
    partial_label: str = ""
    total: bool = True
    slots: int = 0
    digits: int | None = None


def bars(chart: Bars) -> Markup:
    """The chart as a `<figure>`."""
    values = [bar.value for bar in chart.bars]
    axis = axis_for([*values, *([chart.limit.value] if chart.limit else [])])
    slots = max(len(chart.bars), chart.slots, 1)
    width = 100 / slots
    drawn: list[str] = grid(axis)[:-1]
    for index, bar in enumerate(chart.bars):
        top, bottom = sorted((axis.y(bar.value), axis.y(0)))
        drawn.append(
            rect(index * width + width * 0.14, top, width * 0.72, bottom - top, "f1s" if bar.partial else "f1")
        )
    if chart.limit:
        y = axis.y(chart.limit.value)
        drawn.append(line(0, y, 100, y, "li dash"))
    drawn.append(grid(axis)[-1])
    sentence = chart.sentence or " ".join(part for part in (chart.title, chart.note) if part)
    places = chosen_labels(
        [bar.short or bar.name for bar in chart.bars], [(index + 0.5) * width for index in range(len(chart.bars))]
    )
    plot = markup(
        '<div class="plot">',
        tick_labels(axis),
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" {described(sentence)}>',
        *drawn,
        "</svg>",
        labels_below(places),
        "</div>",
    )
    legend: list[tuple[SwatchKind, str]] = []
    if chart.limit:
        legend.append(("limit", chart.limit.label))
    if any(bar.partial for bar in chart.bars):
        legend.append(("forecast", chart.partial_label or _("not complete yet")))
    table = Table(
        chart.title,
        (chart.name_head, chart.value_head),
        [(bar.name, number(bar.value, chart.digits)) for bar in chart.bars],
        (_("Total"), number(sum(values), chart.digits)) if chart.total and values else None,
    )
    return figure(chart.title, chart.note, plot, legend, table)
