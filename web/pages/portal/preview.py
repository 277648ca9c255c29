"""The preview of a release as the page shows it: a table of its first rows, a map, charts with what they tell."""

import csv
import io
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
            if len(found["bars"]) > 1 and not self._is_place(found["column"]) and not self._is_number(found["column"])
        ]
        usable.sort(key=_interest)
        return [self._chart(found) for found in usable[:most]]

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
    return (1, 0) if found["kind"] == "histogram" else (2, -len(found["bars"]))


def _with_unit(title: str, unit: str | None) -> str:
    return f"{title} {unit}" if unit else title


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
    notes = [_("In %(unit)s.", unit=unit)] if unit else []
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
