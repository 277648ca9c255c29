"""The weighted histogram of quasi-identifier combinations: all that the search looks at.

The table is read once to count and once to apply, whatever the search does between. Another engine (larger
than memory, or distributed) has to give this histogram and to join its recoding back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from anonymizer.hierarchies import EncodedColumn
from anonymizer.models import DistinctCount, Households, Requirements, SensitiveRequirement, ValueCounts
from contracts.privacy import SensitiveModel

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Histogram:
    """Distinct combinations of leaves.

    ``leaf[combination, column]``; ``rows`` per combination; ``usable`` may be published. ``columns`` have given up
    their leaf per row. The last ``unpublished`` columns are not shown: they only keep combinations apart, and lose
    nothing.
    """

    columns: tuple[EncodedColumn, ...]
    leaf: IntArray
    combination_of_row: npt.NDArray[np.int32]
    rows: IntArray
    requirements: Requirements
    usable: BoolArray
    unpublished: int = 0

    @property
    def shown(self) -> int:
        """Number of columns that a release shows."""
        return len(self.columns) - self.unpublished

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
    """What is asked of classes before the histogram exists.

    ``subject`` numbers each row's subject (None: every row is one). ``sensitive`` holds per model the row's value,
    numbered from 0 in the column's order; ``household`` the row's household (-1: its subject lives alone), None where
    nobody's is known.
    """

    subject: IntArray | None
    k: int
    average_risk: float | None = None
    sensitive: Sequence[tuple[SensitiveModel, IntArray]] = ()
    household: IntArray | None = None
    household_risk: float | None = None
    asked: str = ""


def build(columns: Sequence[EncodedColumn], rows: int, demand: Demand, *, suppress_missing: bool) -> Histogram:
    """Count the combinations of a table of ``rows`` rows. Without columns all rows are one combination."""
    leaf, combination_of_row = _combine(columns, rows)
    combinations = len(leaf)
    counts = np.bincount(combination_of_row, minlength=combinations).astype(np.int64)
    requirements = _requirements(demand, combination_of_row, counts)
    usable = np.ones(combinations, dtype=bool)
    if suppress_missing:
        for place, column in enumerate(columns):
            if column.tree.missing is not None:
                usable &= leaf[:, place] != column.tree.missing
    # From here on combinations stand for rows.
    columns = [replace(column, leaf=column.leaf[:0].copy()) for column in columns]
    return Histogram(tuple(columns), leaf, combination_of_row, counts, requirements, usable)


def split(histogram: Histogram, group_of_row: IntArray, groups: int, demand: Demand) -> Histogram:
    """The same table with every combination divided by its rows' groups (numbered below ``groups``)."""
    first, place = rows_alike([histogram.combination_of_row, group_of_row], [histogram.combinations, groups])
    before = histogram.combination_of_row[first]
    counts = np.bincount(place, minlength=len(first)).astype(np.int64)
    return replace(
        histogram,
        leaf=histogram.leaf[before],
        combination_of_row=place.astype(np.int32),
        rows=counts,
        requirements=_requirements(demand, place, counts),
        usable=histogram.usable[before],
    )


def _requirements(
    demand: Demand, combination_of_row: npt.NDArray[np.int32] | IntArray, counts: IntArray
) -> Requirements:
    combinations = len(counts)
    subject = demand.subject
    return Requirements(
        subjects=DistinctCount.of_rows(counts)
        if subject is None
        else DistinctCount.of_pairs(combination_of_row.astype(np.int64), subject, combinations),
        k=demand.k,
        average_risk=demand.average_risk,
        sensitive=tuple(
            SensitiveRequirement(
                model, ValueCounts.of(combination_of_row.astype(np.int64), value, subject, combinations)
            )
            for model, value in demand.sensitive
        ),
        households=None
        if demand.household is None
        else Households.of(combination_of_row.astype(np.int64), demand.household, subject, demand.household_risk),
        asked=demand.asked,
    )


def _combine(columns: Sequence[EncodedColumn], rows: int) -> tuple[IntArray, npt.NDArray[np.int32]]:
    if not columns or rows == 0:
        return np.zeros((min(rows, 1), len(columns)), dtype=np.int64), np.zeros(rows, dtype=np.int32)
    first, combination_of_row = rows_alike([column.leaf for column in columns], [c.tree.leaves for c in columns])
    leaf = np.stack([column.leaf[first] for column in columns], axis=1).astype(np.int64)
    return leaf, combination_of_row.astype(np.int32)


def rows_alike(columns: Sequence[npt.NDArray[np.int32] | IntArray], widths: Sequence[int]) -> tuple[IntArray, IntArray]:
    """First row of each distinct combination of several columns, in rising order, and each row's place among them.

    A column's numbers lie from 0 to below its width.
    """
    rows = len(columns[0])
    room = 1 << (62 - max(rows - 1, 1).bit_length())
    key = np.zeros(rows, dtype=np.int64)
    space = 1
    for column, width in zip(columns, widths, strict=True):
        if space * width >= room:
            _, key = number(key, space)
            space = int(key.max(initial=0)) + 1
        key *= width
        key += column
        space *= width
    return number(key, space)


def number(key: IntArray, space: int) -> tuple[IntArray, IntArray]:
    """First row of each distinct key, in rising order of keys, and each row's place among them.

    Keys lie below ``space``. Sorting keys with their row packed below them is several times quicker than sorting row
    numbers by key.
    """
    rows = len(key)
    bits = max(rows - 1, 1).bit_length()
    if space.bit_length() + bits > 62:
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        return first.astype(np.int64), place.reshape(-1).astype(np.int64)
    order, starts = in_order(key)
    place = np.empty(rows, dtype=np.int64)
    place[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=rows))
    return order[starts], place


def in_order(key: IntArray) -> tuple[IntArray, IntArray]:
    """Rows in rising order of their keys, and where in that order each distinct key begins.

    Keys leave room in 62 bits for the number of a row.
    """
    rows = len(key)
    bits = max(rows - 1, 1).bit_length()
    packed = key << bits
    packed |= np.arange(rows, dtype=np.int64)
    packed.sort()
    order = packed & ((1 << bits) - 1)
    packed >>= bits
    begins = np.empty(rows, dtype=bool)
    begins[:1] = True
    np.not_equal(packed[1:], packed[:-1], out=begins[1:])
    return order, np.flatnonzero(begins)
