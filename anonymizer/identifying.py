"""What the columns of a release are to each other: which say a place together, and which tells one row from another.

Both are read from the released table and the policy alone, so that anyone can check them, and are the same for the
same release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from contracts.privacy import ColumnRole, Generalise, GeoGridHierarchy, Policy
from contracts.schema import ContractField, Coordinates, DataContract

_LATITUDE = re.compile(r"(?:^|_)(?:lat|latitude)(?=$|_)|纬度|latitude", re.IGNORECASE)
_LONGITUDE = re.compile(r"(?:^|_)(?:lon|lng|long|longitude)(?=$|_)|经度|longitude", re.IGNORECASE)
_MOST_LATITUDE, _MOST_LONGITUDE = 90, 180
_KEY_NAME = re.compile(
    r"(?:^|[_\W])(?:id|uuid|guid|code|key|no|nr|number)$|(?<=[a-z])(?:ID|Id|Code|No)$|"
    r"编号|编码|代码|序号|主键|标识|(?:[证单批文案户档]|流水|档案)号$",
    re.IGNORECASE,
)
_KEY_TYPES = frozenset({"RECORD_ID", "CN_USCC", "CN_ORGANIZATION_CODE", "CN_TAX_NUMBER"})
_LONGEST_KEY = 128
_NOT_IN_ADDRESSES = r"[/\\?#\x00-\x1f\x7f]|^\.{1,2}$|^$"
_LOOKED_AT_FIRST = 2_000
"""Rows that show of most columns that they are no key, before all of them are compared."""


def coordinates(table: pl.DataFrame, fields: Sequence[ContractField], policy: Policy) -> list[Coordinates]:
    """The pairs of columns that hold a latitude and a longitude in degrees.

    The policy says it of grid cells; other numbers are told by what the scan recognised or by their names. All must lie
    on the globe. `start_lat` goes with `start_lng`; names that have nothing in common are paired where there is one of
    each.
    """
    grids = [
        Coordinates(longitude=column.operator.hierarchy.longitude, latitude=name)
        for name, column in policy.columns.items()
        if isinstance(column.operator, Generalise) and isinstance(column.operator.hierarchy, GeoGridHierarchy)
    ]
    paired = {name for pair in grids for name in (pair.longitude, pair.latitude)}
    found = [pair for pair in grids if not pair_faults(table, fields, pair)]
    latitudes = _rest_of_names(table, fields, policy, paired, "LATITUDE", _LATITUDE, _MOST_LATITUDE)
    longitudes = _rest_of_names(table, fields, policy, paired, "LONGITUDE", _LONGITUDE, _MOST_LONGITUDE)
    for name, rest in list(latitudes.items()):
        fitting = [other for other, its_rest in longitudes.items() if its_rest == rest]
        if len(fitting) == 1:
            found.append(Coordinates(longitude=fitting[0], latitude=name))
            del latitudes[name], longitudes[fitting[0]]
    if len(latitudes) == len(longitudes) == 1:
        found.append(Coordinates(longitude=next(iter(longitudes)), latitude=next(iter(latitudes))))
    return found


def _rest_of_names(
    table: pl.DataFrame,
    fields: Sequence[ContractField],
    policy: Policy,
    paired: set[str],
    semantic_type: str,
    wanted: re.Pattern[str],
    limit: int,
) -> dict[str, str]:
    """Columns that hold one side of places, each with what its name says besides that."""
    found: dict[str, str] = {}
    for field in fields:
        name = field.range_of or field.name
        column = policy.columns.get(name)
        recognised = column is not None and column.semantic_type == semantic_type
        if name in paired or name in found or not (recognised or wanted.search(name)):
            continue
        if _on_globe(table, fields, name, limit):
            found[name] = wanted.sub("", name).strip("_ ").lower()
    return found


def pair_faults(table: pl.DataFrame, fields: Sequence[ContractField], pair: Coordinates) -> list[str]:
    """The sides of a pair that are not degrees on the globe."""
    sides = ((pair.latitude, _MOST_LATITUDE), (pair.longitude, _MOST_LONGITUDE))
    return [name for name, limit in sides if not _on_globe(table, fields, name, limit)]


def _on_globe(table: pl.DataFrame, fields: Sequence[ContractField], name: str, limit: int) -> bool:
    """Whether all that is published of a column are degrees from `-limit` to `limit`."""
    parts = [field for field in fields if (field.range_of or field.name) == name]
    return bool(parts) and all(
        part.type in ("number", "integer") and part.name in table.columns and _within(table[part.name], limit)
        for part in parts
    )


def _within(values: pl.Series, limit: int) -> bool:
    least, greatest = values.min(), values.max()
    return isinstance(least, int | float) and isinstance(greatest, int | float) and -limit <= least <= greatest <= limit


def primary_key(table: pl.DataFrame, fields: Sequence[ContractField], policy: Policy) -> str | None:
    """The field that tells one row from any other: the first pseudonym, or number or code of a record, that is never
    empty and never repeats; None where there is none. It can stand in an address."""
    for field in fields:
        if _may_be_key(field, policy) and key_fault(table[field.name]) is None:
            return field.name
    return None


def _may_be_key(field: ContractField, policy: Policy) -> bool:
    """A measurement that happens not to repeat is no key, and what tells of a person together with others is none."""
    if field.nullable or field.range_of is not None or field.type not in ("string", "integer"):
        return False
    if field.treatment == "pseudonymise":
        return True
    column = policy.columns.get(field.name)
    if field.treatment != "keep" or column is None or column.role is not ColumnRole.PLAIN:
        return False
    return column.semantic_type in _KEY_TYPES or _KEY_NAME.search(field.name) is not None


def key_fault(values: pl.Series) -> str | None:
    """Why a column is no key, or None."""
    if values.is_empty() or values.null_count():
        return "has empty cells"
    head = values.head(_LOOKED_AT_FIRST)
    if head.n_unique() < head.len() or values.n_unique() < values.len():
        return "repeats"
    if values.dtype.is_integer():
        return None
    texts = values.cast(pl.String)
    unfit = (texts.str.len_chars() > _LONGEST_KEY) | texts.str.contains(_NOT_IN_ADDRESSES)
    return "cannot stand in an address" if unfit.any() else None


def contract_faults(table: pl.DataFrame, contract: DataContract) -> list[str]:
    """What a contract claims of its columns together and the table does not hold."""
    faults = []
    if contract.primary_key is not None:
        if contract.primary_key not in table.columns:
            faults.append(f"the key {contract.primary_key} is no column")
        elif fault := key_fault(table[contract.primary_key]):
            faults.append(f"the key {contract.primary_key} {fault}")
    for pair in contract.coordinates:
        faults += [f"{name} holds no coordinates" for name in pair_faults(table, contract.fields, pair)]
    return faults
