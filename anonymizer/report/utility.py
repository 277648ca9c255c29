"""What the officer sees of use and risk: distributions before and after, risky combinations and sample rows
as shapes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import Classes, raw_groups
from anonymizer.display import display_columns
from anonymizer.hierarchies import EncodedColumn
from anonymizer.hierarchies.encoded import IntArray
from anonymizer.preparation import Prepared
from anonymizer.shapes import shape, shapes
from contracts.privacy import ColumnUtility, RiskyCombination, SampleRow, ValueShare
from contracts.schema import DataContract

_BANDS = 12
_PAIRS = 4_000_000  # pairs of leaf and cell that are counted in place
_RISKY = 10
COARSER = "…"
"""Label of the rows that are published coarser than the bands shown."""


def column_utility(prepared: Prepared, recoding: Recoding, place: int) -> ColumnUtility:
    """Shares of rows per band before and after, on the finest level that has few enough bands to look at."""
    column, histogram = prepared.quasi_identifiers[place], prepared.histogram
    level = _level_to_show(column)
    nodes = column.tree.node_of[level]
    of_leaf = np.bincount(histogram.leaf[:, place], weights=histogram.rows, minlength=column.tree.leaves)
    before = np.bincount(nodes, weights=of_leaf, minlength=column.tree.nodes)
    leaf, cells, rows = _shown_as(column, prepared, recoding, place)
    band = _band_of_cells(column, cells, leaf, level)
    after = np.bincount(band[band >= 0], weights=rows[band >= 0], minlength=column.tree.nodes)
    coarser = float(rows[band < 0].sum())
    shown = np.argsort(-before, kind="stable")[:_BANDS]
    shown = shown[before[shown] > 0]
    labels = column.labels(shown.astype(np.int64))
    total_before, total_after = max(before.sum(), 1.0), max(float(rows.sum()), 1.0)
    share_before, share_after = before / total_before, after / total_after
    lost = coarser / total_after
    return ColumnUtility(
        column=column.name,
        distinct_before=int((of_leaf > 0).sum()),
        distinct_after=len(np.unique(cells)),
        before=[ValueShare(label=text, share=float(share_before[n])) for text, n in zip(labels, shown, strict=True)],
        after=[ValueShare(label=text, share=float(share_after[n])) for text, n in zip(labels, shown, strict=True)]
        + ([ValueShare(label=COARSER, share=lost)] if coarser else []),
        distance=float((np.abs(share_before - share_after).sum() + lost) / 2),
    )


def _shown_as(
    column: EncodedColumn, prepared: Prepared, recoding: Recoding, place: int
) -> tuple[IntArray, IntArray, IntArray]:
    """What leaves are published as, each pair of leaf and cell once where that is cheap, with its rows."""
    kept = np.flatnonzero(~recoding.suppressed)
    leaf, cells = prepared.histogram.leaf[kept, place], recoding.cells[kept, place]
    rows, tree = prepared.histogram.rows[kept], column.tree
    if not len(kept) or tree.leaves * tree.nodes > _PAIRS or int(cells.max()) >= tree.nodes:
        return leaf, cells, rows
    counted = np.bincount(leaf * tree.nodes + cells, weights=rows)
    pairs = np.flatnonzero(counted)
    return pairs // tree.nodes, pairs % tree.nodes, counted[pairs].astype(np.int64)


def _level_to_show(column: EncodedColumn) -> int:
    last = column.tree.levels - (2 if column.tree.root and column.tree.levels > 1 else 1)
    for level in range(last):
        if len(np.unique(column.tree.node_of[level])) <= _BANDS:
            return level
    return last


def _band_of_cells(column: EncodedColumn, cells: IntArray, leaf: IntArray, level: int) -> IntArray:
    """The band each cell lies in, -1 where it is coarser than a band."""
    tree = column.tree
    band = tree.node_of[level][leaf]
    is_range = cells >= tree.nodes
    node = np.where(is_range, 0, cells)
    inside = (tree.level[node] <= level) | (node == band)
    span = np.where(is_range, cells - tree.nodes, 0)
    same = tree.node_of[level][span // tree.leaves] == tree.node_of[level][span % tree.leaves]
    return np.where(np.where(is_range, same, inside), band, -1)


def riskiest(prepared: Prepared) -> list[RiskyCombination]:
    """The combinations fewest subjects share, before anything is done."""
    if not prepared.quasi_identifiers:
        return []
    everything = np.arange(prepared.histogram.combinations, dtype=np.int64)
    first, group = raw_groups(prepared)
    sizes = prepared.histogram.requirements.subjects.count(everything, group, len(first))
    chosen = _smallest(sizes, _RISKY)
    return _combinations(prepared, first[chosen], sizes[chosen])


def suppressed_profile(prepared: Prepared, recoding: Recoding) -> list[RiskyCombination]:
    """The largest suppressed combinations."""
    gone = np.flatnonzero(recoding.suppressed)
    if not len(gone):
        return []
    everything = np.arange(prepared.histogram.combinations, dtype=np.int64)
    sizes = prepared.histogram.requirements.subjects.count(everything, everything, len(everything))
    chosen = gone[_smallest(-sizes[gone], _RISKY)]
    return _combinations(prepared, chosen, sizes[chosen])


def _smallest(figures: IntArray, count: int) -> IntArray:
    """Places of the smallest figures in rising order, the first of equal ones first."""
    count = min(count, len(figures))
    last = np.partition(figures, count - 1)[count - 1]
    below = np.flatnonzero(figures < last)
    chosen = np.concatenate([below, np.flatnonzero(figures == last)[: count - len(below)]])
    return chosen[np.argsort(figures[chosen], kind="stable")]


def _combinations(prepared: Prepared, chosen: IntArray, sizes: IntArray) -> list[RiskyCombination]:
    """Some combinations with the subjects that share each."""
    told = shapes_of(prepared, chosen)
    return [RiskyCombination(subjects=int(size), shapes=own) for size, own in zip(sizes, told, strict=True)]


def shapes_of(prepared: Prepared, chosen: IntArray) -> list[dict[str, str]]:
    """Some combinations by the shapes of their values."""
    labels = []
    for place, column in enumerate(prepared.quasi_identifiers):
        nodes = column.tree.node_of[0][prepared.histogram.leaf[chosen, place]]
        labels.append([shape(text) for text in column.labels(nodes)])
    names = [column.name for column in prepared.quasi_identifiers]
    return [dict(zip(names, values, strict=True)) for values in zip(*labels, strict=True)]


def sample_rows(
    prepared: Prepared, classes: Classes, contract: DataContract, rows: IntArray, released: pl.DataFrame
) -> list[SampleRow]:
    """Rows before (shapes only) and after. ``released`` holds those of ``rows`` that are published, in table
    order."""
    rows = np.sort(rows)
    published = classes.of_combination[prepared.histogram.combination_of_row[rows]] >= 0
    raw = prepared.table[rows.tolist()]
    before = raw.select([shapes(column).alias(column.name) for column in raw]).to_dicts()
    texts = iter(display_columns(released, contract).select(pl.all().cast(pl.String).fill_null("")).to_dicts())
    return [
        SampleRow(before=row, after=next(texts) if shown else None)
        for row, shown in zip(before, published, strict=True)
    ]


def draw(key: bytes, rows: int, count: int) -> npt.NDArray[np.int64]:
    """``count`` different row numbers below ``rows`` (all when there are fewer), from a generator seeded by
    ``key``."""
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(key, "big")))
    return generator.choice(rows, size=min(count, rows), replace=False).astype(np.int64)
