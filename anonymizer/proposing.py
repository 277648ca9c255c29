"""Which hierarchy fits a column, from its meaning and its values.

A proposal never lists values of the data: the policy is published with the release.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from anonymizer.hierarchies.dates import read_times
from anonymizer.hierarchies.distinct import Distinct
from anonymizer.results import ScanResult
from contracts.errors import InvalidInput
from contracts.privacy import (
    DateHierarchy,
    DateLevel,
    DivisionLevel,
    DivisionsHierarchy,
    Hierarchy,
    NumericHierarchy,
    PrefixHierarchy,
)

Kind = Literal["whole", "number", "date", "time", "text"]

_WHOLE_TEXT = 100
_AGE = [1.0, 5.0, 10.0, 20.0]
_STEPS = (1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0)
_MOST_LEVELS = 5
_DIVISIONS = {"CN_ADDRESS", "DIVISION", "NATIVE_PLACE"}


@dataclass(frozen=True)
class ColumnFacts:
    """What a hierarchy has to fit: the kind of values, how far numbers reach, and the length of codes of
    one length."""

    kind: Kind
    span: float = 0.0
    code_length: int | None = None
    has_time: bool = False
    digits: bool = False


def facts_of_table(table: pl.DataFrame) -> dict[str, ColumnFacts]:
    """Facts of every column of a table."""
    return {name: _facts(table.get_column(name)) for name in table.columns}


def _facts(column: pl.Series) -> ColumnFacts:
    dtype = column.dtype
    if dtype.is_numeric():
        values = column.drop_nulls().cast(pl.Float64).fill_nan(None).drop_nulls()
        low, high = values.min(), values.max()
        span = float(high) - float(low) if isinstance(low, float) and isinstance(high, float) else 0.0
        return ColumnFacts("whole" if dtype.is_integer() else "number", span=span)
    if dtype == pl.Date:
        return ColumnFacts("date")
    if dtype == pl.Datetime:
        return ColumnFacts("time", has_time=True)
    texts = column.cast(pl.String).drop_nulls().unique()
    try:
        times = read_times(Distinct.of(texts))
    except InvalidInput:
        times = None
    if times is not None and len(texts):
        return ColumnFacts("date") if times.dtype == pl.Date else ColumnFacts("time", has_time=True)
    return _facts_of_text(texts)


def _facts_of_text(texts: pl.Series) -> ColumnFacts:
    lengths = texts.str.len_chars().unique().to_list()
    plain = bool(texts.str.contains(r"^[0-9A-Za-z]+$").all()) and len(texts) > 0
    digits = bool(texts.str.contains(r"^[0-9]+$").all()) and len(texts) > 0
    one_length = lengths[0] if plain and len(lengths) == 1 and lengths[0] > 1 else None
    return ColumnFacts("text", code_length=one_length, digits=digits)


def facts_of_findings(found: ScanResult) -> dict[str, ColumnFacts]:
    """Facts read off the shapes of a scan's examples (digits are 0, letters 某): coarser than those of a
    table."""
    facts = {}
    for column in found.columns:
        shapes = pl.Series([s for s in column.examples_masked if s], dtype=pl.String)
        if len(shapes) and shapes.str.contains(r"^-?0{1,15}$").all():
            digits = int(shapes.str.len_chars().max() or 1)  # type: ignore[arg-type]  # a maximum of lengths
            facts[column.name] = ColumnFacts("whole", span=10.0**digits, digits=True)
        elif len(shapes) and shapes.str.contains(r"^-?0+\.0+$").all():
            facts[column.name] = ColumnFacts("number", span=10.0 ** len(str(shapes[0]).split(".", 1)[0]))
        elif len(shapes) and shapes.str.contains(r"^0{4}.0{1,2}.0{1,2}.?$").all():
            facts[column.name] = ColumnFacts("date")
        elif len(shapes) and shapes.str.contains(r"^0{4}.0{1,2}.0{1,2}.+0:0").all():
            facts[column.name] = ColumnFacts("time", has_time=True)
        else:
            facts[column.name] = ColumnFacts("text")
    return facts


def propose_hierarchy(semantic_type: str | None, facts: ColumnFacts) -> Hierarchy:
    """A hierarchy for a quasi-identifier of this meaning and these values."""
    if semantic_type in _DIVISIONS and facts.kind in ("text", "whole"):
        levels = [DivisionLevel.DISTRICT, DivisionLevel.CITY, DivisionLevel.PROVINCE]
        return DivisionsHierarchy(levels=[DivisionLevel.STREET, *levels] if semantic_type == "CN_ADDRESS" else levels)
    if facts.kind in ("date", "time"):
        return DateHierarchy(levels=_date_levels(semantic_type, facts))
    if facts.kind in ("whole", "number") and semantic_type != "POSTAL_CODE":
        return NumericHierarchy(widths=_AGE if semantic_type == "AGE" else _widths(facts))
    if semantic_type == "POSTAL_CODE":
        return PrefixHierarchy(lengths=[6, 4, 3, 2])
    if facts.code_length:
        return PrefixHierarchy(
            lengths=[n for n in range(facts.code_length, 0, -1) if n % 2 == 0 or n == facts.code_length]
        )
    # As it is, or not at all: nothing is known that lies between.
    return PrefixHierarchy(lengths=[_WHOLE_TEXT])


def _date_levels(semantic_type: str | None, facts: ColumnFacts) -> list[DateLevel]:
    if semantic_type == "BIRTH_DATE":
        return [DateLevel.MONTH, DateLevel.QUARTER, DateLevel.YEAR, DateLevel.DECADE]
    if facts.has_time:
        return [DateLevel.HOUR, DateLevel.DAY_PART, DateLevel.DAY, DateLevel.MONTH, DateLevel.YEAR]
    return [DateLevel.DAY, DateLevel.MONTH, DateLevel.QUARTER, DateLevel.YEAR]


def _widths(facts: ColumnFacts) -> list[float]:
    """Nested widths from about a hundredth of the range up to half of it."""
    if facts.span <= 0:
        return [1.0]
    unit = 10.0 ** math.floor(math.log10(facts.span / 100)) if facts.span > 200 or facts.kind == "number" else 1.0
    if facts.kind == "whole":
        unit = max(unit, 1.0)
    widths = [round(unit * step, 10) for step in _STEPS if unit * step <= max(facts.span / 2, unit)]
    return widths[:_MOST_LEVELS]
