"""The layout of a delimited text: delimiter, where its header stands, what its columns are called."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anonymizer.recognizers import THRESHOLDS, find_all, fold, resolve
from catalog.vault.intake import limits
from catalog.vault.intake.reasons import Rejected

DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_RECORDS = 200
_HEADER_WITHIN = 30
_FIGURE = re.compile(r"[+-]?[\d,]+(\.\d+)?%?|\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?([ T]\d{1,2}:\d{2}(:\d{2})?)?")
_YEAR = re.compile(r"(19|20)\d{2}年?")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a delimited text: the line it begins on and its fields, or why it has none."""

    line: int
    lines: int
    fields: list[str] | None
    raw: str
    problem: str | None = None


def records(text: str, delimiter: str, first_line: int, *, final: bool) -> Iterator[Record | str]:
    """Records of `text`, whose lines end in `\\n`, read with patience: a broken one does not take its neighbours along.

    A quote opens a field only at its beginning. Where a quoted field never closes, its first line alone is broken.
    Unless `final`, text after the last whole record is given back at the end, as plain `str`.
    """
    lines = text.split("\n")
    rest = lines.pop()
    if final and rest:
        lines.append(rest)
        rest = ""
    at, end = 0, len(lines)
    while at < end:
        fields, problem = _fields(lines[at], delimiter)
        if problem != "quote_open":
            yield Record(first_line + at, 1, fields, lines[at], problem)
            at += 1
            continue
        joined, taken = lines[at], 1
        while problem == "quote_open" and at + taken < end and taken < limits.RECORD_LINES:
            joined += "\n" + lines[at + taken]
            taken += 1
            if '"' in lines[at + taken - 1]:
                fields, problem = _fields(joined, delimiter)
        if problem == "quote_open" and not final and taken < limits.RECORD_LINES:
            yield "\n".join([*lines[at:], rest])
            return
        if problem is None:
            yield Record(first_line + at, taken, fields, joined, None)
            at += taken
        else:
            yield Record(first_line + at, 1, None, lines[at], problem)
            at += 1
    if not final:
        yield rest


def _fields(line: str, delimiter: str) -> tuple[list[str] | None, str | None]:
    if '"' not in line:
        return line.split(delimiter), None
    try:
        rows = list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None, "quote_open" if "unexpected end" in str(error) else "quote_inside"
    return (rows[0] if rows else [""]), None


def sample_records(text: str, delimiter: str, *, whole: bool) -> list[Record]:
    """The first records of a text."""
    found: list[Record] = []
    for record in records(text, delimiter, 1, final=whole):
        if isinstance(record, Record):
            found.append(record)
        if len(found) >= _SAMPLE_RECORDS:
            break
    return found


def delimiter_of(text: str, *, whole: bool) -> str:
    """The delimiter with which most records have the same number of fields, more than one; else a comma."""
    best: tuple[float, int] = (0.0, 1)
    chosen = ","
    for delimiter in DELIMITERS:
        sample = [r for r in sample_records(text, delimiter, whole=whole) if r.raw.strip()]
        counts = Counter(len(r.fields) for r in sample if r.fields is not None)
        wide = {width: times for width, times in counts.items() if width > 1}
        if not wide:
            continue
        width, times = max(wide.items(), key=lambda item: (item[1], item[0]))
        rating = (round(times / len(sample), 2), width)
        if rating > best:
            best, chosen = rating, delimiter
    return chosen


@dataclass(frozen=True, slots=True)
class Header:
    """Where a table begins: `row` is the index of the header among the rows, None when there is none; `titles` rows
    stand before it."""

    row: int | None
    titles: int
    width: int


def find_header(rows: Sequence[Sequence[str]]) -> Header:
    """The header among the first rows: below title rows, its cells filled, apart from each other, and no figures."""
    filled = [[cell.strip() for cell in row] for row in rows]
    widths = Counter(len(row) for row in filled if any(row))
    if not widths:
        raise Rejected("empty")
    width = max(widths.items(), key=lambda item: (item[1], item[0]))[0]
    for index, row in enumerate(filled[:_HEADER_WITHIN]):
        present = [cell for cell in row if cell]
        if not present or _is_title(row, present, width):
            continue
        return Header(index if _is_header(row, filled[index + 1 :]) else None, index, width)
    return Header(None, 0, width)


def _is_title(row: Sequence[str], present: Sequence[str], width: int) -> bool:
    if width == 1:
        return False
    return len(row) < width * 0.6 or len(present) < width * 0.6 or (width > 2 and len(set(present)) == 1)


def _is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    present = [cell for cell in row if cell]
    if place_of_personal(present) is not None:
        return False
    figures = [cell for cell in present if _FIGURE.fullmatch(cell)]
    if figures and not (len(figures) < len(present) and all(_YEAR.fullmatch(cell) for cell in figures)):
        return False
    if len(set(present)) < len(present) * 0.5:
        return False
    repeated = sum(
        1
        for place, cell in enumerate(row)
        if cell and any(place < len(other) and other[place] == cell for other in below[:_SAMPLE_RECORDS])
    )
    return repeated * 3 < len(present)


def column_names(cells: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """Unique, non-empty names for `width` columns, and the header cells that had to be changed."""
    names: list[str] = []
    changed: list[str] = []
    for place in range(width):
        given = re.sub(r"\s+", " ", cells[place]).strip() if place < len(cells) else ""
        name = given[:120] or f"column_{place + 1}"
        base, number = name, 2
        while name in names:
            name = f"{base}_{number}"
            number += 1
        if name != given:
            changed.append(name)
        names.append(name)
    return names, changed


def place_of_personal(names: Sequence[str]) -> int | None:
    """The first name, from 1, with a personal number in it (six digits or more): then these are values, not names.
    Names of columns are kept and shown in the clear, so values must not become such."""
    for place, name in enumerate(names, 1):
        text = fold(name)
        found = resolve(find_all(text), THRESHOLDS["balanced"])
        if any(sum(c.isdigit() for c in text[match.start : match.end]) >= 6 for match in found):
            return place
    return None


def check_width(width: int) -> None:
    """Refuse tables with more columns than accepted."""
    if width > limits.COLUMNS:
        raise Rejected("too_many_columns", found=width, limit=limits.COLUMNS, place=f"column {limits.COLUMNS + 1}")
