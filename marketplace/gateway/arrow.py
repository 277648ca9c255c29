"""Rows as Apache Arrow: the types of columns, tables of stored values, streams of record batches."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from marketplace.gateway.copies import Column

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_STORED = {"boolean": pa.int8(), "date": pa.string()}
"""What the copy holds of a kind, where it is not what Arrow makes of it."""


def schema_of(columns: Sequence[Column], *, with_id: bool = False) -> pa.Schema:
    """Names and types of columns, the row's number before them where asked for."""
    fields = [(column.name, _type(column)) for column in columns]
    return pa.schema([("_id", pa.int64()), *fields] if with_id else fields)


def table(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], *, with_id: bool = False) -> pa.Table:
    """Stored rows, each its number and the values of `columns`."""
    by_column = list(zip(*rows, strict=True)) if rows else [()] * (len(columns) + 1)
    arrays = [pa.array(by_column[0], pa.int64())] if with_id else []
    for values, column in zip(by_column[1:], columns, strict=True):
        stored = _STORED.get(column.kind)
        arrays.append(pa.array(values, stored).cast(_type(column)) if stored else pa.array(values, _type(column)))
    return pa.table(arrays, schema=schema_of(columns, with_id=with_id))


def stream(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], *, with_id: bool = False) -> bytes:
    """Stored rows as an IPC stream."""
    found = table(rows, columns, with_id=with_id)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return sink.getvalue()


def _type(column: Column) -> pa.DataType:
    if column.kind == "timestamp":
        return pa.timestamp("us", tz="UTC" if column.zoned else None)
    return _TYPES[column.kind]
