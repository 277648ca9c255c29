"""Spreadsheets, XLSX and the legacy XLS: title rows, merged headers, stored results of formulas."""

import datetime as dt
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import pandas as pd
from python_calamine import CalamineError, PasswordError

from catalog.vault.intake import limits
from catalog.vault.intake.batches import Aside, Batch, text_frame
from catalog.vault.intake.dialect import Header, check_width, column_names, find_header
from catalog.vault.intake.formats import Correction, FileFormat, Kind, Note
from catalog.vault.intake.reasons import Broken, Rejected
from catalog.vault.intake.xlsx_parts import Formulas, column_number, inspect_parts

_MIB = limits.MIB
_DEPTH = 40
_ERROR = re.compile(r"#(REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")
_MISSING = ("#N/A", "#N/A N/A")
_DIGITS = re.compile(r"[+-]?\d+")


class ExcelReader:
    """Reads one sheet."""

    def __init__(self, stream: IO[bytes], size: int, kind: Kind, correction: Correction) -> None:
        if size > limits.SPREADSHEET:
            raise Rejected("spreadsheet_size", limit=limits.SPREADSHEET // _MIB)
        formulas = inspect_parts(stream) if kind == "xlsx" else {}
        stream.seek(0)
        try:
            workbook = pd.ExcelFile(stream, engine="calamine")
            sheets = [str(name) for name in workbook.sheet_names]
            sheet = _choose(sheets, correction.sheet, workbook)
            frame = _frame(workbook, sheet)
            merged = _merged(workbook, sheet)
        except PasswordError:
            raise Rejected("spreadsheet_password") from None
        except (CalamineError, zipfile.BadZipFile, ValueError, KeyError, OverflowError):
            raise Rejected("spreadsheet_broken") from None
        self._formulas = formulas.get(sheet, Formulas())
        check_width(frame.shape[1])
        flat = [(start, (start[0], end[1])) for start, end in merged]  # along rows only, or names repeat downwards
        header, rows = _header(_fill_merged(frame, flat, _DEPTH), merged, correction)
        grid = _fill_merged(frame, merged, _DEPTH)
        self._cells = frame
        self._start = header.titles if header.row is None else header.row + rows
        names = _header_names(grid[header.row : header.row + rows]) if header.row is not None else []
        self.names, changed = column_names(names, frame.shape[1])
        self.kept_as_text = self._text_columns()
        self.notes = self._notes_about(header, rows, changed, sheets)
        self.format = FileFormat(
            kind=kind,
            header_row=0 if header.row is None else header.row + 1,
            header_rows=rows,
            sheet=sheet,
            sheets=sheets,
            notes=self.notes,
        )

    def _notes_about(self, header: Header, rows: int, changed: list[str], sheets: list[str]) -> list[Note]:
        notes: list[Note] = []
        if header.titles:
            notes.append(Note(code="titles", values={"rows": header.titles}))
        if rows > 1:
            notes.append(Note(code="merged_header", values={"rows": rows}))
        if header.row is None:
            notes.append(Note(code="no_header"))
        elif changed:
            notes.append(Note(code="renamed", values={"columns": changed[:20]}))
        if len(sheets) > 1:
            notes.append(Note(code="sheets", values={"count": len(sheets)}))
        if self._formulas.count:
            notes.append(Note(code="formulas", values={"count": self._formulas.count, "first": self._formulas.first}))
        return notes

    def _text_columns(self) -> frozenset[str]:
        """Columns whose figures were typed in as text: codes, not numbers."""
        kept: set[str] = set()
        body = self._cells.iloc[self._start :]
        for place, name in enumerate(self.names):
            values = [value for value in body.iloc[:, place].tolist() if isinstance(value, str) and value.strip()]
            if values and all(_DIGITS.fullmatch(value.strip()) for value in values[:1000]):
                others = body.iloc[:, place].map(lambda value: isinstance(value, int | float)).sum()
                if not others:
                    kept.add(name)
        return frozenset(kept)

    def batches(self, aside: Aside) -> Iterator[Batch]:
        """See `Reader`; lines are rows of the sheet, from 1."""
        body = self._cells.iloc[self._start :]
        end = _end_of_table(body)
        width = len(self.names)
        for start in range(0, len(body), limits.BATCH_ROWS):
            part = body.iloc[start : start + limits.BATCH_ROWS]
            columns = [[_text(value) for value in part.iloc[:, place].tolist()] for place in range(width)]
            first = self._start + start + 1
            keep: list[int] = []
            for index in range(len(part)):
                row = [column[index] for column in columns]
                broken = self._broken(first + index, row, below=start + index >= end)
                if broken is None:
                    keep.append(index)
                elif broken.reason != "empty" or start + index < end:
                    aside(broken)
            if not keep:
                continue
            if len(keep) < len(part):
                columns = [[column[index] for index in keep] for column in columns]
            lines = np.asarray(keep, np.int64) + first
            yield Batch(text_frame(self.names, columns), int(lines[0]), lines)

    def _broken(self, line: int, row: Sequence[str | None], *, below: bool) -> Broken | None:
        raw = "\t".join(value or "" for value in row)
        if not any(row):
            return Broken(line, None, "empty", raw)
        if below:
            return Broken(line, 1, "note", raw)
        if (cell := self._formulas.unsolved.get(line)) is not None:
            return Broken(line, column_number(cell.rstrip("0123456789")), "formula", raw, {"cell": cell})
        for place, value in enumerate(row):
            if value is not None and value[0] == "#" and _ERROR.fullmatch(value):
                return Broken(line, place + 1, "error_cell", raw, {"cell": f"{_letters(place + 1)}{line}"})
        return None


def _choose(sheets: list[str], wanted: str | None, workbook: pd.ExcelFile) -> str:
    if wanted is not None:
        if wanted not in sheets:
            raise Rejected("sheet", sheet=wanted, sheets=", ".join(sheets[:20]), place=f"sheet {wanted}"[:100])
        return wanted
    # The first sheet may be a cover: take the first with more than one row, else the first with anything.
    heights = {name: workbook.book.get_sheet_by_name(name).height for name in sheets}
    for least in (2, 1):
        for name, height in heights.items():
            if height >= least:
                return name
    raise Rejected("empty")


def _frame(workbook: pd.ExcelFile, sheet: str) -> pd.DataFrame:
    """The sheet's cells as they are, from its first row and column on."""
    frame = pd.read_excel(workbook, sheet, header=None, dtype=object, keep_default_na=False, na_filter=False)
    if frame.empty:
        raise Rejected("empty")
    filled = frame.map(lambda value: value is not None and str(value).strip() != "")
    columns = np.flatnonzero(filled.any(axis=0).to_numpy())
    if not len(columns):
        raise Rejected("empty")
    return frame.iloc[:, : int(columns[-1]) + 1]


def _merged(workbook: pd.ExcelFile, sheet: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(workbook.book.get_sheet_by_name(sheet).merged_cell_ranges or [])


def _fill_merged(
    frame: pd.DataFrame, merged: list[tuple[tuple[int, int], tuple[int, int]]], depth: int
) -> list[list[str]]:
    """The first rows as text, merged cells filled with what stands in their corner."""
    grid = [[_text(value) or "" for value in row] for row in frame.iloc[:depth].itertuples(index=False, name=None)]
    cells = len(grid) * frame.shape[1]
    for (top, left), (bottom, right) in merged:
        if top >= len(grid) or left >= frame.shape[1]:
            continue
        # Merged cells never overlap, so together they cover each cell once; a forged file must not cost more.
        cells -= (min(bottom, len(grid) - 1) - top + 1) * (min(right, frame.shape[1] - 1) - left + 1)
        if cells < 0:
            raise Rejected("spreadsheet_broken")
        for row in range(top, min(bottom, len(grid) - 1) + 1):
            for column in range(left, min(right, frame.shape[1] - 1) + 1):
                grid[row][column] = grid[top][left]
    return grid


def _header(
    grid: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]], correction: Correction
) -> tuple[Header, int]:
    found = find_header(_joined(grid, merged))
    if correction.header_row is not None:
        if correction.header_row == 0:
            return Header(None, 0, found.width), 1
        if correction.header_row > len(grid) or not any(grid[correction.header_row - 1]):
            row = correction.header_row
            raise Rejected("header_row", line=row, place=f"row {row}")
        found = Header(correction.header_row - 1, correction.header_row - 1, found.width)
    if found.row is None:
        return found, 1
    if correction.header_rows is not None:
        return found, correction.header_rows
    return found, _depth(found.row, merged)


def _depth(row: int, merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> int:
    """How many rows a header that begins at `row` has: a cell merged over columns stands above another one."""
    bottom = row
    for (top, left), (low, right) in merged:
        if top == row:
            bottom = max(bottom, low, top + 1 if right > left else low)
    return min(bottom - row + 1, 4)


def _joined(grid: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> list[list[str]]:
    """The grid with each row of group headings told by the names it makes with the rows below: groups repeat their
    word, so only the joined names look like a header. A cell merged over most of the width is a title."""
    told = [list(row) for row in grid]
    for row in range(len(grid)):
        spans = [right - left + 1 for (top, left), (_, right) in merged if top == row and right > left]
        if spans and max(spans) < len(grid[row]) * 0.6:
            told[row] = _header_names(grid[row : row + _depth(row, merged)])
    return told


def _header_names(rows: list[list[str]]) -> list[str]:
    """One name a column: what stands above and below, joined, each word once."""
    names = []
    for cells in zip(*rows, strict=True):
        parts = [cell.strip() for cell in dict.fromkeys(cells) if cell.strip()]
        names.append("_".join(parts))
    return names


def _end_of_table(body: pd.DataFrame) -> int:
    """How many rows belong to the table: notes below it fill one cell of three or more, and empty rows end it."""
    filled = body.map(lambda value: value is not None and str(value).strip() != "").sum(axis=1).to_numpy()
    end = len(filled)
    while end and filled[end - 1] == 0:
        end -= 1
    if body.shape[1] >= 3:
        last = end
        while last and end - last < 5 and filled[last - 1] <= 1:
            last -= 1
        if end - last < 5:
            end = last
    return end


def _text(value: Any) -> str | None:
    """A cell as text that the type recogniser reads back; None for an empty one."""
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, str):
        stripped = value.strip()
        return None if not stripped or stripped in _MISSING else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
