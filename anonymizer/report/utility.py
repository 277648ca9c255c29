"""What the officer sees of use and risk: distributions before and after, risky combinations and sample rows
as shapes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import Classes
from anonymizer.display import display_columns
from anonymizer.hierarchies import EncodedColumn
from anonymizer.hierarchies.encoded import IntArray
from anonymizer.preparation import Prepared
from anonymizer.shapes import shape, shapes
from contracts.privacy import ColumnUtility, RiskyCombination, SampleRow, ValueShare
from contracts.schema import DataContract

_BANDS = 12
_RISKY = 10
COARSER = "…"
"""Label of the rows that are published coarser than the bands shown."""


def column_utility(prepared: Prepared, recoding: Recoding, place: int) -> ColumnUtility:
    """Shares of rows per band before and after, on the finest level that has few enough bands to look at."""
    column, histogram = prepared.quasi_identifiers[place], prepared.histogram
    leaf = histogram.leaf[:, place]
    level = _level_to_show(column)
    nodes = column.tree.node_of[level]
    before = np.bincount(nodes[leaf], weights=histogram.rows, minlength=column.tree.nodes)
    kept = ~recoding.suppressed
    cells = recoding.cells[kept, place]
    rows = histogram.rows[kept]
    band = _band_of_cells(column, cells, leaf[kept], level)
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
        distinct_before=len(np.unique(leaf)),
        distinct_after=len(np.unique(cells)),
        before=[ValueShare(label=text, share=float(share_before[n])) for text, n in zip(labels, shown, strict=True)],
        after=[ValueShare(label=text, share=float(share_after[n])) for text, n in zip(labels, shown, strict=True)]
        + ([ValueShare(label=COARSER, share=lost)] if coarser else []),
        distance=float((np.abs(share_before - share_after).sum() + lost) / 2),
    )


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
    sizes = prepared.histogram.requirements.subjects.count(everything, everything, len(everything))
    return _combinations(prepared, np.argsort(sizes, kind="stable")[:_RISKY], sizes)


def suppressed_profile(prepared: Prepared, recoding: Recoding) -> list[RiskyCombination]:
    """The largest suppressed combinations."""
    gone = np.flatnonzero(recoding.suppressed)
    if not len(gone):
        return []
    everything = np.arange(prepared.histogram.combinations, dtype=np.int64)
    sizes = prepared.histogram.requirements.subjects.count(everything, everything, len(everything))
    return _combinations(prepared, gone[np.argsort(-sizes[gone], kind="stable")][:_RISKY], sizes)


def _combinations(prepared: Prepared, chosen: IntArray, sizes: IntArray) -> list[RiskyCombination]:
    labels = []
    for place, column in enumerate(prepared.quasi_identifiers):
        nodes = column.tree.node_of[0][prepared.histogram.leaf[chosen, place]]
        labels.append([shape(text) for text in column.labels(nodes)])
    names = [column.name for column in prepared.quasi_identifiers]
    return [
        RiskyCombination(subjects=int(sizes[c]), shapes=dict(zip(names, values, strict=True)))
        for c, values in zip(chosen, zip(*labels, strict=True), strict=True)
    ]


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
