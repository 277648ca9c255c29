"""What must hold before rows that look alike may be published.

Two kinds of conditions. Those on *subjects* (k-anonymity, risk limits) look at quasi-identifiers only. Those on
*sensitive values* (l-diversity, t-closeness) look at what is published beside them. The kinds are kept apart because a
search that cuts classes by sensitive values tells about them: see :mod:`anonymizer.algorithms.local`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from anonymizer.models.counts import DistinctCount, Grouped, ValueCounts
from anonymizer.models.diversity import distinct, entropy, equal_distance, ordered_distance, recursive
from anonymizer.models.households import Households
from contracts.privacy import (
    DistinctLDiversity,
    EntropyLDiversity,
    RecursiveCLDiversity,
    SensitiveModel,
    TCloseness,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SLACK = 1e-9


@dataclass(frozen=True)
class SensitiveRequirement:
    """A model about one sensitive column, with the counts of its values."""

    model: SensitiveModel
    values: ValueCounts

    @property
    def rises(self) -> bool:
        """Whatever fails still fails when it is cut into smaller groups."""
        return isinstance(self.model, DistinctLDiversity)

    def reached(self, grouped: Grouped) -> FloatArray:
        """The model's measure of each group; for distances the whole of ``grouped`` is the reference."""
        match self.model:
            case DistinctLDiversity():
                return distinct(grouped)
            case EntropyLDiversity():
                return entropy(grouped)
            case RecursiveCLDiversity(l=l):
                return recursive(grouped, l)
            case TCloseness(distance="equal"):
                return equal_distance(grouped)
            case TCloseness():
                return ordered_distance(grouped)

    def holds(self, grouped: Grouped) -> BoolArray:
        """Which groups meet the model."""
        reached = self.reached(grouped)
        match self.model:
            case DistinctLDiversity(l=l):
                return np.asarray(reached >= l)
            case EntropyLDiversity(l=least):
                return np.asarray(reached >= least - SLACK)
            case RecursiveCLDiversity(c=c):
                return np.asarray(reached < c)
            case TCloseness(t=t):
                return np.asarray(reached <= t + SLACK)


@dataclass(frozen=True)
class KeptValues(SensitiveRequirement):
    """Where a group holds subjects who still show the value they showed in an earlier release, these show at least l
    different ones. ``values`` counts such subjects only."""

    @property
    def rises(self) -> bool:
        """A failing group may be cut so that a part holds no such subject."""
        return False

    def holds(self, grouped: Grouped) -> BoolArray:
        """Which groups hold no such subject, or enough values."""
        return np.asarray((self.reached(grouped) == 0) | super().holds(grouped))


@dataclass(frozen=True)
class Requirements:
    """All that a policy asks of classes.

    ``k``: subjects in every class. ``average_risk``: largest classes / subjects of the whole release, None without a
    limit. ``sensitive``: one entry per model about a sensitive column. ``households``: who lives together, None where
    that is not known. ``asked`` names the models for messages.
    """

    subjects: DistinctCount
    k: int
    average_risk: float | None = None
    sensitive: tuple[SensitiveRequirement, ...] = ()
    households: Households | None = None
    asked: str = ""

    @property
    def additive(self) -> bool:
        """Counts of subjects add up when combinations are joined."""
        return self.subjects.additive

    @property
    def only_counts_rise(self) -> bool:
        """Whatever fails still fails when it is cut into smaller groups, so a search may strike off what is finer."""
        return self.average_risk is None and not self._limits_households and all(s.rises for s in self.sensitive)

    @property
    def more_than_subjects(self) -> bool:
        """Something is asked beyond the number of subjects in each class."""
        return bool(self.sensitive) or self.average_risk is not None or self._limits_households

    @property
    def by_counts(self) -> bool:
        """Rows and subjects of a class tell whether it may be published."""
        return self.additive and not self.sensitive and not self._limits_households

    @property
    def _limits_households(self) -> bool:
        return self.households is not None and self.households.limit is not None

    def blind(self, k: int) -> Requirements:
        """The conditions on subjects alone, with at least ``k`` of them."""
        return replace(self, k=max(k, self.k), average_risk=None, sensitive=(), households=None)

    def hold(self, combination: IntArray, group: IntArray, groups: int) -> BoolArray:
        """Which groups of combinations have enough subjects."""
        return self.subjects.reach(combination, group, groups, self.k)

    def hold_together(self, combination: IntArray) -> bool:
        """These combinations as one class have enough subjects."""
        return len(combination) > 0 and bool(self.hold(combination, np.zeros(len(combination), dtype=np.int64), 1)[0])

    def publishable(self, combination: IntArray, group: IntArray, groups: int) -> BoolArray:
        """Which groups may be published, out of all that a release would hold.

        Distances to the distribution of the whole are to that of the release, which changes when a group is left out:
        groups are left out until those that stay meet every model. Of a household at too high a risk the group of its
        riskiest member is left out.
        """
        good = self.hold(combination, group, groups)
        sizes = self.subjects.count(combination, group, groups) if self._limits_households else None
        while self.sensitive or sizes is not None:
            kept = good[group]
            failing = np.zeros(groups, dtype=bool)
            for item in self.sensitive:
                failing |= ~item.holds(item.values.of_groups(combination[kept], group[kept], groups))
            if sizes is not None and self.households is not None:
                size = np.zeros(len(self.subjects.alone))
                size[combination[kept]] = sizes[group[kept]]
                place = np.zeros(len(size), dtype=np.int64)
                place[combination] = group
                failing[place[self.households.failing(size)]] = True
            failing &= good
            if not failing.any():
                break
            good = good & ~failing
        return good

    def average_allows(self, classes: int, subjects: int) -> bool:
        """Whether so many classes of so many subjects keep the average risk within its limit."""
        return self.average_risk is None or subjects == 0 or classes <= self.average_risk * subjects + SLACK


def least_size(risk: float) -> int:
    """Subjects a class needs so that a guess among them is right with probability ``risk`` at most."""
    return max(1, math.ceil(1.0 / risk - SLACK))
