"""How large the equivalence classes are, with the line of k: left of it nothing may stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from web.charts.figure import Table, figure, grid, labels_below, tick_labels
from web.charts.meters import SwatchKind
from web.charts.scale import axis_for
from web.charts.svg import described, line, markup, rect
from web.formats import number
from web.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Bin:
    """Classes of `low` to `high` members (None: no upper end): how many there are and how many records they hold."""

    low: int
    high: int | None
    classes: int
    records: int

    @property
    def label(self) -> str:
        if self.high is None:
            return f"≥{number(self.low)}"
        return number(self.low) if self.high == self.low else f"{number(self.low)}–{number(self.high)}"


@dataclass(frozen=True, slots=True)
class ClassSizes:
    """Bins in rising order; one of them begins at `k` (or all are above it). `unit` heads the second column of the
    table: records, or subjects where subjects are counted."""

    title: str
    bins: Sequence[Bin]
    k: int
    note: str = ""
    sentence: str = ""
    unit: str = ""


def class_size_bins(sizes: dict[int, int], k: int) -> list[Bin]:
    """Bins for `{size of a class: how many classes}`: below k, from k on doubling, the last one open."""
    if k < 1:
        raise ValueError("k is at least 1")
    edges = [k * factor for factor in (1, 2, 5, 10, 20, 50)]
    ranges: list[tuple[int, int | None]] = [(1, k - 1)] if k > 1 else []
    ranges += [(low, high - 1) for low, high in pairwise(edges)]
    ranges.append((edges[-1], None))
    return [
        Bin(
            low,
            high,
            sum(count for size, count in sizes.items() if size >= low and (high is None or size <= high)),
            sum(size * count for size, count in sizes.items() if size >= low and (high is None or size <= high)),
        )
        for low, high in ranges
    ]


def histogram(chart: ClassSizes) -> Markup:
    """The chart as a `<figure>`."""
    axis = axis_for([one.classes for one in chart.bins])
    width = 100 / max(len(chart.bins), 1)
    drawn: list[str] = grid(axis)[:-1]
    for index, one in enumerate(chart.bins):
        top = axis.y(one.classes)
        css = "fx" if one.high is not None and one.high < chart.k else "f1"
        if one.classes:
            drawn.append(rect(index * width + width * 0.06, top, width * 0.88, 100 - top, css))
    below = sum(1 for one in chart.bins if one.high is not None and one.high < chart.k)
    drawn.append(line(below * width, 0, below * width, 100, "li dash"))
    drawn.append(grid(axis)[-1])
    sentence = chart.sentence or " ".join(part for part in (chart.title, chart.note) if part)
    plot = markup(
        '<div class="plot">',
        tick_labels(axis),
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" {described(sentence)}>',
        *drawn,
        "</svg>",
        labels_below([((index + 0.5) * width, one.label) for index, one in enumerate(chart.bins)]),
        "</div>",
    )
    table = Table(
        chart.title,
        (_("Size"), _("Classes"), chart.unit or _("Records")),
        [(one.label, number(one.classes), number(one.records)) for one in chart.bins],
        (
            _("Total"),
            number(sum(one.classes for one in chart.bins)),
            number(sum(one.records for one in chart.bins)),
        ),
    )
    legend: list[tuple[SwatchKind, str]] = [("limit", _("k = %(k)s, nothing may stand left of it", k=number(chart.k)))]
    return figure(chart.title, chart.note, plot, legend, table)
