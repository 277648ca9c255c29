"""What all charts share: the finding above, the plot, its legend, and the same figures as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from web.charts.meters import SwatchKind, swatch
from web.charts.scale import Axis, label_places
from web.charts.svg import coordinate, line, markup
from web.formats import number
from web.i18n import gettext as _

PLOT_EMS = 32.0  # below 26rem every second label is hidden, and labels are 13 px high
LABEL_GAP_EMS = 0.8


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's figures: `head` names the columns, the first cell of a row names the row, all others are figures."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal dashed line, such as a quota per day, and its words in the legend."""

    value: float
    label: str


def figure(title: str, note: str, plot: Markup, legend: Sequence[tuple[SwatchKind, str]], table: Table) -> Markup:
    """A `<figure>` with everything a chart needs."""
    note_part = markup("<small>", escape(note), "</small>") if note else ""
    items = [markup("<li>", swatch(kind), escape(words), "</li>") for kind, words in legend]
    key = markup('<ul class="key" aria-hidden="true">', *items, "</ul>") if items else ""
    return markup(
        '<figure class="chart"><figcaption>',
        escape(title),
        note_part,
        "</figcaption>",
        plot,
        key,
        "<details><summary>",
        escape(_("Show the data")),
        "</summary>",
        data_table(table),
        "</details></figure>",
    )


def data_table(table: Table) -> Markup:
    """The figures of a chart as a table."""
    head = [
        markup('<th scope="col" class="n">' if index else '<th scope="col">', escape(name), "</th>")
        for index, name in enumerate(table.head)
    ]
    body = [_row(row) for row in table.rows]
    foot = markup("<tfoot>", _row(table.total), "</tfoot>") if table.total else ""
    return markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="',
        escape(_("%(label)s, scrolls sideways", label=table.caption)),
        '"><table class="tbl"><caption class="vh">',
        escape(table.caption),
        "</caption><thead><tr>",
        *head,
        "</tr></thead><tbody>",
        *body,
        "</tbody>",
        foot,
        "</table></div>",
    )


def _row(cells: Sequence[str]) -> Markup:
    first, *others = cells
    return markup(
        '<tr><th scope="row" class="num">',
        escape(first),
        "</th>",
        *(markup('<td class="n">', escape(cell), "</td>") for cell in others),
        "</tr>",
    )


def tick_labels(axis: Axis) -> Markup:
    """The three figures left of a plot."""
    return markup(
        '<ol class="y" aria-hidden="true">',
        *(markup("<li>", escape(number(_plain(tick))), "</li>") for tick in axis.ticks),
        "</ol>",
    )


def _plain(value: float) -> float | int:
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def grid(axis: Axis) -> list[str]:
    """Hairlines at the quarters and the ink line at zero (or at the bottom, where zero is not shown)."""
    zero = axis.y(0) if axis.low <= 0 <= axis.high else 100.0
    quarters = [line(0, y, 100, y, "lr") for y in (0, 25, 50, 75, 100) if abs(y - zero) > 1e-9 and y not in (0, 100)]
    return [*quarters, line(0, zero, 100, zero, "li")]


def labels_below(places: Sequence[tuple[float, str]], *, anchor_ends: bool = False) -> Markup:
    """Words under a plot at percentages of its width. In a narrow place every second one is left out."""
    texts = []
    for index, (percent, words) in enumerate(places):
        css = ["hi"] if index % 2 and len(places) > 4 else []
        if anchor_ends and percent <= 0.01:
            css.append("a")
        elif anchor_ends and percent >= 99.99:
            css.append("z")
        attribute = f' class="{" ".join(css)}"' if css else ""
        texts.append(markup(f'<text x="{coordinate(percent)}%" y="1em"{attribute}>', escape(words), "</text>"))
    return markup('<svg class="x" aria-hidden="true">', *texts, "</svg>")


def chosen_labels(labels: Sequence[str], positions: Sequence[float]) -> list[tuple[float, str]]:
    """The labels that fit beside each other in the narrowest place that shows all of them, with their places."""
    widest = max((sum(1.0 if ord(letter) > 0x2E7F else 0.55 for letter in label) for label in labels), default=1.0)
    wanted = min(12, max(3, int(PLOT_EMS / (widest + LABEL_GAP_EMS))))
    return [(positions[index], labels[index]) for index in label_places(len(labels), wanted)]
