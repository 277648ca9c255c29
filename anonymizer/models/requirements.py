"""What must hold in every class of rows that look alike, as counts of distinct things.

k-anonymity asks for k distinct subjects, distinct l-diversity for l distinct values of a sensitive column:
one machinery. Things that occur in one combination of quasi-identifiers only are counted by adding; those
that occur in several (a person with rows in two of them) are kept one by one, so that joining combinations
never counts them twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DistinctCount:
    """Distinct things per combination: ``alone`` per combination, and shared ones as a compressed list of
    lists."""

    alone: IntArray
    starts: IntArray
    shared: IntArray
    kinds: int

    @classmethod
    def of_rows(cls, rows: IntArray) -> DistinctCount:
        """Every row is a thing of its own."""
        return cls(rows, np.zeros(len(rows) + 1, dtype=np.int64), np.empty(0, dtype=np.int64), 0)

    @classmethod
    def of_pairs(cls, combination: IntArray, thing: IntArray, combinations: int) -> DistinctCount:
        """From each row's combination and thing (numbered from 0)."""
        things = int(thing.max()) + 1 if len(thing) else 0
        pairs = np.unique(combination * max(things, 1) + thing)
        combination, thing = pairs // max(things, 1), pairs % max(things, 1)
        is_shared = np.bincount(thing, minlength=things)[thing] > 1
        alone = np.bincount(combination[~is_shared], minlength=combinations)
        counts = np.bincount(combination[is_shared], minlength=combinations)
        kept, renumbered = np.unique(thing[is_shared], return_inverse=True)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(alone.astype(np.int64), starts.astype(np.int64), renumbered.astype(np.int64), len(kept))

    @property
    def additive(self) -> bool:
        """No thing occurs in two combinations, so counts of joined combinations add up."""
        return self.kinds == 0

    def count(self, combination: IntArray, group: IntArray, groups: int) -> IntArray:
        """Distinct things in each group of combinations (``group[i]`` is the group of ``combination[i]``)."""
        alone = np.bincount(group, weights=self.alone[combination], minlength=groups).astype(np.int64)
        if self.additive:
            return alone
        lengths = self.starts[combination + 1] - self.starts[combination]
        total = int(lengths.sum())
        if total == 0:
            return alone
        first = np.repeat(self.starts[combination] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        things = self.shared[first + np.arange(total)]
        pairs = np.unique(np.repeat(group, lengths) * self.kinds + things)
        return alone + np.bincount(pairs // self.kinds, minlength=groups)


@dataclass(frozen=True)
class Requirement:
    """At least ``threshold`` distinct things in every class."""

    name: str
    threshold: int
    things: DistinctCount
    column: str | None = None


@dataclass(frozen=True)
class Requirements:
    """All requirements of a policy; the first counts subjects."""

    items: tuple[Requirement, ...]

    @property
    def subjects(self) -> DistinctCount:
        """Distinct subjects per combination."""
        return self.items[0].things

    @property
    def additive(self) -> bool:
        """All counts add up when combinations are joined."""
        return all(item.things.additive for item in self.items)

    def hold(self, combination: IntArray, group: IntArray, groups: int) -> BoolArray:
        """Which groups of combinations meet every requirement."""
        good = np.ones(groups, dtype=bool)
        for item in self.items:
            good &= item.things.count(combination, group, groups) >= item.threshold
        return good

    def hold_together(self, combination: IntArray) -> bool:
        """These combinations as one class meet every requirement."""
        return len(combination) > 0 and bool(self.hold(combination, np.zeros(len(combination), dtype=np.int64), 1)[0])
