"""Reads the delivered files back with other libraries than those that wrote them, or the plainest there are."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import xlrd
from openpyxl import load_workbook

from web.demo.city import CityFiles, plan

Rows = list[list[Any]]


def lines_of(path: Path, encoding: str) -> list[str]:
    """The physical lines of a file, the first of which is number 1."""
    return ["", *path.read_bytes().decode(encoding).split("\n")]


def csv_rows(path: Path, encoding: str, delimiter: str) -> tuple[list[str], Rows, dict[int, int]]:
    """Header, good rows, and for each row of another length: first line -> number of fields."""
    text = path.read_bytes().decode(encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = next(reader)
    good: Rows = []
    bad: dict[int, int] = {}
    first = reader.line_num + 1
    for row in reader:
        if len(row) == len(header):
            good.append(row)
        else:
            bad[first] = len(row)
        first = reader.line_num + 1
    return header, good, bad


def jsonl_rows(path: Path, encoding: str) -> tuple[list[str], Rows, set[int]]:
    """Names, good rows, and the lines that are no JSON object."""
    names: list[str] = []
    good: Rows = []
    bad: set[int] = set()
    for number, line in enumerate(path.read_text(encoding=encoding).splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, dict):
            names = list(record)
            good.append(list(record.values()))
        else:
            bad.add(number)
    return names, good, bad


def rows_of(city: CityFiles, department: str) -> tuple[list[str], Rows]:
    """Column names and good rows of any delivered file; empty cells are None or ''."""
    delivery = plan().department(department).dataset.delivery
    path = city.files[department]
    top = delivery.title_rows + delivery.header_rows
    match delivery.format:
        case "csv":
            header, good, _ = csv_rows(path, delivery.encoding or "", delivery.delimiter or "")
            return header, good
        case "jsonl":
            names, good, _ = jsonl_rows(path, delivery.encoding or "")
            return names, good
        case "parquet":
            frame = pl.read_parquet(path)
            return frame.columns, [list(row) for row in frame.iter_rows()]
        case "xls":
            sheet = xlrd.open_workbook(str(path)).sheet_by_index(0)
            rows = [sheet.row_values(row) for row in range(sheet.nrows)]
            return rows[top - 1], rows[top:]
        case "xlsx":
            book = load_workbook(path, read_only=True)
            rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
            names = [below or above for above, below in zip(rows[top - 2], rows[top - 1], strict=True)]
            if delivery.header_rows == 1:
                names = rows[top - 1]
            return [str(name) for name in names], rows[top:]
