"""Why a table does not reach what a policy asks, and what would help most."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from anonymizer.engines import Histogram, rows_alike
from anonymizer.preparation import Prepared
from contracts.privacy import HelpfulStep, Obstacles, Separation

IntArray = npt.NDArray[np.int64]

_STEPS = 12
_PAIRS = 120  # sets of two that are counted; the pairs of the strongest columns first
_SHOWN = 12


def obstacles(prepared: Prepared) -> Obstacles | None:
    """Separation by column and pair, and the levels that help most; None without quasi-identifiers."""
    if not prepared.quasi_identifiers:
        return None
    histogram, limit = prepared.histogram, prepared.policy.suppression_limit
    failing, steps = _steps(histogram, limit)
    return Obstacles(failing=failing, steps=steps, separations=_separations(histogram))


def _steps(histogram: Histogram, limit: float) -> tuple[float, list[HelpfulStep]]:
    node = [0] * len(histogram.columns)
    start = share = failing_share(histogram, node)
    steps: list[HelpfulStep] = []
    while share > limit and len(steps) < _STEPS:
        best: tuple[float, float, int, int] | None = None
        for place, column in enumerate(histogram.columns):
            # Levels that read the same to this table help nothing: the next that differs is one step.
            for level in range(node[place] + 1, column.tree.levels):
                if _same(histogram, place, node[place], level):
                    continue
                raised = [*node[:place], level, *node[place + 1 :]]
                left = failing_share(histogram, raised)
                cost = _level_loss(histogram, place, level) - _level_loss(histogram, place, node[place])
                if best is None or (left, cost) < best[:2]:
                    best = (left, cost, place, level)
                break
        if best is None:
            break
        left, _, place, level = best
        node[place] = level
        column = histogram.columns[place]
        last = column.tree.root and level == column.tree.levels - 1
        name = "" if last else column.level_names[level]
        steps.append(HelpfulStep(column=column.name, level=name, before=share, after=left))
        share = left
    return start, steps


def failing_share(histogram: Histogram, node: list[int]) -> float:
    """Share of rows that fail the models with each column on its level of ``node``."""
    failing = ~histogram.usable
    usable = np.flatnonzero(histogram.usable)
    if len(usable):
        shown = [
            column.tree.node_of[level][histogram.leaf[usable, place]]
            for place, (column, level) in enumerate(zip(histogram.columns, node, strict=True))
        ]
        first, group = rows_alike(shown, [column.tree.nodes for column in histogram.columns])
        failing[usable] = ~histogram.requirements.publishable(usable, group, len(first))[group]
    return float(histogram.rows[failing].sum()) / max(histogram.total_rows, 1)


def _same(histogram: Histogram, place: int, low: int, high: int) -> bool:
    """Two levels of a column tell the same leaves apart."""
    node_of = histogram.columns[place].tree.node_of
    return len(np.unique(node_of[low])) == len(np.unique(node_of[high]))


def _level_loss(histogram: Histogram, place: int, level: int) -> float:
    tree = histogram.columns[place].tree
    return float((tree.loss[tree.node_of[level][histogram.leaf[:, place]]] * histogram.rows).sum())


def _separations(histogram: Histogram) -> list[Separation]:
    count = len(histogram.columns)
    whole = _separation(histogram, tuple(range(count)))
    if count == 1:
        return [whole]
    singles = {place: _separation(histogram, (place,)) for place in range(count)}
    strongest = sorted(singles, key=lambda place: -singles[place].groups)
    pairs = [
        _separation(histogram, tuple(sorted(pair))) for pair in list(combinations(strongest, 2))[:_PAIRS] if count > 2
    ]
    parts = sorted([*singles.values(), *pairs], key=lambda found: (-found.below_k, -found.unique, -found.groups))
    return [whole, *parts[:_SHOWN]]


def _separation(histogram: Histogram, places: tuple[int, ...]) -> Separation:
    everything = np.arange(histogram.combinations, dtype=np.int64)
    first, group = rows_alike(
        [histogram.leaf[:, place] for place in places], [histogram.columns[place].tree.leaves for place in places]
    )
    requirements = histogram.requirements
    sizes = requirements.subjects.count(everything, group, len(first))
    total = max(histogram.total_subjects, 1)

    def share(chosen: npt.NDArray[np.bool_]) -> float:
        return histogram.subjects_in(np.flatnonzero(chosen[group])) / total

    return Separation(
        columns=[histogram.columns[place].name for place in places],
        groups=len(first),
        below_k=share(sizes < requirements.k),
        unique=share(sizes == 1),
    )
