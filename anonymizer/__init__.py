"""Find personal data in a table, treat it by a policy, say what is left of the risk, and check releases
again.

    >>> import anonymizer
    >>> found = anonymizer.scan("patients.csv")
    >>> policy = anonymizer.propose_policy(found, k=5)
    >>> result = anonymizer.anonymize("patients.csv", policy, secret=secret, release_id="r1", out=folder)
    >>> anonymizer.verify(folder).ok

Tables may be a path (CSV, Parquet, JSON Lines), pandas, Polars or Arrow. Nothing here knows a database or the
web. The functions are imported when first used, so that ``import anonymizer`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from anonymizer.results import (
    AnonymizeResult,
    Check,
    ColumnFinding,
    Finding,
    Mode,
    PolicyEffect,
    Progress,
    ScanResult,
    VerifyResult,
)
from contracts.privacy import ColumnRole, Policy

if TYPE_CHECKING:
    from anonymizer.anonymise import anonymize, anonymize_in_series
    from anonymizer.effect import preview
    from anonymizer.exploring import explore
    from anonymizer.policies import load_policy, propose_policy
    from anonymizer.scanning import scan, scan_text
    from anonymizer.sources import Source
    from anonymizer.verification import verify

_LAZY = {
    "Source": "anonymizer.sources",
    "anonymize": "anonymizer.anonymise",
    "anonymize_in_series": "anonymizer.anonymise",
    "explore": "anonymizer.exploring",
    "load_policy": "anonymizer.policies",
    "preview": "anonymizer.effect",
    "propose_policy": "anonymizer.policies",
    "scan": "anonymizer.scanning",
    "scan_text": "anonymizer.scanning",
    "verify": "anonymizer.verification",
}

__all__ = [
    "AnonymizeResult",
    "Check",
    "ColumnFinding",
    "ColumnRole",
    "Finding",
    "Mode",
    "Policy",
    "PolicyEffect",
    "Progress",
    "ScanResult",
    "Source",
    "VerifyResult",
    "anonymize",
    "anonymize_in_series",
    "explore",
    "load_policy",
    "preview",
    "propose_policy",
    "scan",
    "scan_text",
    "verify",
]


def __getattr__(name: str) -> object:
    """Import a function on first use (PEP 562)."""
    if name in _LAZY:
        value: object = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
