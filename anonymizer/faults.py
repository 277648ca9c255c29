"""Why a file cannot be read, and where: said without quoting what stands there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import orjson

from contracts.errors import FileRejected

MOST_COLUMNS = 1_000
"""Columns of a table."""
LONGEST_HEADER = 1_000_000
"""Bytes of a CSV's header line."""


def check_width(width: int) -> None:
    """Refuse a table with more columns than can be judged one by one."""
    if width > MOST_COLUMNS:
        detail = f"The table has {width} columns; at most {MOST_COLUMNS} are accepted"
        raise FileRejected(detail, place=f"column {MOST_COLUMNS + 1}")


def check_keys(path: Path) -> None:
    """Refuse JSON Lines whose objects name too many columns together; broken lines are left to the reader."""
    names: set[str] = set()
    with path.open("rb") as stream:
        for line in stream:
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                return
            if isinstance(value, dict):
                names.update(value)
                check_width(len(names))


def in_json_lines(path: Path) -> FileRejected | None:
    """The first line that is no JSON object."""
    with path.open("rb") as stream:
        for line, content in enumerate(stream, 1):
            column = 1
            try:
                if not content.strip() or isinstance(json.loads(content.decode().rstrip("\r\n")), dict):
                    continue
                detail = f"Line {line} of {path.name!r} is not a JSON object"
            except json.JSONDecodeError as error:
                column = error.colno
                detail = f"Line {line} of {path.name!r} is not valid JSON from column {column} on"
            except UnicodeDecodeError as error:
                column = error.start + 1
                detail = f"Line {line} of {path.name!r} is not written in UTF-8: byte {column} is no character"
            except (ValueError, RecursionError):
                detail = f"Line {line} of {path.name!r} is nested too deeply or holds too long a number"
            return FileRejected(detail, place=f"line {line}, column {column}")
    return None


def in_csv(path: Path, encoding: str, separator: str) -> FileRejected | None:
    """The first record with more fields than the header, or a quote that takes in too much."""
    with path.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=separator)
        line, width = 1, 0
        try:
            for record in reader:
                width = width or len(record)
                if len(record) > width:
                    detail = f"Line {line} of {path.name!r} has {len(record)} fields instead of {width}"
                    return FileRejected(detail, place=f"line {line}, column {width + 1}")
                line = reader.line_num + 1
        except csv.Error:
            detail = f"Line {line} of {path.name!r} holds a field that is too long, or a quote that is never closed"
            return FileRejected(detail, place=f"line {line}")
        except UnicodeDecodeError:
            return None
    return None


def record_widths(path: Path, encoding: str, separator: str) -> tuple[list[int], list[int]]:
    """Of every record after the header, how many fields it has (0: a blank line), and the line where it begins."""
    widths: list[int] = []
    lines: list[int] = []
    line = 1
    with path.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=separator)
        try:
            next(reader)
            line = reader.line_num + 1
            for record in reader:
                widths.append(len(record))
                lines.append(line)
                line = reader.line_num + 1
        except csv.Error:
            detail = f"Line {line} of {path.name!r} holds a field that is too long, or a quote that is never closed"
            raise FileRejected(detail, place=f"line {line}") from None
    return widths, lines
