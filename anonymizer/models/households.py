"""Subjects who live together: the risk that at least one of a household is recognised.

Who recognises one member knows the household. With r the risk of each member, that of its household is one minus the
product of all 1 - r (Hundepool and others, *Handbook on statistical disclosure control*, 2010, as mu-Argus has it;
Templ, Kowarik, Meindl, *Statistical disclosure control for micro-data using the R package sdcMicro*, 2015). A member's
r is 1 / (subjects alike), the highest of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SLACK = 1e-9


@dataclass(frozen=True)
class Households:
    """Members of households, each once for every combination it has rows in.

    Entries lie in the order of members; ``starts`` tells where each begins, ``household`` in which it lives (rising).
    ``limit``: the highest risk asked for, None without.
    """

    combination: IntArray
    starts: IntArray
    household: IntArray
    limit: float | None

    @classmethod
    def of(
        cls, combination: IntArray, household: IntArray, subject: IntArray | None, limit: float | None
    ) -> Households:
        """From each row's combination, household (numbered from 0; negative: none, so its subject lives alone) and
        subject (None: its own)."""
        person = np.arange(len(combination), dtype=np.int64) if subject is None else subject
        alone = int(household.max(initial=-1)) + 1 + person
        entries = np.unique(np.column_stack([np.where(household < 0, alone, household), person, combination]), axis=0)
        new = np.ones(len(entries), dtype=bool)
        new[1:] = (entries[1:, :2] != entries[:-1, :2]).any(axis=1)
        starts = np.flatnonzero(new)
        _, number = np.unique(entries[starts, 0], return_inverse=True)
        return cls(entries[:, 2], starts.astype(np.int64), number.reshape(-1).astype(np.int64), limit)

    def risks(self, size: FloatArray) -> FloatArray:
        """Risk of each household that has a published member; ``size`` are the subjects alike of each combination, 0
        where it is not published."""
        members = self._members(size)
        published = np.zeros(self._count, dtype=bool)
        published[self.household[members > 0]] = True
        return self._joined(members)[published]

    def failing(self, size: FloatArray) -> IntArray:
        """Of every household whose risk exceeds the limit, the published combination of its riskiest member."""
        if self.limit is None or not len(self.starts):
            return np.empty(0, dtype=np.int64)
        members = self._members(size)
        high = self._joined(members) > self.limit + SLACK
        owner = np.repeat(np.arange(len(self.starts)), np.diff(np.r_[self.starts, len(self.combination)]))
        lives = self.household[owner]
        asked = np.flatnonzero(high[lives] & (size[self.combination] > 0))
        order = asked[np.lexsort((size[self.combination[asked]], lives[asked]))]
        first = np.ones(len(order), dtype=bool)
        first[1:] = lives[order[1:]] != lives[order[:-1]]
        return np.unique(self.combination[order[first]])

    @property
    def _count(self) -> int:
        return int(self.household.max(initial=-1)) + 1

    def _members(self, size: FloatArray) -> FloatArray:
        """Risk of each member, 0 where none of its rows is published."""
        own = size[self.combination]
        risk = np.divide(1.0, own, out=np.zeros(len(own)), where=own > 0)
        return np.maximum.reduceat(risk, self.starts) if len(self.starts) else risk[:0]

    def _joined(self, members: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            safe = np.bincount(self.household, weights=np.log1p(-members), minlength=self._count)
        return np.asarray(-np.expm1(safe))
