"""What a person has corrected in earlier findings, applied to new ones: phrases that are nobody's, names that were
missed, columns that mean something else.

Phrases are known by a keyed digest and their length alone, so that whoever keeps them keeps no raw value. Corrections
are in force for what the current thread (or task) reads within `in_force`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from anonymizer.classify.types import TYPES
from anonymizer.recognizers.grammar import Match, resolve
from anonymizer.recognizers.width import fold
from anonymizer.results import ColumnFinding, Finding, ScanResult
from contracts.privacy import ColumnRole

NOT_PERSONAL: Final = "NOT_PERSONAL"
"""In place of a semantic type: the column tells of nobody."""
_ROLES: Final = {
    "identifier": ColumnRole.DIRECT_IDENTIFIER,
    "text": ColumnRole.DIRECT_IDENTIFIER,
    "attribute": ColumnRole.QUASI_IDENTIFIER,
    "place": ColumnRole.QUASI_IDENTIFIER,
    "event": ColumnRole.QUASI_IDENTIFIER,
    "sensitive": ColumnRole.SENSITIVE,
}
_REASON: Final = {"zh-CN": "数据专员认定。", "en": "A data officer said so."}
_SURE: Final = 0.99


def phrase_digest(key: bytes, phrase: str) -> str:
    """32 hexadecimal digits: keyed BLAKE2b of the phrase, wide characters made narrow, spaces around it taken off."""
    return hashlib.blake2b(fold(phrase).strip().encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Corrections:
    """`not_personal`: digests of findings to drop. `names`: length in code points to digests of names to find."""

    key: bytes = field(repr=False)
    not_personal: frozenset[str] = frozenset()
    names: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def apply(self, text: str, findings: Sequence[Finding]) -> list[Finding]:
        """The findings of one text, corrected; in order of start, not overlapping."""
        kept = [f for f in findings if not self._is_nobody(text[f.start : f.end])]
        added = [Match("PERSON", start, end, _SURE) for start, end in self._missed(fold(text))]
        if not added:
            return kept
        chosen = resolve([*added, *(Match(f.type, f.start, f.end, min(f.score, _SURE - 0.01)) for f in kept)], 0.0)
        return [Finding(m.type, m.start, m.end, m.score) for m in chosen]

    def _is_nobody(self, phrase: str) -> bool:
        return bool(self.not_personal) and phrase_digest(self.key, phrase) in self.not_personal

    def _missed(self, folded: str) -> Iterator[tuple[int, int]]:
        for length, digests in self.names.items():
            for start in range(len(folded) - length + 1):
                whole = folded[start].isalnum() and folded[start + length - 1].isalnum()
                if whole and phrase_digest(self.key, folded[start : start + length]) in digests:
                    yield start, start + length


_active: ContextVar[Corrections | None] = ContextVar("corrections", default=None)


@contextmanager
def in_force(corrections: Corrections) -> Iterator[None]:
    """Within, what is read through the memory of texts is corrected."""
    token = _active.set(corrections)
    try:
        yield
    finally:
        _active.reset(token)


def corrected(texts: Sequence[str], found: list[list[Finding]]) -> list[list[Finding]]:
    """The findings of texts, by the corrections in force."""
    corrections = _active.get()
    if corrections is None or not (corrections.not_personal or corrections.names):
        return found
    return [corrections.apply(text, findings) for text, findings in zip(texts, found, strict=True)]


def retyped(result: ScanResult, types: Mapping[str, str]) -> ScanResult:
    """A scan in which the columns named mean what a person said they mean."""
    if not types:
        return result
    columns = [_retyped(column, types.get(column.name), result.rows) for column in result.columns]
    return result.model_copy(update={"columns": columns})


def _retyped(column: ColumnFinding, wanted: str | None, rows: int) -> ColumnFinding:
    if wanted is None:
        return column
    group = TYPES[wanted].group if wanted in TYPES else "plain"
    role = _ROLES.get(group, ColumnRole.PLAIN)
    free_text = wanted == "FREE_TEXT"
    counts = dict(column.entity_counts) if free_text else {}
    if group == "identifier":
        counts = {wanted: rows - column.nulls}
    return column.model_copy(
        update={
            "semantic_type": None if wanted == NOT_PERSONAL else wanted,
            "role": role,
            "confidence": 1.0,
            "reason": dict(_REASON),
            "entity_counts": counts,
            "free_text": free_text,
        }
    )
