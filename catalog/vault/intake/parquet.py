"""Parquet: read row group by row group, nested columns and damaged files refused by name."""

from collections.abc import Iterator
from typing import IO, cast

import polars as pl
import pyarrow as pa
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
        except (pa.ArrowException, OSError, ValueError):
            raise Rejected("parquet_broken", where="the footer", place="end of the file") from None
        metadata = self._file.metadata
        check_width(len(schema))
        for field in schema:
            if pa.types.is_nested(field.type) or pa.types.is_union(field.type):
                raise Rejected("parquet_nested", column=field.name, type=str(field.type)[:80], place=field.name)
        groups = range(metadata.num_row_groups)
        unpacked = sum(metadata.row_group(group).total_byte_size for group in groups)
        if unpacked > limits.PARQUET_UNPACKED:
            found, limit = unpacked // _GB, limits.PARQUET_UNPACKED // _GB
            raise Rejected("parquet_size", found=found, limit=limit)
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
        line = 1
        for group in range(self._file.metadata.num_row_groups):
            try:
                for batch in self._file.iter_batches(limits.BATCH_ROWS * 10, row_groups=[group]):
                    table = pa.Table.from_batches([batch]).rename_columns(self.names)
                    frame = _plain(cast(pl.DataFrame, pl.from_arrow(table)), self._timezone)
                    yield Batch(frame, line)
                    line += frame.height
            except (pa.ArrowException, OSError, pl.exceptions.PolarsError):
                raise Rejected("parquet_broken", where=f"row group {group + 1}", place=f"row {line}") from None


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
