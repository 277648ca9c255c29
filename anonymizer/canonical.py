"""The content hash: what a released table says, whatever file format or writer version holds it.

Canonical form, UTF-8, each line ended by ``\\n``: first ``shuyi-table-1``, then one line per column (name and
type of the data contract, joined by a tab), an empty line, then every distinct row once, in rising byte
order: its cells and after them the number of rows alike, joined by tabs. A cell is ``\\N`` when missing; text
with backslash, tab, line feed and carriage return escaped as ``\\\\ \\t \\n \\r``; an integer in decimal; a
number as the decimal integer of its IEEE 754 double's 64 bits (-0 as 0); a date as days, a timestamp as
microseconds since 1970; a truth value as 1 or 0. The hash is the SHA-256 of that.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from contracts.schema import DataContract

if TYPE_CHECKING:
    from anonymizer.repeats import Repeats

_HEADER = "shuyi-table-1"
_CHUNK = 1_000_000


def content_hash(table: pl.DataFrame, contract: DataContract, repeats: Repeats | None = None) -> str:
    """SHA-256 (hex) of the table's canonical form; the order of rows does not matter. ``repeats``, where it is known,
    spares looking for rows alike."""
    names = [field.name for field in contract.fields]
    if repeats is None:
        kinds = table.group_by(names).len(rows := "#" + "".join(names))  # a name that no column has
        return hash_of_kinds(kinds.select(names), contract, kinds.get_column(rows))
    return hash_of_kinds(table[repeats.first], contract, pl.Series(repeats.count))


def hash_of_kinds(kinds: pl.DataFrame, contract: DataContract, rows: pl.Series) -> str:
    """The same from the table's different rows, each once, and how many ``rows`` each stands for."""
    digest = hashlib.sha256()
    head = [_HEADER, *(f"{_escaped(field.name)}\t{field.type}" for field in contract.fields), ""]
    digest.update("".join(line + "\n" for line in head).encode())
    names = [field.name for field in contract.fields]
    cells = [_cell(kinds.schema[name], name) for name in names]
    line = pl.concat_str([*cells, pl.lit(rows).cast(pl.String) + "\n"], separator="\t")
    lines = kinds.select(line.alias("line")).to_series()
    lines = lines.sort()
    for start in range(0, len(lines), _CHUNK):
        digest.update("".join(lines.slice(start, _CHUNK).to_list()).encode())
    return digest.hexdigest()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _cell(dtype: pl.DataType, name: str) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        text = column
        for raw, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
            text = text.str.replace_all(raw, written, literal=True)
    elif dtype.is_float():
        # Adding 0.0 turns -0.0 into 0.0.
        text = (column.cast(pl.Float64) + 0.0).reinterpret(dtype=pl.UInt64).cast(pl.String)
    elif isinstance(dtype, pl.Datetime):
        text = column.dt.replace_time_zone(None).dt.cast_time_unit("us").to_physical().cast(pl.String)
    elif dtype == pl.Date:
        text = column.to_physical().cast(pl.String)
    elif dtype == pl.Boolean:
        text = column.cast(pl.Int8).cast(pl.String)
    else:
        text = column.cast(pl.String)
    return text.fill_null("\\N")
