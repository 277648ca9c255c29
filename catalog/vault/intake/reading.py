"""A file read from beginning to end: recognised, typed, written as clean Parquet, broken rows written aside."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.vault.intake import limits
from catalog.vault.intake.batches import Aside, Batch
from catalog.vault.intake.delimited import DelimitedReader
from catalog.vault.intake.detect import head_and_tail, kind_of
from catalog.vault.intake.dialect import place_of_personal
from catalog.vault.intake.formats import Correction, FileFormat
from catalog.vault.intake.jsonl import JsonReader
from catalog.vault.intake.parquet import ParquetReader
from catalog.vault.intake.reasons import Broken, Rejected
from catalog.vault.intake.types import Conversion, TypeRecogniser, check_pattern, column_format, convert
from contracts.errors import InvalidInput

if TYPE_CHECKING:
    from catalog.vault.intake.excel import ExcelReader

_NONE = pl.Series([], dtype=pl.Boolean)
AnyReader: TypeAlias = "DelimitedReader | ExcelReader | JsonReader | ParquetReader"


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What came of a file: `rows` went into the clean table, `set_aside` into the other file."""

    format: FileFormat
    rows: int
    set_aside: int


class AsideFile:
    """Rows set aside, one JSON object a line: line, column, reason, values, raw."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.count = 0
        self.first: Broken | None = None

    def __call__(self, broken: Broken) -> None:
        self.first = self.first or broken
        self.count += 1
        row = [broken.line, broken.column, broken.reason, broken.values, broken.raw[: limits.MIB]]
        self._target.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def aside_rows(stream: IO[bytes]) -> Iterator[Broken]:
    """The rows that an `AsideFile` wrote."""
    for line in stream:
        number, column, reason, values, raw = json.loads(line)
        yield Broken(number, column, reason, raw, values)


def open_reader(stream: IO[bytes], size: int, correction: Correction, timezone: str) -> AnyReader:
    """The reader for what the file is, whatever its name says."""
    head, tail = head_and_tail(stream, size)
    kind = kind_of(head, tail, size)
    match kind:
        case "parquet":
            return ParquetReader(stream, timezone)
        case "xlsx" | "xls":
            from catalog.vault.intake.excel import ExcelReader  # brings pandas, which only workbooks need

            return ExcelReader(stream, size, kind, correction)
        case "json" | "jsonl":
            return JsonReader(stream, head, size, kind, correction)
        case _:
            return DelimitedReader(stream, head, size, correction)


def read_file(
    stream: IO[bytes],
    size: int,
    correction: Correction,
    *,
    timezone: str,
    table: IO[bytes],
    aside: IO[bytes],
    on_progress: Callable[[float], None] = lambda share: None,
) -> ReadResult:
    """Read the whole file. `table` receives Parquet, `aside` the rows set aside; both may hold a part when `Rejected`
    is raised, so use them only when this returns."""
    reader = open_reader(stream, size, correction, timezone)
    if (personal := place_of_personal(reader.names)) is not None:
        raise Rejected("header_personal", column=personal, place=f"column {personal}")
    _check_correction(correction, reader.names)
    asides = AsideFile(aside)
    recogniser = TypeRecogniser(reader.names, reader.kept_as_text, timezone, dict(correction.types))
    held: list[Batch] | None = []
    held_bytes = 0.0
    for batch in reader.batches(asides):
        recogniser.add(batch.frame)
        if held is not None:
            held.append(batch)
            held_bytes += batch.frame.estimated_size()
            if held_bytes > limits.IN_MEMORY:
                held = None  # too large to keep: the file is read once more instead
        on_progress(0.5 * min(1.0, stream.tell() / size))
    conversions = recogniser.settle(dict(correction.names))
    again: Iterable[Batch] = held if held is not None else reader.batches(_ignore)
    rows, nulls = _write(again, conversions, table, asides)
    on_progress(1.0)
    if not rows:
        if asides.first is not None:
            place = f"line {asides.first.line}"
            raise Rejected("no_rows", rows=asides.count, first=asides.first.sentence(), place=place)
        raise Rejected("header_only")
    columns = [column_format(conversion, nulls[conversion.name]) for conversion in conversions]
    return ReadResult(reader.format.model_copy(update={"columns": columns}), rows, asides.count)


def _ignore(_: Broken) -> None:
    """The second run over a file meets the same broken rows again."""


def _check_correction(correction: Correction, names: list[str]) -> None:
    for name, given in correction.types.items():
        if name not in names:
            raise Rejected("type_column", column=name, place=name)
        if given.pattern and not check_pattern(given):
            raise InvalidInput.at(
                f"types/{name}", "Write dates with %Y, %m, %d and times with %H, %M, %S, for example %d/%m/%Y."
            )
    for name in correction.names:
        if name not in names:
            raise Rejected("renamed_column", column=name, place=name)
    after = [correction.names.get(name, name) for name in names]
    for name in after:
        if after.count(name) > 1:
            raise Rejected("names_twice", column=name, place=name)


def _write(
    batches: Iterable[Batch], conversions: list[Conversion], table: IO[bytes], aside: Aside
) -> tuple[int, dict[str, int]]:
    writer: pq.ParquetWriter | None = None
    rows = 0
    nulls = dict.fromkeys((conversion.name for conversion in conversions), 0)
    for batch in batches:
        frame, misfits = convert(batch.frame, conversions)
        empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        if misfits or empty.any():
            frame = _set_aside(batch, frame, misfits, empty, conversions, aside)
        if not frame.height:
            continue
        for name, missing in zip(frame.columns, frame.null_count().row(0), strict=True):
            nulls[name] += int(missing)
        data: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if writer is None:
            writer = pq.ParquetWriter(pa.PythonFile(table, mode="w"), data.schema, compression="zstd")
        writer.write_table(data)
        rows += frame.height
    if writer is not None:
        writer.close()
    return rows, nulls


def _set_aside(
    batch: Batch,
    frame: pl.DataFrame,
    misfits: dict[str, pl.Series],
    empty: pl.Series,
    conversions: list[Conversion],
    aside: Aside,
) -> pl.DataFrame:
    """The frame without rows that hold nothing or do not fit the types, each of which is accounted for."""
    told: dict[int, Broken] = {}
    for place, conversion in enumerate(conversions):
        for index in misfits.get(conversion.name, _NONE).arg_true():
            values: dict[str, Any] = {"type": conversion.type, "name": conversion.name}
            told.setdefault(index, Broken(batch.line(index), place + 1, "type", _raw(batch, index), values))
    for index in empty.arg_true():
        told.setdefault(index, Broken(batch.line(index), None, "empty", _raw(batch, index)))
    for index in sorted(told):
        aside(told[index])
    keep = np.ones(frame.height, dtype=bool)
    keep[list(told)] = False
    return frame.filter(pl.Series(keep))


def _raw(batch: Batch, index: int) -> str:
    return "\t".join("" if cell is None else str(cell) for cell in batch.frame.row(index))
