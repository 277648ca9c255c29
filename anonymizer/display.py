"""One readable column for each generalised pair: what pages and spreadsheets show."""

from __future__ import annotations

import polars as pl

from contracts.schema import ContractField, DataContract


def display_columns(table: pl.DataFrame, contract: DataContract) -> pl.DataFrame:
    """The table with each low/high or code/level pair as one text column under the source column's name.

    ``20–24``, ``≥ 90``, a code as it is; missing stays missing. Other columns are unchanged.
    """
    shown: list[pl.Expr] = []
    done: set[str] = set()
    for field in contract.fields:
        if field.range_of is None:
            shown.append(pl.col(field.name))
        elif field.range_of not in done:
            done.add(field.range_of)
            shown.append(readable(contract, field.range_of).alias(field.range_of))
    return table.select(shown)


def readable(contract: DataContract, source: str) -> pl.Expr:
    """The readable text of one generalised column."""
    sides = {field.bound: field for field in contract.fields if field.range_of == source}
    if "code" in sides:
        return pl.col(sides["code"].name)
    low, high = (_text(sides[side]) for side in ("low", "high"))
    return (
        pl.when(low.is_null() & high.is_null())
        .then(None)
        .when(low.is_null())
        .then(pl.concat_str(pl.lit("≤ "), high))
        .when(high.is_null())
        .then(pl.concat_str(pl.lit("≥ "), low))
        .when(low == high)
        .then(low)
        .otherwise(pl.concat_str(low, pl.lit("–"), high))
    )


def _text(field: ContractField) -> pl.Expr:
    column = pl.col(field.name)
    if field.type == "timestamp":
        return column.dt.to_string("%Y-%m-%d %H:%M:%S")
    if field.type == "number":
        return column.cast(pl.String).str.strip_suffix(".0")
    return column.cast(pl.String)
