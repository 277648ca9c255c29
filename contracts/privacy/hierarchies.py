"""Generalisation hierarchies as a policy writes them: which coarser levels a column may be published at.

Levels go from fine to coarse and each must nest in the next. Only the listed levels are published; above the
coarsest there is always one more, "everything", which a release shows as ``*`` (or as the full range).
Whether the data can be read as the hierarchy expects is found out when the policy meets a table
(:mod:`anonymizer.hierarchies`).
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.privacy.roles import ColumnName


class HierarchyModel(BaseModel):
    """Settings shared by all hierarchies: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _refuse_not_nested(sizes: list[float], what: str) -> None:
    for fine, coarse in pairwise(sizes):
        ratio = coarse / fine
        if coarse <= fine or abs(ratio - round(ratio)) > 1e-9:
            raise ValueError(
                f"{what} {fine:g} and {coarse:g} do not nest: each must be a whole multiple of the one before"
            )


class NumericHierarchy(HierarchyModel):
    """Numbers as ranges. Give ``widths`` (equal bands counted from ``origin``) or ``cut_points`` (band
    borders by level).

    ``widths: [1, 5, 10]`` publishes single numbers, then fives, then tens. A border belongs to the band above
    it. ``ranges: free`` lets the local algorithm join any neighbouring bands of the finest level, which loses
    less than climbing from level to level; ``nested`` keeps to the listed bands.
    """

    kind: Literal["numeric"] = "numeric"
    widths: list[Annotated[float, Field(gt=0)]] | None = Field(default=None, min_length=1, max_length=20)
    cut_points: list[Annotated[list[float], Field(min_length=1)]] | None = Field(
        default=None, min_length=1, max_length=20
    )
    origin: float = 0.0
    ranges: Literal["nested", "free"] = "free"

    @model_validator(mode="after")
    def _one_way_and_nested(self) -> Self:
        if (self.widths is None) == (self.cut_points is None):
            raise ValueError("give either widths or cut_points")
        if self.widths is not None:
            _refuse_not_nested(self.widths, "widths")
        if self.cut_points is not None:
            for cuts in self.cut_points:
                if any(low >= high for low, high in pairwise(cuts)):
                    raise ValueError(f"cut points must rise: {cuts}")
            for fine, coarse in pairwise(self.cut_points):
                extra = sorted(set(coarse) - set(fine))
                if extra:
                    raise ValueError(f"cut point {extra[0]:g} is missing in the finer level before it")
        return self


class DateLevel(StrEnum):
    """Spans of time, finest first; ``hour`` and ``day-part`` (six hours) need timestamps."""

    HOUR = "hour"
    DAY_PART = "day-part"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    DECADE = "decade"


class DateHierarchy(HierarchyModel):
    """Dates and timestamps as spans. Weeks (from Monday) nest in nothing longer, so ``week`` must come
    last."""

    kind: Literal["date"] = "date"
    levels: list[DateLevel] = Field(min_length=1)

    @model_validator(mode="after")
    def _finest_first(self) -> Self:
        order = list(DateLevel)
        places = [order.index(level) for level in self.levels]
        if any(a >= b for a, b in pairwise(places)):
            raise ValueError(f"levels must go from fine to coarse, in the order {', '.join(order)}")
        if DateLevel.WEEK in self.levels[:-1]:
            raise ValueError("week does not nest in months, quarters or years: it must be the last level")
        return self


class HourBandsHierarchy(HierarchyModel):
    """Timestamps as bands of the day, the date left out: ``hours: [1, 6]`` publishes ``06:00-06:59``,
    ``06:00-11:59``."""

    kind: Literal["hour-bands"] = "hour-bands"
    hours: list[Annotated[int, Field(ge=1, le=12)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _nested(self) -> Self:
        _refuse_not_nested([float(h) for h in self.hours], "bands of hours")
        for hours in self.hours:
            if 24 % hours:
                raise ValueError(f"a day does not divide into bands of {hours} hours")
        return self


class DivisionLevel(StrEnum):
    """Chinese administrative levels, finest first, with the digits of their statistical code: 9, 6, 4, 2."""

    STREET = "street"
    DISTRICT = "district"
    CITY = "city"
    PROVINCE = "province"


class DivisionsHierarchy(HierarchyModel):
    """Administrative divisions read from an address, from a division code or from a resident identity number.

    ``reads: auto`` looks at the values. What cannot be read is published as ``*`` only.
    """

    kind: Literal["divisions"] = "divisions"
    levels: list[DivisionLevel] = Field(min_length=1)
    reads: Literal["auto", "address", "code", "resident-id"] = "auto"

    @model_validator(mode="after")
    def _finest_first(self) -> Self:
        order = list(DivisionLevel)
        places = [order.index(level) for level in self.levels]
        if any(a >= b for a, b in pairwise(places)):
            raise ValueError(f"levels must go from fine to coarse, in the order {', '.join(order)}")
        if self.reads == "resident-id" and DivisionLevel.STREET in self.levels:
            raise ValueError("a resident identity number tells the district at most, not the street")
        return self


class CategoryHierarchy(HierarchyModel):
    """A tree of categories: each row goes from a value up to ever coarser names, as in ARX's hierarchy files.

    ``rows: [[Bachelors, Undergraduate, Higher education], …]``; all rows have the same length and a trailing
    ``*`` may be written or left out. ``file`` names a CSV with such rows beside the policy; reading the
    policy file takes its content in, so that a policy in memory is complete.
    """

    kind: Literal["category"] = "category"
    rows: list[Annotated[list[str], Field(min_length=1)]] | None = None
    file: str | None = None
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ";"

    @model_validator(mode="after")
    def _a_tree(self) -> Self:
        if (self.rows is None) == (self.file is None):
            raise ValueError("give either rows or file")
        if self.rows is None:
            return self
        if not self.rows:
            raise ValueError("rows is empty")
        length = len(self.rows[0])
        seen: set[str] = set()
        parents: dict[tuple[int, str], str] = {}
        for row in self.rows:
            if len(row) != length:
                raise ValueError(f"the row of {row[0]!r} has {len(row)} levels, the first row has {length}")
            if row[0] in seen:
                raise ValueError(f"the value {row[0]!r} has two rows")
            seen.add(row[0])
            for level, (child, parent) in enumerate(pairwise(row)):
                known = parents.setdefault((level, child), parent)
                if known != parent:
                    raise ValueError(f"not a tree: {child!r} on level {level} belongs to both {known!r} and {parent!r}")
        return self


class PrefixHierarchy(HierarchyModel):
    """Codes cut to their first characters: ``lengths: [6, 4, 2]`` publishes six, then four, then two."""

    kind: Literal["prefix"] = "prefix"
    lengths: list[Annotated[int, Field(ge=1, le=100)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _longest_first(self) -> Self:
        if any(a <= b for a, b in pairwise(self.lengths)):
            raise ValueError("lengths must fall: the longest prefix comes first")
        return self


class GeoGridHierarchy(HierarchyModel):
    """Coordinates as grid cells. Stands on the latitude column and names the longitude column.

    Give ``cells`` (degrees, each a whole multiple of the one before; 0.01° is about 1.1 km north to south) or
    ``decimals`` (falling: 3 means cells of 0.001°). The longitude column itself carries the operator
    ``with``.
    """

    kind: Literal["geo-grid"] = "geo-grid"
    longitude: ColumnName
    cells: list[Annotated[float, Field(gt=0, le=90)]] | None = Field(default=None, min_length=1)
    decimals: list[Annotated[int, Field(ge=0, le=7)]] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_way_and_nested(self) -> Self:
        if (self.cells is None) == (self.decimals is None):
            raise ValueError("give either cells or decimals")
        if self.decimals is not None and any(a <= b for a, b in pairwise(self.decimals)):
            raise ValueError("decimals must fall: the finest comes first")
        if self.cells is not None:
            _refuse_not_nested(self.cells, "cells")
        return self

    @property
    def cell_sizes(self) -> list[float]:
        """The cell sizes in degrees, finest first."""
        if self.cells is not None:
            return list(self.cells)
        return [10.0**-d for d in self.decimals or []]


Hierarchy = Annotated[
    NumericHierarchy
    | DateHierarchy
    | HourBandsHierarchy
    | DivisionsHierarchy
    | CategoryHierarchy
    | PrefixHierarchy
    | GeoGridHierarchy,
    Field(discriminator="kind"),
]
