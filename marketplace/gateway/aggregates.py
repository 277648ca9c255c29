"""Groups and their figures: `group_by=district,opened:month&measures=count,avg:fee,quantile:fee:0.9`.

Filters are those of `/records`. `group_by` names up to four fields, dates and times with a unit (year, quarter,
month, week, day, hour; cut in the city's time zone, a week begins on Monday). `measures`: `count` (rows), `count:f`
(rows with a value), `distinct:f`, `sum:f`, `avg:f`, `min:f`, `max:f`, `quantile:f:0.9` (linear between neighbours,
Hyndman and Fan's type 7). `sort` by a group or measure, `limit` (1 to 1,000), `offset`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from marketplace.gateway import filters, query
from marketplace.gateway.columns import UNITS, Codes, Columns
from marketplace.gateway.copies import Column
from marketplace.gateway.errors import BadAggregate, at
from marketplace.gateway.fields import Fields
from marketplace.gateway.representations import shown, write_csv

MOST_GROUPINGS = 4
MOST_MEASURES = 16
MOST_GROUPS = 1_000_000
QUICK_ROWS = 200_000
QUICK_GROUPS = 4096
"""Up to so many rows and groups, columns in memory are summed in about a millisecond: the event loop does it."""
MEASURES = ("count", "distinct", "sum", "avg", "min", "max", "quantile")
_CONTROLS = ("group_by", "measures", "sort", "limit", "offset", "release", "format")
_NUMERIC = ("integer", "number")
_SORTED = ("distinct", "quantile")
_EXACT = 2.0**53
_MOST_COMBINED = 2**62
_LONGEST = 2**63
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """One part of the key: a column, for times with a unit."""

    name: str
    column: Column
    unit: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure a group; `column` None: rows are counted."""

    name: str
    function: str
    column: Column | None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What is asked."""

    groupings: tuple[Grouping, ...]
    measures: tuple[Measure, ...]
    conditions: filters.Conditions
    sort: tuple[tuple[str, bool], ...]
    limit: int
    offset: int

    def quick(self, columns: Columns) -> bool:
        """Whether it can be computed on the event loop: a small table, few groups, nothing to sort, all columns in
        memory."""
        if self.conditions.compared is None or columns.copy.rows > QUICK_ROWS:
            return False
        if any(measure.function in _SORTED for measure in self.measures):
            return False
        needed: list[tuple[Column, str | None]] = [(part.column, part.unit) for part in self.groupings]
        needed += [(c.column, "" if c.column.kind in ("text", "date") else None) for c in self.conditions.compared]
        needed += [(m.column, _unit(m)) for m in self.measures if m.column is not None]
        if not columns.has(needed):
            return False
        return _combinations([columns.codes(part.column, part.unit) for part in self.groupings]) <= QUICK_GROUPS

    @property
    def names(self) -> list[str]:
        """The fields of the answer."""
        return [part.name for part in self.groupings] + [measure.name for measure in self.measures]


def _unit(measure: Measure) -> str | None:
    assert measure.column is not None, "asked for measures of a column"
    return "" if measure.function == "distinct" or measure.column.kind in ("text", "date") else None


def parse(parameters: Sequence[tuple[str, str]], fields: Fields) -> Aggregate:
    """Read the parameters of `/aggregate`. Raises the 422 errors of this package, each naming its parameter."""
    controls, conditions = filters.read_conditions(parameters, fields, _CONTROLS)
    groupings = _groupings(controls.get("group_by", ""), fields)
    measures = _measures(controls.get("measures", "count"), fields)
    names = {part.name for part in groupings} | {measure.name for measure in measures}
    sort: list[tuple[str, bool]] = []
    for part in filter(None, controls.get("sort", "").split(",")):
        if part.removeprefix("-") not in names:
            raise at(BadAggregate, "sort", f"Groups are sorted by what the answer has: {', '.join(sorted(names))}.")
        sort.append((part.removeprefix("-"), part.startswith("-")))
    return Aggregate(
        groupings,
        measures,
        conditions,
        tuple(sort),
        query.whole(controls, "limit", 1, query.MOST_ROWS, query.USUAL_ROWS),
        query.whole(controls, "offset", 0, MOST_GROUPS, 0),
    )


def _groupings(text: str, fields: Fields) -> tuple[Grouping, ...]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if len(parts) > MOST_GROUPINGS or len(set(parts)) < len(parts):
        raise at(BadAggregate, "group_by", f"At most {MOST_GROUPINGS} different fields can be grouped by.")
    found = []
    for part in parts:
        name, _, unit = part.partition(":")
        column = _published(name, "group_by", fields)
        if unit and (unit not in UNITS or column.kind not in ("date", "timestamp")):
            raise at(BadAggregate, "group_by", f"Dates and times can be cut by {', '.join(UNITS)}; not {part!r}.")
        if unit == "hour" and column.kind == "date":
            raise at(BadAggregate, "group_by", f"{name!r} is a date; it has no hours.")
        found.append(Grouping(part, column, unit))
    return tuple(found)


def _measures(text: str, fields: Fields) -> tuple[Measure, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_MEASURES or len(set(parts)) < len(parts):
        raise at(BadAggregate, "measures", f"At most {MOST_MEASURES} different measures can be asked for.")
    found = []
    for part in parts:
        function, _, rest = part.partition(":")
        name, _, share = rest.partition(":")
        if function not in MEASURES or (not name and function != "count"):
            raise at(
                BadAggregate,
                "measures",
                "A measure is count, count:field, distinct:field, sum:field, avg:field, min:field, max:field or "
                "quantile:field:0.9.",
            )
        column = _published(name, "measures", fields) if name else None
        if column and function in ("sum", "avg", "quantile") and column.kind not in _NUMERIC:
            raise at(BadAggregate, "measures", f"{name!r} is no number; it can be counted, or have its min and max.")
        found.append(Measure(part, function, column, _share(share, function)))
    return tuple(found)


def _published(name: str, parameter: str, fields: Fields) -> Column:
    """The column of that name; what is published as a range has no values of its own."""
    ranged = fields.ranges.get(name)
    if ranged is None:
        return fields.column(name, parameter)
    ends = ", ".join(column.name for column in (ranged.low, ranged.high, ranged.code) if column is not None)
    raise at(BadAggregate, parameter, f"{name!r} is published generalised; take {ends}.")


def _share(text: str, function: str) -> float:
    try:
        share = float(text) if text else 0.5
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0 or (text and function != "quantile"):
        raise at(BadAggregate, "measures", "A quantile is a number from 0 to 1, as in quantile:field:0.9.")
    return share


def compute(asked: Aggregate, columns: Columns) -> tuple[list[list[Any]], int]:
    """The groups asked for, each as its key and figures, and how many groups there are in all."""
    chosen = _chosen(asked, columns)
    groups, keys = _grouped(asked, columns, chosen)
    counts = np.bincount(groups, minlength=len(keys))
    figures = [
        _shown_figures(measure, _figures(measure, columns, chosen, groups, len(keys), counts))
        for measure in asked.measures
    ]
    rows = [[*key, *values] for key, *values in zip(keys, *figures, strict=True)]
    for name, descending in reversed(asked.sort):
        place = asked.names.index(name)
        rows.sort(key=lambda row, place=place: (row[place] is not None, row[place]), reverse=descending)  # type: ignore[misc]
    return rows[asked.offset : asked.offset + asked.limit], len(rows)


def _chosen(asked: Aggregate, columns: Columns) -> Places | None:
    """The places of the rows that the conditions hold for; None: all rows."""
    if asked.conditions.compared is not None:
        mask = columns.mask(asked.conditions.compared)
        return None if mask is None else np.flatnonzero(mask)
    sql, values = asked.conditions.ids_sql()
    return np.array([row[0] - 1 for row in columns.copy.query(sql, values)], dtype=np.int64)


def _grouped(asked: Aggregate, columns: Columns, chosen: Places | None) -> tuple[Places, list[tuple[Any, ...]]]:
    """Each row's group, numbered from 0 in the order of keys, and the keys."""
    rows = columns.copy.rows if chosen is None else len(chosen)
    if not asked.groupings:
        return np.zeros(rows, dtype=np.int64), [()]
    parts = [columns.codes(part.column, part.unit) for part in asked.groupings]
    size = _combinations(parts)
    if size > _MOST_COMBINED:
        together = np.stack([_at(part.places, chosen) for part in parts])
        kinds, groups = np.unique(together, axis=1, return_inverse=True)
        return groups.reshape(-1), _keys(asked.groupings, parts, list(kinds))
    combined: Places | npt.NDArray[np.int32] = _at(parts[0].places, chosen)
    for part in parts[1:]:
        combined = combined.astype(np.int64) * (len(part.labels) + 1) + _at(part.places, chosen)
    if size <= max(QUICK_GROUPS, 2 * rows):
        present = np.flatnonzero(np.bincount(combined, minlength=size))
        numbers = np.zeros(size, dtype=np.int64)
        numbers[present] = np.arange(len(present))
        groups = numbers[combined]
    else:
        present, groups = np.unique(combined, return_inverse=True)
    places: list[Places] = []
    for part in reversed(parts):
        present, place = np.divmod(present, len(part.labels) + 1)
        places.insert(0, place)
    return groups, _keys(asked.groupings, parts, places)


def _combinations(parts: Sequence[Codes]) -> int:
    """How many keys there could be, a missing value being one of each part."""
    return math.prod(len(part.labels) + 1 for part in parts)


def _keys(groupings: Sequence[Grouping], parts: Sequence[Codes], places: Sequence[Places]) -> list[tuple[Any, ...]]:
    """The keys as answers show them, from the places of their labels."""
    if len(places[0]) > MOST_GROUPS:
        told = f"This makes {len(places[0]):,} groups; at most {MOST_GROUPS:,} are computed."
        raise at(BadAggregate, "group_by", told)
    shown_parts: list[list[Any]] = []
    for grouping, part, place in zip(groupings, parts, places, strict=True):
        labels = list(part.labels) if grouping.unit else _shown(part.labels, grouping.column)
        labels.append(None)
        shown_parts.append([labels[i] for i in place.tolist()])
    return list(zip(*shown_parts, strict=True))


def _at(values: npt.NDArray[Any], chosen: Places | None) -> npt.NDArray[Any]:
    return values if chosen is None else values[chosen]


def _shown(values: Sequence[Any], column: Column) -> list[Any]:
    return [shown((value,), (column,))[0] for value in values]


def _shown_figures(measure: Measure, values: list[Any]) -> list[Any]:
    if measure.column is None or measure.function not in ("min", "max"):
        return values
    return _shown(values, measure.column)


def _figures(
    measure: Measure, columns: Columns, chosen: Places | None, groups: Places, size: int, counts: Places
) -> list[Any]:
    column = measure.column
    if column is None:
        told: list[Any] = counts.tolist()
        return told
    labels: list[Any] | None = None
    if _unit(measure) is not None:
        codes = columns.codes(column)
        values, labels = _at(codes.places, chosen), codes.labels
        missing = values == len(labels)
    else:
        numbers = columns.numbers(column)
        values = _at(numbers.values, chosen)
        missing = None if numbers.missing is None else _at(numbers.missing, chosen)
    if missing is not None and missing.any():
        values, groups = values[~missing], groups[~missing]
        counts = np.bincount(groups, minlength=size)
    if measure.function == "count":
        return list(counts.tolist())
    if measure.function == "distinct":
        pairs = np.unique(groups * (len(labels or ()) + 1) + values)
        return list(np.bincount(pairs // (len(labels or ()) + 1), minlength=size).tolist())
    if measure.function in ("sum", "avg"):
        sums = _sums(values, groups, size)
        if measure.function == "sum":
            return [value if n else None for value, n in zip(sums, counts.tolist(), strict=True)]
        return [value / n if n and value is not None else None for value, n in zip(sums, counts.tolist(), strict=True)]
    if measure.function in ("min", "max"):
        ends = _ends(values, groups, size, measure.function)
        return [(labels[end] if labels else end) if n else None for end, n in zip(ends, counts.tolist(), strict=True)]
    ordered = values[np.lexsort((values, groups))]
    stops = np.cumsum(counts).tolist()
    return [
        _quantile(ordered, stop - n, stop, measure.share) if n else None
        for stop, n in zip(stops, counts.tolist(), strict=True)
    ]


def _sums(values: npt.NDArray[Any], groups: Places, size: int) -> list[Any]:
    """The sum of each group; of integers exactly. A sum that no number can say is missing."""
    if values.dtype.kind != "i":
        sums = np.bincount(groups, weights=values, minlength=size)
        return [value if math.isfinite(value) else None for value in sums.tolist()]
    if len(values) == 0 or max(abs(int(values.min())), abs(int(values.max()))) * len(values) < _EXACT:
        return [int(value) for value in np.bincount(groups, weights=values, minlength=size).tolist()]
    exact = [0] * size
    for group, value in zip(groups.tolist(), values.tolist(), strict=True):
        exact[group] += value
    return exact


def _ends(values: npt.NDArray[Any], groups: Places, size: int, function: str) -> list[Any]:
    """The least or greatest value of each group; where a group has none, anything."""
    found = np.zeros(size, dtype=values.dtype)
    found[groups] = values
    (np.minimum if function == "min" else np.maximum).at(found, groups, values)
    return list(found.tolist())


def _quantile(values: npt.NDArray[Any], start: int, end: int, share: float) -> float:
    place = share * (end - start - 1)
    low = int(place)
    here = float(values[start + low])
    if low == place:
        return here
    return here + (float(values[start + low + 1]) - here) * (place - low)


def body(asked: Aggregate, groups: list[list[Any]], total: int, version: str, sample: bool) -> tuple[bytes, bytes]:
    """The JSON before and after the receipt."""
    head: dict[str, Any] = {"release": version} | ({"sample": True} if sample else {})
    names = asked.names
    if any(measure.function == "sum" for measure in asked.measures):
        groups = [[_json(value) for value in group] for group in groups]
    head |= {"groups": [dict(zip(names, group, strict=True)) for group in groups], "total": total}
    return orjson.dumps(head)[:-1] + b',"receipt":', b"}"


def _json(value: Any) -> Any:
    """A sum may be a larger integer than orjson writes by itself."""
    return orjson.Fragment(str(value)) if isinstance(value, int) and not -_LONGEST <= value < _LONGEST else value


def csv_body(asked: Aggregate, groups: list[list[Any]]) -> bytes:
    """The same as CSV."""
    return write_csv(asked.names, groups)
