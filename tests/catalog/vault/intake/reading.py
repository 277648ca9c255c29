"""Read bytes as intake does, and show what came of them."""

import io
from dataclasses import dataclass

import polars as pl

from catalog.vault.intake.formats import Correction, FileFormat
from catalog.vault.intake.reading import aside_rows, read_file
from catalog.vault.intake.reasons import Broken


@dataclass(frozen=True)
class Outcome:
    """The clean table, the rows set aside, and how the file was read."""

    table: pl.DataFrame
    aside: list[Broken]
    format: FileFormat

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.format.columns}

    @property
    def places(self) -> list[tuple[int, int | None, str]]:
        return [(broken.line, broken.column, broken.reason) for broken in self.aside]


def read(data: bytes, **correction: object) -> Outcome:
    """What intake makes of a file."""
    table, aside = io.BytesIO(), io.BytesIO()
    wanted = Correction.model_validate(correction)
    result = read_file(io.BytesIO(data), len(data), wanted, timezone="Asia/Shanghai", table=table, aside=aside)
    frame = pl.read_parquet(io.BytesIO(table.getvalue()))
    assert frame.height == result.rows
    rows = list(aside_rows(io.BytesIO(aside.getvalue())))
    assert len(rows) == result.set_aside
    return Outcome(frame, rows, result.format)
