"""The mess of real tables: blanks, full-width digits, mixed dates, slips of the hand, repeated rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from web.demo.city.numbers import Indices, Objects

MISSING_MARKS = ("-", "无", "NULL", "", "/", "未知")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
# Marks that only some tables use: nobody named, no score given, a sensor that was silent.
_COUNTS_AS_MISSING = frozenset((*MISSING_MARKS, "匿名", "未评价", "未公示", "待查", "—", 999.9, None))


def some(rng: np.random.Generator, count: int, share: float) -> Indices:
    """Which of `count` cells are hit, about `share` of them."""
    return np.flatnonzero(rng.random(count) < share)


def change(
    rng: np.random.Generator, values: Objects, share: float, how: Callable[[str], str], *, least: int = 0
) -> None:
    """Rewrite about `share` of the text cells in place, at least `least` of them."""
    rows = some(rng, len(values), share)
    if len(rows) < least:
        rows = rng.choice(len(values), min(least, len(values)), replace=False)
    for row in rows:
        if isinstance(values[row], str) and values[row]:
            values[row] = how(values[row])


def blank(
    rng: np.random.Generator, values: Objects, share: float, marks: tuple[str | float | None, ...] = MISSING_MARKS
) -> None:
    """Replace about `share` of the cells with a mark for a missing value, in place."""
    rows = some(rng, len(values), share)
    chosen = rng.integers(0, len(marks), len(rows))
    for row, mark in zip(rows, chosen, strict=True):
        values[row] = marks[mark]


def filled(values: npt.NDArray[Any]) -> int:
    """How many cells of a column hold a value: not empty, no mark, not not-a-number."""
    if values.dtype == object:
        return sum(value not in _COUNTS_AS_MISSING for value in values.tolist())
    if values.dtype.kind == "f":
        return int(np.count_nonzero(~np.isnan(values)))
    return len(values)


def full_width(text: str) -> str:
    return text.translate(_FULL_WIDTH)


def spaced(text: str) -> str:
    """Stray spaces at both ends, one of them the ideographic one."""
    return f" {text}\u3000"


def grouped(text: str) -> str:
    """A mobile number read out: `138 0013 8000`."""
    return f"{text[:3]} {text[3:7]} {text[7:]}" if len(text) == 11 else text


def dashed(text: str) -> str:
    return f"{text[:3]}-{text[3:7]}-{text[7:]}" if len(text) == 11 else text


def country_code(text: str) -> str:
    return f"+86 {text}"


def shortened(text: str) -> str:
    """A slip: the last character was lost, so the number is malformed."""
    return text[:-1]


def lower(text: str) -> str:
    return text.lower()


def wide_name(text: str) -> str:
    """A name of two characters set apart to the width of three: `王\u3000伟`."""
    return f"{text[0]}\u3000{text[1]}" if len(text) == 2 else text


def dotted_plate(text: str) -> str:
    return f"{text[:2]}·{text[2:]}"


def _parts(text: str) -> tuple[str, str, str, str]:
    day, _, clock = text.partition(" ")
    year, month, date = day.split("-")
    return year, month, date, clock


def slashes(text: str) -> str:
    """`2026/8/3 08:15`, as a spreadsheet shows it."""
    year, month, day, clock = _parts(text)
    return f"{year}/{int(month)}/{int(day)}{' ' + clock[:5] if clock else ''}"


def compact(text: str) -> str:
    """`20260803081522`."""
    return text.replace("-", "").replace(":", "").replace(" ", "")


def in_words(text: str) -> str:
    """`2026年8月3日 08时15分`."""
    year, month, day, clock = _parts(text)
    return f"{year}年{int(month)}月{int(day)}日{f' {clock[:2]}时{clock[3:5]}分' if clock else ''}"


def impossible(text: str) -> str:
    """A date that does not exist."""
    return text[:5] + "13-32" + text[10:]


def mix_dates(rng: np.random.Generator, values: Objects, *, share: float = 0.03, wrong: float = 0.0005) -> None:
    """Write some ISO times in other ways, and a few that cannot be; in place."""
    for rows, how in zip(np.array_split(some(rng, len(values), share), 3), (slashes, compact, in_words), strict=True):
        for row in rows:
            values[row] = how(values[row])
    for row in some(rng, len(values), wrong):
        if "-" in values[row]:
            values[row] = impossible(values[row])


def mess_phones(rng: np.random.Generator, values: Objects) -> None:
    change(rng, values, 0.02, grouped)
    change(rng, values, 0.01, dashed)
    change(rng, values, 0.006, country_code)
    change(rng, values, 0.008, full_width)
    change(rng, values, 0.003, shortened)
    blank(rng, values, 0.01)


def mess_ids(rng: np.random.Generator, values: Objects) -> None:
    change(rng, values, 0.01, lower)
    change(rng, values, 0.006, full_width)
    change(rng, values, 0.006, spaced)
    change(rng, values, 0.004, shortened)
    blank(rng, values, 0.02)


def mess_names(rng: np.random.Generator, values: Objects) -> None:
    change(rng, values, 0.02, wide_name)
    change(rng, values, 0.006, spaced)
    blank(rng, values, 0.004)


def repeat_rows(rng: np.random.Generator, count: int, share: float = 0.0015) -> tuple[Indices, int]:
    """An order of row numbers in which some rows come twice in a row, without changing the count.

    Returns the order and how many rows repeat the one before them. Rows that make room for the
    repeats fall out at the end of the table.
    """
    repeats = max(2, round(count * share))
    twice = np.sort(rng.choice(count - repeats, repeats, replace=False))
    order = np.sort(np.concatenate([np.arange(count - repeats), twice]))
    return order.astype(np.int64), repeats
