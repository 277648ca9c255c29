"""Minimal sample uniques: the fewest columns by which somebody stands alone, and how special that makes them.

A set of values is a sample unique when one subject of the table shows it, and minimal when no part of it is one
(Elliot, Skinner, Dale, *Special uniques, random uniques and sticky populations*, 1998). All of them are found, as SUDA2
does (Manning, Haglin, Keane, *A recursive search algorithm for statistical disclosure assessment*, 2008), but column
set by column set instead of value by value: that is one grouping of the combinations for each, and what is unique
already needs no more of them. Scores are those of Elliot and others (*SUDA: a program for detecting special uniques*,
2005) as sdcMicro computes them: a minimal unique of k of n columns adds (n - k)!, or, where only
sets of up to M columns are looked at, the product of n - i for i from k to M. DIS (Skinner, Elliot, 2002) is the chance
that a unique match is right, from uniques and pairs of the sample and the share of the population that was drawn;
DIS-SUDA spreads it over the uniques by their scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np
import numpy.typing as npt

from anonymizer.engines import rows_alike
from anonymizer.models import DistinctCount

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

WORK = 60_000_000
"""Combinations grouped, over all sets of columns: some seconds of one core."""


@dataclass(frozen=True)
class Uniques:
    """Minimal sample uniques of a table's combinations.

    ``found``: columns, and the combinations that are minimal uniques there. ``alone``: combinations of one subject;
    ``pairs``: subjects in combinations of two. ``largest``: the most columns that were looked at together; ``complete``
    when no minimal unique can have more.
    """

    columns: int
    alone: BoolArray
    pairs: int
    found: list[tuple[tuple[int, ...], IntArray]]
    largest: int
    complete: bool

    def weight(self, size: int) -> float:
        """What a minimal unique of so many columns adds to a score."""
        most = self.columns - 1 if self.complete else self.largest
        return float(prod(self.columns - i for i in range(size, most + 1)))

    @property
    def scores(self) -> FloatArray:
        """SUDA score of each combination."""
        scores = np.zeros(len(self.alone))
        for places, members in self.found:
            scores[members] += self.weight(len(places))
        return scores

    @property
    def contributions(self) -> FloatArray:
        """Share of all scores that comes from minimal uniques with a column; they sum to more than one."""
        shares = np.zeros(self.columns)
        for places, members in self.found:
            shares[list(places)] += self.weight(len(places)) * len(members)
        total = self.scores.sum()
        return shares / total if total else shares

    def dis(self, drawn: float) -> float | None:
        """Chance that a unique match is right where the share ``drawn`` of the population is in the table; None without
        uniques."""
        uniques = float(self.alone.sum())
        if uniques == 0:
            return None
        return uniques * drawn / (uniques * drawn + self.pairs * (1 - drawn))

    def dis_scores(self, drawn: float) -> FloatArray:
        """That chance for each combination, the higher the more special it is; 0 where it has no score."""
        scores, chance = self.scores, self.dis(drawn)
        scored = scores > 0
        found = np.zeros(len(scores))
        if chance is None or not scored.any():
            return found
        power = 1 + (8 - self.columns) / 20
        raised = scores[scored] ** power
        uniques = float(self.alone.sum())
        found[scored] = 1 / (1 + (uniques / chance - uniques) / (raised * (1 / raised).sum()))
        return found


def minimal_uniques(
    leaf: IntArray, subjects: DistinctCount, combination: IntArray, group: IntArray, groups: int, *, work: int = WORK
) -> Uniques:
    """All minimal sample uniques of ``leaf[combination]``, for sets of ever more columns while ``work`` lasts.

    ``combination`` names a combination of each of the ``groups`` that differ in their leaves, ``group`` the group of
    every combination: subjects are counted over all of them.
    """
    everything = np.arange(len(group), dtype=np.int64)
    sizes = subjects.count(everything, group, groups)
    alone = sizes == 1
    columns = leaf.shape[1]
    own = leaf[combination]
    widths = (own.max(axis=0, initial=0) + 1).tolist()
    found: list[tuple[tuple[int, ...], IntArray]] = []
    unique: dict[tuple[int, ...], BoolArray] = {(): np.zeros(groups, dtype=bool)}
    largest, spent, complete = 0, 0, not alone.any()
    for size in range(1, columns + 1):
        if complete or (size > 1 and spent + comb(columns, size) * groups > work):
            break
        there: dict[tuple[int, ...], BoolArray] = {}
        for places in combinations(range(columns), size):
            covered = np.zeros(groups, dtype=bool)
            for part in combinations(places, size - 1):
                covered |= unique[part]
            there[places] = covered
            if not (alone & ~covered).any():
                continue
            # What is unique by fewer of these columns shares them with nobody: it need not be grouped again.
            rest = np.flatnonzero(~covered)
            spent += len(rest)
            first, place = rows_alike([own[rest, p] for p in places], [widths[p] for p in places])
            number = np.full(groups, -1, dtype=np.int64)
            number[rest] = place
            counted = np.flatnonzero(number[group] >= 0)
            few = subjects.count(counted, number[group[counted]], len(first)) == 1
            new = rest[few[place]]
            if len(new):
                found.append((places, new))
                covered[new] = True
        unique, largest = there, size
        # Sets of more columns add nothing once everybody who stands alone does so by these.
        complete = size == columns or all(not (alone & ~covered).any() for covered in there.values())
    return Uniques(columns, alone, int(sizes[sizes == 2].sum()), found, largest, complete)
