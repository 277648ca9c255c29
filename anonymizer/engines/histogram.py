"""The weighted histogram of quasi-identifier combinations: all that the search looks at.

The table is read once to count and once to apply, whatever the search does between. Another engine (larger
than memory, or distributed) has to give this histogram and to join its recoding back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.hierarchies import EncodedColumn
from anonymizer.models import DistinctCount, Requirement, Requirements

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_KEYS = 2**62


@dataclass(frozen=True)
class Histogram:
    """Distinct combinations of leaves. ``leaf[combination, column]``; ``rows`` per combination; ``usable``
    may be published."""

    columns: tuple[EncodedColumn, ...]
    leaf: IntArray
    combination_of_row: IntArray
    rows: IntArray
    requirements: Requirements
    usable: BoolArray

    @property
    def combinations(self) -> int:
        """Number of distinct combinations."""
        return len(self.rows)

    @property
    def total_rows(self) -> int:
        """Rows of the table."""
        return int(self.rows.sum())

    @property
    def total_subjects(self) -> int:
        """Distinct subjects of the table."""
        return self.subjects_in(np.arange(self.combinations, dtype=np.int64))

    def subjects_in(self, combination: IntArray) -> int:
        """Distinct subjects that have a row in one of these combinations."""
        if len(combination) == 0:
            return 0
        together = np.zeros(len(combination), dtype=np.int64)
        return int(self.requirements.subjects.count(combination, together, 1)[0])


@dataclass(frozen=True)
class Demand:
    """One requirement before the histogram exists: ``thing`` per row (None: every row is one)."""

    name: str
    threshold: int
    thing: IntArray | None
    column: str | None = None


def build(
    columns: Sequence[EncodedColumn], rows: int, demands: Sequence[Demand], *, suppress_missing: bool
) -> Histogram:
    """Count the combinations of a table of ``rows`` rows. Without columns all rows are one combination."""
    leaf, combination_of_row = _combine(columns, rows)
    combinations = len(leaf)
    counts = np.bincount(combination_of_row, minlength=combinations).astype(np.int64)
    items = tuple(
        Requirement(
            demand.name,
            demand.threshold,
            DistinctCount.of_rows(counts)
            if demand.thing is None
            else DistinctCount.of_pairs(combination_of_row, demand.thing, combinations),
            demand.column,
        )
        for demand in demands
    )
    usable = np.ones(combinations, dtype=bool)
    if suppress_missing:
        for place, column in enumerate(columns):
            if column.tree.missing is not None:
                usable &= leaf[:, place] != column.tree.missing
    return Histogram(tuple(columns), leaf, combination_of_row, counts, Requirements(items), usable)


def _combine(columns: Sequence[EncodedColumn], rows: int) -> tuple[IntArray, IntArray]:
    if not columns or rows == 0:
        return np.zeros((min(rows, 1), len(columns)), dtype=np.int64), np.zeros(rows, dtype=np.int64)
    key = np.zeros(rows, dtype=np.int64)
    space = 1
    for column in columns:
        if space * column.tree.leaves >= _KEYS:
            _, key = _number(key)
            space = int(key.max()) + 1
        key = key * column.tree.leaves + column.leaf
        space *= column.tree.leaves
    first, combination_of_row = _number(key)
    leaf = np.stack([column.leaf[first] for column in columns], axis=1).astype(np.int64)
    return leaf, combination_of_row


def _number(key: IntArray) -> tuple[IntArray, IntArray]:
    """First row of each distinct key, in rising order of keys, and each row's place among them."""
    counted = (
        pl.DataFrame({"key": key})
        .with_row_index("row")
        .group_by("key")
        .agg(pl.col("row").first().cast(pl.Int64))
        .sort("key")
    )
    distinct = counted.get_column("key").to_numpy()
    return counted.get_column("row").to_numpy(), np.searchsorted(distinct, key).astype(np.int64)
