"""What was recognised about a file, and what a person may correct about it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.schema import FieldType

Kind = Literal["csv", "xlsx", "xls", "parquet", "jsonl", "json"]


class ColumnFormat(BaseModel):
    """One column. `source` is its name in the file, `nearly` a type that all but `nearly_misses` values have."""

    model_config = ConfigDict(extra="forbid")

    name: str
    source: str
    type: FieldType
    pattern: str | None = None
    nulls: int = 0
    nearly: FieldType | None = None
    nearly_misses: int = 0


class Note(BaseModel):
    """Something intake did that a person should know: `code` with values, never contents."""

    model_config = ConfigDict(extra="forbid")

    code: Literal["formulas", "renamed", "titles", "merged_header", "line_ends", "no_header", "sheets", "nulls"]
    values: dict[str, Any] = Field(default_factory=dict)


class FileFormat(BaseModel):
    """How a file was read. Lines count from 1; `header_row` 0 means that the file names no columns."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    header_rows: int = 1
    sheet: str | None = None
    sheets: list[str] = Field(default_factory=list)
    columns: list[ColumnFormat] = Field(default_factory=list)
    notes: list[Note] = Field(default_factory=list)


class ColumnType(BaseModel):
    """A type given by a person; `pattern` in strftime's letters for dates such as `%d/%m/%Y`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: FieldType
    pattern: Annotated[str, Field(max_length=40)] | None = None


class Correction(BaseModel):
    """What a person says about a file; anything left out is recognised. Columns go by their names in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: str | None = Field(None, max_length=20)
    delimiter: str | None = Field(None, max_length=1)
    header_row: int | None = Field(None, ge=0, le=1000)
    header_rows: int | None = Field(None, ge=1, le=5)
    sheet: str | None = Field(None, max_length=100)
    types: dict[str, ColumnType] = Field(default_factory=dict)
    names: dict[str, Annotated[str, Field(min_length=1, max_length=120)]] = Field(default_factory=dict)
