"""How a department fits the proposed policy to what it knows of its own table."""

import anonymizer
from anonymizer.results import ScanResult
from contracts.privacy import ColumnRole, Policy
from web.demo.city import Dataset

K = 5
_ROLES = {
    "direct_identifier": ColumnRole.DIRECT_IDENTIFIER,
    "quasi_identifier": ColumnRole.QUASI_IDENTIFIER,
    "sensitive": ColumnRole.SENSITIVE,
    "plain": ColumnRole.PLAIN,
}


def fitted(found: ScanResult, dataset: Dataset) -> Policy:
    """The proposal for the columns found, told which column is the subject and what the department calls each one.

    A sheet with a merged header has the group in front of the column's name (承租人信息_lxdh), so names are compared
    by their end. Free text keeps the part that the scan gave it.
    """
    names = [column.name for column in found.columns]
    hints: dict[str, ColumnRole] = {}
    for field in dataset.fields:
        name = _find(names, field.name)
        if name is not None and field.role in _ROLES:
            hints[name] = _ROLES[field.role]
    subject = _find(names, dataset.subject) if dataset.subject else None
    return anonymizer.propose_policy(found, k=K, subject=subject, hints=hints)


def _find(names: list[str], wanted: str) -> str | None:
    return next((name for name in names if name == wanted or name.endswith(f"_{wanted}")), None)
