"""How much the sensitive values of a group vary, and how far they are from those of the whole.

Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam: l-diversity (2007); Li, Li, Venkatasubramanian: t-closeness (2007).
Every function gives one figure per group; a group without entries varies not at all and is at no distance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from anonymizer.models.counts import Grouped

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def distinct(grouped: Grouped) -> FloatArray:
    """Different values."""
    return np.bincount(grouped.group, minlength=grouped.groups).astype(np.float64)


def entropy(grouped: Grouped) -> FloatArray:
    """e to the power of the entropy: l-diverse by entropy for all l up to it."""
    total = grouped.totals
    share = grouped.count / total[grouped.group]
    summed = np.bincount(grouped.group, weights=-share * np.log(share), minlength=grouped.groups)
    return np.where(total > 0, np.exp(summed), 0.0)


def recursive(grouped: Grouped, l: int) -> FloatArray:  # noqa: E741 - the name the literature gives the parameter
    """The most frequent value's count over that of all but the l - 1 most frequent: (c, l)-diverse for every c above
    it. Infinite where fewer than l values occur."""
    order = np.lexsort((-grouped.count, grouped.group))
    group, count = grouped.group[order], grouped.count[order]
    first = np.searchsorted(group, np.arange(grouped.groups))
    rank = np.arange(len(group)) - first[group]
    rest = np.bincount(group, weights=np.where(rank >= l - 1, count, 0), minlength=grouped.groups)
    most = np.zeros(grouped.groups)
    most[group[rank == 0]] = count[rank == 0]
    return np.asarray(np.divide(most, rest, out=np.full(grouped.groups, np.inf), where=rest > 0))


def equal_distance(grouped: Grouped) -> FloatArray:
    """Earth mover's distance to the whole when all values are equally far apart: half the sum of differences."""
    total = grouped.totals
    whole = _whole(grouped)
    above = np.maximum(grouped.count / total[grouped.group] - whole[grouped.value], 0.0)
    return np.bincount(grouped.group, weights=above, minlength=grouped.groups).astype(np.float64)


def ordered_distance(grouped: Grouped) -> FloatArray:
    """Earth mover's distance to the whole when values lie at equal steps along the column's order.

    That is the mean over the m - 1 borders between values of how much the shares below the border differ. Between two
    values that occur in a group its own share stays the same, so each such stretch is summed at once.
    """
    if grouped.values < 2:
        return np.zeros(grouped.groups)
    below = np.cumsum(_whole(grouped))[:-1]
    summed = np.concatenate([[0.0], np.cumsum(below)])
    total = grouped.totals
    running = np.cumsum(grouped.count)
    last = np.r_[grouped.group[1:] != grouped.group[:-1], True] if len(running) else np.empty(0, dtype=bool)
    first = np.r_[True, last[:-1]] if len(running) else last
    start = np.maximum.accumulate(np.where(first, np.arange(len(running)), 0))
    own = (running - (running[start] - grouped.count[start])) / total[grouped.group]
    following = np.where(last, grouped.values - 1, np.r_[grouped.value[1:], 0])
    borders = len(below)
    distance = _summed_gap(below, summed, own, np.minimum(grouped.value, borders), np.minimum(following, borders))
    # Before a group's first value its share is 0.
    distance = distance + np.where(first, summed[np.minimum(grouped.value, borders)], 0.0)
    return np.bincount(grouped.group, weights=distance, minlength=grouped.groups) / borders


def _summed_gap(below: FloatArray, summed: FloatArray, own: FloatArray, start: IntArray, end: IntArray) -> FloatArray:
    """Sum of |own - below[i]| for start ≤ i < end; ``below`` rises and ``summed`` are its running sums."""
    middle = np.clip(np.searchsorted(below, own), start, end)
    under = own * (middle - start) - (summed[middle] - summed[start])
    over = (summed[end] - summed[middle]) - own * (end - middle)
    return under + over


def _whole(grouped: Grouped) -> FloatArray:
    counts = np.bincount(grouped.value, weights=grouped.count, minlength=grouped.values)
    return counts / max(float(counts.sum()), 1.0)
