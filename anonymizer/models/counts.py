"""Counting distinct things in groups of quasi-identifier combinations.

Things that occur in one combination only are counted by adding; those that occur in several (a person with rows in two
of them) are kept one by one, so that joining combinations never counts them twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


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
        pairs = distinct(combination * max(things, 1) + thing)
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
        places, owner = _spread(self.starts, combination, group)
        if not len(places):
            return alone
        pairs = distinct(owner * self.kinds + self.shared[places])
        return alone + np.bincount(pairs // self.kinds, minlength=groups)

    @cached_property
    def _most(self) -> int:
        """Combinations in which one thing occurs, at most."""
        return int(np.bincount(self.shared).max(initial=1))

    def reach(self, combination: IntArray, group: IntArray, groups: int, least: int) -> npt.NDArray[np.bool_]:
        """Which groups hold at least ``least`` distinct things. Only those are counted thing by thing whose number of
        entries leaves it open: no thing has more than ``_most`` of them."""
        alone = np.bincount(group, weights=self.alone[combination], minlength=groups)
        if self.additive:
            return np.asarray(alone >= least)
        entries = np.bincount(group, weights=self.starts[combination + 1] - self.starts[combination], minlength=groups)
        enough = alone + np.ceil(entries / self._most) >= least
        unsure = ~enough & (alone + entries >= least)
        if unsure.any():
            asked = unsure[group]
            enough[unsure] = self.count(combination[asked], group[asked], groups)[unsure] >= least
        return np.asarray(enough)


@dataclass(frozen=True)
class Grouped:
    """How many subjects show a value in a group: one entry per (group, value) that occurs, ordered by both.

    Values are numbered without gaps, in the order of the column.
    """

    group: IntArray
    value: IntArray
    count: IntArray
    groups: int
    values: int

    @property
    def totals(self) -> IntArray:
        """Entries of each group added up: subjects, once per value that they show."""
        return np.bincount(self.group, weights=self.count, minlength=self.groups).astype(np.int64)


@dataclass(frozen=True)
class ValueCounts:
    """Subjects per combination and value of a sensitive column.

    Entries lie in the order of combinations, ``starts`` tells where each begins. ``count`` subjects show ``value`` in
    this combination and in no other; ``things`` are pairs of subject and value that occur in several combinations,
    with their value in ``value_of_thing``.
    """

    starts: IntArray
    value: IntArray
    count: IntArray
    shared: DistinctCount
    value_of_thing: IntArray
    values: int

    @classmethod
    def of(cls, combination: IntArray, value: IntArray, subject: IntArray | None, combinations: int) -> ValueCounts:
        """From each row's combination, value (numbered from 0 in the column's order) and subject (None: its own)."""
        values = int(value.max(initial=0)) + 1
        if subject is None:
            nothing = DistinctCount.of_rows(np.zeros(combinations, dtype=np.int64))
            keys, counts = np.unique(combination * values + value, return_counts=True)
            return cls._packed(keys, counts, values, combinations, nothing, np.empty(0, dtype=np.int64))
        pair, thing = np.unique(subject * values + value, return_inverse=True)
        thing = thing.reshape(-1)
        pairs = distinct(combination * len(pair) + thing)
        place, thing = pairs // len(pair), pairs % len(pair)
        is_shared = np.bincount(thing, minlength=len(pair))[thing] > 1
        alone = place[~is_shared] * values + pair[thing[~is_shared]] % values
        keys, counts = np.unique(alone, return_counts=True)
        kept, renumbered = np.unique(thing[is_shared], return_inverse=True)
        lengths = np.bincount(place[is_shared], minlength=combinations)
        shared = DistinctCount(
            np.zeros(combinations, dtype=np.int64),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            renumbered.reshape(-1).astype(np.int64),
            len(kept),
        )
        return cls._packed(keys, counts, values, combinations, shared, pair[kept] % values)

    @classmethod
    def _packed(
        cls,
        keys: IntArray,
        counts: IntArray,
        values: int,
        combinations: int,
        shared: DistinctCount,
        value_of_thing: IntArray,
    ) -> ValueCounts:
        lengths = np.bincount(keys // values, minlength=combinations)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return cls(starts, keys % values, counts.astype(np.int64), shared, value_of_thing, values)

    def of_groups(self, combination: IntArray, group: IntArray, groups: int) -> Grouped:
        """Counts per group of combinations (``group[i]`` is the group of ``combination[i]``)."""
        places, owner = _spread(self.starts, combination, group)
        keys = owner * self.values + self.value[places]
        counts = self.count[places]
        if self.shared.kinds:
            things, holder = _spread(self.shared.starts, combination, group)
            pairs = distinct(holder * self.shared.kinds + self.shared.shared[things])
            more = (pairs // self.shared.kinds) * self.values + self.value_of_thing[pairs % self.shared.kinds]
            keys, counts = np.concatenate([keys, more]), np.concatenate([counts, np.ones(len(more), dtype=np.int64)])
        found, inverse = np.unique(keys, return_inverse=True)
        total = np.bincount(inverse.reshape(-1), weights=counts, minlength=len(found)).astype(np.int64)
        present, renumbered = np.unique(found % self.values, return_inverse=True)
        return Grouped(found // self.values, renumbered.reshape(-1), total, groups, len(present))


def distinct(keys: IntArray) -> IntArray:
    """The different keys, rising. NumPy's own hashes them first, which is several times slower where most differ."""
    ordered = np.sort(keys)
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _spread(starts: IntArray, combination: IntArray, group: IntArray) -> tuple[IntArray, IntArray]:
    """Places of all entries of these combinations, and the group each belongs to."""
    lengths = starts[combination + 1] - starts[combination]
    first = np.repeat(starts[combination] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return first + np.arange(int(lengths.sum())), np.repeat(group, lengths)
