"""Writes a table as a department would deliver it; the same table gives the same bytes.

Lines that no reader can make a row of are put between the good ones, in the formats that have
lines. No file carries the time at which it was written.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import xlsxwriter  # type: ignore[import-untyped]  # the package carries no type information
import xlwt  # type: ignore[import-untyped]  # the package carries no type information

from web.demo.city.plan import Dataset, Department
from web.demo.city.tables.base import RawTable
from web.demo.city.truth import BrokenReason, BrokenRow

_WRITTEN = datetime(2026, 11, 2, 9, 0)  # noqa: DTZ001 - office files hold local time without a zone
_XLS_ROWS = 65_536
_MOST_BROKEN = 6


@dataclass(frozen=True, slots=True)
class _BadLine:
    """A broken line and the good row it stands before."""

    before: int
    text: str
    reason: BrokenReason
    fields: int | None


def write(
    department: Department, table: RawTable, folder: Path, rng: np.random.Generator
) -> tuple[Path, tuple[BrokenRow, ...]]:
    """Write the department's file into `folder`; returns its path and the broken lines in it."""
    dataset = department.dataset
    path = folder / dataset.delivery.file_name
    match dataset.delivery.format:
        case "csv":
            return path, _write_csv(path, dataset, table, rng)
        case "jsonl":
            return path, _write_jsonl(path, dataset, table, rng)
        case "xlsx":
            _write_xlsx(path, department, table)
        case "xls":
            _write_xls(path, department, table)
        case "parquet":
            _write_parquet(path, table)
    return path, ()


def _rows(table: RawTable) -> Iterator[tuple[Any, ...]]:
    return zip(*(values.tolist() for values in table.columns.values()), strict=True)


# --- formats with lines -------------------------------------------------------------------------


class _Lines:
    """What csv.writer writes to: keeps each record as one text."""

    def __init__(self) -> None:
        self.records: list[str] = []

    def write(self, record: str) -> int:
        self.records.append(record)
        return len(record)


def _write_csv(path: Path, dataset: Dataset, table: RawTable, rng: np.random.Generator) -> tuple[BrokenRow, ...]:
    delivery = dataset.delivery
    sink = _Lines()
    writer = csv.writer(sink, delimiter=delivery.delimiter or ",", lineterminator="\r\n")
    writer.writerow(list(table.columns))
    writer.writerows(_rows(table))
    header, *records = sink.records
    bad = _bad_csv_lines(table, delivery.delimiter or ",", rng)
    text, broken = _join(header, records, bad)
    path.write_bytes(text.encode(delivery.encoding or "utf-8"))
    return broken


def _bad_csv_lines(table: RawTable, delimiter: str, rng: np.random.Generator) -> list[_BadLine]:
    """Lines cut short, lines with a delimiter too many, and the total that an export put at the end."""
    width = len(table.columns)
    bad: list[_BadLine] = []
    for number, row in enumerate(_places(table, rng)):
        cells = [_plain(values[row], delimiter) for values in table.columns.values()]
        if number % 2 == 0:
            kept = int(rng.integers(2, width - 1))
            bad.append(_BadLine(row, delimiter.join(cells[:kept]), "too_few_fields", kept))
        else:
            at = int(rng.integers(1, width - 1))
            extra = [*cells[:at], "补录", *cells[at:]]
            bad.append(_BadLine(row, delimiter.join(extra), "too_many_fields", width + 1))
    bad.append(_BadLine(len(table), f"合计：{len(table)}条", "too_few_fields", 1))
    return bad


def _plain(cell: object, delimiter: str) -> str:
    """A cell that needs no quotes, so that a broken line is broken by its number of fields alone."""
    text = str(cell)
    for character in (delimiter, '"', "\r", "\n"):
        text = text.replace(character, " ")
    return text


def _write_jsonl(path: Path, dataset: Dataset, table: RawTable, rng: np.random.Generator) -> tuple[BrokenRow, ...]:
    names = list(table.columns)
    records = [f"{orjson.dumps(dict(zip(names, row, strict=True))).decode()}\n" for row in _rows(table)]
    bad: list[_BadLine] = []
    for number, row in enumerate(_places(table, rng)):
        whole = records[row].rstrip("\n")
        if number % 3 == 0:
            bad.append(_BadLine(row, whole[: int(len(whole) * rng.uniform(0.3, 0.8))], "not_json", None))
        elif number % 3 == 1:
            cells = [values.tolist()[row] for values in table.columns.values()]
            bad.append(_BadLine(row, orjson.dumps(cells).decode(), "not_an_object", None))
        else:
            bad.append(_BadLine(row, str(orjson.loads(whole)), "not_json", None))
    text, broken = _join("", records, bad)
    path.write_bytes(text.encode(dataset.delivery.encoding or "utf-8"))
    return broken


def _places(table: RawTable, rng: np.random.Generator) -> list[int]:
    """Before which good rows a broken line stands; never two before the same."""
    count = min(_MOST_BROKEN - 1, max(2, len(table) // 2_000))
    return sorted(int(row) for row in rng.choice(np.arange(1, len(table)), count, replace=False))


def _join(header: str, records: Sequence[str], bad: Sequence[_BadLine]) -> tuple[str, tuple[BrokenRow, ...]]:
    """The text of the file and the line on which each broken line came to stand, from 1."""
    end = "\r\n" if header.endswith("\r\n") else "\n"
    pieces: list[str] = [header]
    line = 1 + header.count("\n")
    broken: list[BrokenRow] = []
    begin = 0
    for item in bad:
        stretch = "".join(records[begin : item.before])
        line += stretch.count("\n")
        pieces += [stretch, item.text, end]
        broken.append(BrokenRow(line, item.reason, item.fields))
        line += 1
        begin = item.before
    pieces.append("".join(records[begin:]))
    return "".join(pieces), tuple(broken)


# --- formats with sheets ------------------------------------------------------------------------


def _title_lines(department: Department) -> list[str]:
    """The lines above the header: the title, then who filled it in and when."""
    lines = [
        f"{department.dataset.title['zh-CN']}一览表",
        f"填报单位：{department.name['zh-CN']}    填报日期：2026年11月2日",
    ]
    return lines[: department.dataset.delivery.title_rows]


def _header(
    dataset: Dataset,
    write: Callable[[int, int, str], None],
    merge: Callable[[int, int, int, int, str], None],
) -> None:
    """The header below the title: one row of names, or groups merged above them.

    `write(row, column, text)` and `merge(row, last row, column, last column, text)` count from 0.
    """
    top = dataset.delivery.title_rows
    if dataset.delivery.header_rows == 1:
        for column, field in enumerate(dataset.fields):
            write(top, column, field.name)
        return
    column = 0
    for group, members in groupby(dataset.fields, key=lambda field: field.group):
        names = [field.name for field in members]
        if group is None:
            for offset, name in enumerate(names):
                merge(top, top + 1, column + offset, column + offset, name)
        else:
            merge(top, top, column, column + len(names) - 1, group)
            for offset, name in enumerate(names):
                write(top + 1, column + offset, name)
        column += len(names)


def _write_xlsx(path: Path, department: Department, table: RawTable) -> None:
    dataset = department.dataset
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": dataset.title["zh-CN"], "created": _WRITTEN})
        sheet = book.add_worksheet("Sheet1")
        heading = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "font_size": 16})
        bold = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1})
        last = len(dataset.fields) - 1
        for row, line in enumerate(_title_lines(department)):
            sheet.merge_range(row, 0, row, last, line, heading if row == 0 else None)
        _header(
            dataset,
            lambda row, column, text: _done(sheet.write_string(row, column, text, bold)),
            lambda row, row2, column, column2, text: _done(sheet.merge_range(row, column, row2, column2, text, bold)),
        )
        sheet.set_column(0, last, 14)
        top = dataset.delivery.title_rows + dataset.delivery.header_rows
        for row, cells in enumerate(_rows(table), start=top):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    if cell:
                        sheet.write_string(row, column, cell)
                elif cell is not None:
                    sheet.write_number(row, column, cell)


def _done(status: object) -> None:
    """xlsxwriter answers a negative number where it wrote nothing."""
    if status != 0:
        raise ValueError(f"a cell of the header could not be written ({status})")


def _write_xls(path: Path, department: Department, table: RawTable) -> None:
    dataset = department.dataset
    top = dataset.delivery.title_rows + dataset.delivery.header_rows
    if top + len(table) > _XLS_ROWS:
        raise ValueError(
            f"{path.name}: a legacy .xls sheet holds {_XLS_ROWS} rows, not {top + len(table)}; lower the scale"
        )
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    heading = xlwt.easyxf("font: bold on, height 320; align: horiz centre, vert centre")
    bold = xlwt.easyxf("font: bold on; align: horiz centre")
    for row, line in enumerate(_title_lines(department)):
        sheet.write_merge(row, row, 0, len(dataset.fields) - 1, line, heading)
    _header(
        dataset,
        lambda row, column, text: sheet.write(row, column, text, bold),
        lambda row, row2, column, column2, text: sheet.write_merge(row, row2, column, column2, text, bold),
    )
    for index, cells in enumerate(_rows(table), start=top):
        row = sheet.row(index)
        for column, cell in enumerate(cells):
            if cell is not None and cell != "":
                row.write(column, cell)
    book.save(str(path))


def _write_parquet(path: Path, table: RawTable) -> None:
    series = [
        pl.Series(name, values.tolist(), dtype=pl.String) if values.dtype == object else pl.Series(name, values)
        for name, values in table.columns.items()
    ]
    pl.DataFrame(series).fill_nan(None).write_parquet(path, compression="zstd")
