"""Pairs of coordinates as cells of a grid, given in degrees."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import EncodedColumn, FloatArray, IntArray, build_tree
from anonymizer.hierarchies.publishers import ANYTHING, PairPublisher, RangePublisher
from contracts.errors import InvalidInput
from contracts.privacy import GeoGridHierarchy

_SLACK = 1e-6  # of a cell
_DIGITS = 10


def encode(name: str, hierarchy: GeoGridHierarchy, latitude: pl.Series, longitude: pl.Series) -> EncodedColumn:
    """Grid cells of a latitude and a longitude column, published as the cell's borders.

    A pair with one side missing is missing. Raises where a coordinate lies outside the globe.
    """
    sides = [_degrees(latitude, 90.0), _degrees(longitude, 180.0)]
    present = ~(np.isnan(sides[0]) | np.isnan(sides[1]))
    finest = hierarchy.cell_sizes[0]
    index = [np.floor(np.where(present, side, 0.0) / finest + _SLACK).astype(np.int64) for side in sides]
    pairs = np.stack(index, axis=1)
    cells, cell_of_row = np.unique(pairs[present], axis=0, return_inverse=True)
    has_missing = not bool(present.all())
    keys: list[list[object]] = []
    loss: list[FloatArray] = []
    boxes: list[IntArray] = []
    for size in hierarchy.cell_sizes:
        coarse = cells // round(size / finest)
        groups = [(int(a), int(b)) for a, b in coarse]
        covered = Counter(groups)
        keys.append(list(groups))
        boxes.append(coarse)
        loss.append(np.array([(covered[g] - 1) / max(len(cells) - 1, 1) for g in groups], dtype=np.float64))
    tree, origins = build_tree(keys, loss, has_missing=has_missing)
    publishers = []
    for side, column in enumerate((latitude.name, longitude.name)):
        lows: list[float | None] = []
        highs: list[float | None] = []
        for level, leaf in origins:
            if level >= 0:
                size = hierarchy.cell_sizes[level]
                low = int(boxes[level][leaf, side]) * size
            elif level == -2 and len(cells):
                size = hierarchy.cell_sizes[-1]
                low = int(boxes[-1][:, side].min()) * size
                size *= int(boxes[-1][:, side].max() - boxes[-1][:, side].min()) + 1
            else:
                lows.append(None)
                highs.append(None)
                continue
            lows.append(round(low, _DIGITS))
            highs.append(round(low + size, _DIGITS))
        publishers.append(RangePublisher(column, pl.Series(lows, dtype=pl.Float64), pl.Series(highs, dtype=pl.Float64)))
    leaf_of_row = np.full(len(present), len(cells), dtype=np.int32)
    leaf_of_row[present] = cell_of_row.reshape(-1)
    return EncodedColumn(
        name,
        (latitude.name, longitude.name),
        leaf_of_row,
        tree,
        PairPublisher(*publishers),
        (*(f"{size:g}°" for size in hierarchy.cell_sizes), ANYTHING),
        False,
    )


def _degrees(column: pl.Series, limit: float) -> FloatArray:
    text = column.cast(pl.String) if isinstance(column.dtype, pl.Categorical) else column
    numbers = text.cast(pl.Float64, strict=False)
    bad = (numbers.is_null() & column.is_not_null()) | (numbers.abs() > limit).fill_null(False)
    if bad.any():
        Distinct.of(column.filter(bad)).refuse(
            pl.Series([True]), f"no coordinate between -{limit:g} and {limit:g} can be read in", "Empty or correct it."
        )
        raise InvalidInput.at(f"columns/{column.name}", f"Column {column.name!r} holds no coordinates")
    return numbers.fill_null(float("nan")).to_numpy()
