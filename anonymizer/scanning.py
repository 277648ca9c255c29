"""`scan` and `scan_text`: what personal data a table or texts hold, and where.

A table is judged column by column on distinct values; columns of free text, and cells of other text columns that hold
something embedded, are read by the text engine. A scan changes nothing and keeps no raw value: examples are shapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from anonymizer.classify.columns import Judgement, judge, pair_coordinates
from anonymizer.classify.profile import Profile, profile
from anonymizer.classify.reasons import explain
from anonymizer.classify.shape import shape
from anonymizer.classify.table import Subject, group_of, role_of, subject_of
from anonymizer.classify.text import find_in_texts, memory
from anonymizer.proposing import facts_of
from anonymizer.recognizers.china.license_plate import PROVINCES
from anonymizer.results import ColumnFinding, Finding, Mode, Progress, ScanResult
from anonymizer.sources import Source, read_told
from contracts.privacy import ColumnRole

_EMBEDDED: Final = (
    r"1[3-9]\d[ -]?\d{4}[ -]?\d{4}|[1-9]\d{16}[0-9Xx]|@[A-Za-z0-9-]+\.|(?:62|4\d)\d{14}|"
    rf"[{PROVINCES}][A-Z][·• ]?[A-Z0-9]{{4}}|先生|女士|姓名[:：]|0\d{{2,3}}-\d{{7}}"
)
"""What makes a cell of an otherwise unremarkable text column worth reading."""
_DIRECT_IN_TEXT_SHARE: Final = 0.02
"""Free text makes a table one about persons from this share of its cells on: a stray name in a remark does not."""
_JUDGED: Final = 0.3
"""Share of the progress that judging columns takes where there is text to read."""


def scan(table: Source, *, mode: Mode = "leak-first", on_progress: Progress | None = None) -> ScanResult:
    """Find the personal data in a table.

    CSV is read with every column as text; rows shorter than its header are set aside and counted. Raises
    `contracts.errors.InvalidInput` for what cannot be read.
    """
    tell = on_progress or (lambda stage, share: None)
    tell("read", 0.0)
    given = read_told(table, text_only=True)
    frame = given.frame
    judged: list[tuple[Profile, Judgement]] = []
    for number, name in enumerate(frame.columns):
        tell("columns", _JUDGED * number / frame.width)
        column = profile(frame.get_column(name))
        judged.append((column, judge(column)))
    pair_coordinates(judged)
    found = _read_texts(judged, mode, tell)
    texts = [(p.cells, p.count(found[p.name].any_mask)) for p, j in judged if p.name in found and j.free_text]
    subject = subject_of(judged, any(hit >= max(1, _DIRECT_IN_TEXT_SHARE * cells) for cells, hit in texts))
    findings = [_finding(p, j, subject, found.get(p.name)) for p, j in judged]
    tell("done", 1.0)
    return ScanResult(
        rows=frame.height,
        rows_set_aside=given.rows_set_aside,
        columns=[column for column, _ in findings],
        personal_cells=sum(cells for _, cells in findings),
        mode=mode,
    )


def scan_text(texts: Sequence[str], *, mode: Mode = "leak-first") -> list[list[Finding]]:
    """Findings of each text in order of start, not overlapping; offsets are code points of the text as given."""
    return find_in_texts(texts, mode)


class _TextFindings:
    """What was found in the values of one column."""

    def __init__(self, column: Profile, places: Sequence[int], findings: Sequence[list[Finding]]) -> None:
        masks: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
        everything = np.zeros(column.distinct, dtype=bool)
        for place, found in zip(places, findings, strict=True):
            for finding in found:
                masks.setdefault(finding.type, np.zeros(column.distinct, dtype=bool))[place] = True
                everything[place] = True
        self.any_mask = pl.Series(everything, dtype=pl.Boolean)
        self.counts = {name: column.count(pl.Series(mask)) for name, mask in sorted(masks.items())}


def _read_texts(judged: Sequence[tuple[Profile, Judgement]], mode: Mode, tell: Progress) -> dict[str, _TextFindings]:
    """Read free text wholly, other text where something may be embedded; one call for all columns."""
    wanted: list[tuple[Profile, list[int]]] = []
    for column, judgement in judged:
        if judgement.free_text:
            wanted.append((column, list(range(column.distinct))))
        elif column.kind == "text" and group_of(judgement) in ("plain", "organisation", "place", "sensitive"):
            places = np.flatnonzero(column.values.str.contains(_EMBEDDED).to_numpy()).tolist()
            if places and judgement.type not in ("CN_ADDRESS", "CN_USCC", "DIVISION"):
                wanted.append((column, places))
    texts = [text for column, places in wanted for text in column.raw.gather(places).to_list()]
    if not texts:
        return {}
    total = len(set(texts))
    findings = memory.find_in_texts(texts, mode, lambda done: tell("text", _JUDGED + (1 - _JUDGED) * done / total))
    result: dict[str, _TextFindings] = {}
    start = 0
    for column, places in wanted:
        result[column.name] = _TextFindings(column, places, findings[start : start + len(places)])
        start += len(places)
    return result


def _finding(
    column: Profile, judgement: Judgement, subject: Subject, text: _TextFindings | None
) -> tuple[ColumnFinding, int]:
    """The column's finding, and how many of its cells hold personal data."""
    if text is not None and not judgement.free_text and text.counts and group_of(judgement) == "plain":
        judgement = replace(judgement, type="FREE_TEXT", free_text=True, confidence=0.7)
    if judgement.free_text:
        counts = text.counts if text else {}
        role = ColumnRole.DIRECT_IDENTIFIER if counts else ColumnRole.PLAIN
        personal = column.count(text.any_mask) if text else 0
    else:
        role = role_of(column, judgement, subject)
        counts, personal = _structured_counts(column, judgement, role)
    return (
        ColumnFinding(
            name=column.name,
            dtype=column.dtype,
            semantic_type=judgement.type,
            role=role,
            valid_share=round(judgement.valid_share, 4),
            confidence=max(0.0, min(1.0, judgement.confidence)),
            distinct=column.distinct,
            nulls=column.nulls,
            examples_masked=[shape(v) for v in column.raw.head(3).to_list()],
            reason=explain(judgement, role, subject, dict(counts)),
            entity_counts=dict(counts),
            free_text=judgement.free_text,
            facts=None if judgement.free_text else facts_of(column.raw),
        ),
        personal,
    )


def _structured_counts(column: Profile, judgement: Judgement, role: ColumnRole) -> tuple[Counter[str], int]:
    """Cells by entity type of a column that is one thing throughout. Types without a grammar count all their cells."""
    counts: Counter[str] = Counter()
    personal = role is ColumnRole.DIRECT_IDENTIFIER or (
        role is ColumnRole.QUASI_IDENTIFIER and judgement.type in ("CN_ADDRESS", "BIRTH_DATE")
    )
    if not personal or judgement.type in (None, "RECORD_ID") or group_of(judgement) == "organisation":
        return counts, 0
    if not judgement.matching:
        counts[judgement.type or ""] = column.cells
        return counts, column.cells
    everything = pl.repeat(False, column.distinct, dtype=pl.Boolean, eager=True)
    for name, mask in judgement.matching.items():
        counts[name] = column.count(mask)
        everything = everything | mask
    return counts, column.count(everything)
