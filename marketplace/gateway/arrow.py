"""Rows as Apache Arrow: the types of columns, tables of stored values, streams of record batches."""

import io
from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from marketplace.gateway.copies import Column

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_STORED: dict[str, type[pl.DataType]] = {"text": pl.String, "number": pl.Float64, "date": pl.String}
"""What the copy holds of a kind, where it is not a whole number."""


def schema_of(columns: Sequence[Column], *, with_id: bool = False) -> pa.Schema:
    """Names and types of columns, the row's number before them where asked for."""
    fields = [(column.name, _type(column)) for column in columns]
    return pa.schema([("_id", pa.int64()), *fields] if with_id else fields)


def table(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], *, with_id: bool = False) -> pa.Table:
    """Stored rows, each its number and the values of `columns`. By way of Polars: pyarrow imports pandas to look at
    Python's values, which takes seconds the first time."""
    names = ["_id", *(column.sql for column in columns)]
    stored: list[type[pl.DataType]] = [pl.Int64, *(_STORED.get(column.kind, pl.Int64) for column in columns)]
    frame = pl.DataFrame(rows, schema=dict(zip(names, stored, strict=True)), orient="row")
    shown = [pl.col(column.sql).pipe(_typed, column).alias(column.name) for column in columns]
    chosen = frame.select([pl.col("_id"), *shown] if with_id else shown)
    made: pa.Table = chosen.to_arrow(compat_level=pl.CompatLevel.oldest())
    return made.cast(schema_of(columns, with_id=with_id))


def stream(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], *, with_id: bool = False) -> bytes:
    """Stored rows as an IPC stream."""
    found = table(rows, columns, with_id=with_id)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return sink.getvalue()


def _typed(values: pl.Expr, column: Column) -> pl.Expr:
    match column.kind:
        case "boolean":
            return values.cast(pl.Boolean)
        case "date":
            return values.str.to_date("%Y-%m-%d")
        case "timestamp":
            return values.cast(pl.Datetime("us", "UTC" if column.zoned else None))
        case _:
            return values


def _type(column: Column) -> pa.DataType:
    if column.kind == "timestamp":
        return pa.timestamp("us", tz="UTC" if column.zoned else None)
    return _TYPES[column.kind]
