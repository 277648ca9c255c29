"""How well findings cover labelled spans, and how much else they mask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from detection.cases import Case, Span

NOT_OWED: Final = frozenset({"LOCATION", "GPE", "ORGANIZATION", "DATE_TIME", "NRP", "CN_USCC"})
"""Labelled in some files, personal only with others: neither owed nor wrong when found."""


@dataclass
class Score:
    """Counts over a file. A span is covered when each of its characters lies in some finding; a finding is precise
    when it touches a span. `names` counts PERSON on both sides alone."""

    covered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    findings: int = 0
    precise: int = 0
    name_findings: int = 0
    name_precise: int = 0
    names_covered: int = 0
    masked: int = 0
    gold: int = 0

    def shares(self) -> dict[str, float]:
        """By measure: `TYPE_covered`, `all_covered`, `all_precise`, `names_covered`, `names_precise`, `names_masked`
        (characters masked as names over characters of names), as far as the file holds any."""
        found = {f"{kind}_covered": self.covered[kind] / n for kind, n in sorted(self.owed.items()) if n}
        if self.owed:
            found["all_covered"] = sum(self.covered.values()) / sum(self.owed.values())
        if self.findings:
            found["all_precise"] = self.precise / self.findings
        if self.owed.get("PERSON"):
            found["names_covered"] = self.names_covered / self.owed["PERSON"]
            found["names_masked"] = self.masked / max(1, self.gold)
        if self.name_findings:
            found["names_precise"] = self.name_precise / self.name_findings
        return found


def score(cases: Sequence[Case], found: Sequence[Sequence[Span]]) -> Score:
    """Compare the findings of each text with its labels."""
    result = Score()
    for case, findings in zip(cases, found, strict=True):
        everything, names = _marks(case.text, findings), _marks(case.text, [f for f in findings if f.type == "PERSON"])
        gold = _marks(case.text, case.spans)
        gold_names = _marks(case.text, [s for s in case.spans if s.type == "PERSON"])
        for span in case.spans:
            if span.type in NOT_OWED:
                continue
            result.owed[span.type] += 1
            result.covered[span.type] += all(everything[span.start : span.end])
            result.names_covered += span.type == "PERSON" and all(names[span.start : span.end])
        for finding in findings:
            if finding.type in NOT_OWED:
                continue
            result.findings += 1
            result.precise += any(gold[finding.start : finding.end])
            if finding.type == "PERSON":
                result.name_findings += 1
                result.name_precise += any(gold_names[finding.start : finding.end])
        result.masked += sum(names)
        result.gold += sum(gold_names)
    return result


def _marks(text: str, spans: Sequence[Span]) -> bytearray:
    marks = bytearray(len(text))
    for span in spans:
        marks[span.start : span.end] = b"\x01" * (span.end - span.start)
    return marks
