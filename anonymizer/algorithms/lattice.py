"""The lattice of full-domain recodings (one level for each column), and what each of its nodes costs.

A node is judged from the coarsest grouping at hand that is finer than it, not from the combinations: groups of a node
are unions of the groups of every finer one (Kohlmayer and others, *Flash*, 2012, call such groupings snapshots).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from anonymizer.algorithms.recoding import Budget
from anonymizer.engines import Histogram, in_order, number

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Node = tuple[int, ...]
A = TypeVar("A", bound=npt.NDArray[Any])

_SHRINKS = 0.7  # a grouping is kept when it has at most this share of the groups it was made from
_KEPT = 4_000_000  # groups kept over all groupings
_DENSE = 4  # keys are counted in place when their space is at most so many times their number
_OVERHEAD = 20_000  # entries that could be grouped in the time a node costs whatever its size


@dataclass(frozen=True)
class Outcome:
    """A node judged.

    ``hopeless``: it suppresses too much, and so does everything finer; what it would lose is not asked then. ``loss``
    is the mean loss with suppressed rows as 1; ``extra`` is what suppression adds to it, here and at least in
    everything finer.
    """

    node: Node
    allowed: bool
    hopeless: bool
    loss: float
    extra: float


@dataclass(eq=False)
class _Grouping:
    """Groups of a node: their rows and subjects (whole numbers as floats, which is how they are added up), one of the
    groups of ``source`` that each is made of (``first``), and each usable combination's group (None where nothing needs
    it). ``codes`` by column at the node's levels, once they were asked for: few groupings are."""

    node: Node
    rows: FloatArray
    subjects: FloatArray
    group_of: IntArray | None
    source: _Grouping | None = None
    first: IntArray | None = None
    codes: list[npt.NDArray[np.int32]] | None = None


@dataclass(eq=False)
class _Groups:
    """Groups just made: ``key`` tells for each group of the source, by numbers below ``space``, which it fell into;
    ``keys`` are those that occur, None where ``first`` is known already; ``place`` numbers them, where it was asked."""

    key: IntArray
    space: int
    keys: IntArray | None
    rows: FloatArray
    subjects: FloatArray
    first: IntArray | None
    place: IntArray | None

    def representatives(self) -> IntArray:
        """One group of the source for each."""
        if self.first is None:
            found = np.empty(self.space, dtype=np.int64)
            found[self.key] = np.arange(len(self.key))
            self.first = found[self.keys]
        return self.first


class Lattice:
    """Judges nodes on one histogram and remembers what it found."""

    def __init__(self, histogram: Histogram, budget: Budget) -> None:
        self.histogram = histogram
        self.budget = budget
        self.levels = [column.tree.levels for column in histogram.columns]
        self.top: Node = tuple(levels - 1 for levels in self.levels)
        self.work = 0
        """Groups looked at, times columns: the measure of effort, the same on every machine."""
        self._known: dict[Node, Outcome] = {}
        self._rises: dict[tuple[int, int, int], IntArray] = {}
        requirements = histogram.requirements
        self._by_counts = requirements.by_counts
        self._one_row_each = requirements.additive and histogram.total_rows == histogram.total_subjects
        self._total = max(histogram.total_rows, 1)
        self._usable = np.flatnonzero(histogram.usable)
        self._gone = np.flatnonzero(~histogram.usable)
        self._code_of: list[list[IntArray]] = []
        self._loss_of: list[list[FloatArray]] = []
        self._first: list[list[IntArray]] = []
        columns = max(histogram.shown, 1)
        for column in histogram.columns:
            codes, losses, firsts = [], [], []
            for nodes in column.tree.node_of:
                distinct, first, code = np.unique(nodes, return_index=True, return_inverse=True)
                codes.append(code.reshape(-1).astype(np.int64))
                losses.append(column.tree.loss[distinct] / columns)
                firsts.append(first.astype(np.int64))
            self._code_of.append(codes)
            self._loss_of.append(losses)
            self._first.append(firsts)
        self.level_loss = [self._level_losses(place, histogram.rows) for place in range(len(self.levels))]
        gone_rows = np.where(histogram.usable, 0, histogram.rows)
        self._gone_share = float(gone_rows.sum()) / self._total
        self._gone_loss = [
            self._level_losses(place, gone_rows) if self._gone_share else np.zeros(levels)
            for place, levels in enumerate(self.levels)
        ]
        self._groupings = [self._base()]
        self._nodes = np.zeros((1, len(self.levels)), dtype=np.int64)
        self._sizes = np.array([float(len(self._usable))])

    @property
    def size(self) -> float:
        """Nodes of the lattice (a float: there may be more than an integer of the machine holds)."""
        return float(np.prod(self.levels, dtype=np.float64))

    @property
    def checked(self) -> int:
        """Different nodes judged."""
        return len(self._known)

    def known(self, node: Node) -> bool:
        """This node was judged."""
        return node in self._known

    def ask(self, k: int) -> None:
        """Judge by another number of subjects from here on. Groupings do not depend on it and are kept."""
        self.histogram = replace(self.histogram, requirements=replace(self.histogram.requirements, k=k))
        self._known.clear()

    def bound(self, node: Node) -> float:
        """Loss of generalisation alone; suppressing a row can only add to it."""
        return float(sum(self.level_loss[place][level] for place, level in enumerate(node)))

    def judge(self, node: Node) -> Outcome:
        """What a node would suppress and lose."""
        if node not in self._known:
            self._known[node] = self._judge(node)
        return self._known[node]

    def suppressed(self, node: Node) -> BoolArray:
        """Which combinations a node suppresses."""
        groups = self._group(self._groupings[0], node, places=True)
        place = groups.place
        assert place is not None
        gone = ~self.histogram.usable
        good = self.histogram.requirements.publishable(self._usable, place, len(groups.rows))
        gone[self._usable[~good[place]]] = True
        return gone

    def _level_losses(self, place: int, rows: IntArray) -> FloatArray:
        tree = self.histogram.columns[place].tree
        weight = np.bincount(self.histogram.leaf[:, place], weights=rows, minlength=tree.leaves) / self._total
        return np.array(
            [weight @ losses[code] for losses, code in zip(self._loss_of[place], self._code_of[place], strict=True)]
        )

    def _base(self) -> _Grouping:
        histogram, usable = self.histogram, self._usable
        codes = [
            self._code_of[place][0][histogram.leaf[usable, place]].astype(np.int32) for place in range(len(self.levels))
        ]
        rows = histogram.rows[usable].astype(np.float64)
        subjects = rows
        if self._by_counts and not self._one_row_each:
            subjects = histogram.requirements.subjects.alone[usable].astype(np.float64)
        everything = None if self._by_counts else np.arange(len(usable), dtype=np.int64)
        return _Grouping((0,) * len(self.levels), rows, subjects, everything, codes=codes)

    def _codes(self, grouping: _Grouping) -> list[npt.NDArray[np.int32]]:
        if grouping.codes is None:
            source, first = grouping.source, grouping.first
            assert source is not None, "only the base has no source, and it has its codes"
            assert first is not None, "kept together with the source"
            grouping.codes = [
                _looked_up(self._rise(place, source.node[place], level).astype(np.int32), _looked_up(codes, first))
                for place, (level, codes) in enumerate(zip(grouping.node, self._codes(source), strict=True))
            ]
            grouping.source = grouping.first = None
        return grouping.codes

    def _rise(self, place: int, low: int, high: int) -> IntArray:
        """Per code of a level its code on a higher one."""
        key = (place, low, high)
        if key not in self._rises:
            self._rises[key] = self._code_of[place][high][self._first[place][low]]
        return self._rises[key]

    def _key(self, source: _Grouping, node: Node) -> tuple[IntArray, int]:
        """A number for each group of the source that is the same where they fall together, and below what they lie."""
        length = len(source.rows)
        room = 1 << (62 - max(length - 1, 1).bit_length())
        key: IntArray = np.zeros(length, dtype=np.int64)
        space = 1
        for place, (level, codes) in enumerate(zip(node, self._codes(source), strict=True)):
            width = len(self._first[place][level])
            if width == 1:
                continue
            if space * width >= room:
                _, key = number(key, space)
                space = int(key.max(initial=0)) + 1
            key += _looked_up(self._rise(place, source.node[place], level) * space, codes)
            space *= width
        return key, space

    def _group(self, source: _Grouping, node: Node, *, places: bool) -> _Groups:
        """The groups of a node from those of a finer one."""
        length = len(source.rows)
        self.work += length * len(node) + _OVERHEAD
        key, space = self._key(source, node)
        alike = source.subjects is source.rows
        if space <= _DENSE * length:
            counted = _added(key, source.rows, space)
            keys = np.flatnonzero(counted)
            rows = counted[keys]
            subjects = rows if alike else _added(key, source.subjects, space)[keys]
            place = None
            if places:
                rank = np.empty(space, dtype=np.int64)
                rank[keys] = np.arange(len(keys))
                place = rank[key]
            return _Groups(key, space, keys, rows, subjects, None, place)
        if places:
            first, place = number(key, space)
            rows = _added(place, source.rows, len(first))
            subjects = rows if alike else _added(place, source.subjects, len(first))
            return _Groups(key, space, None, rows, subjects, first, place)
        order, starts = in_order(key)
        rows = np.add.reduceat(source.rows[order], starts)
        subjects = rows if alike else np.add.reduceat(source.subjects[order], starts)
        return _Groups(key, space, None, rows, subjects, order[starts], None)

    def _judge(self, node: Node) -> Outcome:
        finer = (self._nodes <= np.array(node)).all(axis=1)
        source = self._groupings[int(np.argmin(np.where(finer, self._sizes, np.inf)))]
        groups = self._group(source, node, places=not self._by_counts)
        rows, subjects = groups.rows, groups.subjects
        group_of = None if groups.place is None or source.group_of is None else groups.place[source.group_of]
        self._keep(source, node, groups, group_of)
        requirements = self.histogram.requirements
        if group_of is None:
            certain = good = subjects >= requirements.k
        else:
            certain = requirements.hold(self._usable, group_of, len(rows))
            good = requirements.publishable(self._usable, group_of, len(rows))
        if requirements.only_counts_rise:
            certain = good
        within = self._within(rows, subjects, good, group_of)
        hopeless = not (within if certain is good else self._within(rows, subjects, certain, group_of))
        kept = self._kept_subjects(subjects, good, group_of)
        allowed = within and requirements.average_allows(int(good.sum()), kept)
        if hopeless:
            return Outcome(node, False, True, np.inf, 0.0)
        extra = self._extra(source, node, groups, ~good)
        nested = extra if certain is good else self._extra(source, node, groups, ~certain)
        return Outcome(node, allowed, hopeless, self.bound(node) + extra, nested)

    def _within(self, rows: FloatArray, subjects: FloatArray, good: BoolArray, group_of: IntArray | None) -> bool:
        """Leaving out all groups but the good ones stays within the limits of rows and of subjects."""
        if self.histogram.total_rows - int(rows[good].sum()) > self.budget.rows:
            return False
        if self._one_row_each:
            return True
        return self.histogram.total_subjects - self._kept_subjects(subjects, good, group_of) <= self.budget.subjects

    def _kept_subjects(self, subjects: FloatArray, good: BoolArray, group_of: IntArray | None) -> int:
        if self._by_counts or self._one_row_each:
            return int(subjects[good].sum())
        assert group_of is not None
        return self.histogram.subjects_in(self._usable[good[group_of]])

    def _extra(self, source: _Grouping, node: Node, groups: _Groups, bad: BoolArray) -> float:
        """What leaving out groups adds to the loss: each row counts 1 instead of what generalising it costs."""
        gone = self._gone_share - float(sum(self._gone_loss[place][level] for place, level in enumerate(node)))
        if not bad.any():
            return gone
        first = groups.representatives()[bad]
        lost = np.zeros(len(first))
        for place, (level, codes) in enumerate(zip(node, self._codes(source), strict=True)):
            losses = self._loss_of[place][level]
            if len(losses) == 1:
                lost += losses[0]
            else:
                lost += _looked_up(losses[self._rise(place, source.node[place], level)], _looked_up(codes, first))
        return gone + float((groups.rows[bad] * (1.0 - lost)).sum()) / self._total

    def _keep(self, source: _Grouping, node: Node, groups: _Groups, group_of: IntArray | None) -> None:
        size = len(groups.rows)
        if size > _SHRINKS * len(source.rows) or self._sizes[1:].sum() + size > _KEPT:
            return
        first = groups.representatives()
        self._groupings.append(_Grouping(node, groups.rows, groups.subjects, group_of, source, first))
        self._nodes = np.vstack([self._nodes, node])
        self._sizes = np.append(self._sizes, size)


def _looked_up(table: A, codes: npt.NDArray[Any]) -> A:
    """What the table says of each code. All lie inside it: not having that checked takes half the time."""
    return cast(A, table.take(codes, mode="clip"))


def _added(place: IntArray, amounts: FloatArray, size: int) -> FloatArray:
    """Amounts added up by place."""
    return cast(FloatArray, np.bincount(place, weights=amounts, minlength=size))
