"""Full-domain recoding: one level for each column, with the least loss over all.

The nodes of the lattice (one level per column) are tried in rising order of a bound on their loss: what
generalisation alone costs, which adds up over columns and is known without counting. If a node fails (too
much would be suppressed), so does everything finer, so a chain is climbed from it to the highest node that
fails and all below that is struck off at once. The first node left whose bound is not below the best loss
ends the search, and the best is then proved to lose least. A lattice too large to hold is descended greedily
instead; the certificate says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymizer.algorithms.recoding import Budget, Recoding, unreachable
from anonymizer.engines import Histogram

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Node = tuple[int, ...]

_LARGEST = 4_000_000  # nodes whose bounds are held in memory, 8 bytes each
_SECONDS = 60.0
_EPS = 1e-12


def recode(histogram: Histogram, limit: float, *, seconds: float = _SECONDS) -> Recoding:
    """One level per column such that at most ``limit`` of rows and of subjects are suppressed.

    Raises :class:`anonymizer.errors.Unreachable` when even the coarsest levels suppress more.
    """
    search = _Search(histogram, Budget.of(histogram, limit))
    top = tuple(column.tree.levels - 1 for column in histogram.columns)
    outcome = search.judge(top)
    if not outcome.allowed:
        raise unreachable(
            histogram, outcome.suppressed, search.budget, "too few subjects are alike even on the coarsest levels"
        )
    shape = [column.tree.levels for column in histogram.columns]
    size = int(np.prod(shape, dtype=np.float64))
    if size <= _LARGEST:
        best, optimal = _best_first(search, top, outcome, time.monotonic() + seconds)
    else:
        best, optimal = _descend(search, top, outcome), False
    cells = np.empty((histogram.combinations, len(histogram.columns)), dtype=np.int64)
    for place, column in enumerate(histogram.columns):
        cells[:, place] = column.tree.node_of[best.node[place]][histogram.leaf[:, place]]
    levels = {f"level {c.name}": c.level_names[best.node[i]] for i, c in enumerate(histogram.columns)}
    return Recoding(
        cells,
        best.suppressed,
        {
            "search": "best first over one level per column" if size <= _LARGEST else "greedy descent",
            "lattice_nodes": size,
            "nodes_checked": search.checked,
            "nodes_struck_off": search.struck,
            "optimal": optimal,
            **levels,
        },
    )


@dataclass(frozen=True)
class _Outcome:
    node: Node
    allowed: bool
    suppressed: BoolArray
    loss: float


class _Search:
    """Judges nodes of the lattice on one histogram."""

    def __init__(self, histogram: Histogram, budget: Budget) -> None:
        self.histogram = histogram
        self.budget = budget
        self.checked = 0
        self.struck = 0
        total = max(histogram.total_rows, 1)
        columns = max(len(histogram.columns), 1)
        # loss_of[column][level][combination]: what showing the combination's leaf on the level adds to the
        # mean loss
        self._loss_of = [
            [column.tree.loss[nodes][histogram.leaf[:, place]] / columns for nodes in column.tree.node_of]
            for place, column in enumerate(histogram.columns)
        ]
        self._weight = histogram.rows / total
        self.level_loss = [
            np.array([float((self._weight * lost).sum()) for lost in levels]) for levels in self._loss_of
        ]

    def bound(self, node: Node) -> float:
        """Loss of generalisation alone; suppressing a row can only add to it."""
        return float(sum(self.level_loss[place][level] for place, level in enumerate(node)))

    def judge(self, node: Node) -> _Outcome:
        """Group the combinations at a node and see what would be suppressed."""
        self.checked += 1
        histogram = self.histogram
        combination = np.flatnonzero(histogram.usable)
        key = np.zeros(len(combination), dtype=np.int64)
        space = 1
        for place, level in enumerate(node):
            codes, width = self._codes(place, level)
            if width == 1:
                continue
            if space * width > 2**62:
                _, key = np.unique(key, return_inverse=True)
                space = int(key.max(initial=0)) + 1
            key = key * width + codes[histogram.leaf[combination, place]]
            space *= width
        group, groups = _number(key, space)
        holds = histogram.requirements.hold(combination, group, groups)
        suppressed = ~histogram.usable
        suppressed[combination[~holds[group]]] = True
        allowed = self.budget.allows(histogram, suppressed)
        return _Outcome(node, allowed, suppressed, self._loss(node, suppressed))

    def _codes(self, place: int, level: int) -> tuple[IntArray, int]:
        nodes = self.histogram.columns[place].tree.node_of[level]
        distinct, codes = np.unique(nodes, return_inverse=True)
        return codes.astype(np.int64), len(distinct)

    def _loss(self, node: Node, suppressed: BoolArray) -> float:
        loss = self.bound(node)
        gone = np.flatnonzero(suppressed)
        if len(gone):
            lost = sum(self._loss_of[place][level][gone] for place, level in enumerate(node))
            loss += float((self._weight[gone] * (1.0 - lost)).sum())
        return loss


def _number(key: IntArray, space: int) -> tuple[IntArray, int]:
    if space <= 4 * len(key):
        return key, space
    distinct, group = np.unique(key, return_inverse=True)
    return group.astype(np.int64), len(distinct)


def _best_first(search: _Search, top: Node, best: _Outcome, deadline: float) -> tuple[_Outcome, bool]:
    bounds = np.zeros([1] * len(top))
    for place, losses in enumerate(search.level_loss):
        bounds = bounds + losses.reshape([-1 if axis == place else 1 for axis in range(len(top))])
    bounds = np.ascontiguousarray(bounds)
    bounds[top] = np.inf
    while True:
        flat = int(np.argmin(bounds))
        node = tuple(int(level) for level in np.unravel_index(flat, bounds.shape))
        if not bounds[node] < best.loss - _EPS:
            return best, True
        if time.monotonic() > deadline:
            return best, False
        outcome = search.judge(node)
        bounds[node] = np.inf
        if outcome.allowed:
            best = min(best, outcome, key=lambda o: o.loss)
            continue
        best = _strike(search, bounds, node, top, best)


def _strike(search: _Search, bounds: FloatArray, failed: Node, top: Node, best: _Outcome) -> _Outcome:
    """Climb from a node that failed to the highest one that does on the way to the top, and strike off all
    below it."""
    chain = [failed]
    while chain[-1] != top:
        chain.append(_cheapest_step(search, chain[-1], top))
    low, high = 0, len(chain) - 1
    while high - low > 1:
        middle = (low + high) // 2
        outcome = search.judge(chain[middle])
        bounds[chain[middle]] = np.inf
        if outcome.allowed:
            high = middle
            best = min(best, outcome, key=lambda o: o.loss)
        else:
            low = middle
    below = tuple(slice(0, level + 1) for level in chain[low])
    region = bounds[below]
    search.struck += int(np.isfinite(region).sum())
    region[...] = np.inf
    return best


def _cheapest_step(search: _Search, node: Node, top: Node) -> Node:
    steps = []
    for place, level in enumerate(node):
        if level < top[place]:
            higher = (*node[:place], level + 1, *node[place + 1 :])
            added = search.level_loss[place][level + 1] - search.level_loss[place][level]
            steps.append((added, place, higher))
    return min(steps)[2]


def _descend(search: _Search, top: Node, best: _Outcome) -> _Outcome:
    """From the top, always to the allowed finer neighbour with the least loss, until there is none."""
    node = best
    while True:
        finer = [
            search.judge((*node.node[:place], level - 1, *node.node[place + 1 :]))
            for place, level in enumerate(node.node)
            if level > 0
        ]
        allowed = [outcome for outcome in finer if outcome.allowed]
        if not allowed:
            return best
        node = min(allowed, key=lambda outcome: outcome.loss)
        best = min(best, node, key=lambda outcome: outcome.loss)
