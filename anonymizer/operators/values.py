"""Operators on single values: mask, round, top and bottom coding. All work on whole columns."""

from __future__ import annotations

import polars as pl

from contracts.errors import InvalidInput
from contracts.privacy import Mask, Round, TopBottom


def mask(column: pl.Series, operator: Mask) -> pl.Series:
    """Characters replaced by the operator's sign; a value too short to hide as many as it shows is hidden
    whole."""
    text = column.cast(pl.String)
    kept = operator.keep_start + operator.keep_end
    frame = pl.DataFrame({"text": text})
    length = pl.col("text").str.len_chars().cast(pl.Int64)
    hidden = length - kept
    sign = operator.char.replace("$", "$$")
    middle = pl.col("text").str.slice(operator.keep_start, hidden.clip(0)).str.replace_all(r"(?s).", sign)
    shown = pl.concat_str(
        pl.col("text").str.head(operator.keep_start), middle, pl.col("text").str.tail(operator.keep_end)
    )
    hide_all = pl.col("text").str.replace_all(r"(?s).", sign)
    return frame.select(pl.when(hidden >= kept).then(shown).otherwise(hide_all)).to_series().alias(column.name)


def round_to(column: pl.Series, operator: Round) -> pl.Series:
    """The nearest multiple of the step, halves away from zero; whole numbers stay whole under a whole
    step."""
    numbers = numeric(column)
    steps = numbers.cast(pl.Float64) / operator.step
    nearest = (steps.abs() + 0.5 + 1e-9).floor() * steps.sign()
    rounded = (nearest * operator.step).round(10).alias(column.name)
    return rounded.cast(pl.Int64) if numbers.dtype.is_integer() and operator.step.is_integer() else rounded


def top_bottom(column: pl.Series, operator: TopBottom) -> pl.Series:
    """Values beyond the limits become the limits."""
    numbers = numeric(column)
    whole = all(limit is None or limit.is_integer() for limit in (operator.low, operator.high))
    kind = pl.Int64 if numbers.dtype.is_integer() and whole else pl.Float64
    low, high = (None if limit is None else pl.Series([limit]).cast(kind)[0] for limit in (operator.low, operator.high))
    return numbers.cast(kind).clip(low, high).alias(column.name)


def numeric(column: pl.Series) -> pl.Series:
    """The column as numbers; raises where a cell holds none."""
    if column.dtype.is_numeric():
        return column
    for kind in (pl.Int64, pl.Float64):
        numbers = column.cast(kind, strict=False)
        if numbers.null_count() == column.null_count():
            return numbers
    row = int((numbers.is_null() & column.is_not_null()).arg_true()[0]) + 1
    raise InvalidInput.at(
        f"columns/{column.name}/operator/kind",
        f"Column {column.name!r} holds no number in row {row}: round, top-bottom and micro-aggregate need numbers",
    )
