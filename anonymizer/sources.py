"""Reading a table from whatever the caller has, into Polars.

CSV is read as text first, so that leading zeros and long digit strings survive; :func:`read` then turns a
column into numbers only when the text of every cell is what the number would be written as. Cells that are
empty are missing.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np
import polars as pl

from anonymizer.faults import LONGEST_HEADER, check_keys, check_width, in_csv, in_json_lines, record_widths
from anonymizer.threads import each
from contracts.errors import FileRejected, InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Source: TypeAlias = "str | os.PathLike[str] | pd.DataFrame | pl.DataFrame | pl.LazyFrame | pa.Table"

_SEPARATORS = ",;\t|"
_LARGE = 20_000_000  # bytes of a CSV from which on its memory matters
_PROBE = 20_000  # rows looked at before a column is read as codes
_SAFE_DIGITS = 15  # a double keeps 15 decimal digits; longer digit strings are codes, not quantities


class ReadTable(NamedTuple):
    """A table, and the rows of its file left out because they are shorter than the header: how many, and the line of
    the first."""

    frame: pl.DataFrame
    rows_set_aside: int = 0
    first_line: int | None = None

    def told(self) -> str:
        """What was left out, in a sentence."""
        rows = "1 row has" if self.rows_set_aside == 1 else f"{self.rows_set_aside:,} rows have"
        return f"{rows} fewer fields than the header and were left out, the first in line {self.first_line}"


def read(table: Source, *, text_only: bool = False, coded: bool = False) -> pl.DataFrame:
    """As :func:`read_told`, with a warning in place of the rows left out."""
    found = read_told(table, text_only=text_only, coded=coded)
    if found.rows_set_aside:
        warnings.warn(found.told(), stacklevel=3)
    return found.frame


def read_told(table: Source, *, text_only: bool = False, coded: bool = False) -> ReadTable:
    """The table as a Polars frame.

    ``text_only`` keeps the columns of a CSV as text, for recognisers. ``coded`` keeps text columns of a CSV that have
    few different values as Categorical, a quarter of the memory. Raises :class:`InvalidInput` when the
    file cannot be read, when it has no columns, no rows or two columns of one name.
    """
    found = _frame(table, text_only=text_only, coded=coded)
    keep_codes = coded and isinstance(table, str | os.PathLike)
    return found._replace(frame=_checked(found.frame, keep_codes=keep_codes))


def _checked(frame: pl.DataFrame, *, keep_codes: bool) -> pl.DataFrame:
    if frame.width == 0:
        raise InvalidInput("The table has no columns")
    check_width(frame.width)
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if nested:
        raise InvalidInput.at(f"columns/{nested[0]}", f"Column {nested[0]!r} holds lists or records: flatten it first")
    strange = [name for name, dtype in frame.schema.items() if dtype in (pl.Binary, pl.Duration, pl.Object)]
    if strange:
        kind = frame.schema[strange[0]]
        detail = f"Column {strange[0]!r} holds {kind}: turn it into text or numbers"
        raise InvalidInput.at(f"columns/{strange[0]}", detail)
    casts = [
        pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
        if (dtype in (pl.Categorical, pl.Enum) and not keep_codes) or dtype == pl.Null
    ]
    return frame.with_columns(casts) if casts else frame


def _frame(table: Source, *, text_only: bool, coded: bool) -> ReadTable:
    if isinstance(table, pl.DataFrame):
        return ReadTable(table)
    if isinstance(table, pl.LazyFrame):
        return ReadTable(table.collect())
    if isinstance(table, str | os.PathLike):
        return _read_path(Path(table), text_only=text_only, coded=coded)
    module = type(table).__module__.partition(".")[0]
    if module == "pandas":
        return ReadTable(pl.from_pandas(cast("pd.DataFrame", table)))
    if module == "pyarrow":
        return ReadTable(cast(pl.DataFrame, pl.from_arrow(cast("pa.Table", table))))
    raise InvalidInput(f"Cannot read a {type(table).__name__}: give a path, or a pandas, Polars or Arrow table")


def _read_path(path: Path, *, text_only: bool, coded: bool) -> ReadTable:
    if not path.is_file():
        raise InvalidInput(f"There is no file {path.name!r}")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return ReadTable(read_parquet(path))
        if suffix in {".jsonl", ".ndjson"}:
            return ReadTable(_read_json_lines(path))
        if suffix in {".csv", ".tsv", ".txt"}:
            return _read_csv(path, text_only=text_only, coded=coded)
    except (pl.exceptions.PolarsError, OSError) as error:
        # The engine's message may quote cells, so only its kind is told.
        raise InvalidInput(f"The file {path.name!r} cannot be read ({type(error).__name__})") from None
    raise InvalidInput(f"Cannot read {path.name!r}: give a .csv, .tsv, .parquet, .jsonl or .ndjson file")


def read_parquet(path: Path) -> pl.DataFrame:
    """A Parquet file; :class:`FileRejected` where its footer points outside it, which the engine takes on trust
    and panics."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = path.stat().st_size
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        detail = f"The file {path.name!r} is no whole Parquet file: its footer cannot be read"
        raise FileRejected(detail, place="end of the file") from None
    check_width(metadata.num_columns)
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            start = column.dictionary_page_offset or column.data_page_offset
            if not 0 <= start <= start + column.total_compressed_size <= size:
                detail = f"The file {path.name!r} is damaged: row group {group + 1} lies outside it"
                raise FileRejected(detail, place=f"row group {group + 1}, column {place + 1}")
    return pl.read_parquet(path, glob=False)


def _read_json_lines(path: Path) -> pl.DataFrame:
    check_keys(path)
    try:
        return pl.read_ndjson(path, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        if (fault := in_json_lines(path)) is not None:
            raise fault from None
        raise


def _read_csv(path: Path, *, text_only: bool, coded: bool) -> ReadTable:
    with path.open("rb") as stream:
        header = stream.readline(LONGEST_HEADER)
    if not header.strip():
        raise InvalidInput(f"The file {path.name!r} has no header line")
    if len(header) >= LONGEST_HEADER:
        detail = f"The header line of {path.name!r} is longer than {LONGEST_HEADER:,} bytes"
        raise FileRejected(detail, place="line 1")
    separator = max(_SEPARATORS, key=lambda char: header.count(char.encode()))
    if b'"' not in header:
        check_width(header.count(separator.encode()) + 1)
    options: dict[str, Any] = {"separator": separator, "infer_schema": False, "glob": False}
    encoding = "utf-8-sig"
    try:
        if coded and path.stat().st_size > _LARGE:
            options["schema_overrides"] = _few_values(pl.read_csv(path, n_rows=_PROBE, **options))
        frame = pl.read_csv(path, **options)
    except pl.exceptions.ComputeError:
        if (fault := in_csv(path, encoding, separator)) is not None:
            raise fault from None
        encoding = "gb18030"
        try:
            text = path.read_bytes().decode(encoding)
        except UnicodeDecodeError:
            raise InvalidInput(f"The file {path.name!r} is neither UTF-8 nor GB18030 text") from None
        try:
            frame = pl.read_csv(text.encode(), **{k: v for k, v in options.items() if k != "glob"})
        except pl.exceptions.ComputeError:
            if (fault := in_csv(path, encoding, separator)) is not None:
                raise fault from None
            raise
    if frame.height == 0:
        raise InvalidInput(f"The file {path.name!r} has a header line but no rows")
    found = _without_short_rows(frame, path, encoding, separator)
    return found if text_only else found._replace(frame=typed(found.frame))


def _without_short_rows(frame: pl.DataFrame, path: Path, encoding: str, separator: str) -> ReadTable:
    """The reader fills short rows up with empty cells; such a row may be broken anywhere, so it is left out. Only a
    file whose last column has empty cells is looked at again. A blank line is no row."""
    if frame.width == 1 or not frame.to_series(frame.width - 1).null_count():
        return ReadTable(frame)
    widths, lines = record_widths(path, encoding, separator)
    if len(widths) != frame.height:
        # The reader and the standard one part the records differently: nobody can say which rows are whole.
        raise InvalidInput(f"The rows of {path.name!r} cannot be told apart: check its quotes and line ends")
    width = pl.Series(widths, dtype=pl.Int64)
    short = (width > 0) & (width < frame.width)
    kept = frame.filter(width == frame.width)
    first = short.arg_max() if short.any() else None
    return ReadTable(kept, int(short.sum()), None if first is None else lines[first])


def _few_values(probe: pl.DataFrame) -> dict[str, pl.DataType]:
    """Columns with few different values among the first rows, each as a Categorical with codes of its own."""
    most = max(1, probe.height // 10)
    few = [column.name for column in probe if column.n_unique() <= most]
    return {name: pl.Categorical(pl.Categories.random(physical=pl.UInt32)) for name in few}


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Text columns turned into integers, numbers or booleans where no cell's text would change its
    meaning."""
    return frame.with_columns(each(_typed, frame.get_columns()))


def _typed(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Categorical):
        return _typed_codes(column)
    if column.dtype != pl.String or column.null_count() == len(column):
        return column
    for kind in (pl.Int64, pl.Float64):
        if _reads_as(column.drop_nulls().head(1000), kind) and _reads_as(column, kind):
            return column.cast(kind)
    return column


def uncoded(column: pl.Series) -> pl.Series:
    """A column read as codes as the text it stands for; any other as it is."""
    return column.cast(pl.String) if isinstance(column.dtype, pl.Categorical) else column


def _typed_codes(column: pl.Series) -> pl.Series:
    """As :func:`_typed`, judged by the different values alone; few of many stay coded."""
    distinct = column.drop_nulls().unique()
    texts = distinct.cast(pl.String)
    if not len(texts):
        return column.cast(pl.String)
    if len(texts) > max(_PROBE, len(column) // 10):
        return _typed(column.cast(pl.String))
    numbers = _typed(texts)
    if numbers.dtype == pl.String:
        return column
    code = distinct.to_physical().to_numpy()
    place = np.zeros(int(code.max()) + 1, dtype=np.int64)
    place[code] = np.arange(len(code))
    known = column.to_physical().fill_null(int(code[0])).to_numpy()
    values = numbers.gather(place[known])
    return values.zip_with(column.is_not_null(), pl.Series([None], dtype=numbers.dtype)).alias(column.name)


def _reads_as(column: pl.Series, kind: type[pl.Int64 | pl.Float64]) -> bool:
    """Every cell is such a number, with no leading zero, plus sign, padding, exponent or excess digits."""
    if column.cast(kind, strict=False).null_count() != column.null_count():
        return False
    if kind is pl.Int64:
        plain = column.str.len_bytes().max()
        if isinstance(plain, int) and plain > _SAFE_DIGITS:
            return False
        odd = column.str.starts_with("0") & (column.str.len_bytes() > 1)
        return not (odd | column.str.contains(r"^[+\s]|^-0|\s$")).any()
    return bool(column.str.contains(r"^-?(0|[1-9]\d{0,14})(\.\d{1,14})?$").all())
