"""Measures of sensitive values in the classes of a released table, written out in Polars.

Written apart from the library's own models on purpose: a check that shares their code would share their mistakes.
"""

from __future__ import annotations

import polars as pl

from contracts.privacy import DistinctLDiversity, EntropyLDiversity, RecursiveCLDiversity, SensitiveModel, TCloseness

_CLASS, _VALUE, _COUNT, _TOTAL, _SHARE, _WHOLE = "__class", "__value", "__count", "__total", "__share", "__whole"


def worst(pairs: pl.DataFrame, model: SensitiveModel) -> float | None:
    """The measure of the class that is worst off; None without rows, or where a class has fewer values than l.

    ``pairs`` has columns ``__class`` and ``__value``, and ``__weight``: for how many subjects a row stands.
    """
    if not pairs.height:
        return None
    counts = pairs.group_by(_CLASS, _VALUE).agg(pl.col("__weight").sum().cast(pl.Int64).alias(_COUNT))
    match model:
        case DistinctLDiversity():
            return _number(counts.group_by(_CLASS).len().get_column("len").min())
        case EntropyLDiversity():
            share = pl.col(_COUNT) / pl.col(_COUNT).sum()
            measure = counts.group_by(_CLASS).agg((-(share * share.log()).sum()).exp().alias("m"))
            return _number(measure.get_column("m").min())
        case RecursiveCLDiversity(l=l):
            falling = pl.col(_COUNT).sort(descending=True)
            measure = counts.group_by(_CLASS).agg(
                most=falling.first().cast(pl.Float64), rest=falling.slice(l - 1).sum().cast(pl.Float64)
            )
            if (measure.get_column("rest") == 0).any():
                return None
            return _number(measure.select((pl.col("most") / pl.col("rest")).max()).item())
        case TCloseness():
            return _distance(counts, model)


def _distance(counts: pl.DataFrame, model: TCloseness) -> float | None:
    """The largest earth mover's distance between the shares of a class and those of all."""
    whole = counts.group_by(_VALUE).agg(pl.col(_COUNT).sum())
    whole = whole.select(_VALUE, (pl.col(_COUNT) / pl.col(_COUNT).sum()).alias(_WHOLE))
    shares = counts.with_columns((pl.col(_COUNT) / pl.col(_COUNT).sum().over(_CLASS)).alias(_SHARE))
    if model.distance == "equal":
        joined = shares.join(whole, on=_VALUE, how="left", nulls_equal=True)
        above = (pl.col(_SHARE) - pl.col(_WHOLE)).clip(lower_bound=0)
        return _number(joined.group_by(_CLASS).agg(above.sum().alias("d")).get_column("d").max())
    if whole.height < 2:
        return 0.0
    if model.order is None:
        ordered = whole.sort(_VALUE, nulls_last=False)
    else:
        place = {text: rank for rank, text in enumerate(model.order)}
        rank = pl.col(_VALUE).cast(pl.String).replace_strict(place, default=None, return_dtype=pl.Int64)
        ordered = whole.sort(rank, nulls_last=False)
    distances = shares.select(pl.col(_CLASS).unique()).with_columns(own=pl.lit(0.0), gap=pl.lit(0.0))
    below = 0.0
    for value, share in ordered.head(ordered.height - 1).iter_rows():
        below += share
        here = shares.filter(pl.col(_VALUE).eq_missing(value)).select(_CLASS, _SHARE)
        distances = (
            distances.join(here, on=_CLASS, how="left", nulls_equal=True)
            .with_columns(own=pl.col("own") + pl.col(_SHARE).fill_null(0.0))
            .with_columns(gap=pl.col("gap") + (pl.col("own") - below).abs())
            .drop(_SHARE)
        )
    return _number(distances.select(pl.col("gap").max() / (ordered.height - 1)).item())


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
