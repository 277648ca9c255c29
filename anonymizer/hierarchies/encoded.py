"""A quasi-identifier made ready for the search: small integers instead of values, and a tree above them.

Every row holds a *leaf* (the finest publishable value). On each *level* a leaf is shown as a *node*; the last
level of a tree with a root is "everything". What a row of the release shows is a *cell*: a node, or, in
columns whose ranges are free, a run of neighbouring leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.schema import ContractField

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PublishedColumn:
    """A column of the release made from cells; ``values`` has one entry per cell given."""

    field: ContractField
    values: pl.Series


class Publisher(Protocol):
    """Turns nodes into the typed columns of a release."""

    def publish(self, low: IntArray, high: IntArray) -> list[PublishedColumn]:
        """``low`` and ``high`` are nodes; they differ only in a free range, whose first and last leaf's nodes
        they are."""

    def labels(self, low: IntArray, high: IntArray) -> list[str]:
        """The same as one readable text per entry."""


@dataclass(frozen=True)
class Tree:
    """The levels above a column's leaves.

    ``node_of[level, leaf]`` is the node a leaf is shown as; node ids are unique over all levels.
    ``loss[node]`` is the information lost, 0 to 1. ``level[node]`` is the level a node belongs to. With
    ``root`` the last level is one node for everything. ``free`` marks an ordered column whose leaves before
    ``missing`` may be joined into ranges; ``position`` are then each leaf's (low, high) on the scale 0 to 1
    of the domain, by which a range's loss is measured.
    """

    node_of: IntArray
    loss: FloatArray
    level: IntArray
    root: bool
    missing: int | None
    free: bool = False
    position: FloatArray | None = None

    @property
    def leaves(self) -> int:
        """Number of leaves."""
        return int(self.node_of.shape[1])

    @property
    def levels(self) -> int:
        """Number of levels, the root's included."""
        return int(self.node_of.shape[0])

    @property
    def nodes(self) -> int:
        """Number of nodes over all levels."""
        return len(self.loss)

    @property
    def root_node(self) -> int:
        """The node that shows nothing; only for trees with a root."""
        return int(self.node_of[-1, 0])

    def range_cells(self, low: IntArray, high: IntArray) -> IntArray:
        """Cells for runs of leaves ``low`` … ``high``; a run into the missing leaf shows everything."""
        cells = self.nodes + low * self.leaves + high
        cells = np.where(low == high, self.node_of[0, low], cells)
        if self.missing is not None:
            cells = np.where((high == self.missing) & (low != high), self.root_node, cells)
        return cells

    def ends(self, cells: IntArray) -> tuple[IntArray, IntArray]:
        """The nodes of the first and the last leaf of each cell (the node itself, twice, unless it is a free
        range)."""
        is_range = cells >= self.nodes
        if not is_range.any():
            return cells, cells
        span = np.where(is_range, cells - self.nodes, 0)
        low = np.where(is_range, self.node_of[0, span // self.leaves], cells)
        high = np.where(is_range, self.node_of[0, span % self.leaves], cells)
        return low, high

    def range_loss(self, low: IntArray, high: IntArray) -> FloatArray:
        """Loss of free runs of leaves; 1 where a run joins missing and present values."""
        assert self.position is not None
        lost = self.position[high, 1] - self.position[low, 0]
        if self.missing is not None:
            lost = np.where(high == self.missing, np.where(low == self.missing, 0.0, 1.0), lost)
        return np.asarray(np.clip(lost, 0.0, 1.0))

    def cell_loss(self, cells: IntArray) -> FloatArray:
        """Loss of each cell, 0 to 1."""
        is_range = cells >= self.nodes
        lost = self.loss[np.where(is_range, 0, cells)]
        if is_range.any():
            span = cells[is_range] - self.nodes
            lost[is_range] = self.range_loss(span // self.leaves, span % self.leaves)
        return lost

    def hides_all(self, cells: IntArray) -> npt.NDArray[np.bool_]:
        """Cells that show nothing of the value."""
        if not self.root:
            return np.zeros(len(cells), dtype=bool)
        return np.asarray((cells == self.root_node) | (self.cell_loss(cells) >= 1.0 - 1e-12))


@dataclass(frozen=True)
class EncodedColumn:
    """A quasi-identifier: ``leaf`` per row, its tree, and how cells are published. ``sources`` are the
    table's columns.

    ``faithful``: leaves tell apart all that the raw values do, so counting leaves is counting raw values.
    ``unreadable``: rows whose value the hierarchy could not read and which show as missing.
    """

    name: str
    sources: tuple[str, ...]
    leaf: npt.NDArray[np.int32]
    tree: Tree
    publisher: Publisher
    level_names: tuple[str, ...]
    faithful: bool
    unreadable: int = 0

    def publish(self, cells: IntArray) -> list[PublishedColumn]:
        """The release's columns for these cells."""
        return self.publisher.publish(*self.tree.ends(cells))

    def labels(self, cells: IntArray) -> list[str]:
        """One readable text per cell."""
        return self.publisher.labels(*self.tree.ends(cells))


def build_tree(
    keys: list[list[object]],
    loss: list[FloatArray],
    *,
    has_missing: bool,
    free: bool = False,
    position: FloatArray | None = None,
    root: bool = True,
) -> tuple[Tree, list[tuple[int, int]]]:
    """Number the nodes of a tree.

    ``keys[level][leaf]`` names the group a leaf belongs to on a level (fine to coarse); None: the leaf cannot
    be shown on this level and shows as on the next coarser one, at last as the root. ``loss[level][leaf]`` is
    the loss of that group. The missing leaf, if there is one, is added after the others and stands alone on
    every level below the root. Returns the tree and, per node, the (level, leaf) it was first met at (level
    -1: missing, -2: root).
    """
    leaves = len(keys[0])
    width = leaves + has_missing
    node_of = np.empty((len(keys) + root, width), dtype=np.int64)
    origins: list[tuple[int, int]] = []
    losses: list[float] = []
    levels: list[int] = []
    unreadable: list[tuple[int, int]] = []
    for level, groups in enumerate(keys):
        known: dict[object, int] = {}
        for leaf, group in enumerate(groups):
            if group is None:
                unreadable.append((level, leaf))
                continue
            node = known.get(group)
            if node is None:
                node = known[group] = len(origins)
                origins.append((level, leaf))
                losses.append(float(loss[level][leaf]))
                levels.append(level)
            node_of[level, leaf] = node
    if has_missing:
        node_of[: len(keys), leaves] = len(origins)
        origins.append((-1, leaves))
        losses.append(0.0)
        levels.append(0)
    if root:
        node_of[-1, :] = len(origins)
        for level, leaf in sorted(unreadable, reverse=True):
            node_of[level, leaf] = node_of[level + 1, leaf]
        origins.append((-2, 0))
        losses.append(1.0)
        levels.append(len(keys))
    if has_missing and position is not None:
        position = np.vstack([position, [[0.0, 1.0]]])
    tree = Tree(
        node_of=node_of,
        loss=np.array(losses),
        level=np.array(levels, dtype=np.int64),
        root=root,
        missing=leaves if has_missing else None,
        free=free,
        position=position,
    )
    return tree, origins


def factorise(column: pl.Series) -> tuple[pl.Series, npt.NDArray[np.int32]]:
    """Distinct values in rising order (missing left out) and each row's place among them, -1 where
    missing."""
    if isinstance(column.dtype, pl.Categorical):
        return _factorise_codes(column)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    distinct = column.drop_nulls().unique().sort()
    if column.dtype == pl.String:
        codes = column.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).fill_null(-1)
        return distinct, codes.to_numpy().astype(np.int32, copy=False)
    lookup = pl.DataFrame({"value": distinct, "code": pl.Series(range(len(distinct)), dtype=pl.Int32)})
    joined = pl.DataFrame({"value": column}).join(lookup, on="value", how="left", maintain_order="left")
    return distinct, joined.get_column("code").fill_null(-1).to_numpy().astype(np.int32, copy=False)


def _factorise_codes(column: pl.Series) -> tuple[pl.Series, npt.NDArray[np.int32]]:
    """The same for a column of codes, whose order is that of the texts they stand for."""
    present = column.drop_nulls().unique()
    texts = present.cast(pl.String)
    order = texts.arg_sort().to_numpy()
    code = present.to_physical().to_numpy()
    # The last entry is for missing cells, which numpy finds at -1.
    place = np.full(int(code.max(initial=0)) + 2, -1, dtype=np.int32)
    place[code[order]] = np.arange(len(order), dtype=np.int32)
    known = column.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    return texts.gather(order).alias(column.name), place[known]
