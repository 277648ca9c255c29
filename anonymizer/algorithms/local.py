"""Local recoding: what already holds is released as it is, only the rest is cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from anonymizer.algorithms.mondrian import cut
from anonymizer.algorithms.recoding import Budget, Recoding, unreachable
from anonymizer.engines import Histogram

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def recode(histogram: Histogram, limit: float, *, missing_is_any: bool = False) -> Recoding:
    """Each combination at the finest cells found for it.

    Combinations that meet the requirements by themselves keep their leaves. The others are cut by
    :func:`anonymizer.algorithms.mondrian.cut`, apart for each combination of columns that cannot be
    generalised. Where what is left of such a part does not meet the requirements even as one class, released
    combinations join it, the smallest first; where that is not enough either, it is suppressed. With
    ``missing_is_any`` a combination with empty cells also stays as it is when the released ones it does not
    contradict meet the requirements together with it. Raises :class:`anonymizer.errors.Unreachable` when more
    than ``limit`` (share of rows, and of subjects) would be.
    """
    count = histogram.combinations
    everything = np.arange(count, dtype=np.int64)
    exact = histogram.requirements.hold(everything, everything, count) & histogram.usable
    compatible = _held_by_compatible(histogram, exact) if missing_is_any else np.zeros(count, dtype=bool)
    part = _fixed_parts(histogram)
    suppressed = ~histogram.usable
    rest = ~exact & histogram.usable & ~compatible
    # What an incomplete combination relies on must stay as it is.
    needed = exact if compatible.any() else np.zeros(count, dtype=bool)
    for name in np.unique(part[rest]).tolist():
        members = np.flatnonzero((part == name) & rest)
        if histogram.requirements.hold_together(members):
            continue
        released = np.flatnonzero((part == name) & exact & ~needed)
        joined = _smallest_that_help(histogram, members, released)
        exact[joined] = False
        rest[joined] = True
        if len(joined) == 0:
            suppressed[members] = True
            rest[members] = False
    budget = Budget.of(histogram, limit)
    if not budget.allows(histogram, suppressed):
        raise unreachable(
            histogram, suppressed, budget, "too few subjects share what cannot be made coarser, or too many are empty"
        )
    cells = np.empty((count, len(histogram.columns)), dtype=np.int64)
    for place, column in enumerate(histogram.columns):
        cells[:, place] = column.tree.node_of[0][histogram.leaf[:, place]]
    members = np.flatnonzero(rest)
    classes = rounds = 0
    if len(members):
        found, classes, rounds = cut(histogram, members, part[members])
        cells[members] = found
    return Recoding(
        cells,
        suppressed,
        {
            "search": "top-down cuts of the combinations that do not hold by themselves",
            "combinations": count,
            "released_as_they_are": int((exact | compatible).sum()),
            "classes_cut": classes,
            "rounds": rounds,
            "optimal": False,
        },
    )


def _held_by_compatible(histogram: Histogram, exact: BoolArray) -> BoolArray:
    """Incomplete combinations that meet the requirements together with the exact ones they do not
    contradict."""
    held = np.zeros(histogram.combinations, dtype=bool)
    missing = np.array([-1 if c.tree.missing is None else c.tree.missing for c in histogram.columns])
    empty = histogram.leaf == missing
    open_ = np.flatnonzero(empty.any(axis=1) & histogram.usable & ~exact)
    released = np.flatnonzero(exact)
    if not len(open_) or not len(released):
        return held
    patterns, pattern_of = np.unique(empty[open_], axis=0, return_inverse=True)
    for place, pattern in enumerate(patterns):
        members = open_[pattern_of.reshape(-1) == place]
        both = np.concatenate([members, released])
        known = histogram.leaf[both][:, ~pattern]
        _, group = np.unique(known, axis=0, return_inverse=True)
        group = group.reshape(-1).astype(np.int64)
        holds = histogram.requirements.hold(both, group, int(group.max()) + 1)
        # A group has at most one incomplete combination of this pattern: what it does not say is all that
        # differs.
        held[members] = holds[group[: len(members)]]
    return held


def _fixed_parts(histogram: Histogram) -> IntArray:
    """Number of each combination's values in the columns that have no root."""
    part = np.zeros(histogram.combinations, dtype=np.int64)
    for place, column in enumerate(histogram.columns):
        if not column.tree.root:
            _, part = np.unique(part * column.tree.leaves + histogram.leaf[:, place], return_inverse=True)
    return part


def _smallest_that_help(histogram: Histogram, members: IntArray, released: IntArray) -> IntArray:
    """The smallest released combinations with which ``members`` meet the requirements; none when all are not
    enough."""
    order = released[np.argsort(histogram.rows[released], kind="stable")]
    taken = 1
    while taken < 2 * len(order):
        some = order[:taken]
        if histogram.requirements.hold_together(np.concatenate([members, some])):
            return some
        taken *= 2
    return order[:0]
