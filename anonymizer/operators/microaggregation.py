"""Micro-aggregation: numbers replaced by the mean of a group of neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.operators.values import numeric
from contracts.errors import InvalidInput
from contracts.privacy import MicroAggregate

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def micro_aggregate(column: pl.Series, operator: MicroAggregate, subject: IntArray | None) -> pl.Series:
    """Every number as the mean of its group; missing stays missing.

    Groups are those of MDAV on one column (Domingo-Ferrer, Mateo-Sanz, *Practical data-oriented microaggregation for
    statistical disclosure control*, 2002): ``size`` from the end that is farthest from the mean, as many from the
    other, and again; what is left in the middle joins the last. Equal numbers are never parted, and ``size`` counts
    subjects (``subject`` per row, None: every row its own), so that a group may hold more. Raises where fewer subjects
    have a number.
    """
    numbers = numeric(column).cast(pl.Float64).fill_nan(None).to_numpy()
    there = np.flatnonzero(~np.isnan(numbers))
    if not len(there):
        return pl.Series(column.name, numbers, dtype=pl.Float64).fill_nan(None)
    values, place = np.unique(numbers[there], return_inverse=True)
    place = place.reshape(-1)
    rows = np.bincount(place, minlength=len(values))
    people = there if subject is None else subject[there]
    group = _groups(values, rows, _counter(place, people, len(values), operator.size), operator.size)
    if group is None:
        raise InvalidInput.at(
            f"columns/{column.name}/operator/size",
            f"Column {column.name!r}: fewer than {operator.size} subjects have a number: ask for a smaller group, or "
            "drop the column",
        )
    sums = np.bincount(group, weights=values * rows)
    means = np.round(sums / np.bincount(group, weights=rows), 10)
    shown = np.full(len(numbers), np.nan)
    shown[there] = means[group][place]
    return pl.Series(column.name, shown, dtype=pl.Float64).fill_nan(None)


def _counter(
    place: npt.NDArray[np.intp], people: IntArray, values: int, size: int
) -> Callable[[int, int, int], int | None]:
    """How many values from ``start`` on, upwards or downwards, hold ``size`` subjects before ``end``; None: too few."""
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(values + 1))
    owners = people[order]

    def taken(start: int, end: int, step: int) -> int | None:
        seen: set[int] = set()
        for number in range(start, end, step):
            seen.update(owners[starts[number] : starts[number + 1]].tolist())
            if len(seen) >= size:
                return abs(number - start) + 1
        return None

    return taken


def _groups(
    values: FloatArray, rows: npt.NDArray[np.intp], taken: Callable[[int, int, int], int | None], size: int
) -> IntArray | None:
    """The group of each distinct value; None where all together are too few."""
    group = np.empty(len(values), dtype=np.int64)
    sums = np.concatenate([[0.0], np.cumsum(values * rows)])
    counts = np.concatenate([[0], np.cumsum(rows)])
    low, high, made = 0, len(values), 0
    upper = False
    while low < high:
        if made % 2 == 0:  # the farthest from the mean begins a pair of groups
            mean = (sums[high] - sums[low]) / (counts[high] - counts[low])
            upper = bool(values[high - 1] - mean > mean - values[low])
        number = taken(high - 1, low - 1, -1) if upper else taken(low, high, 1)
        if number is None:
            if made == 0:
                return None
            group[low:high] = made - 1
            break
        if upper:
            group[high - number : high] = made
            high -= number
        else:
            group[low : low + number] = made
            low += number
        made += 1
        upper = not upper
    return group
