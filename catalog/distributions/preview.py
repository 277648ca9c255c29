"""The preview of a release: a sample of its rows, statistics for charts, places for a map.

All of it comes from the de-identified table, never from raw data, and is part of what the officers approve. Where a
table is about people, categories that fewer than k rows share are counted together and figures are cut at the first
and last hundredth, so that the public preview tells less than the release itself.
"""

import datetime as dt
import json
from typing import Any

import polars as pl

from anonymizer.display import display_columns, readable
from contracts.schema import ContractField, DataContract

SAMPLE_ROWS = 1_000
SAMPLE_PART = 10
"""Of data that is not open to all, the free sample is this part of the rows, so that it never is the whole of it."""
SAMPLE_LEAST = 20
CATEGORIES = 12
BARS = 12


def build(table: pl.DataFrame, contract: DataContract, *, k: int, open_data: bool) -> bytes:
    """The preview as JSON: `columns`, `rows` (in the release's own shuffled order), `rows_total`, `statistics` (one
    entry a column that has a chart) and `map` (or null, of the same rows). See `sample_size` for how many rows."""
    head = table.head(sample_size(table.height, open_data=open_data))
    sample = display_columns(head, contract)
    fields = {field.range_of or field.name: field for field in reversed(contract.fields)}
    statistics = [_statistics(table, contract, fields[name], name, k) for name in sample.columns]
    content = {
        "version": 1,
        "rows_total": table.height,
        "columns": [_column(name, fields[name], sample.schema[name]) for name in sample.columns],
        "rows": [[_json(cell) for cell in row] for row in sample.iter_rows()],
        "statistics": [found for found in statistics if found is not None],
        "map": _map(head, contract),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def sample_size(rows: int, *, open_data: bool) -> int:
    """How many rows everybody may see: at most 1,000; of data that is not open to all at most a tenth besides, though
    20 where that leaves half of them out."""
    if open_data:
        return min(rows, SAMPLE_ROWS)
    return min(SAMPLE_ROWS, max(rows // SAMPLE_PART, min(SAMPLE_LEAST, rows // 2)))


def _column(name: str, field: ContractField, dtype: pl.DataType) -> dict[str, Any]:
    generalised = field.range_of is not None
    return {
        "name": name,
        "title": field.title,
        "type": "string" if generalised else field.type,
        "unit": field.unit,
        "role": field.role,
        "treatment": field.treatment,
        "numeric": not generalised and dtype.is_numeric(),
    }


def _json(cell: object) -> object:
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return cell


def _statistics(
    table: pl.DataFrame, contract: DataContract, field: ContractField, name: str, k: int
) -> dict[str, Any] | None:
    if field.range_of is not None:
        return _generalised(table, contract, name, k)
    column = table[name]
    values = column.drop_nulls()
    if values.is_empty():
        return None
    known = {"column": name, "missing": column.null_count()}
    if column.dtype.is_numeric() and values.n_unique() > CATEGORIES:
        return known | _histogram(values.cast(pl.Float64), k)
    if column.dtype in (pl.Date, pl.Datetime):
        return known | _months(values, k)
    if field.treatment in ("pseudonymise", "redact-text"):
        return None
    counted = values.value_counts(name="count")
    if counted.height > values.len() * 0.5 and counted.height > CATEGORIES:
        return None  # names and codes: counting them says nothing
    return known | _categories(counted.rename({name: "label"}).with_columns(pl.col("label").cast(pl.String)), k)


def _generalised(table: pl.DataFrame, contract: DataContract, name: str, k: int) -> dict[str, Any] | None:
    """Counts of a generalised column by its readable values; the table is only grouped, never written out readably."""
    parts = [part for part in contract.fields if part.range_of == name]
    groups = table.group_by([part.name for part in parts]).agg(pl.len().alias("count"))
    low = next((pl.col(part.name) for part in parts if part.bound == "low"), None)
    shown = groups.select(
        readable(contract, name).alias("label"), (pl.lit(None) if low is None else low).alias("low"), pl.col("count")
    )
    missing = int(shown.filter(pl.col("label").is_null())["count"].sum())
    counted = shown.drop_nulls("label").group_by("label").agg(pl.col("low").min(), pl.col("count").sum())
    if counted.is_empty():
        return None
    known = {"column": name, "missing": missing}
    if low is None:
        return known | _categories(counted.select("label", "count"), k)
    common = counted.filter(pl.col("count") >= max(k, 1)).sort("count", descending=True).head(CATEGORIES * 2)
    ordered = common.sort("low", nulls_last=False).select("label", "count")
    return known | _ordered(ordered, int(counted["count"].sum()))


def _categories(counted: pl.DataFrame, k: int) -> dict[str, Any]:
    common = counted.filter(pl.col("count") >= max(k, 1)).sort(["count", "label"], descending=[True, False])
    top = common.head(CATEGORIES)
    total = int(counted["count"].sum())
    listed = [{"label": str(label), "count": int(count)} for label, count in top.select("label", "count").iter_rows()]
    return {"kind": "categories", "bars": listed, "other": total - int(top["count"].sum())}


def _ordered(counted: pl.DataFrame, total: int) -> dict[str, Any]:
    listed = [{"label": str(label), "count": int(count)} for label, count in counted.iter_rows()]
    other = total - int(counted["count"].sum())
    return {"kind": "categories", "ordered": True, "bars": listed, "other": other}


def _histogram(values: pl.Series, k: int) -> dict[str, Any]:
    low, high = (float(values.quantile(q) or 0.0) for q in (0.01, 0.99))
    whole = (float(values.quantile(0.0) or 0.0), float(values.quantile(1.0) or 0.0))
    # About persons the tails may single somebody out; elsewhere a few stray values may leave one bar of the picture.
    cut = k > 1 or whole[1] - whole[0] > 3 * (high - low)
    if not cut:
        low, high = whole
    if low == high:
        return {"kind": "histogram", "bars": [{"low": low, "high": high, "count": values.len()}], "cut": cut}
    width = (high - low) / BARS
    placed = ((values - low) / width).floor().clip(0, BARS - 1).cast(pl.Int32)
    counts = dict(placed.value_counts().iter_rows())
    bars = [
        {"low": low + width * i, "high": low + width * (i + 1), "count": int(counts.get(i, 0))} for i in range(BARS)
    ]
    return {"kind": "histogram", "bars": bars, "cut": cut}


def _months(values: pl.Series, k: int) -> dict[str, Any]:
    span = values.dt.date()
    days = span.n_unique()
    text = span.dt.to_string("%Y-%m-%d" if days <= 31 else "%Y-%m")
    counted = text.value_counts(name="count")
    label = counted.columns[0]
    common = counted.filter(pl.col("count") >= max(k, 1)).sort(label).tail(36)
    return _ordered(common, values.len())


def _map(sample: pl.DataFrame, contract: DataContract) -> dict[str, Any] | None:
    """Places of the sample in WGS84, `[longitude, latitude, row]`; the middle of a cell where places are cells."""
    if not contract.coordinates:
        return None
    pair = contract.coordinates[0]
    longitude, latitude = (_middle(sample, contract, name) for name in (pair.longitude, pair.latitude))
    points = [
        [round(x, 6), round(y, 6), row]
        for row, (x, y) in enumerate(zip(longitude, latitude, strict=True))
        if x is not None and y is not None
    ]
    if not points:
        return None
    return {"longitude": pair.longitude, "latitude": pair.latitude, "points": points}


def _middle(sample: pl.DataFrame, contract: DataContract, name: str) -> list[float | None]:
    """Degrees as published; of a cell, between its borders."""
    parts = [sample[field.name].cast(pl.Float64) for field in contract.fields if (field.range_of or field.name) == name]
    return (sum(parts[1:], parts[0]) / len(parts)).to_list()
