"""Local recoding: what already holds is released as it is, only the rest is cut.

Classes are formed by quasi-identifiers alone. Conditions on sensitive values are judged afterwards, on whole classes:
those that fail are left out within the suppression limit; where they are too many, all classes are formed again with
twice as many subjects. An algorithm that instead cut a class just where its sensitive values permit it would tell about
them: who knows the algorithm concludes from a class left whole that a part of it failed (the minimality attack: Wong,
Fu, Wang, Pei 2007). Here only "some class of the whole table failed" could be concluded, and to deny even that the
number of subjects is doubled by chance too, once in four times where nothing failed: whatever can stand where the
release shows it stays possible, and no odds shift by more than four for each doubling (the bound of such reasoning:
Cormode, Srivastava, Li, Li 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from anonymizer.algorithms.mondrian import cut
from anonymizer.algorithms.recoding import Budget, Recoding, unreachable
from anonymizer.engines import Histogram, rows_alike
from anonymizer.models import Requirements

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHANCE = 0.25
"""How often classes are formed with twice as many subjects though nothing failed."""


@dataclass(frozen=True)
class _Partition:
    """Classes formed by quasi-identifiers alone; ``compatible`` combinations are published as they are though too few
    subjects share them, because they contradict enough others in nothing."""

    cells: IntArray
    suppressed: BoolArray
    compatible: BoolArray
    exact: BoolArray
    classes: int
    rounds: int


def recode(histogram: Histogram, limit: float, coin: bytes, *, missing_is_any: bool = False) -> Recoding:
    """Each combination at the finest cells found for it.

    Combinations that have enough subjects keep their leaves. The others are cut by
    :func:`anonymizer.algorithms.mondrian.cut`, apart for each combination of columns that cannot be generalised. Where
    what is left of such a part has too few subjects even as one class, released combinations join it, the smallest
    first; where that is not enough either, it is suppressed. With ``missing_is_any`` a combination with empty cells
    also stays as it is when it has enough subjects together with the released ones that it does not contradict.

    ``coin`` seeds the chance described above; without conditions on sensitive values it changes nothing.
    Raises :class:`anonymizer.errors.Unreachable` when more than ``limit`` (share of rows, and of subjects) would be
    suppressed.
    """
    requirements = histogram.requirements
    budget = Budget.of(histogram, limit)
    chance = np.random.Generator(np.random.PCG64(int.from_bytes(coin, "big")))
    k = requirements.k
    judged_after = requirements.more_than_subjects
    tried = 0
    good: tuple[_Partition, BoolArray, int] | None = None
    while True:
        partition = _form(histogram, requirements.blind(k), missing_is_any=missing_is_any, whole=k > requirements.k)
        tried += 1
        suppressed = _leave_out(histogram, partition) if judged_after else partition.suppressed
        last = k > histogram.total_subjects or not judged_after
        if budget.allows(histogram, suppressed) and _average(histogram, partition, suppressed):
            good = (partition, suppressed, k)
            if not requirements.sensitive or chance.random() >= CHANCE:
                break
        if last and good is not None:
            break
        if last:
            why = (
                "too few subjects share what cannot be made coarser, or too many are empty, "
                "or the models on sensitive values, households and average risk fail on the largest classes"
                if judged_after
                else "too few subjects share what cannot be made coarser, or too many are empty"
            )
            raise unreachable(histogram, suppressed, budget, why)
        k = min(2 * k, histogram.total_subjects + 1)
    partition, suppressed, k = good
    as_they_are = (partition.exact | partition.compatible) & ~suppressed
    certificate: dict[str, int | float | str | bool] = {
        "search": "top-down cuts of the combinations that do not hold by themselves",
        "combinations": histogram.combinations,
        "released_as_they_are": int(as_they_are.sum()),
        "classes_cut": partition.classes,
        "rounds": partition.rounds,
        "optimal": False,
    }
    if judged_after:
        certificate |= {"partitions_tried": tried, "subjects_in_classes": k}
    return Recoding(partition.cells, suppressed, certificate)


def along(
    histogram: Histogram, limit: float, ks: Sequence[int], *, missing_is_any: bool = False
) -> dict[int, Recoding]:
    """A recoding for each of several numbers of subjects, from the combinations counted once.

    Classes are formed from the top for each: going on from those of a larger number is three times as quick, but loses
    a third more than a run for that number would (measured on Adult), which misleads who has to choose. What holds for
    more subjects holds for fewer, so it is taken there too where it loses less or where the finer classes fail by
    their sensitive values. A k that cannot be reached within the limit is left out.
    """
    budget = Budget.of(histogram, limit)
    best: tuple[float, Recoding] | None = None
    found: dict[int, Recoding] = {}
    for k in sorted(set(ks), reverse=True):
        asked = replace(histogram, requirements=replace(histogram.requirements, k=k))
        partition = _form(asked, asked.requirements.blind(k), missing_is_any=missing_is_any, whole=False)
        suppressed = _leave_out(asked, partition)
        if budget.allows(asked, suppressed) and _average(asked, partition, suppressed):
            recoding = Recoding(partition.cells, suppressed, {"optimal": False})
            lost = _lost(histogram, recoding)
            if best is None or lost <= best[0]:
                best = (lost, recoding)
        if best is not None:
            found[k] = best[1]
    return found


def _lost(histogram: Histogram, recoding: Recoding) -> float:
    """Rows times loss over all columns; suppressed rows lose all."""
    lost = np.zeros(histogram.combinations)
    for place, column in enumerate(histogram.columns):
        lost += column.tree.cell_loss(recoding.cells[:, place])
    lost[recoding.suppressed] = histogram.shown
    return float((lost * histogram.rows).sum())


def _form(histogram: Histogram, requirements: Requirements, *, missing_is_any: bool, whole: bool) -> _Partition:
    """Classes of at least ``requirements.k`` subjects. With ``whole`` a part that has fewer is one class all the same,
    if it has as many as the policy asks for."""
    count = histogram.combinations
    everything = np.arange(count, dtype=np.int64)
    exact = requirements.hold(everything, everything, count) & histogram.usable
    compatible = np.zeros(count, dtype=bool)
    if missing_is_any:
        compatible = _held_by_compatible(histogram, requirements, exact)
    part = _fixed_parts(histogram)
    suppressed = ~histogram.usable
    rest = ~exact & histogram.usable & ~compatible
    # What an incomplete combination relies on must stay as it is.
    needed = exact if compatible.any() else np.zeros(count, dtype=bool)
    least = histogram.requirements.blind(histogram.requirements.k)
    for members, released in _too_small(requirements, part, rest, exact & ~needed):
        joined = _smallest_that_help(histogram, requirements, members, released)
        if len(joined) == 0 and whole and least.hold_together(np.concatenate([members, released])):
            joined = released
        elif len(joined) == 0:
            suppressed[members] = True
            rest[members] = False
        exact[joined] = False
        rest[joined] = True
    cells = np.empty((count, len(histogram.columns)), dtype=np.int64, order="F")
    for place, column in enumerate(histogram.columns):
        cells[:, place] = column.tree.node_of[0][histogram.leaf[:, place]]
    members = np.flatnonzero(rest)
    classes = rounds = 0
    if len(members):
        found, classes, rounds = cut(histogram, requirements, members, part[members])
        cells[members] = found
    return _Partition(cells, suppressed, compatible, exact, classes, rounds)


def _too_small(
    requirements: Requirements, part: IntArray, rest: BoolArray, exact: BoolArray
) -> list[tuple[IntArray, IntArray]]:
    """Of every part whose ``rest`` has too few subjects, these combinations, and those released ``exact``."""
    members = np.flatnonzero(rest)
    names, place = np.unique(part[members], return_inverse=True)
    few = np.flatnonzero(~requirements.hold(members, place.reshape(-1).astype(np.int64), len(names)))
    released = np.flatnonzero(exact)
    members = members[np.argsort(part[members], kind="stable")]
    released = released[np.argsort(part[released], kind="stable")]

    def of(combinations: IntArray) -> list[IntArray]:
        own = part[combinations]
        ends = np.searchsorted(own, names[few], side="right")
        return [combinations[a:b] for a, b in zip(np.searchsorted(own, names[few]), ends, strict=True)]

    return list(zip(of(members), of(released), strict=True))


def _leave_out(histogram: Histogram, partition: _Partition) -> BoolArray:
    """What is suppressed when classes that fail by their sensitive values are left out too."""
    requirements = histogram.requirements
    suppressed = partition.suppressed.copy()
    own = np.flatnonzero(~suppressed & ~partition.compatible)
    group, groups = _number_rows(partition.cells[own])
    good = requirements.publishable(own, group, groups)
    suppressed[own[~good[group]]] = True
    if partition.compatible.any():
        held = _held_by_compatible(histogram, requirements, partition.exact & ~suppressed)
        suppressed |= partition.compatible & ~held
    return suppressed


def _average(histogram: Histogram, partition: _Partition, suppressed: BoolArray) -> bool:
    if histogram.requirements.average_risk is None:
        return True
    kept = np.flatnonzero(~suppressed)
    _, classes = _number_rows(partition.cells[kept])
    return histogram.requirements.average_allows(classes, histogram.subjects_in(kept))


def _number_rows(cells: IntArray) -> tuple[IntArray, int]:
    if not len(cells) or not cells.shape[1]:
        return np.zeros(len(cells), dtype=np.int64), min(len(cells), 1)
    first, place = rows_alike(list(cells.T), [int(column.max()) + 1 for column in cells.T])
    return place, len(first)


def _held_by_compatible(histogram: Histogram, requirements: Requirements, exact: BoolArray) -> BoolArray:
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
        holds = requirements.publishable(both, group, int(group.max()) + 1)
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


def _smallest_that_help(
    histogram: Histogram, requirements: Requirements, members: IntArray, released: IntArray
) -> IntArray:
    """The smallest released combinations with which ``members`` have enough subjects; none when all are not
    enough."""
    order = released[np.argsort(histogram.rows[released], kind="stable")]
    taken = 1
    while taken < 2 * len(order):
        some = order[:taken]
        if requirements.hold_together(np.concatenate([members, some])):
            return some
        taken *= 2
    return order[:0]
