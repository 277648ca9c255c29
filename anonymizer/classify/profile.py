"""A column as its distinct values and how often each occurs: all judging works on these, never on cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import polars as pl

from anonymizer.recognizers.width import FULL_WIDTH

Kind = Literal["text", "integer", "decimal", "date", "boolean", "empty"]

_NULLS: Final = ("", "null", "NULL", "NA", "N/A", "n/a", "nan", "NaN", "None", "\\N", "-", "--", "?", "无", "空")
_MOSTLY: Final = 0.98
_MOSTLY_DATES: Final = 0.85
"""Departments mix ways of writing a date, and no other column looks like one."""
_DAY: Final = (
    r"(?:19|20)\d{2}[-/.年](?:0?[1-9]|1[0-2])(?:[-/.月](?:0?[1-9]|[12]\d|3[01])日?)?月?"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?"
    r"|(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d{2}"
)
_CLOCK: Final = r"(?:[01]?\d|2[0-3])[:时点](?:[0-5]?\d(?:[:分][0-5]?\d(?:\.\d{1,9})?)?)?[分秒]?(?:Z|[+-]\d{2}:?\d{2})?"
_SHAPES: Final[tuple[tuple[Kind, str], ...]] = (
    ("integer", r"^[+-]?\d{1,19}$"),
    ("decimal", r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?%?$"),
    ("date", rf"^(?:{_DAY})?[T ]{{0,2}}(?:{_CLOCK})?$"),
)


@dataclass(frozen=True)
class Profile:
    """One column. `values` holds the distinct non-empty cells as folded text, `raw` the same as given, `counts` how
    often each occurs."""

    name: str
    dtype: str
    rows: int
    nulls: int
    raw: pl.Series
    values: pl.Series
    counts: pl.Series
    kind: Kind

    @property
    def cells(self) -> int:
        """Cells that are not empty."""
        return self.rows - self.nulls

    @property
    def distinct(self) -> int:
        """Number of distinct non-empty values."""
        return len(self.values)

    @property
    def distinct_share(self) -> float:
        """1.0 where every non-empty cell is different."""
        return self.distinct / self.cells if self.cells else 0.0

    @cached_property
    def mean_length(self) -> float:
        """Mean length of a cell in code points."""
        if not self.cells:
            return 0.0
        return float((self.values.str.len_chars().cast(pl.Int64) * self.counts).sum()) / self.cells

    @cached_property
    def longest(self) -> int:
        """The longest value in code points."""
        longest = self.values.str.len_chars().max()
        return longest if isinstance(longest, int) else 0

    def count(self, mask: pl.Series) -> int:
        """Cells whose value has `mask` true."""
        return int(self.counts.filter(mask).sum())

    def share(self, mask: pl.Series) -> float:
        """Share of non-empty cells whose value has `mask` true."""
        return self.count(mask) / self.cells if self.cells else 0.0

    def fits(self, pattern: str) -> float:
        """Share of non-empty cells that fit an anchored pattern."""
        return self.share(self.values.str.contains(pattern))


def profile(column: pl.Series) -> Profile:
    """Count a column's distinct values and tell its kind."""
    dtype = column.dtype
    text = column if dtype == pl.String else _as_text(column)
    counted = text.value_counts(name="#n").drop_nulls(text.name)
    values, counts = counted.to_series(0).rename("v"), counted.to_series(1).cast(pl.Int64)
    empty = values.str.strip_chars().is_in(_NULLS)
    if empty.any():
        values, counts = values.filter(~empty), counts.filter(~empty)
    folded = values
    if dtype == pl.String:
        wide = values.str.contains("[\uff01-\uff5e\u3000\u00a0\u2010-\u2014]").any()
        folded = (values.str.replace_many(FULL_WIDTH) if wide else values).str.strip_chars()
    cells = int(counts.sum())
    return Profile(
        name=column.name,
        dtype=str(dtype),
        rows=len(column),
        nulls=len(column) - cells,
        raw=values,
        values=folded,
        counts=counts,
        kind=_kind(dtype, folded, counts, cells),
    )


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_temporal() and column.dtype != pl.Duration:
        return column.dt.to_string("iso:strict") if column.dtype == pl.Datetime else column.dt.to_string("iso")
    return column.cast(pl.String, strict=False)


def _kind(dtype: pl.DataType, values: pl.Series, counts: pl.Series, cells: int) -> Kind:
    if not cells:
        return "empty"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "decimal"
    if dtype.is_temporal():
        return "date"
    sample = values.head(200)
    for kind, pattern in _SHAPES:
        if sample.str.contains(pattern).mean() in (0, None):
            continue
        fitting = int(counts.filter(values.str.contains(pattern)).sum())
        if fitting >= (_MOSTLY_DATES if kind == "date" else _MOSTLY) * cells:
            return kind
    return "text"
