"""Cutting combinations into classes from the top down, all classes of one depth at once.

After Mondrian (LeFevre, DeWitt, Ramakrishnan 2006) on generalisation trees. A class starts with everything;
in each round every class is cut on the column that lowers its information loss most. A cut on a tree sends
each child that meets the requirements by itself its own way, and keeps the rest together under the parent (a
class need not lose its large children because one is small). A cut on an ordered column divides it in two
where the loss falls most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymizer.engines import Histogram
from anonymizer.hierarchies import Tree
from anonymizer.models import Requirements

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_GAIN = 1e-12
_DENSE = 4_000_000
_TRIALS = 12  # cuts of a class tried on one column where counts do not add up


@dataclass
class _Cut:
    """A proposed cut of every class on one column: ``gain`` per class (0: none), ``side`` per item."""

    gain: FloatArray
    side: IntArray


def cut(histogram: Histogram, requirements: Requirements, item: IntArray, group: IntArray) -> tuple[IntArray, int, int]:
    """Cells for the combinations ``item``, whose starting classes are ``group`` and have enough subjects.

    Of ``requirements`` only the number of subjects counts.

    Returns ``cells[item, column]``, the number of classes and the number of rounds.
    """
    cells = np.empty((len(item), len(histogram.columns)), dtype=np.int64)
    place = np.arange(len(item), dtype=np.int64)
    done = rounds = 0
    least = 2 * requirements.k
    while len(place):
        rounds += 1
        order = np.argsort(group, kind="stable")
        place, group = place[order], group[order]
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(group)]))
        combination = item[place]
        best = np.zeros(len(starts))
        side = np.zeros(len(place), dtype=np.int64)
        shown = np.empty((len(starts), len(histogram.columns)), dtype=np.int64)
        if requirements.additive:
            # A class of fewer than 2k subjects cannot be cut: most rounds' classes are, and need no trial.
            subjects = np.add.reduceat(requirements.subjects.alone[combination], starts)
            open_ = subjects >= least
        else:
            open_ = np.ones(len(starts), dtype=bool)
        live = np.flatnonzero(open_[group])
        live_group = (np.cumsum(open_) - 1)[group[live]]
        live_starts = np.flatnonzero(np.r_[True, live_group[1:] != live_group[:-1]]) if len(live) else live
        open_classes = np.flatnonzero(open_)
        for column, encoded in enumerate(histogram.columns):
            leaf = histogram.leaf[combination, column]
            tree = encoded.tree
            shown[:, column] = tight_cells(tree, leaf, starts)
            if not tree.root or not len(live):
                continue
            propose = _cut_range if tree.free else _cut_tree
            proposal = propose(
                histogram,
                requirements,
                tree,
                combination[live],
                leaf[live],
                live_group,
                live_starts,
                shown[open_classes, column],
            )
            better = proposal.gain > best[open_classes] + _GAIN
            best[open_classes[better]] = proposal.gain[better]
            take = better[live_group]
            side[live[take]] = proposal.side[take]
        finished = (best <= _GAIN)[group]
        cells[place[finished]] = shown[group[finished]]
        done += int((best <= _GAIN).sum())
        rest = ~finished
        width = int(side.max()) + 1 if len(side) else 1
        _, group = np.unique(group[rest] * width + side[rest], return_inverse=True)
        place = place[rest]
    return cells, done, rounds


def tight_cells(tree: Tree, leaf: IntArray, starts: IntArray) -> IntArray:
    """The finest cell that covers all leaves of each class; items of a class follow each other from
    ``starts``."""
    if tree.free:
        return tree.range_cells(np.minimum.reduceat(leaf, starts), np.maximum.reduceat(leaf, starts))
    cells = np.full(len(starts), -1, dtype=np.int64)
    for level in range(tree.levels):
        open_ = np.flatnonzero(cells < 0)
        if not len(open_):
            break
        nodes = tree.node_of[level][leaf]
        low, high = np.minimum.reduceat(nodes, starts), np.maximum.reduceat(nodes, starts)
        same = open_[low[open_] == high[open_]]
        cells[same] = low[same]
    return cells


def _cut_tree(
    histogram: Histogram,
    requirements: Requirements,
    tree: Tree,
    combination: IntArray,
    leaf: IntArray,
    group: IntArray,
    starts: IntArray,
    cell: IntArray,
) -> _Cut:
    classes = len(starts)
    level = tree.level[cell]
    child = tree.node_of[np.maximum(level - 1, 0)[group], leaf]
    key, keys = _compact(group * tree.nodes + child, classes * tree.nodes)
    key_class, key_child = keys // tree.nodes, keys % tree.nodes
    good = requirements.hold(combination, key, len(keys))
    good &= key_child != cell[key_class]
    rows: FloatArray = np.bincount(key, weights=histogram.rows[combination], minlength=len(keys)).astype(float)
    good = _mend_rest(requirements, combination, group, classes, key, key_class, good, rows)
    gain_of_key = np.where(good, rows * (tree.loss[cell][key_class] - tree.loss[key_child]), 0.0)
    gain: FloatArray = np.bincount(key_class, weights=gain_of_key, minlength=classes).astype(float)
    gain[level == 0] = 0.0
    side = np.where(good[key], key_child[key] + 1, 0)
    return _Cut(gain, side)


def _mend_rest(
    requirements: Requirements,
    combination: IntArray,
    group: IntArray,
    classes: int,
    key: IntArray,
    key_class: IntArray,
    good: BoolArray,
    rows: FloatArray,
) -> BoolArray:
    """Children that may go their own way such that what stays behind is empty or meets the requirements too.

    Where it does not, the smallest good child stays behind with it; where even that does not help, the class
    is not cut.
    """
    for attempt in range(2):
        behind = ~good[key]
        stays = np.bincount(group[behind], minlength=classes) > 0
        fine = ~stays
        if behind.any():
            fine |= requirements.hold(combination[behind], group[behind], classes)
        if fine.all():
            return good
        if attempt == 0:
            candidates = np.flatnonzero(good & ~fine[key_class])
            order = candidates[np.lexsort((candidates, rows[candidates], key_class[candidates]))]
            first = np.r_[True, key_class[order][1:] != key_class[order][:-1]] if len(order) else order
            good = good.copy()
            good[order[first]] = False
    return good & fine[key_class]


def _cut_range(
    histogram: Histogram,
    requirements: Requirements,
    tree: Tree,
    combination: IntArray,
    leaf: IntArray,
    group: IntArray,
    starts: IntArray,
    cell: IntArray,
) -> _Cut:
    classes = len(starts)
    key, keys = _compact(group * tree.leaves + leaf, classes * tree.leaves)
    key_class, key_leaf = keys // tree.leaves, keys % tree.leaves
    rows = np.bincount(key, weights=histogram.rows[combination], minlength=len(keys))
    first = np.flatnonzero(np.r_[True, key_class[1:] != key_class[:-1]])
    last = np.r_[first[1:], len(keys)] - 1
    before = np.cumsum(rows) - np.repeat(np.cumsum(rows)[first] - rows[first], last - first + 1)
    total = before[last][key_class]
    low, high = key_leaf[first][key_class], key_leaf[last][key_class]
    following = np.r_[key_leaf[1:], 0]
    # Cutting after the key: everything up to it on one side, everything after it on the other.
    inner = np.ones(len(keys), dtype=bool)
    inner[last] = False
    following = np.where(inner, following, high)
    lost = total * tree.range_loss(low, high)
    gain_of_key = lost - before * tree.range_loss(low, key_leaf) - (total - before) * tree.range_loss(following, high)
    gain_of_key[~inner] = 0.0
    cut_after = _best_feasible(requirements, combination, group, key, key_class, key_leaf, leaf, gain_of_key, classes)
    gain = np.where(cut_after >= 0, gain_of_key[cut_after], 0.0)
    border = np.where(cut_after >= 0, key_leaf[cut_after], tree.leaves)
    return _Cut(gain, (leaf > border[group]).astype(np.int64))


def _best_feasible(
    requirements: Requirements,
    combination: IntArray,
    group: IntArray,
    key: IntArray,
    key_class: IntArray,
    key_leaf: IntArray,
    leaf: IntArray,
    gain: FloatArray,
    classes: int,
) -> IntArray:
    """Per class the key after which cutting gains most with both sides meeting the requirements, -1 without
    one."""
    best = np.full(classes, -1, dtype=np.int64)
    if requirements.additive:
        fits: BoolArray = np.asarray(gain > _GAIN)
        first = np.flatnonzero(np.r_[True, key_class[1:] != key_class[:-1]])
        last = np.r_[first[1:], len(key_class)] - 1
        here = np.bincount(key, weights=requirements.subjects.alone[combination], minlength=len(key_class))
        running = np.cumsum(here)
        before = running - np.repeat(running[first] - here[first], last - first + 1)
        fits &= (before >= requirements.k) & (before[last][key_class] - before >= requirements.k)
        candidates = np.flatnonzero(fits)
        order = candidates[np.lexsort((candidates, -gain[candidates], key_class[candidates]))]
        if len(order):
            lead = np.r_[True, key_class[order][1:] != key_class[order][:-1]]
            best[key_class[order[lead]]] = order[lead]
        return best
    # Distinct counts do not add up along the column: try the cuts in order of gain, a few per class.
    candidates = np.flatnonzero(gain > _GAIN)
    order = candidates[np.lexsort((candidates, -gain[candidates], key_class[candidates]))]
    rank = np.arange(len(order)) - np.searchsorted(key_class[order], key_class[order], side="left")
    for turn in range(_TRIALS):
        tries = order[(rank == turn) & (best[key_class[order]] < 0)]
        if not len(tries):
            break
        border = np.full(classes, -1, dtype=np.int64)
        border[key_class[tries]] = key_leaf[tries]
        member = border[group] >= 0
        halves = group[member] * 2 + (leaf[member] > border[group[member]])
        sides = requirements.hold(combination[member], halves, classes * 2).reshape(classes, 2)
        holds: BoolArray = np.asarray(sides.all(axis=1))
        good = tries[holds[key_class[tries]]]
        best[key_class[good]] = good
    return best


def _compact(key: IntArray, space: int) -> tuple[IntArray, IntArray]:
    """Each entry's place among the distinct keys, and these in rising order."""
    if space <= max(_DENSE, 4 * len(key)):
        present = np.zeros(space, dtype=bool)
        present[key] = True
        keys = np.flatnonzero(present)
        place = np.empty(space, dtype=np.int64)
        place[keys] = np.arange(len(keys))
        return place[key], keys
    keys, inverse = np.unique(key, return_inverse=True)
    return inverse, keys
