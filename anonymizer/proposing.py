"""Which hierarchy fits a column, from its meaning and its values.

A proposal never lists values of the data: the policy is published with the release.
"""

from __future__ import annotations

import math

import polars as pl

from anonymizer.hierarchies.dates import read_times
from anonymizer.hierarchies.distinct import MOST_UNREADABLE, Distinct
from anonymizer.results import ColumnFacts
from anonymizer.sources import typed
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

_WHOLE_TEXT = 100
_AGE = [1.0, 5.0, 10.0, 20.0]
_STEPS = (1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0)
_MOST_LEVELS = 5
_DIVISIONS = {"CN_ADDRESS", "DIVISION", "NATIVE_PLACE"}
_SAMPLE = 500
_TWENTY_YEARS = 20 * 365
_MOSTLY = 0.8


def facts_of(column: pl.Series) -> ColumnFacts:
    """Facts of a column, or of its distinct values; text is judged by what nearly all of it can be read as."""
    values = column.drop_nulls()
    if values.dtype == pl.String:
        values = _numbers_where_most_are(values)
    dtype = values.dtype
    if dtype.is_numeric():
        divisions = dtype.is_integer() and _name_divisions(values.head(_SAMPLE).cast(pl.String))
        return ColumnFacts(kind="whole" if dtype.is_integer() else "number", span=_span(values), divisions=divisions)
    if dtype in (pl.Date, pl.Datetime):
        return _facts_of_times(values)
    texts = values.cast(pl.String).unique(maintain_order=True)
    for part in (texts.head(_SAMPLE), texts):
        try:
            _, times = read_times(Distinct.of(part))
        except InvalidInput:
            return _facts_of_text(texts)
    if len(texts) == 0:
        return ColumnFacts(kind="text")
    return _facts_of_times(times)


def _facts_of_times(times: pl.Series) -> ColumnFacts:
    days = times.cast(pl.Date).cast(pl.Int32)
    return ColumnFacts(kind="date" if times.dtype == pl.Date else "time", span=_span(days))


def _numbers_where_most_are(texts: pl.Series) -> pl.Series:
    """Numbers, without the few texts that are none; the texts as they are where they are codes or words."""
    number = texts.cast(pl.Float64, strict=False).is_not_null()
    if not len(texts) or (~number).sum() > MOST_UNREADABLE * len(texts):
        return texts
    found = typed(texts.filter(number).to_frame()).to_series()
    return found if found.dtype.is_numeric() else texts


def _span(values: pl.Series) -> float:
    numbers = values.cast(pl.Float64).fill_nan(None).drop_nulls()
    low, high = numbers.min(), numbers.max()
    if not isinstance(low, float) or not isinstance(high, float) or not 0 < high - low < math.inf:
        return 0.0
    digit = 10.0 ** math.floor(math.log10(high - low))
    return math.ceil((high - low) / digit) * digit


def _facts_of_text(texts: pl.Series) -> ColumnFacts:
    lengths = texts.str.len_chars().unique().to_list()
    plain = bool(texts.str.contains(r"^[0-9A-Za-z]+$").all())
    code = lengths[0] if plain and len(lengths) == 1 and lengths[0] > 1 else None
    return ColumnFacts(kind="text", code_length=code, divisions=_name_divisions(texts.head(_SAMPLE)))


def _name_divisions(texts: pl.Series) -> bool:
    """Nearly all texts tell a district, by name or by code."""
    # The gazetteer comes with the recognisers, which reading a policy does not need.
    from anonymizer.hierarchies.divisions import readable_share

    return readable_share(texts.to_list()) >= _MOSTLY


def propose_hierarchy(semantic_type: str | None, facts: ColumnFacts) -> Hierarchy:
    """A hierarchy for a quasi-identifier of this meaning and these values."""
    if semantic_type in _DIVISIONS and facts.divisions:
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
    longest = [DateLevel.DECADE] if facts.span > _TWENTY_YEARS else []
    if facts.kind == "time":
        return [DateLevel.HOUR, DateLevel.DAY_PART, DateLevel.DAY, DateLevel.MONTH, DateLevel.YEAR, *longest]
    return [DateLevel.DAY, DateLevel.MONTH, DateLevel.QUARTER, DateLevel.YEAR, *longest]


def _widths(facts: ColumnFacts) -> list[float]:
    """Nested widths from about a hundredth of the range up to half of it."""
    if facts.span <= 0:
        return [1.0]
    unit = 10.0 ** math.floor(math.log10(facts.span / 100)) if facts.span > 200 or facts.kind == "number" else 1.0
    if facts.kind == "whole":
        unit = max(unit, 1.0)
    widths = [round(unit * step, 10) for step in _STEPS if unit * step <= max(facts.span / 2, unit)]
    return widths[:_MOST_LEVELS]
