"""What is really in the generated files, and how near a scanner came to it.

The truth holds positions and types, never values, so it may be kept beside a report. Row numbers
count the good rows of a file from 0 in file order (broken rows and headers left out), which is the
order a reader gets after setting the broken rows aside. Line numbers are those of the file, from 1.
Spans are half-open and counted in Unicode code points of the cell as delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from web.demo.city.semantics import OPTIONAL, Semantic

BrokenReason = Literal["too_few_fields", "too_many_fields", "not_json", "not_an_object"]
VERSION = 1


class Span(NamedTuple):
    """A stretch of a free-text cell, `[start, end)` in code points."""

    type: Semantic
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A line no reader can make a row of. `fields` is how many it has where lines have fields."""

    line: int
    reason: BrokenReason
    fields: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnTruth:
    name: str
    type: Semantic
    role: str  # the department's view of it, see `plan.Role`
    personal: bool
    filled: int  # cells that hold a value, missing-value marks not counted
    group: str | None = None


@dataclass(frozen=True, slots=True)
class TableTruth:
    """`spans`: column -> row -> spans; a row of a free-text column that is absent holds none."""

    department: str
    file_name: str
    rows: int
    subjects: int  # distinct values of the subject column; 0 where the table has none
    duplicates: int  # rows that repeat an earlier row exactly
    columns: tuple[ColumnTruth, ...]
    broken: tuple[BrokenRow, ...]
    spans: dict[str, dict[int, tuple[Span, ...]]] = field(default_factory=dict)

    @property
    def personal_cells(self) -> int:
        """Filled cells of personal columns plus free-text cells that hold a personal span."""
        columns = sum(column.filled for column in self.columns if column.personal)
        texts = sum(
            any(span.type not in OPTIONAL for span in spans) for rows in self.spans.values() for spans in rows.values()
        )
        return columns + texts

    def column(self, name: str) -> ColumnTruth:
        """The column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.department} has no column {name!r}")


@dataclass(frozen=True, slots=True)
class Truth:
    seed: int
    scale: float
    tables: dict[str, TableTruth]  # by department code

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def personal_cells(self) -> int:
        return sum(table.personal_cells for table in self.tables.values())

    def save(self, path: Path) -> None:
        """Write the truth as one JSON object; the same truth gives the same bytes."""
        document = {
            "version": VERSION,
            "seed": self.seed,
            "scale": self.scale,
            "tables": [_table_to_json(table) for table in self.tables.values()],
        }
        path.write_bytes(orjson.dumps(document))

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read what `save` wrote. ValueError if it is of another version."""
        document = orjson.loads(path.read_bytes())
        if document.get("version") != VERSION:
            raise ValueError(f"{path.name}: truth of version {document.get('version')!r}, expected {VERSION}")
        tables = [_table_from_json(table) for table in document["tables"]]
        return cls(document["seed"], document["scale"], {table.department: table for table in tables})


def _table_to_json(table: TableTruth) -> dict[str, Any]:
    return {
        "department": table.department,
        "file_name": table.file_name,
        "rows": table.rows,
        "subjects": table.subjects,
        "duplicates": table.duplicates,
        "columns": [[c.name, c.type, c.role, c.personal, c.filled, c.group] for c in table.columns],
        "broken": [[b.line, b.reason, b.fields] for b in table.broken],
        "spans": {
            column: {str(row): [list(span) for span in spans] for row, spans in rows.items()}
            for column, rows in table.spans.items()
        },
    }


def _table_from_json(document: dict[str, Any]) -> TableTruth:
    return TableTruth(
        department=document["department"],
        file_name=document["file_name"],
        rows=document["rows"],
        subjects=document["subjects"],
        duplicates=document["duplicates"],
        columns=tuple(
            ColumnTruth(name, Semantic(kind), role, personal, filled, group)
            for name, kind, role, personal, filled, group in document["columns"]
        ),
        broken=tuple(BrokenRow(line, reason, fields) for line, reason, fields in document["broken"]),
        spans={
            column: {
                int(row): tuple(Span(Semantic(kind), start, end) for kind, start, end in spans)
                for row, spans in rows.items()
            }
            for column, rows in document["spans"].items()
        },
    )


# --- comparing ----------------------------------------------------------------------------------

FoundSpans = Mapping[int, Sequence[tuple[str, int, int]]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a scanner says of one table.

    `columns`: header as the scanner saw it -> entity type, None where it found nothing.
    `spans`: free-text column -> row -> (entity type, start, end) in code points of the cell.
    """

    columns: Mapping[str, str | None]
    spans: Mapping[str, FoundSpans] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the true things were found, how many of the found ones are true."""

    true: int = 0
    covered: int = 0
    found: int = 0
    precise: int = 0

    @property
    def coverage(self) -> float:
        """Share of the true things that were found; 1 where there was nothing to find."""
        return self.covered / self.true if self.true else 1.0

    @property
    def precision(self) -> float:
        """Share of the findings that are right; 1 where there are none."""
        return self.precise / self.found if self.found else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.true + other.true,
            self.covered + other.covered,
            self.found + other.found,
            self.precise + other.precise,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """`columns` counts columns, `spans` spans of free text; `spans_by_type` counts only what is true and
    covered, since a finding belongs to no one true type.

    A true span is covered when the findings together hold all of it, whatever type they name: it
    would be masked. A finding is precise when it touches a true span of any kind. A column is
    covered when it is personal and was given a type that points at persons, or its own; a column
    finding of such a type is precise when the column is not plain. `mistyped_columns` were found
    under another name than the true one.
    """

    columns: Score
    spans: Score
    spans_by_type: dict[Semantic, Score]
    missed_columns: tuple[str, ...]
    mistyped_columns: tuple[str, ...]
    false_columns: tuple[str, ...]
    personal_cells: int
    personal_cells_covered: int

    @property
    def cell_coverage(self) -> float:
        """Share of the personal cells that the findings cover; 1 where there are none."""
        return self.personal_cells_covered / self.personal_cells if self.personal_cells else 1.0


# Types that claim a column to be about persons, in the names that scanners use.
_CLAIMS: frozenset[str] = frozenset(
    {
        "PERSON", "CN_RESIDENT_ID", "CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER", "EMAIL_ADDRESS", "CN_LICENSE_PLATE",
        "CN_ADDRESS", "NATIVE_PLACE", "BIRTH_DATE", "ACCOUNT_ID", "DEVICE_ID", "CN_BANK_CARD", "CREDIT_CARD",
        "CN_PASSPORT", "CN_TRAVEL_PERMIT", "HK_IDENTITY_CARD", "CN_SOCIAL_SECURITY_NUMBER",
        "CN_MEDICAL_RECORD_NUMBER", "WECHAT_ID", "QQ_NUMBER", "IP_ADDRESS", "MAC_ADDRESS", "CN_VIN",
    }
)  # fmt: skip

# Names for the same thing: scanners differ in how finely they tell these apart.
_SAME: tuple[frozenset[str], ...] = (
    frozenset({"CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER"}),
    frozenset({"BIRTH_DATE", "DATE_TIME"}),
    frozenset({"CN_ADDRESS", "NATIVE_PLACE", "LOCATION", "PLACE"}),
    frozenset({"COORDINATES", "LATITUDE", "LONGITUDE"}),
    frozenset({"ACCOUNT_ID", "DEVICE_ID", "CN_SOCIAL_SECURITY_NUMBER", "CN_MEDICAL_RECORD_NUMBER"}),
    frozenset({"ORGANIZATION", "COMPANY_NAME"}),
)


def same_type(truth: Semantic, found: str) -> bool:
    """Whether the scanner's type names what the column really holds."""
    return truth == found or any(truth in group and found in group for group in _SAME)


def compare(truth: TableTruth, found: Found) -> Comparison:
    """How the findings in one table fare against the truth."""
    columns, missed, mistyped, false = Score(), [], [], []
    cells = 0
    for column in truth.columns:
        said = _said_of(column, found.columns)
        if column.type is Semantic.FREE_TEXT:
            continue
        same = said is not None and same_type(column.type, said)
        named = said in _CLAIMS or (column.personal and same)
        plain = column.type is Semantic.PLAIN and column.role == "plain"
        columns += Score(int(column.personal), int(column.personal and named), int(named), int(named and not plain))
        if column.personal and not named:
            missed.append(column.name)
        elif column.personal:
            cells += column.filled
        if named and plain:
            false.append(column.name)
        elif named and not same:
            mistyped.append(column.name)
    spans, by_type, text_cells = _compare_spans(truth, found)
    return Comparison(
        columns,
        spans,
        by_type,
        tuple(missed),
        tuple(mistyped),
        tuple(false),
        truth.personal_cells,
        cells + text_cells,
    )


def _said_of(column: ColumnTruth, found: Mapping[str, str | None]) -> str | None:
    """The finding for a column, whether or not the reader put its merged header in front of its name."""
    if column.name in found:
        return found[column.name]
    for name, said in found.items():
        if column.group and name.startswith(column.group) and name.endswith(column.name):
            return said
    return None


def _compare_spans(truth: TableTruth, found: Found) -> tuple[Score, dict[Semantic, Score], int]:
    by_type: dict[Semantic, Score] = {}
    hits = precise = cells = 0
    for column, rows in truth.spans.items():
        there = _spans_of(truth, column, found.spans)
        for row in sorted(set(rows) | set(there)):
            gold = rows.get(row, ())
            said = [(start, end) for _, start, end in there.get(row, ())]
            hits += len(said)
            precise += sum(any(s < span.end and span.start < e for span in gold) for s, e in said)
            held = _positions(said)
            owed = [span for span in gold if span.type not in OPTIONAL]
            inside = [held.issuperset(range(span.start, span.end)) for span in owed]
            for span, ok in zip(owed, inside, strict=True):
                by_type[span.type] = by_type.get(span.type, Score()) + Score(true=1, covered=int(ok))
            cells += bool(owed) and all(inside)
    total = Score(found=hits, precise=precise)
    for score in by_type.values():
        total += score
    return total, dict(sorted(by_type.items())), cells


def _spans_of(truth: TableTruth, column: str, found: Mapping[str, FoundSpans]) -> FoundSpans:
    if column in found:
        return found[column]
    group = truth.column(column).group
    for name, rows in found.items():
        if group and name.startswith(group) and name.endswith(column):
            return rows
    return {}


def _positions(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {position for start, end in spans for position in range(start, end)}
