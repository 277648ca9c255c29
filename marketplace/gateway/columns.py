"""The columns of a copy in memory, for aggregates: numbers as arrays, all else as places in a sorted dictionary.

A column is read from the copy when it is first asked for and then kept; it is never changed. Nothing
about groups or sums is kept: every aggregate is computed from the rows.
"""

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from marketplace.gateway.copies import Column, Copy

READ_ROWS = 100_000
MOST_BYTES = 2 << 30
"""Columns are kept in memory up to so much in a process."""
UNITS = ("year", "quarter", "month", "week", "day", "hour")
_EVERY = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h"}
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of integers, numbers or moments (microseconds). `missing` None: every row has a value."""

    values: npt.NDArray[Any]
    missing: Mask | None

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return self.values.nbytes + (0 if self.missing is None else self.missing.nbytes)


@dataclass(frozen=True, slots=True)
class Codes:
    """A column as places in `labels`, which are sorted; a row without a value has the place after the last."""

    places: npt.NDArray[np.int32]
    labels: list[Any]

    @property
    def size(self) -> int:
        """Bytes it holds, labels guessed."""
        return self.places.nbytes + 100 * len(self.labels)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition on one published column, its values as the copy stores them. `operator`: eq, ne, gt, gte, lt,
    lte, in, null (value: whether it is missing)."""

    column: Column
    operator: str
    values: tuple[Any, ...]


class Columns:
    """The columns of one copy; `size` in bytes. Thread-safe."""

    def __init__(self, copy: Copy, zone: ZoneInfo) -> None:
        self.copy, self._zone = copy, zone
        self.size = 0
        self._lock = threading.Lock()
        self._numbers: dict[str, Numbers] = {}
        self._codes: dict[tuple[str, str], Codes] = {}

    def has(self, names: Sequence[tuple[Column, str | None]]) -> bool:
        """Whether all of these are in memory: as numbers (None), else as codes by the unit of time ("": none)."""
        return all(
            column.name in self._numbers if unit is None else (column.name, unit) in self._codes
            for column, unit in names
        )

    def numbers(self, column: Column) -> Numbers:
        """A column of integers, numbers, truths or moments as an array."""
        found = self._numbers.get(column.name)
        if found is None:
            series = self._read(column)
            missing = series.is_null().to_numpy() if series.null_count() else None
            found = Numbers(series.fill_null(0).to_numpy(), missing)
            self._keep(self._numbers, column.name, found)
        return found

    def codes(self, column: Column, unit: str = "") -> Codes:
        """A column as codes; dates and moments by a `unit` of time, cut in the city's time zone."""
        found = self._codes.get((column.name, unit))
        if found is None:
            series = self._read(column)
            found = _encode(self._cut(series, column, unit) if unit else series)
            self._keep(self._codes, (column.name, unit), found)
        return found

    def mask(self, conditions: Sequence[Comparison]) -> Mask | None:
        """Which rows all conditions hold for; None: for all."""
        mask: Mask | None = None
        for condition in conditions:
            held = self._holds(condition)
            mask = held if mask is None else np.logical_and(mask, held, out=mask)
        return mask

    def _holds(self, condition: Comparison) -> Mask:
        held: Mask
        if condition.column.kind in ("text", "date"):
            held = _code_mask(self.codes(condition.column), condition)
        else:
            held = _number_mask(self.numbers(condition.column), condition)
        return held

    def _read(self, column: Column) -> pl.Series:
        kind = {"text": pl.String, "date": pl.String, "number": pl.Float64}.get(column.kind, pl.Int64)
        parts = [
            pl.Series([row[0] for row in rows], dtype=kind)
            for rows in self.copy.stream(f"SELECT {column.sql} FROM rows ORDER BY _id", [], READ_ROWS)  # noqa: S608
        ]
        return pl.concat(parts) if parts else pl.Series([], dtype=kind)

    def _cut(self, series: pl.Series, column: Column, unit: str) -> pl.Series:
        if column.kind == "date":
            moments = series.str.to_date().cast(pl.Datetime("us"))
        elif column.zoned:
            moments = series.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(str(self._zone))
        else:
            moments = series.cast(pl.Datetime("us"))
        start = moments.dt.truncate(_EVERY[unit])
        if unit == "hour":
            return start.dt.strftime("%Y-%m-%dT%H:00:00%:z" if column.zoned else "%Y-%m-%dT%H:00:00")
        return start.dt.strftime("%Y-%m-%d")

    def _keep(self, where: "dict[Any, Any]", name: Any, found: Numbers | Codes) -> None:
        with self._lock:
            where[name] = found
            self.size = sum(one.size for kept in (self._numbers, self._codes) for one in kept.values())


class Shelved:
    """The columns of all copies of this process, those asked for last kept longest. Thread-safe."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, Columns] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(columns.size for columns in list(self._kept.values()))

    def of(self, copy: Copy) -> Columns:
        """The columns of a copy; those of an earlier copy at the same place are let go."""
        with self._lock:
            found = self._kept.get(copy.path)
            if found is None or found.copy is not copy:
                found = self._kept[copy.path] = Columns(copy, self._zone)
            self._kept.move_to_end(copy.path)
            return found

    def let_go(self) -> None:
        """Forget columns whose copy is gone, and beyond `MOST_BYTES` those not asked for the longest."""
        with self._lock:
            total = self.size
            for path, columns in list(self._kept.items()):
                if total > MOST_BYTES or not path.exists():
                    total -= columns.size
                    del self._kept[path]


def _encode(series: pl.Series) -> Codes:
    labels = series.drop_nulls().unique().sort()
    codes = pl.Series(range(len(labels)), dtype=pl.Int32)
    places = series.replace_strict(labels, codes, default=len(labels), return_dtype=pl.Int32)
    return Codes(np.ascontiguousarray(places.to_numpy()), labels.to_list())


def _code_mask(codes: Codes, condition: Comparison) -> Any:
    places, labels, none = codes.places, codes.labels, len(codes.labels)
    match condition.operator:
        case "null":
            return places == none if condition.values[0] else places != none
        case "in":
            wanted = np.zeros(none + 1, dtype=np.bool_)
            for value in condition.values:
                wanted[bisect_left(labels, value) : bisect_right(labels, value)] = True
            return wanted[places]
    first, after = bisect_left(labels, condition.values[0]), bisect_right(labels, condition.values[0])
    match condition.operator:
        case "eq":
            return (places == first) if after > first else np.zeros(len(places), dtype=np.bool_)
        case "ne":
            return (places != first) if after > first else np.ones(len(places), dtype=np.bool_)
        case "gt" | "gte":
            return (places >= (after if condition.operator == "gt" else first)) & (places != none)
        case _:
            return places < (first if condition.operator == "lt" else after)


def _number_mask(numbers: Numbers, condition: Comparison) -> Any:
    values, missing = numbers.values, numbers.missing
    if condition.operator == "null":
        absent = np.zeros(len(values), dtype=np.bool_) if missing is None else missing
        return absent.copy() if condition.values[0] else ~absent
    wanted = condition.values[0]
    match condition.operator:
        case "in":
            held = np.isin(values, np.array(condition.values))
        case "eq":
            held = values == wanted
        case "ne":
            held = values != wanted
        case "gt":
            held = values > wanted
        case "gte":
            held = values >= wanted
        case "lt":
            held = values < wanted
        case _:
            held = values <= wanted
    if missing is None:
        return held
    return held | missing if condition.operator == "ne" else held & ~missing
