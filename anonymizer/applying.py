"""Applying a recoding: from cells per combination to the columns of the release, and to classes that look
alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.algorithms.recoding import Recoding
from anonymizer.engines import rows_alike
from anonymizer.hierarchies import PublishedColumn
from anonymizer.preparation import Prepared

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """Groups of combinations published alike.

    ``of_combination`` is -1 for suppressed combinations. ``cells[class, column]`` as the search gave them;
    ``published`` holds per quasi-identifier the release's columns with one entry per class. ``rows`` and
    ``subjects`` per class.
    """

    of_combination: IntArray
    cells: IntArray
    published: tuple[tuple[PublishedColumn, ...], ...]
    rows: IntArray
    subjects: IntArray

    def of_row(self, prepared: Prepared) -> npt.NDArray[np.int32]:
        """Each row's class, -1 where it is suppressed."""
        return self.of_combination.astype(np.int32)[prepared.histogram.combination_of_row]

    @property
    def fields(self) -> list[str]:
        """Names of the published quasi-identifier columns."""
        return [column.field.name for columns in self.published for column in columns]


def form_classes(prepared: Prepared, recoding: Recoding) -> Classes:
    """Group combinations by what the release shows of them (different cells may read the same)."""
    histogram = prepared.histogram
    kept = np.flatnonzero(~recoding.suppressed)
    cells, number = _distinct_rows(recoding.cells[kept])
    published = _publish(prepared, cells)
    names = [column.field.name for columns in published for column in columns]
    if names and len(cells):
        table = pl.DataFrame([column.values for columns in published for column in columns])
        merged = (
            table.with_row_index("__row")
            .group_by(names, maintain_order=True)
            .agg(pl.col("__row"))
            .get_column("__row")
            .to_list()
        )
        final = np.empty(len(cells), dtype=np.int64)
        for place, members in enumerate(merged):
            final[members] = place
        first = np.array([members[0] for members in merged], dtype=np.int64)
        cells, number = cells[first], final[number]
        published = _publish(prepared, cells)
    of_combination = np.full(histogram.combinations, -1, dtype=np.int64)
    of_combination[kept] = number
    count = len(cells)
    rows = np.bincount(number, weights=histogram.rows[kept], minlength=count).astype(np.int64)
    subjects = histogram.requirements.subjects.count(kept, number, count)
    return Classes(of_combination, cells, published, rows, subjects)


def _publish(prepared: Prepared, cells: IntArray) -> tuple[tuple[PublishedColumn, ...], ...]:
    return tuple(tuple(column.publish(cells[:, place])) for place, column in enumerate(prepared.quasi_identifiers))


def _distinct_rows(cells: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct rows of a matrix, and each row's place among them."""
    if not len(cells) or not cells.shape[1]:
        return cells[:1], np.zeros(len(cells), dtype=np.int64)
    first, place = rows_alike(list(cells.T), [int(column.max()) + 1 for column in cells.T])
    return cells[first], place


def raw_sizes(prepared: Prepared) -> IntArray:
    """Subjects in each group of rows alike in the raw quasi-identifiers, before anything is done."""
    histogram = prepared.histogram
    if all(column.faithful for column in prepared.quasi_identifiers):
        everything = np.arange(histogram.combinations, dtype=np.int64)
        first, group = raw_groups(prepared)
        return histogram.requirements.subjects.count(everything, group, len(first))
    names = [source for column in prepared.quasi_identifiers for source in column.sources]
    table = prepared.table.select(names)
    if prepared.subject is None:
        sizes = table.group_by(names).len().get_column("len")
    else:
        subject = pl.Series("__subject", prepared.subject)
        grouped = table.with_columns(subject).group_by(names).agg(pl.col("__subject").n_unique())
        sizes = grouped.get_column("__subject")
    return sizes.cast(pl.Int64).to_numpy()


def raw_groups(prepared: Prepared) -> tuple[IntArray, IntArray]:
    """A combination of each group whose leaves are the same, and each combination's group: itself, unless combinations
    were divided by more than their leaves."""
    histogram = prepared.histogram
    if prepared.searched is None:
        everything = np.arange(histogram.combinations, dtype=np.int64)
        return everything, everything
    return rows_alike(list(histogram.leaf.T), [column.tree.leaves for column in histogram.columns])


def linked_size(prepared: Prepared, classes: Classes) -> int | None:
    """Subjects in the smallest group whose rows lie in the same set of classes.

    Whoever can join a subject's rows by its pseudonym sees that set, not the classes one by one. None without
    subjects.
    """
    if prepared.subject is None:
        return None
    class_of_row = classes.of_combination[prepared.histogram.combination_of_row]
    kept = class_of_row >= 0
    if not kept.any():
        return None
    sets = (
        pl.DataFrame({"subject": prepared.subject[kept], "class": class_of_row[kept]})
        .unique()
        .sort("subject", "class")
        .group_by("subject", maintain_order=True)
        .agg(pl.col("class"))
        .select(pl.col("class").cast(pl.List(pl.String)).list.join(","))
    )
    smallest = sets.group_by("class").len().get_column("len").min()
    return int(smallest) if isinstance(smallest, int) else None
