"""Exports: every row that fits a query, as CSV, Parquet or Arrow, made into a file first so that its size is known.
The file has no name, so that it goes with the process however that ends."""

import io
import tempfile
from typing import IO, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from marketplace.gateway import arrow
from marketplace.gateway.answers import Pieces, file_pieces
from marketplace.gateway.copies import Copy
from marketplace.gateway.negotiation import Form
from marketplace.gateway.query import Query
from marketplace.gateway.representations import csv_table

BATCH_ROWS = 20_000
ENDINGS: dict[Form, str] = {"csv": "csv", "parquet": "parquet", "arrow": "arrows"}


def export_pieces(copy: Copy, asked: Query, form: Form) -> tuple[int, int, Pieces]:
    """Number of rows, size in bytes, and the bytes themselves. The temporary file goes with the pieces."""
    file = tempfile.TemporaryFile(dir=copy.path.parent)  # noqa: SIM115 - closed with the pieces
    try:
        rows = _write_csv(file, copy, asked) if form == "csv" else _write_arrow(file, copy, asked, form)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return rows, size, file_pieces(cast(BinaryIO, file))


def _write_csv(file: IO[bytes], copy: Copy, asked: Query) -> int:
    count = 0
    file.write(csv_table([], asked))
    for piece in copy.stream(*asked.whole_sql()):
        file.write(csv_table(piece, asked, header=False))
        count += len(piece)
    return count


def _write_arrow(file: IO[bytes], copy: Copy, asked: Query, form: Form) -> int:
    """Batches of `BATCH_ROWS` rows, as Parquet or as an IPC stream."""
    assert asked.columns is not None, "spelled out for exports"
    schema = arrow.schema_of(asked.columns, with_id=asked.with_id)
    count = 0
    with (
        pq.ParquetWriter(file, schema, compression="zstd") if form == "parquet" else pa.ipc.new_stream(file, schema)
    ) as writer:
        for piece in copy.stream(*asked.whole_sql(), size=BATCH_ROWS):
            writer.write_table(arrow.table(piece, asked.columns, with_id=asked.with_id))
            count += len(piece)
    return count
