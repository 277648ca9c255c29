"""Why a file or a row cannot be taken in: a code, and its sentence as a template that pages translate.

Values never hold cell contents.
"""

from dataclasses import dataclass, field
from typing import Any

from contracts.errors import FileRejected

REJECTIONS: dict[str, str] = {
    "empty": "The file is empty.",
    "header_only": "The file has a header but no rows.",
    "no_rows": "None of the %(rows)s rows could be read; the first reason: %(first)s",
    "too_many_columns": "The table has %(found)s columns; at most %(limit)s are accepted.",
    "line_too_long": "Line %(line)s is longer than %(limit)s MB; is this a text table at all?",
    "binary": "The file is no text: byte %(offset)s is not a character. Upload CSV, XLSX, XLS, Parquet or JSON Lines.",
    "kind": "This is a %(kind)s file. Upload CSV, XLSX, XLS, Parquet or JSON Lines.",
    "encoding_unknown": "The encoding is not recognised: line %(line)s, column %(column)s is no character in any of "
    "%(tried)s. Choose the encoding, or save the file as UTF-8.",
    "encoding_wrong": "The file is not in %(encoding)s: line %(line)s, column %(column)s is no character in it, and "
    "so are %(count)s other lines. Choose another encoding.",
    "encoding_name": "The encoding %(encoding)s is not known here.",
    "delimiter": "A delimiter is one character such as a comma, semicolon or tab.",
    "header_row": "There is no line %(line)s to take column names from.",
    "header_personal": "The name of column %(column)s holds personal data, so what was taken for the names of columns "
    "are values. Choose the line with the names, or 0 if the file names no columns.",
    "sheet": "There is no sheet %(sheet)s; the file has %(sheets)s.",
    "spreadsheet_broken": "The spreadsheet is damaged or cut short and cannot be opened.",
    "spreadsheet_password": "The spreadsheet is protected by a password; save it without one.",
    "spreadsheet_size": "The spreadsheet is larger than %(limit)s MB; save the sheet as CSV.",
    "zip_bomb": "The part %(part)s unpacks to more than is accepted (%(limit)s).",
    "zip_parts": "The workbook's ZIP has more than %(limit)s parts, which no spreadsheet program writes.",
    "sheet_cells": "The sheet in %(part)s reaches over more than %(limit)s cells; save it as CSV.",
    "sheet_merged": "The sheet in %(part)s has more than %(limit)s merged cells; save it as CSV.",
    "sheet_text": "The cells of the sheet in %(part)s hold more than %(limit)s MB of text; save it as CSV.",
    "xml_entities": "The part %(part)s declares XML entities, which no spreadsheet program writes; it is not opened.",
    "parquet_beginning": "The Parquet file is damaged: its beginning is missing.",
    "parquet_footer": "The Parquet file is damaged or cut short: its footer cannot be read.",
    "parquet_group": "The Parquet file is damaged or cut short: row group %(group)s cannot be read.",
    "parquet_size": "The Parquet file declares %(found)s GB of data; at most %(limit)s GB are accepted.",
    "cell_too_long": "The cell of row %(row)s in column %(column)s is longer than %(limit)s MB.",
    "parquet_nested": "The column %(column)s holds nested values (%(type)s); write one plain column for each part.",
    "json_top": "A JSON file must be an array of objects, or hold one object on each line.",
    "json_broken": "The JSON is broken at line %(line)s, column %(column)s.",
    "json_value_long": "The value that begins at line %(line)s is longer than %(limit)s MB.",
    "json_deep": "The value that begins at line %(line)s is nested too deeply.",
    "type_column": "There is no column %(column)s to give a type to.",
    "renamed_column": "There is no column %(column)s to rename.",
    "names_twice": "Two columns would be called %(column)s.",
    "unexpected": "The file could not be read because of a fault on our side, which has been recorded.",
}
BREAKAGES: dict[str, str] = {
    "fields": "%(found)s fields instead of %(expected)s",
    "undecodable": "a character cannot be read in %(encoding)s",
    "control": "a NUL character",
    "quote_open": "a quote is opened and never closed",
    "quote_inside": "text after a closing quote",
    "empty": "every field is empty",
    "note": "a note below the table",
    "json": "not valid JSON",
    "json_kind": "not a JSON object",
    "json_deep": "nested too deeply",
    "formula": "the formula in %(cell)s has no stored result",
    "error_cell": "the cell %(cell)s holds an error instead of a value",
    "type": "not a value of type %(type)s in column %(name)s",
    "integer_range": "a number too large in column %(name)s",
}


class Rejected(FileRejected):
    """A file that cannot be taken in. `reason` is a key of `REJECTIONS`."""

    def __init__(self, reason: str, *, place: str | None = None, **values: Any) -> None:
        super().__init__(REJECTIONS[reason] % values, place=place)
        self.reason = reason
        self.values = values
        self.place = place

    def told(self) -> dict[str, Any]:
        """As kept with the upload: what pages need to say it in the reader's language."""
        return {"reason": self.reason, "values": self.values, "detail": self.detail, "place": self.place}


@dataclass(frozen=True, slots=True)
class Broken:
    """A row set aside. `line`: where it begins in the file (row of the sheet, element of the array), `column`: which
    field, both from 1; `raw` is personal and goes into the sealed file only."""

    line: int
    column: int | None
    reason: str
    raw: str
    values: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """In English."""
        return BREAKAGES[self.reason] % self.values
