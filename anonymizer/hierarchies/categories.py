"""Trees of named categories, prefixes of codes, and columns that are not generalised at all."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import EncodedColumn, FloatArray, IntArray, build_tree
from anonymizer.hierarchies.publishers import ANYTHING, CodePublisher, ValuePublisher
from contracts.privacy import CategoryHierarchy, PrefixHierarchy


def encode_tree(name: str, hierarchy: CategoryHierarchy, column: pl.Series, *, mixed: bool) -> EncodedColumn:
    """A tree given by its rows.

    The loss counts all leaves of the tree, whether they occur or not. Where all leaves are numbers it is that
    of ranges over the table's domain, so that it compares with a numeric hierarchy's.
    """
    assert hierarchy.rows is not None, "files are read when the policy is loaded"
    distinct = Distinct.of(column)
    paths = {row[0]: _without_root(row) for row in hierarchy.rows}
    values = distinct.values.cast(pl.String)
    distinct.refuse(
        ~values.is_in(list(paths)),
        "the hierarchy has no row for",
        "Add the row, or clean the column first.",
    )
    present = values.to_list()
    numbers = _all_numbers(list(paths), present)
    depth = min((len(path) for path in paths.values()), default=1)
    keys: list[list[object]] = [[paths[value][level] for value in present] for level in range(depth)]
    loss: list[FloatArray] = []
    for level in range(depth):
        groups = [paths[value][level] for value in present]
        loss.append(_range_share(paths, level, groups, numbers) if numbers else _leaf_share(paths, level, groups))
    return _coded(name, distinct, keys, loss, np.arange(len(present)), mixed=mixed)


def _all_numbers(leaves: list[str], present: list[str]) -> tuple[float, float] | None:
    """Smallest and largest value of the table when every leaf of the tree is a number, else None."""
    try:
        for leaf in leaves:
            float(leaf)
    except ValueError:
        return None
    known = [float(value) for value in present]
    return (min(known), max(known)) if known else None


def _leaf_share(paths: dict[str, list[str]], level: int, groups: list[str]) -> FloatArray:
    covered = Counter(path[level] for path in paths.values())
    return _covered_share([covered[group] for group in groups], len(paths))


def _range_share(paths: dict[str, list[str]], level: int, groups: list[str], domain: tuple[float, float]) -> FloatArray:
    ends: dict[str, tuple[float, float]] = {}
    for leaf, path in paths.items():
        number = min(max(float(leaf), domain[0]), domain[1])
        low, high = ends.get(path[level], (number, number))
        ends[path[level]] = (min(low, number), max(high, number))
    span = domain[1] - domain[0]
    return np.array([(ends[g][1] - ends[g][0]) / span if span else 0.0 for g in groups], dtype=np.float64)


def _without_root(row: list[str]) -> list[str]:
    return row[:-1] if len(row) > 1 and row[-1] == ANYTHING else row


def encode_prefix(name: str, hierarchy: PrefixHierarchy, column: pl.Series, *, mixed: bool) -> EncodedColumn:
    """Codes cut to their first characters; the leaves are the longest prefixes that occur."""
    distinct = Distinct.of(column)
    text = distinct.values.cast(pl.String)
    longest = text.str.slice(0, hierarchy.lengths[0])
    leaves = longest.unique().sort()
    place = {value: index for index, value in enumerate(leaves.to_list())}
    leaf_of_value = np.array([place[value] for value in longest.to_list()], dtype=np.int64)
    keys: list[list[object]] = []
    loss: list[FloatArray] = []
    for length in hierarchy.lengths:
        cut = leaves.str.slice(0, length).to_list()
        covered = Counter(cut)
        keys.append(list(cut))
        loss.append(_covered_share([covered[value] for value in cut], len(leaves)))
    return _coded(
        name, distinct, keys, loss, leaf_of_value, mixed=mixed, level_names=tuple(str(n) for n in hierarchy.lengths)
    )


def encode_plain(name: str, column: pl.Series) -> EncodedColumn:
    """The values as they are, on one level and without a root: such a column cannot be made coarser."""
    distinct = Distinct.of(column)
    count = len(distinct.values)
    tree, _ = build_tree([list(range(count))], [np.zeros(count)], has_missing=distinct.has_missing, root=False)
    values = distinct.values.extend_constant(None, int(distinct.has_missing))
    leaf = distinct.leaves(np.arange(count, dtype=np.int64), count)
    return EncodedColumn(name, (name,), leaf, tree, ValuePublisher(name, values), ("0",), True)


def _covered_share(covered: list[int], leaves: int) -> FloatArray:
    if leaves <= 1:
        return np.zeros(len(covered))
    return (np.array(covered, dtype=np.float64) - 1) / (leaves - 1)


def _coded(
    name: str,
    distinct: Distinct,
    keys: list[list[object]],
    loss: list[FloatArray],
    leaf_of_value: IntArray,
    *,
    mixed: bool,
    level_names: tuple[str, ...] | None = None,
) -> EncodedColumn:
    """A column published by codes: the texts are the keys themselves."""
    tree, origins = build_tree(keys, loss, has_missing=distinct.has_missing)
    texts: list[str | None] = [
        ANYTHING if level == -2 else None if level == -1 else str(keys[level][leaf]) for level, leaf in origins
    ]
    names = level_names or tuple(str(level) for level in range(len(keys)))
    publisher = CodePublisher(name, texts, tree.level.tolist(), mixed)
    leaf = distinct.leaves(leaf_of_value.astype(np.int64), len(keys[0]))
    return EncodedColumn(name, (name,), leaf, tree, publisher, (*names, ANYTHING), len(keys[0]) == len(distinct.values))
