"""Parquet: read row group by row group, nested columns and damaged files refused by name.

A few bytes can stand for very many rows, or for a long text in each of them, so columns of text are read with their
dictionary and what they come to is counted before it is spread out.
"""

from collections.abc import Iterator
from typing import IO, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.vault.intake import limits
from catalog.vault.intake.batches import Aside, Batch
from catalog.vault.intake.dialect import check_width, column_names
from catalog.vault.intake.formats import FileFormat, Note
from catalog.vault.intake.reasons import Rejected

_GB = 1024**3


class ParquetReader:
    """Reads one Parquet file; its own types are kept."""

    def __init__(self, stream: IO[bytes], timezone: str) -> None:
        self._timezone = timezone
        stream.seek(0)
        try:
            self._file = pq.ParquetFile(stream)
            schema = self._file.schema_arrow
            texts = [field.name for field in schema if _is_text(field.type)]
            self._file = pq.ParquetFile(stream, metadata=self._file.metadata, read_dictionary=texts)
        except (pa.ArrowException, OSError, ValueError):
            raise Rejected("parquet_footer", place="end of the file") from None
        metadata = self._file.metadata
        check_width(len(schema))
        for field in schema:
            if pa.types.is_nested(field.type) or pa.types.is_union(field.type):
                raise Rejected("parquet_nested", column=field.name, type=str(field.type)[:80], place=field.name)
        groups = range(metadata.num_row_groups)
        declared = sum(metadata.row_group(group).total_byte_size for group in groups)
        _check_size(max(declared, metadata.num_rows * sum(_width(field.type) for field in schema)))
        if not metadata.num_rows:
            raise Rejected("header_only")
        self.names, changed = column_names(schema.names, len(schema))
        self.notes: list[Note] = [Note(code="renamed", values={"columns": changed[:20]})] if changed else []
        self.kept_as_text = frozenset(
            name
            for name, field in zip(self.names, schema, strict=True)
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        )
        self.format = FileFormat(kind="parquet", notes=self.notes)

    def batches(self, aside: Aside) -> Iterator[Batch]:
        """See `Reader`; lines are rows of the table, from 1."""
        line, text = 1, 0
        for group in range(self._file.metadata.num_row_groups):
            try:
                for batch in self._file.iter_batches(self._rows_at_once(group), row_groups=[group]):
                    named = batch.rename_columns(self.names)
                    lengths = _text_lengths(named, line)
                    text += int(lengths.sum())
                    _check_size(text)
                    for piece in _pieces(named, lengths):
                        frame = _plain(cast(pl.DataFrame, pl.from_arrow(_spread(piece))), self._timezone)
                        yield Batch(frame, line)
                        line += frame.height
            except (pa.ArrowException, OSError, pl.exceptions.PolarsError):
                raise Rejected("parquet_group", group=group + 1, place=f"row {line}") from None

    def _rows_at_once(self, group: int) -> int:
        found = self._file.metadata.row_group(group)
        fitting: int = limits.PARQUET_BATCH * found.num_rows // max(1, found.total_byte_size)
        return max(1, min(limits.BATCH_ROWS * 10, fitting))


def _is_text(data_type: pa.DataType) -> bool:
    return any(
        test(data_type)
        for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )


def _width(data_type: pa.DataType) -> int:
    """Bytes that a cell takes in memory at least."""
    try:
        return max(1, int(data_type.bit_width) // 8)
    except ValueError:
        return 16  # what points at a text


def _check_size(found: int) -> None:
    if found > limits.PARQUET_UNPACKED:
        raise Rejected("parquet_size", found=found // _GB, limit=limits.PARQUET_UNPACKED // _GB)


def _text_lengths(batch: pa.RecordBatch, line: int) -> npt.NDArray[np.int64]:
    """Bytes of text of each row, before texts that rows share are spread out; refuses a cell of endless text."""
    total = np.zeros(batch.num_rows, np.int64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        values = column.dictionary if isinstance(column, pa.DictionaryArray) else column
        if not _is_text(values.type):
            continue
        lengths = pc.fill_null(pc.binary_length(values), 0)
        if values is not column:
            lengths = pc.fill_null(lengths.take(column.indices), 0)
        each = lengths.to_numpy(zero_copy_only=False)
        if each.size and each.max() > limits.LINE:
            row = line + int(each.argmax())
            place = f"row {row}, column {name}"
            raise Rejected("cell_too_long", row=row, column=name, limit=limits.LINE // limits.MIB, place=place)
        total += each
    return total


def _pieces(batch: pa.RecordBatch, lengths: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of rows whose texts fit into memory together."""
    ends = np.cumsum(lengths)
    start = 0
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + limits.PARQUET_BATCH, "right")))
        yield batch.slice(start, end - start)
        start = end


def _spread(batch: pa.RecordBatch) -> pa.Table:
    """The piece with a text of its own in each row."""
    columns = [
        column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column for column in batch.columns
    ]
    return pa.Table.from_arrays(columns, names=batch.schema.names)


def _plain(frame: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Only text, integers, decimals, truth values, dates and times; anything else as text."""
    changes: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Categorical | pl.Enum | pl.Time | pl.Duration):
            changes.append(column.cast(pl.String))
        elif isinstance(dtype, pl.Decimal | pl.Float32):
            changes.append(column.cast(pl.Float64))
        elif isinstance(dtype, pl.Binary):
            changes.append(column.cast(pl.String, strict=False))
        elif isinstance(dtype, pl.Datetime):
            plain = column.dt.convert_time_zone(timezone).dt.replace_time_zone(None) if dtype.time_zone else column
            changes.append(plain.cast(pl.Datetime("us")))
        elif dtype.is_integer() and dtype != pl.Int64:
            changes.append(column.cast(pl.Int64, strict=False))
        elif dtype == pl.Null:
            changes.append(column.cast(pl.String))
    return frame.with_columns(changes) if changes else frame
