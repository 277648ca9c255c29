"""Full-domain recoding: one level for each column, with the least loss over all.

The nodes of the lattice (one level per column) are tried in rising order of a bound on their loss: what generalisation
alone costs, which adds up over columns and is known without counting, and what is suppressed at some coarser node,
which is suppressed here too. If a node fails (too much would be suppressed), so does everything finer, so a chain is
climbed from it to the highest node that fails and all below that is struck off at once. The first node left whose bound
is not below the best loss ends the search, and the best is then proved to lose least.

Models whose measure may rise when a class is cut (entropy, recursive, distances, average risk) strike off only what
fails by its subjects; the rest is tried. A lattice too large to hold is descended greedily first and then walked in
order of the bound from a heap. Where effort runs out, the certificate says how far the best is from the bound.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from anonymizer.algorithms.lattice import Lattice, Node, Outcome
from anonymizer.algorithms.recoding import Budget, Recoding, unreachable
from anonymizer.engines import Histogram

FloatArray = npt.NDArray[np.float64]

SECONDS = 60.0
_LARGEST = 4_000_000  # nodes whose bounds are held in memory, 16 bytes each
_PER_SECOND = 100_000_000  # groups × columns looked at in a second of one ordinary core
_STEP = 5_000  # what taking a node from the heap costs, in the same unit
_EPS = 1e-12


def recode(histogram: Histogram, limit: float, *, seconds: float = SECONDS) -> Recoding:
    """One level per column such that at most ``limit`` of rows and of subjects are suppressed.

    Raises :class:`anonymizer.errors.Unreachable` when no level will do.
    """
    budget = Budget.of(histogram, limit)
    lattice = Lattice(histogram, budget)
    outcome = lattice.judge(lattice.top)
    if outcome.hopeless:
        raise unreachable(
            histogram, lattice.suppressed(lattice.top), budget, "too few subjects are alike even on the coarsest levels"
        )
    effort = int(seconds * _PER_SECOND)
    whole = lattice.size <= _LARGEST
    search = _Held(lattice, effort) if whole else _Heaped(lattice, effort)
    best = search.run(outcome if outcome.allowed else None)
    if best is None:
        why = "no combination of levels meets all models" if search.bound == np.inf else "none was found in time"
        raise unreachable(histogram, lattice.suppressed(lattice.top), budget, why)
    optimal = search.bound >= best.loss - _EPS
    bound = best.loss if optimal else max(search.bound, 0.0)
    certificate: dict[str, int | float | str | bool] = {
        "search": "best first over one level per column" if whole else "greedy descent, then best first from a heap",
        "lattice_nodes": int(lattice.size),
        "nodes_checked": lattice.checked,
        "nodes_struck_off": search.struck,
        "nodes_ruled_out_by_bound": int(lattice.size) - lattice.checked - search.struck if optimal else 0,
        "optimal": optimal,
        "loss": best.loss,
        "lower_bound": bound,
        "gap": best.loss - bound,
        "struck_off_because": "finer than a node that suppresses too much",
        "ruled_out_because": "cannot lose less than the best: generalisation alone, and rows that coarser nodes "
        "suppress too, cost as much",
    }
    for place, column in enumerate(histogram.columns[: histogram.shown]):
        certificate[f"level {column.name}"] = column.level_names[best.node[place]]
    return Recoding(_cells(histogram, best.node), lattice.suppressed(best.node), certificate)


def along(histogram: Histogram, limit: float, ks: Sequence[int], *, seconds: float = SECONDS) -> dict[int, Recoding]:
    """What loses least for each of several numbers of subjects, in one search that goes on from each to the next.

    What suppresses too much at some k does so at every larger one, and what it adds to the loss only grows: what was
    struck off stays so, bounds are kept, and so are the groupings. ``seconds`` are for all together. The certificate
    says for each whether it is proved (``optimal``). A k that cannot be reached is left out.
    """
    lattice = Lattice(histogram, Budget.of(histogram, limit))
    effort = int(seconds * _PER_SECOND)
    search = _Held(lattice, 0) if lattice.size <= _LARGEST else _Heaped(lattice, 0)
    found: dict[int, Recoding] = {}
    ordered = sorted(set(ks))
    for place, k in enumerate(ordered):
        lattice.ask(k)
        start = lattice.judge(lattice.top)
        if start.hopeless:
            break
        share = max(effort - lattice.work, 0) // (len(ordered) - place)
        best = search.go_on(start if start.allowed else None, lattice.work + share)
        if best is not None:
            optimal = search.bound >= best.loss - _EPS
            suppressed = lattice.suppressed(best.node)
            found[k] = Recoding(_cells(histogram, best.node), suppressed, {"optimal": optimal, "loss": best.loss})
    return found


def _cells(histogram: Histogram, node: Node) -> npt.NDArray[np.int64]:
    cells = np.empty((histogram.combinations, len(histogram.columns)), dtype=np.int64, order="F")
    for place, column in enumerate(histogram.columns):
        cells[:, place] = column.tree.node_of[node[place]][histogram.leaf[:, place]]
    return cells


class _Held:
    """Best first over a lattice whose bounds are held in memory."""

    def __init__(self, lattice: Lattice, effort: int) -> None:
        self._lattice = lattice
        self._effort = effort
        self.struck = 0
        self.bound = 0.0
        """No node that was not judged loses less."""
        base: FloatArray = np.zeros([1] * len(lattice.levels))
        for place, losses in enumerate(lattice.level_loss):
            base = base + losses.reshape([-1 if axis == place else 1 for axis in range(len(lattice.levels))])
        self._base = np.ascontiguousarray(base)
        self._bounds = self._base.copy()
        self._judged: list[tuple[Node, float]] = []

    def go_on(self, best: Outcome | None, effort: int) -> Outcome | None:
        """The best node found for a larger number of subjects than was asked for before."""
        for node, extra in self._judged:
            self._bounds[node] = self._base[node] + extra
        self._judged.clear()
        self._effort = effort
        return self.run(best)

    def run(self, best: Outcome | None) -> Outcome | None:
        """The best node found."""
        self._bounds[self._lattice.top] = np.inf
        while True:
            flat = int(np.argmin(self._bounds))
            node = tuple(int(level) for level in np.unravel_index(flat, self._bounds.shape))
            self.bound = float(self._bounds[node])
            if not self.bound < (np.inf if best is None else best.loss) - _EPS:
                return best
            if self._lattice.work > self._effort:
                return best
            outcome = self._judge(node)
            best = _better(best, outcome)
            if outcome.hopeless:
                best = self._strike(outcome, best)

    def _judge(self, node: Node) -> Outcome:
        outcome = self._lattice.judge(node)
        if not outcome.hopeless and outcome.extra > 0:
            below = tuple(slice(0, level + 1) for level in node)
            np.maximum(self._bounds[below], self._base[below] + outcome.extra, out=self._bounds[below])
        if not outcome.hopeless:
            self._judged.append((node, outcome.extra))
        self._bounds[node] = np.inf
        return outcome

    def _strike(self, failed: Outcome, best: Outcome | None) -> Outcome | None:
        """Climb from a node that failed to the highest one that does on the way to the top, and strike off all
        below it."""
        chain = [failed.node]
        while chain[-1] != self._lattice.top:
            chain.append(_cheapest_step(self._lattice, chain[-1]))
        low, high = 0, len(chain) - 1
        while high - low > 1:
            middle = (low + high) // 2
            outcome = self._judge(chain[middle])
            if outcome.hopeless:
                low = middle
            else:
                high = middle
                best = _better(best, outcome)
        below = tuple(slice(0, level + 1) for level in chain[low])
        region = self._bounds[below]
        self.struck += int(np.isfinite(region).sum())
        region[...] = np.inf
        return best


class _Heaped:
    """Greedy descent, then best first over a lattice that is only unfolded where it is walked."""

    def __init__(self, lattice: Lattice, effort: int) -> None:
        self._lattice = lattice
        self._effort = effort
        self.struck = 0
        self.bound = 0.0
        self._failed = np.empty((0, len(lattice.levels)), dtype=np.int64)

    def go_on(self, best: Outcome | None, effort: int) -> Outcome | None:
        """The best node found for a larger number of subjects than was asked for before."""
        self._effort = effort
        return self.run(best)

    def run(self, best: Outcome | None) -> Outcome | None:
        """The best node found."""
        lattice = self._lattice
        if best is not None:
            best = self._descend(best)
        start = (0,) * len(lattice.levels)
        heap = [(lattice.bound(start), 0, start)]
        spent = 0
        while heap:
            self.bound, last, node = heap[0]
            if not self.bound < (np.inf if best is None else best.loss) - _EPS or lattice.work + spent > self._effort:
                return best
            heapq.heappop(heap)
            spent += _STEP
            # Each node is reached once: from the one below it in the last column that was raised.
            for place in range(last, len(node)):
                if node[place] < lattice.top[place]:
                    higher = (*node[:place], node[place] + 1, *node[place + 1 :])
                    heapq.heappush(heap, (lattice.bound(higher), place, higher))
            if (self._failed >= np.array(node)).all(axis=1).any():
                self.struck += not lattice.known(node)
                continue
            outcome = lattice.judge(node)
            best = _better(best, outcome)
            if outcome.hopeless:
                self._climb(outcome)
        self.bound = np.inf
        return best

    def _climb(self, failed: Outcome) -> None:
        """Remember the highest failing node above a failing one."""
        node = failed.node
        while node != self._lattice.top:
            higher = _cheapest_step(self._lattice, node)
            if not self._lattice.judge(higher).hopeless:
                break
            node = higher
        self._failed = np.vstack([self._failed[~(self._failed <= np.array(node)).all(axis=1)], node])

    def _descend(self, best: Outcome) -> Outcome:
        """From the top, always to the allowed finer neighbour with the least loss, until there is none."""
        current = best
        while True:
            node = current.node
            finer = [
                self._lattice.judge((*node[:place], level - 1, *node[place + 1 :]))
                for place, level in enumerate(node)
                if level > 0
            ]
            allowed = [outcome for outcome in finer if outcome.allowed]
            if not allowed:
                return best
            current = min(allowed, key=lambda outcome: outcome.loss)
            best = min(best, current, key=lambda outcome: outcome.loss)


def _better(best: Outcome | None, outcome: Outcome) -> Outcome | None:
    if not outcome.allowed or (best is not None and best.loss <= outcome.loss):
        return best
    return outcome


def _cheapest_step(lattice: Lattice, node: Node) -> Node:
    steps = []
    for place, level in enumerate(node):
        if level < lattice.top[place]:
            higher = (*node[:place], level + 1, *node[place + 1 :])
            steps.append((lattice.level_loss[place][level + 1] - lattice.level_loss[place][level], place, higher))
    return min(steps)[2]
