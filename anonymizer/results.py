"""What the library's functions return. Importing this module costs no table engine and no model."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.privacy import (
    ColumnLoss,
    ColumnRole,
    CurvePoint,
    HistogramBar,
    Manifest,
    Obstacles,
    OfficerReport,
    PublicReport,
    SampleRow,
)
from contracts.schema import DataContract
from contracts.text import Text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from anonymizer.repeats import Repeats

Mode = Literal["leak-first", "balanced"]
"""``leak-first`` rather hides too much than too little (the default before a release); ``balanced`` weighs
both alike."""

Progress = Callable[[str, float], None]
"""Called with the stage's name and the share done of the whole, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data in a text: Presidio's type name, half-open span in Unicode code points, score 0 to 1."""

    type: str
    start: int
    end: int
    score: float


class ColumnFacts(BaseModel):
    """What a generalisation hierarchy has to fit; nothing here tells of a cell.

    ``span`` is the reach of numbers, of dates in days (largest - smallest), rounded up to one digit;
    ``code_length`` the length of codes that all have the same.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["whole", "number", "date", "time", "text"]
    span: float = 0.0
    code_length: int | None = None
    divisions: bool = False
    """Nearly all values tell an administrative district."""


class ColumnFinding(BaseModel):
    """What a column was recognised as. Shares are of cells that are not empty."""

    model_config = ConfigDict(frozen=True)

    name: str
    dtype: str
    semantic_type: str | None
    role: ColumnRole
    valid_share: float
    confidence: float
    distinct: int
    nulls: int
    examples_masked: list[str]
    reason: Text
    entity_counts: dict[str, int] = Field(default_factory=dict)
    """Entity type to the number of cells that hold at least one."""
    free_text: bool = False
    facts: ColumnFacts | None = None


class ScanResult(BaseModel):
    """What is in a table. ``personal_cells`` counts cells that hold personal data of any kind."""

    model_config = ConfigDict(frozen=True)

    rows: int
    columns: list[ColumnFinding]
    personal_cells: int
    mode: Mode
    rows_set_aside: int = 0
    """Rows of a CSV that have fewer fields than its header; nothing was looked for in them."""

    def column(self, name: str) -> ColumnFinding | None:
        """The finding of one column, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> str:
        """As JSON; ``ScanResult.model_validate_json`` reads it back."""
        return self.model_dump_json()

    def _repr_html_(self) -> str:
        rows = [
            [
                c.name,
                c.semantic_type or ("text" if c.free_text else ""),
                c.role.value,
                f"{c.confidence:.2f}",
                " ".join(c.examples_masked[:3]),
            ]
            for c in self.columns
        ]
        return f"<p>{self.rows:,} rows, {self.personal_cells:,} cells with personal data</p>" + html_table(
            ["column", "type", "role", "confidence", "examples"], rows
        )


@dataclass(frozen=True, slots=True)
class AnonymizeResult:
    """A de-identified table that nobody has approved yet, and what is true about it."""

    table: pl.DataFrame
    contract: DataContract
    public_report: PublicReport
    officer_report: OfficerReport
    manifest: Manifest
    content_hash: str
    class_of_row: npt.NDArray[np.int32] | None = field(default=None, repr=False, compare=False)
    """Each row of the table read: the number of its class, -1 where it is suppressed. For whoever holds the raw table
    and checks the next release beside this one; never published."""
    repeats: Repeats | None = field(default=None, repr=False, compare=False)
    """Which rows are alike, where many are: writing looks at each kind once."""

    def _repr_html_(self) -> str:
        attested = self.public_report.claims.attested
        rows = [
            ["k", str(attested.k_by_subject)],
            ["rows read", f"{attested.rows_in:,}"],
            ["rows published", f"{self.table.height:,}"],
            ["rows suppressed", f"{attested.rows_suppressed:,}"],
            ["information lost", f"{attested.loss:.1%}"],
            ["content hash", self.content_hash],
        ]
        return html_table(["", ""], rows) + self.table.head(5)._repr_html_()


@dataclass(frozen=True, slots=True)
class Check:
    """One claim checked again. ``found`` is what the release itself says, ``claimed`` what its papers say."""

    name: str
    ok: bool
    claimed: str
    found: str
    explanation: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What could be recomputed from a release alone, and which claims rest on the run's word."""

    release_id: str
    checks: list[Check]
    attested: dict[str, str] = field(default_factory=dict)
    """Claims that cannot be recomputed from the release, by name."""

    @property
    def ok(self) -> bool:
        """Every recomputed claim holds."""
        return all(check.ok for check in self.checks)

    @property
    def mismatches(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if not check.ok]

    def _repr_html_(self) -> str:
        rows = [["✓" if c.ok else "✗", c.name, c.claimed, c.found, c.explanation] for c in self.checks]
        return html_table(["", "check", "claimed", "found", ""], rows)


@dataclass(frozen=True, slots=True)
class PolicyEffect:
    """What a policy would do to a table. With ``sampled`` the figures are of ``rows_used`` rows drawn from
    ``rows_in``."""

    reached: bool
    problem: str | None
    """Why the policy cannot be carried out, and what would help; None when it can."""
    k_required: int
    k_before: int | None
    k_reached: int | None
    rows_in: int
    rows_used: int
    sampled: bool
    rows_suppressed: int
    suppression_share: float
    loss: float
    loss_by_column: list[ColumnLoss]
    histogram_before: list[HistogramBar]
    histogram_after: list[HistogramBar]
    sample: list[SampleRow]
    warnings: list[Text]
    curve: list[CurvePoint] = field(default_factory=list)
    """Risk and loss for several k, where asked for."""
    obstacles: Obstacles | None = None
    """Why the raw table does not reach k, where it cannot be reached or that was asked for."""


def html_table(header: list[str], rows: list[list[str]]) -> str:
    """An HTML table of escaped cells."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
