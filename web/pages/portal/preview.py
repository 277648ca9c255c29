"""The preview of a release as the page shows it: a table of its first rows, a map, charts with what they tell."""

import csv
import datetime as dt
import io
import math
import re
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from catalog.previews import service as previews
from catalog.releases.models import Release
from contracts.inert import inert
from contracts.kit.store import ObjectStore
from web import formats
from web.charts import Bar, Bars, GeoPoint, PointMap
from web.i18n import gettext as _
from web.i18n import localized, ngettext
from web.pages.portal import words
from web.rendering import gap

ROWS_SHOWN = 10
CHARTS_SHOWN = 4
MOST_BARS = 24


@dataclass(frozen=True)
class Preview:
    """What was approved to be shown of a release before anybody pays; `content` is its `sample.json`."""

    content: dict[str, Any]

    @property
    def rows(self) -> int:
        """Rows in the sample."""
        return len(self.content["rows"])

    @property
    def points(self) -> int:
        """Places on the map."""
        return len(self.content["map"]["points"]) if self.content["map"] else 0

    def columns(self) -> list[dict[str, Any]]:
        """Heads of the table."""
        return [
            {
                "label": _with_unit(localized(column["title"]) or column["name"], column["unit"]),
                "sub": column["name"] if localized(column["title"]) not in ("", column["name"]) else None,
                "numeric": column["numeric"],
            }
            for column in self.content["columns"]
        ]

    def table(self, rows: int = ROWS_SHOWN) -> list[list[str | None]]:
        """The first rows as text."""
        columns = self.content["columns"]
        return [
            [_cell(cell, column) for cell, column in zip(row, columns, strict=True)]
            for row in self.content["rows"][:rows]
        ]

    def nulls(self) -> dict[str, float]:
        """Share of empty cells by column, where it was counted."""
        total = self.content["rows_total"] or 1
        return {found["column"]: found["missing"] / total for found in self.content["statistics"]}

    def charts(self, most: int = CHARTS_SHOWN) -> list[Bars]:
        """Charts of the columns that tell most: courses over time first, then figures, then categories."""
        usable = [
            found
            for found in self.content["statistics"]
            if len(found["bars"]) > 1
            and _tells_enough(found)
            and not _overlap(found["bars"])
            and not self._is_place(found["column"])
            and not self._is_number(found["column"])
        ]
        usable.sort(key=_interest)
        return [self._chart(found) for found in usable[:most]]

    def categories(self) -> frozenset[str]:
        """Columns of which several values were counted: those that records can be grouped by."""
        return frozenset(
            found["column"]
            for found in self.content["statistics"]
            if found["kind"] == "categories" and len(found["bars"]) > 1
        )

    def _is_place(self, column: str) -> bool:
        """Coordinates are drawn as a map."""
        place = self.content["map"]
        return bool(place) and column in (place["longitude"], place["latitude"])

    def _is_number(self, column: str) -> bool:
        """Running numbers: whole and no two alike in the sample. How often each occurs says nothing."""
        at, described = next((i, c) for i, c in enumerate(self.content["columns"]) if c["name"] == column)
        if described["type"] != "integer":
            return False
        values = [row[at] for row in self.content["rows"] if row[at] is not None]
        return len(values) > 1 and len(set(values)) == len(values)

    def _chart(self, found: dict[str, Any]) -> Bars:
        column = next(c for c in self.content["columns"] if c["name"] == found["column"])
        title = localized(column["title"]) or str(found["column"])
        bars = found["bars"][-MOST_BARS:] if found.get("ordered") else found["bars"][:MOST_BARS]
        if _of_figures(bars):
            bars = sorted(bars, key=_place)
        drawn = [(_label(bar), int(bar["count"])) for bar in bars]
        left_out = int(found.get("other", 0)) + sum(int(bar["count"]) for bar in found["bars"])
        left_out -= sum(count for _label_, count in drawn)
        return Bars(
            _("%(column)s: most often %(value)s", column=title, value=max(drawn, key=lambda one: one[1])[0]),
            [Bar(label, count, _short(label)) for label, count in drawn],
            title,
            _("Rows"),
            note=gap().join(_notes(column["unit"], left_out, int(found["missing"]), bool(found.get("cut")))),
        )

    def first_place(self) -> tuple[float, float] | None:
        """Longitude and latitude of the first record that has them."""
        if not self.points:
            return None
        longitude, latitude, _row = self.content["map"]["points"][0]
        return longitude, latitude

    def point_map(self, title: str) -> PointMap | None:
        """The places of the sample, named by the first column of text."""
        if not self.points:
            return None
        place = self.content["map"]
        naming = next(
            (i for i, c in enumerate(self.content["columns"]) if c["type"] == "string" and c["treatment"] == "keep"),
            None,
        )
        rows = self.content["rows"]
        return PointMap(
            title,
            [
                GeoPoint(x, y, label="" if naming is None else str(rows[row][naming] or ""))
                for x, y, row in place["points"]
            ],
        )

    def csv(self) -> bytes:
        """The sample for a spreadsheet: UTF-8 with a byte order mark, no cell that would be run as a formula."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(inert(column["name"]) for column in self.content["columns"])
        for row in self.content["rows"]:
            writer.writerow("" if cell is None else inert(cell) if isinstance(cell, str) else cell for cell in row)
        return b"\xef\xbb\xbf" + out.getvalue().encode()


def load(session: Session, store: ObjectStore, release: Release) -> Preview:
    """The preview of a release that is served; `ReleaseWithdrawn` once it is not."""
    return Preview(previews.sample(session, store, release.id))


def _interest(found: dict[str, Any]) -> tuple[int, int]:
    if found["kind"] == "categories" and found.get("ordered"):
        return 0, -len(found["bars"])
    if found["kind"] == "histogram":
        return 1, 0
    return (3 if _of_figures(found["bars"]) else 2), -len(found["bars"])


def _tells_enough(found: dict[str, Any]) -> bool:
    """The bars hold at least half of the rows: of hundreds of values, the most common twelve say nothing."""
    return sum(int(bar["count"]) for bar in found["bars"]) >= int(found.get("other", 0))


def _overlap(bars: list[dict[str, Any]]) -> bool:
    """Ranges of different width that lie over each other, as local recoding makes them: no picture of where values
    are."""
    highest: float | None = None
    for low, high in sorted(found for bar in bars if (found := _ends(str(bar.get("label", "")))) is not None):
        if highest is not None and low < highest:
            return True
        highest = high if highest is None else max(highest, high)
    return False


def _ends(label: str) -> tuple[float, float] | None:
    """The ends of a range of figures or days, days as their ordinal."""
    low, dash, high = label.partition("–")
    if not dash:
        return None
    try:
        return (float(low), float(high)) if "-" not in low[1:] else (_ordinal(low), _ordinal(high))
    except ValueError:
        return None


def _ordinal(day: str) -> float:
    return dt.date.fromisoformat(day).toordinal()


def _of_figures(bars: list[dict[str, Any]]) -> bool:
    """Categories that are figures, but for a few words: they belong in their own order, not by how often they occur."""
    return 2 * sum(_figure(bar) is not None for bar in bars) > len(bars)


def _figure(bar: dict[str, Any]) -> float | None:
    """The category as a figure, if it is one."""
    label = str(bar.get("label", ""))
    return float(label) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", label) else None


def _place(bar: dict[str, Any]) -> float:
    """Figures by size, words after them."""
    found = _figure(bar)
    return math.inf if found is None else found


def _with_unit(title: str, unit: str | None) -> str:
    return f"{title} {named}" if (named := words.unit(unit)) else title


def _cell(cell: Any, column: dict[str, Any]) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return _("Yes") if cell else _("No")
    if isinstance(cell, int | float) and column["numeric"]:
        # Codes and years are whole numbers too: only longer ones that are not identifiers would need grouping.
        return formats.number(cell) if isinstance(cell, float) else str(cell)
    return str(cell)


def _notes(unit: str | None, left_out: int, missing: int, cut: bool) -> list[str]:
    notes = [_("In %(unit)s.", unit=named)] if (named := words.unit(unit)) else []
    if left_out:
        text = ngettext(
            "%(shown)s row is not drawn.", "%(shown)s rows are not drawn.", left_out, shown=formats.number(left_out)
        )
        notes.append(text)
    if missing:
        notes.append(
            ngettext("%(shown)s cell is empty.", "%(shown)s cells are empty.", missing, shown=formats.number(missing))
        )
    if cut:
        notes.append(_("Drawn without the lowest and the highest hundredth."))
    return notes


def _label(bar: dict[str, Any]) -> str:
    """A category's name, or the ends of a band of figures."""
    if "label" in bar:
        return str(bar["label"])
    low, high = float(bar["low"]), float(bar["high"])
    digits = 0 if high - low >= 2 else 1 if high - low >= 0.2 else 3
    return f"{formats.number(low, digits)}–{formats.number(high, digits)}"


def _short(label: str) -> str:
    return label if len(label) <= 8 else f"{label[:7]}…"
