"""Whether every published value of a generalised column belongs to its hierarchy, judged from the policy
alone."""

from __future__ import annotations

import polars as pl

from contracts.privacy import (
    CategoryHierarchy,
    DateHierarchy,
    DateLevel,
    DivisionsHierarchy,
    Generalise,
    GeoGridHierarchy,
    HourBandsHierarchy,
    NumericHierarchy,
    Policy,
    PrefixHierarchy,
)
from contracts.schema import DataContract

_TOLERANCE = 1e-6
_EVERYTHING = "*"
_SPANS = {
    DateLevel.HOUR: "1h", DateLevel.DAY_PART: "6h", DateLevel.DAY: "1d", DateLevel.WEEK: "1w",
    DateLevel.MONTH: "1mo", DateLevel.QUARTER: "1q", DateLevel.YEAR: "1y", DateLevel.DECADE: "10y",
}  # fmt: skip


def outside_hierarchy(table: pl.DataFrame, contract: DataContract, policy: Policy) -> list[tuple[str, str]]:
    """Per generalised column what is wrong with it; an empty text when nothing is."""
    found = []
    for name, column in policy.columns.items():
        if not isinstance(column.operator, Generalise):
            continue
        hierarchy = column.operator.hierarchy
        parts: dict[str, str] = {f.bound or "text": f.name for f in contract.fields if (f.range_of or f.name) == name}
        if isinstance(hierarchy, GeoGridHierarchy):
            wrong = _grid(table, parts, hierarchy)
            other: dict[str, str] = {
                f.bound or "text": f.name for f in contract.fields if f.range_of == hierarchy.longitude
            }
            wrong = wrong or _grid(table, other, hierarchy)
        elif isinstance(hierarchy, NumericHierarchy):
            wrong = _numbers(table, parts, hierarchy)
        elif isinstance(hierarchy, DateHierarchy):
            wrong = _dates(table, parts, hierarchy)
        else:
            wrong = _codes(table, parts, hierarchy)
        found.append((name, wrong))
    return found


def _pairs(table: pl.DataFrame, parts: dict[str, str], first: str, second: str) -> pl.DataFrame | None:
    """Distinct published pairs as columns ``a`` and ``b``, rows without either left out; None when the
    columns are not there."""
    if first not in parts or second not in parts:
        return None
    pairs = table.select(pl.col(parts[first]).alias("a"), pl.col(parts[second]).alias("b")).unique()
    return pairs.filter(~(pl.col("a").is_null() & pl.col("b").is_null()))


def _on_border(column: pl.Expr, size: float, origin: float) -> pl.Expr:
    steps = (column - origin) / size
    return (steps - steps.round()).abs() < _TOLERANCE


def _numbers(table: pl.DataFrame, parts: dict[str, str], hierarchy: NumericHierarchy) -> str:
    pairs = _pairs(table, parts, "low", "high")
    if pairs is None:
        return "the columns low and high are missing"
    whole = pairs.schema["a"].is_integer()
    upper = pl.col("b") + 1 if whole else pl.col("b")
    if hierarchy.widths is not None:
        width = hierarchy.widths[0]
        good = _on_border(pl.col("a"), width, hierarchy.origin) & _on_border(upper, width, hierarchy.origin)
        good &= upper > pl.col("a")
    else:
        cuts = [c for level in hierarchy.cut_points or [] for c in level]
        good = (pl.col("a").is_null() | pl.col("a").is_in(cuts)) & (pl.col("b").is_null() | upper.is_in(cuts))
    bad = pairs.filter(~good.fill_null(False))
    return f"{bad.height} ranges with borders that the hierarchy does not have" if bad.height else ""


def _grid(table: pl.DataFrame, parts: dict[str, str], hierarchy: GeoGridHierarchy) -> str:
    pairs = _pairs(table, parts, "low", "high")
    if pairs is None:
        return "the columns low and high are missing"
    size = hierarchy.cell_sizes[0]
    good = _on_border(pl.col("a"), size, 0.0) & _on_border(pl.col("b"), size, 0.0) & (pl.col("b") > pl.col("a"))
    bad = pairs.filter(~good.fill_null(False))
    return f"{bad.height} cells that are not of the grid" if bad.height else ""


def _dates(table: pl.DataFrame, parts: dict[str, str], hierarchy: DateHierarchy) -> str:
    pairs = _pairs(table, parts, "low", "high")
    if pairs is None:
        return "the columns low and high are missing"
    unit = "1d" if pairs.schema["a"] == pl.Date else "1us"
    lows, ends = pairs.get_column("a"), pairs.get_column("b").dt.offset_by(unit)
    fits = pl.Series([False] * len(pairs), dtype=pl.Boolean)
    for level in hierarchy.levels:
        if level is DateLevel.DECADE:
            start = (lows.dt.year() % 10 == 0) & (lows.dt.ordinal_day() == 1)
        else:
            start = lows.dt.truncate(_SPANS[level]) == lows
        fits |= start & (lows.dt.offset_by(_SPANS[level]) == ends)
    # Everything: one span that holds all others.
    whole = (lows == lows.min()) & (ends == ends.max())
    bad = int((~(fits | whole)).sum())
    return f"{bad} spans of time that the hierarchy does not have" if bad else ""


def _codes(
    table: pl.DataFrame,
    parts: dict[str, str],
    hierarchy: HourBandsHierarchy | DivisionsHierarchy | CategoryHierarchy | PrefixHierarchy,
) -> str:
    if "code" in parts and "level" in parts:
        names = {"code": parts["code"], "level": parts["level"]}
    elif "text" in parts:
        names = {"code": parts["text"]}
    else:
        return "the column is missing"
    shown = table.select(pl.col(column).alias(name) for name, column in names.items()).unique()
    bad = 0
    for row in shown.filter(pl.col("code").is_not_null()).iter_rows(named=True):
        level = row.get("level")
        bad += not _belongs(str(row["code"]), None if level is None else int(level), hierarchy)
    return f"{bad} values that the hierarchy does not have" if bad else ""


def _belongs(
    code: str,
    level: int | None,
    hierarchy: HourBandsHierarchy | DivisionsHierarchy | CategoryHierarchy | PrefixHierarchy,
) -> bool:
    """A code on a level; without a level (it is fixed for the column) any level will do."""
    depth = _depth(hierarchy)
    if code == _EVERYTHING and (level is None or level == depth):
        return True
    levels = range(depth) if level is None else [level] if 0 <= level < depth else []
    match hierarchy:
        case CategoryHierarchy():
            return any(code in _names(hierarchy)[one] for one in levels)
        case PrefixHierarchy():
            return any(len(code) <= hierarchy.lengths[one] for one in levels)
        case HourBandsHierarchy():
            return any(code in _bands(hierarchy.hours[one]) for one in levels)
        case DivisionsHierarchy():
            digits = {"street": 9, "district": 6, "city": 4, "province": 2}
            return any(not code.isdigit() or len(code) == digits[hierarchy.levels[one]] for one in levels)


def _depth(hierarchy: HourBandsHierarchy | DivisionsHierarchy | CategoryHierarchy | PrefixHierarchy) -> int:
    match hierarchy:
        case CategoryHierarchy():
            return len(_names(hierarchy))
        case PrefixHierarchy():
            return len(hierarchy.lengths)
        case HourBandsHierarchy():
            return len(hierarchy.hours)
        case DivisionsHierarchy():
            return len(hierarchy.levels)


def _names(hierarchy: CategoryHierarchy) -> list[set[str]]:
    rows = hierarchy.rows or []
    columns = [set(column) for column in zip(*rows, strict=True)]
    return columns[:-1] if len(columns) > 1 and columns[-1] == {_EVERYTHING} else columns


def _bands(hours: int) -> set[str]:
    return {f"{start:02d}:00-{start + hours - 1:02d}:59" for start in range(0, 24, hours)}
