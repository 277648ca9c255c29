"""From nodes to the typed columns of a release: ranges as low and high, everything else as code and level."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from anonymizer.hierarchies.encoded import IntArray, PublishedColumn
from contracts.schema import ContractField, FieldType

ANYTHING = "*"


def field_type(dtype: pl.DataType) -> FieldType:
    """The data contract's name of a Polars type."""
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date:
        return "date"
    if dtype == pl.Datetime:
        return "timestamp"
    return "string"


@dataclass(frozen=True)
class RangePublisher:
    """``<name>_low`` and ``<name>_high``, both inclusive, one entry per node; null where the side is open or
    missing."""

    name: str
    low: pl.Series
    high: pl.Series

    def publish(self, low: IntArray, high: IntArray) -> list[PublishedColumn]:
        sides = (("low", self.low.gather(low)), ("high", self.high.gather(high)))
        return [
            PublishedColumn(
                ContractField(
                    name=f"{self.name}_{bound}",
                    type=field_type(values.dtype),
                    range_of=self.name,
                    bound="low" if bound == "low" else "high",
                ),
                values.alias(f"{self.name}_{bound}"),
            )
            for bound, values in sides
        ]

    def labels(self, low: IntArray, high: IntArray) -> list[str]:
        lows, highs = self.low.gather(low).to_list(), self.high.gather(high).to_list()
        return [range_label(a, b) for a, b in zip(lows, highs, strict=True)]


def range_label(low: object, high: object) -> str:
    """``20–24``, ``20`` when both ends are the same, ``≥ 90`` or ``≤ 17`` when one side is open, nothing
    without both."""
    if low is None and high is None:
        return ""
    if low is None:
        return f"≤ {plain_text(high)}"
    if high is None:
        return f"≥ {plain_text(low)}"
    return plain_text(low) if low == high else f"{plain_text(low)}–{plain_text(high)}"


def plain_text(value: object) -> str:
    """A number without a needless fraction, everything else as it prints."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


@dataclass(frozen=True)
class CodePublisher:
    """``<name>_code`` and ``<name>_level`` where levels are mixed; one text column ``<name>`` where they are
    not.

    ``texts`` and ``levels`` have one entry per node. A missing value has no text and level 0.
    """

    name: str
    texts: list[str | None]
    levels: list[int]
    mixed: bool

    def publish(self, low: IntArray, high: IntArray) -> list[PublishedColumn]:
        texts = pl.Series(self.texts, dtype=pl.String).gather(low)
        if not self.mixed:
            return [
                PublishedColumn(ContractField(name=self.name, type="string"), texts.alias(self.name)),
            ]
        levels = pl.Series(self.levels, dtype=pl.Int32).gather(low)
        code, level = f"{self.name}_code", f"{self.name}_level"
        return [
            PublishedColumn(
                ContractField(name=code, type="string", range_of=self.name, bound="code"), texts.alias(code)
            ),
            PublishedColumn(
                ContractField(name=level, type="integer", range_of=self.name, bound="level", nullable=False),
                levels.alias(level),
            ),
        ]

    def labels(self, low: IntArray, high: IntArray) -> list[str]:
        return [self.texts[node] or "" for node in low.tolist()]


@dataclass(frozen=True)
class ValuePublisher:
    """The values themselves, in their own type, for columns that are not generalised."""

    name: str
    values: pl.Series

    def publish(self, low: IntArray, high: IntArray) -> list[PublishedColumn]:
        shown = self.values.gather(low).alias(self.name)
        return [PublishedColumn(ContractField(name=self.name, type=field_type(shown.dtype)), shown)]

    def labels(self, low: IntArray, high: IntArray) -> list[str]:
        return ["" if value is None else plain_text(value) for value in self.values.gather(low).to_list()]


@dataclass(frozen=True)
class PairPublisher:
    """Two publishers side by side: latitude and longitude of a grid cell."""

    first: RangePublisher
    second: RangePublisher

    def publish(self, low: IntArray, high: IntArray) -> list[PublishedColumn]:
        return self.first.publish(low, high) + self.second.publish(low, high)

    def labels(self, low: IntArray, high: IntArray) -> list[str]:
        both = zip(self.first.labels(low, high), self.second.labels(low, high), strict=True)
        return [f"{a}, {b}" if a or b else "" for a, b in both]
