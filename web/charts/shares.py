"""Parts of a whole as one bar, widest first, with a legend that carries the figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from web.charts.figure import Table, data_table
from web.charts.svg import described, markup, rect
from web.formats import number, percent
from web.i18n import gettext as _

FILLS = ("f1", "f2", "f1s", "f3", "f4")
"""Told apart by order, outline and the words beside them; the last one is for what is left."""


@dataclass(frozen=True, slots=True)
class Part:
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Up to five parts are drawn; what is smaller is added up as "others" but stays apart in the table."""

    title: str
    parts: Sequence[Part]
    name_head: str
    value_head: str
    note: str = ""
    digits: int | None = None


def shares(chart: Shares) -> Markup:
    """The chart as a `<figure>`."""
    ordered = sorted((part for part in chart.parts if part.value > 0), key=lambda part: -part.value)
    total = sum(part.value for part in ordered)
    drawn = ordered[: len(FILLS)]
    if len(ordered) > len(FILLS):
        rest = ordered[len(FILLS) - 1 :]
        drawn = [*ordered[: len(FILLS) - 1], Part(_("others"), sum(part.value for part in rest))]
    pieces: list[str] = []
    legend: list[Markup] = []
    x = 0.0
    for fill, part in zip(FILLS, drawn, strict=False):
        width = 100 * part.value / total
        pieces.append(rect(x, 0, width, 24, fill))
        square = f'<rect class="{fill}" width="10" height="10"/>'
        sign = f'<svg class="sw" viewBox="0 0 10 10" aria-hidden="true">{square}</svg>'
        legend.append(markup("<li>", sign, escape(f"{part.label} {percent(part.value / total)}"), "</li>"))
        x += width
    sentence = f"{chart.title}: " + ", ".join(f"{part.label} {percent(part.value / total)}" for part in drawn)
    note = markup("<small>", escape(chart.note), "</small>") if chart.note else ""
    table = Table(
        chart.title,
        (chart.name_head, chart.value_head, _("Share")),
        [(part.label, number(part.value, chart.digits), percent(part.value / total)) for part in ordered],
        (_("Total"), number(total, chart.digits), percent(1)) if ordered else None,
    )
    return markup(
        '<figure class="chart"><figcaption>',
        escape(chart.title),
        note,
        "</figcaption>",
        f'<svg class="share" viewBox="0 0 100 24" preserveAspectRatio="none" {described(sentence)}>',
        *pieces,
        '</svg><ul class="key">',
        *legend,
        "</ul><details><summary>",
        escape(_("Show the data")),
        "</summary>",
        data_table(table),
        "</details></figure>",
    )
