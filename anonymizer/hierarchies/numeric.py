"""Numbers as bands of equal width or between given cut points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.hierarchies.distinct import Distinct
from anonymizer.hierarchies.encoded import EncodedColumn, FloatArray, IntArray, build_tree
from anonymizer.hierarchies.publishers import ANYTHING, RangePublisher
from contracts.privacy import NumericHierarchy

_SLACK = 1e-9  # 0.3 / 0.1 is a hair below 3 in binary
_DIGITS = 10
_THOUSANDS = r",(\d{3})\b"


def encode(name: str, hierarchy: NumericHierarchy, column: pl.Series, *, mixed: bool) -> EncodedColumn:
    """Bands of a column; ``mixed`` (several levels in one column) allows free ranges where the hierarchy
    does."""
    distinct, numbers = _numbers(Distinct.of(column))
    values = numbers.cast(pl.Float64).to_numpy()
    whole = numbers.dtype.is_integer() and _all_whole(hierarchy)
    bands = _bands(hierarchy, values)
    finest, leaf_of_value = np.unique(bands[0][0], return_inverse=True)
    first_value = np.zeros(len(finest), dtype=np.int64)
    first_value[leaf_of_value[::-1]] = np.arange(len(values))[::-1]
    domain = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    span = domain[1] - domain[0]

    keys: list[list[object]] = []
    loss: list[FloatArray] = []
    lows: list[FloatArray] = []
    highs: list[FloatArray] = []
    for index, low, high in bands:
        keys.append([int(band) for band in index[first_value]])
        # The last whole number of a band is one below the next band's first.
        lows.append(low[first_value])
        highs.append(high[first_value] - 1 if whole else high[first_value])
        loss.append(_share(lows[-1], highs[-1], domain))
    position = None
    if span > 0 and len(finest):
        clipped = np.stack(
            [
                np.clip(np.where(np.isnan(side), domain[end], side), *domain)
                for end, side in ((0, lows[0]), (1, highs[0]))
            ],
            axis=1,
        )
        position = (clipped - domain[0]) / span
    tree, origins = build_tree(
        keys,
        loss,
        has_missing=distinct.has_missing,
        free=mixed and hierarchy.ranges == "free" and position is not None,
        position=position,
    )
    edges = _root_edges(hierarchy, bands, whole)
    low_of_node = [
        lows[level][leaf] if level >= 0 else (edges[0] if level == -2 else np.nan) for level, leaf in origins
    ]
    high_of_node = [
        highs[level][leaf] if level >= 0 else (edges[1] if level == -2 else np.nan) for level, leaf in origins
    ]
    publisher = RangePublisher(name, _series(low_of_node, whole), _series(high_of_node, whole))
    names = tuple(f"{w:g}" for w in hierarchy.widths or []) or tuple(
        f"cuts {i + 1}" for i in range(len(hierarchy.cut_points or []))
    )
    leaf = distinct.leaves(leaf_of_value.astype(np.int64), len(finest))
    faithful = len(finest) == len(values) and not distinct.unreadable
    return EncodedColumn(name, (name,), leaf, tree, publisher, (*names, ANYTHING), faithful, distinct.unreadable)


def _numbers(distinct: Distinct) -> tuple[Distinct, pl.Series]:
    """The values as numbers; those that are none count as missing."""
    values = distinct.values
    if values.dtype.is_numeric():
        bad = values.is_infinite() if values.dtype.is_float() else pl.Series([False] * len(values), dtype=pl.Boolean)
        distinct.refuse(bad, "no band holds", "Clean the column or leave it out.")
        return distinct, values
    text = values.cast(pl.String).str.normalize("NFKC").str.strip_chars().str.replace_all(_THOUSANDS, "$1")
    whole = text.cast(pl.Int64, strict=False)
    numbers = text.cast(pl.Float64, strict=False)
    numbers = pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
    bad = numbers.is_null()
    remedy = "Empty or correct such cells, or use a category or prefix hierarchy."
    kept = distinct.without(bad, "no number can be read in", remedy)
    return kept, (whole if (whole.is_null() == bad).all() else numbers).filter(~bad)


def _all_whole(hierarchy: NumericHierarchy) -> bool:
    numbers = [hierarchy.origin, *(hierarchy.widths or []), *(c for cuts in hierarchy.cut_points or [] for c in cuts)]
    return all(float(number).is_integer() for number in numbers)


def _bands(hierarchy: NumericHierarchy, values: FloatArray) -> list[tuple[IntArray, FloatArray, FloatArray]]:
    """Per level: each value's band number, and the band's lower and upper border (NaN: open)."""
    bands = []
    for width in hierarchy.widths or []:
        index = np.floor((values - hierarchy.origin) / width + _SLACK).astype(np.int64)
        low = np.round(hierarchy.origin + index * width, _DIGITS)
        bands.append((index, low, np.round(hierarchy.origin + (index + 1) * width, _DIGITS)))
    for cuts in hierarchy.cut_points or []:
        borders = np.array([np.nan, *cuts, np.nan])
        index = np.searchsorted(np.array(cuts), values, side="right").astype(np.int64)
        bands.append((index, borders[index], borders[index + 1]))
    return bands


def _share(low: FloatArray, high: FloatArray, domain: tuple[float, float]) -> FloatArray:
    span = domain[1] - domain[0]
    if span <= 0:
        return np.zeros(len(low))
    top = np.clip(np.where(np.isnan(high), domain[1], high), *domain)
    bottom = np.clip(np.where(np.isnan(low), domain[0], low), *domain)
    return np.asarray(np.clip((top - bottom) / span, 0.0, 1.0))


def _root_edges(
    hierarchy: NumericHierarchy, bands: list[tuple[IntArray, FloatArray, FloatArray]], whole: bool
) -> tuple[float, float]:
    """The full range: the outer borders of the coarsest bands; open with cut points, which hide the
    extremes."""
    if hierarchy.cut_points is not None or len(bands[-1][0]) == 0:
        return (float("nan"), float("nan"))
    low, high = float(bands[-1][1].min()), float(bands[-1][2].max())
    return (low, high - 1 if whole else high)


def _series(values: list[float], whole: bool) -> pl.Series:
    numbers: npt.NDArray[np.float64] = np.array(values, dtype=np.float64)
    series = pl.Series(numbers, dtype=pl.Float64).fill_nan(None)
    return series.cast(pl.Int64) if whole else series
