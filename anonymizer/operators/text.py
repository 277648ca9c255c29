"""Free text without its personal data: what the text engine finds is replaced by its kind or by a sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import polars as pl

from anonymizer.results import Finding
from contracts.privacy import RedactText

_BATCH = 2000


def redact(
    column: pl.Series,
    operator: RedactText,
    find: Callable[[Sequence[str]], list[list[Finding]]],
    on_progress: Callable[[float], None] | None = None,
) -> tuple[pl.Series, Counter[str], int]:
    """The column with findings replaced, findings hidden by type (counted per cell), and the number of cells
    changed.

    Each distinct text is read once, ``find`` gets them in batches.
    """
    text = column.cast(pl.String)
    counted = text.drop_nulls().value_counts(sort=False, name="cells")
    texts = counted.get_column(column.name).to_list()
    cells = counted.get_column("cells").to_list()
    clean: list[str] = []
    hidden: Counter[str] = Counter()
    changed = 0
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        for place, (original, findings) in enumerate(zip(batch, find(batch), strict=True)):
            spans = _spans(findings, operator)
            clean.append(_replace(original, spans, operator))
            for kind, _, _ in spans:
                hidden[kind] += cells[start + place]
            changed += cells[start + place] if spans else 0
        if on_progress:
            on_progress(min(1.0, (start + _BATCH) / len(texts)))
    table = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String), "clean": pl.Series(clean, dtype=pl.String)})
    joined = pl.DataFrame({"text": text}).join(table, on="text", how="left", maintain_order="left")
    return joined.get_column("clean").alias(column.name), hidden, changed


def _spans(findings: Sequence[Finding], operator: RedactText) -> list[tuple[str, int, int]]:
    """Findings to hide, in order; overlapping ones are joined under the type of the surest."""
    wanted = [f for f in findings if operator.entities is None or f.type in operator.entities]
    joined: list[Finding] = []
    for finding in sorted(wanted, key=lambda f: (f.start, -f.end)):
        if joined and finding.start < joined[-1].end:
            last = joined[-1]
            surest = max(last, finding, key=lambda f: f.score)
            joined[-1] = Finding(surest.type, last.start, max(last.end, finding.end), surest.score)
        else:
            joined.append(finding)
    return [(f.type, f.start, f.end) for f in joined]


def _replace(text: str, spans: list[tuple[str, int, int]], operator: RedactText) -> str:
    parts = []
    end = 0
    for kind, start, stop in spans:
        parts.append(text[end:start])
        parts.append(f"<{kind}>" if operator.style == "label" else operator.char * (stop - start))
        end = stop
    parts.append(text[end:])
    return "".join(parts)
