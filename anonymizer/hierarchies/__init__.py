"""Hierarchies meeting a table: every quasi-identifier becomes small integers with a tree above them."""

from __future__ import annotations

import polars as pl

from anonymizer.hierarchies import categories, dates, geo, numeric
from anonymizer.hierarchies.encoded import EncodedColumn, PublishedColumn, Tree
from contracts.privacy import (
    CategoryHierarchy,
    DateHierarchy,
    DivisionsHierarchy,
    GeoGridHierarchy,
    Hierarchy,
    HourBandsHierarchy,
    NumericHierarchy,
    PrefixHierarchy,
)

__all__ = ["EncodedColumn", "PublishedColumn", "Tree", "encode", "encode_plain"]

encode_plain = categories.encode_plain


def encode(name: str, hierarchy: Hierarchy, table: pl.DataFrame, *, mixed: bool) -> EncodedColumn:
    """Make a column ready for the search.

    ``mixed``: the release may show several levels in this column (local recoding), so codes carry their
    level. Raises :class:`contracts.errors.InvalidInput` naming the column and the value that the hierarchy
    cannot take.
    """
    column = table.get_column(name)
    match hierarchy:
        case NumericHierarchy():
            return numeric.encode(name, hierarchy, column, mixed=mixed)
        case DateHierarchy():
            return dates.encode(name, hierarchy, column)
        case HourBandsHierarchy():
            return dates.encode_hours(name, hierarchy, column, mixed=mixed)
        case CategoryHierarchy():
            return categories.encode_tree(name, hierarchy, column, mixed=mixed)
        case PrefixHierarchy():
            return categories.encode_prefix(name, hierarchy, column, mixed=mixed)
        case DivisionsHierarchy():
            # The gazetteer comes with the recognisers, which only this kind needs.
            from anonymizer.hierarchies import divisions

            return divisions.encode(name, hierarchy, column, mixed=mixed)
        case GeoGridHierarchy():
            return geo.encode(name, hierarchy, column, table.get_column(hierarchy.longitude))
