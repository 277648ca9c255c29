"""Reading a policy file, and proposing a policy from what was found in a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anonymizer.proposing import facts_of, propose_hierarchy
from anonymizer.results import ColumnFacts, ColumnFinding, ScanResult
from anonymizer.sources import Source, read
from contracts.errors import InvalidInput
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    Drop,
    Generalise,
    GeoGridHierarchy,
    KAnonymity,
    Keep,
    Operator,
    Policy,
    Pseudonymise,
    RedactText,
    SubjectUnit,
    With,
)

SUPPRESSION_LIMIT = 0.05
_GRID_DECIMALS = [3, 2, 1]
_UNITS = {
    "CN_LICENSE_PLATE": SubjectUnit.VEHICLE,
    "CN_VIN": SubjectUnit.VEHICLE,
    "DEVICE_ID": SubjectUnit.DEVICE,
    "MAC_ADDRESS": SubjectUnit.DEVICE,
    "IP_ADDRESS": SubjectUnit.DEVICE,
    "CN_USCC": SubjectUnit.ORGANISATION,
}
# Which identifier tells one subject from another best, where several repeat.
BEST_SUBJECT = (
    "CN_RESIDENT_ID", "CN_SOCIAL_SECURITY_NUMBER", "CN_MEDICAL_RECORD_NUMBER", "CN_PASSPORT", "CN_TRAVEL_PERMIT",
    "HK_IDENTITY_CARD",
    "ACCOUNT_ID", "CN_LICENSE_PLATE", "CN_VIN", "DEVICE_ID", "MAC_ADDRESS", "CN_MOBILE",
    "PHONE_NUMBER", "EMAIL_ADDRESS", "CN_BANK_CARD", "WECHAT_ID", "QQ_NUMBER", "RECORD_ID",
)  # fmt: skip


def load_policy(path: str | os.PathLike[str]) -> Policy:
    """Read a policy file; hierarchy files it names (CSV, beside it) are taken in.

    Raises :class:`InvalidInput` naming each place that is wrong.
    """
    file = Path(path)
    try:
        policy = Policy.from_yaml(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InvalidInput(f"The policy {file.name!r} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"The policy {file.name!r} is not UTF-8 text") from None
    content: dict[str, Any] = policy.model_dump(mode="json", exclude_none=True)
    for name, column in policy.columns.items():
        hierarchy = getattr(column.operator, "hierarchy", None)
        if isinstance(hierarchy, CategoryHierarchy) and hierarchy.file is not None:
            rows = _read_rows(file.parent / hierarchy.file, hierarchy.separator, name)
            content["columns"][name]["operator"]["hierarchy"] = {"kind": hierarchy.kind, "rows": rows}
    return Policy.from_mapping(content)


def _read_rows(path: Path, separator: str, column: str) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [row for row in csv.reader(stream, delimiter=separator) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput.at(
            f"columns/{column}/operator/hierarchy/file",
            f"Column {column!r}: the hierarchy file {path.name!r} cannot be read ({type(error).__name__})",
        ) from None


def propose_policy(
    table: Source | ScanResult,
    *,
    k: int = 5,
    subject: str | None = None,
    hints: Mapping[str, ColumnRole] | None = None,
    scan: ScanResult | None = None,
) -> Policy:
    """A policy to begin with, from what a scan found.

    Direct identifiers are dropped, free text is redacted, quasi-identifiers are generalised by hierarchies
    that fit the data, all else is kept. ``subject`` names the column that tells subjects apart; left out, a
    direct identifier that repeats is taken. It is dropped too where quasi-identifiers are published, because
    a pseudonym that joins the rows of a subject tells more than the rows do; else it is pseudonymised for
    this release. ``hints`` overrule roles. Given a table, hierarchies fit its values and ``scan`` spares
    scanning again; given only a :class:`ScanResult` they fit the facts it has of each column.
    """
    if isinstance(table, ScanResult):
        found, facts = table, {c.name: c.facts or ColumnFacts(kind="text") for c in table.columns}
    else:
        if scan is None:
            from anonymizer.scanning import scan as scan_table

            scan = scan_table(table)
        frame = read(table)
        found, facts = scan, {name: facts_of(frame.get_column(name)) for name in frame.columns}
    unknown = [name for name in (*(hints or {}), *([subject] if subject else [])) if found.column(name) is None]
    if unknown:
        raise InvalidInput(f"The table has no column {unknown[0]!r}")
    roles = {column.name: column.role for column in found.columns} | dict(hints or {})
    chosen = subject or _repeating_subject(found, roles)
    links = any(role is ColumnRole.QUASI_IDENTIFIER for role in roles.values())
    grids = _coordinate_pairs(found, roles)
    columns = {}
    for column in found.columns:
        role = roles[column.name]
        if column.name == chosen:
            role = ColumnRole.DIRECT_IDENTIFIER
            operator: Operator = Drop() if links else Pseudonymise()
        elif role is ColumnRole.QUASI_IDENTIFIER and column.free_text:
            role, operator = ColumnRole.PLAIN, RedactText()
        else:
            operator = _operator(column, role, facts[column.name], grids)
        columns[column.name] = ColumnPolicy(role=role, operator=operator, semantic_type=column.semantic_type)
    quasi = any(column.role is ColumnRole.QUASI_IDENTIFIER for column in columns.values())
    return Policy(
        subject=chosen,
        subject_unit=_unit(found.column(chosen)) if chosen else SubjectUnit.ROW,
        columns=columns,
        models=[KAnonymity(k=k)] if quasi else [],
        suppression_limit=SUPPRESSION_LIMIT,
    )


def _operator(column: ColumnFinding, role: ColumnRole, facts: ColumnFacts, grids: dict[str, str]) -> Operator:
    if column.free_text:
        return RedactText()
    if role is ColumnRole.DIRECT_IDENTIFIER:
        return Drop()
    if role is not ColumnRole.QUASI_IDENTIFIER:
        return Keep()
    if column.name in grids:
        return Generalise(hierarchy=GeoGridHierarchy(longitude=grids[column.name], decimals=_GRID_DECIMALS))
    latitude = next((lat for lat, lng in grids.items() if lng == column.name), None)
    if latitude is not None:
        return With(column=latitude)
    return Generalise(hierarchy=propose_hierarchy(column.semantic_type, facts))


def _repeating_subject(found: ScanResult, roles: Mapping[str, ColumnRole]) -> str | None:
    """The best direct identifier whose values repeat; None where every row is its own subject anyway."""
    candidates = [
        column
        for column in found.columns
        if roles[column.name] is ColumnRole.DIRECT_IDENTIFIER
        and column.semantic_type in BEST_SUBJECT
        and 1 < column.distinct < found.rows - column.nulls
        and column.nulls * 2 < found.rows
    ]
    ranked = sorted(candidates, key=lambda c: BEST_SUBJECT.index(c.semantic_type or ""))
    return ranked[0].name if ranked else None


def _unit(column: ColumnFinding | None) -> SubjectUnit:
    return _UNITS.get(column.semantic_type or "", SubjectUnit.PERSON) if column else SubjectUnit.PERSON


def _coordinate_pairs(found: ScanResult, roles: Mapping[str, ColumnRole]) -> dict[str, str]:
    """Latitude to longitude columns, paired in the order they come in (start with start, end with end)."""
    by_type: dict[str, list[str]] = {"LATITUDE": [], "LONGITUDE": []}
    for column in found.columns:
        if column.semantic_type in by_type and roles[column.name] is ColumnRole.QUASI_IDENTIFIER:
            by_type[column.semantic_type or ""].append(column.name)
    return dict(zip(by_type["LATITUDE"], by_type["LONGITUDE"], strict=False))
