"""Exports: every row that fits a query, as CSV or Parquet, made into a file first so that its size is known. The file
has no name, so that it goes with the process however that ends."""

import io
import tempfile
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from marketplace.gateway.answers import Pieces, file_pieces
from marketplace.gateway.copies import Column, Copy
from marketplace.gateway.fields import Fields
from marketplace.gateway.query import Query
from marketplace.gateway.representations import csv_table

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.string(),
}


def export_pieces(copy: Copy, asked: Query, fields: Fields, form: str) -> tuple[int, int, Pieces]:
    """Number of rows, size in bytes, and the bytes themselves. The temporary file goes with the pieces."""
    file = tempfile.TemporaryFile(dir=copy.path.parent)  # noqa: SIM115 - closed with the pieces
    try:
        columns = tuple(fields.columns.values()) if asked.columns is None else asked.columns
        where = f" WHERE {asked.where}" if asked.where else ""
        wanted = ", ".join(["_id", *(column.sql for column in columns)])
        sql = f"SELECT {wanted} FROM rows{where} ORDER BY {asked.order}"  # noqa: S608 - built from column numbers only
        rows = _write_csv if form == "csv" else _write_parquet
        count = rows(file, copy, sql, list(asked.parameters), asked, fields, columns)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return count, size, file_pieces(cast(BinaryIO, file))


def _write_csv(
    file: IO[bytes], copy: Copy, sql: str, values: list[Any], asked: Query, fields: Fields, columns: tuple[Column, ...]
) -> int:
    chosen = asked.with_columns(columns)
    count = 0
    file.write(csv_table([], chosen, fields))
    for piece in copy.stream(sql, values):
        file.write(csv_table(piece, chosen, fields, header=False))
        count += len(piece)
    return count


def _write_parquet(
    file: IO[bytes], copy: Copy, sql: str, values: list[Any], asked: Query, fields: Fields, columns: tuple[Column, ...]
) -> int:
    schema = pa.schema([(column.name, _arrow(column)) for column in columns])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for piece in copy.stream(sql, values, size=20_000):
            by_column = list(zip(*piece, strict=True))[1:]
            arrays = [
                pa.array([bool(v) if v is not None and column.kind == "boolean" else v for v in stored], _arrow(column))
                for stored, column in zip(by_column, columns, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))
            count += len(piece)
    return count


def _arrow(column: Column) -> pa.DataType:
    if column.kind == "timestamp":
        return pa.timestamp("us", tz="UTC" if column.zoned else None)
    return _TYPES[column.kind]
