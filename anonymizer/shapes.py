"""Shapes of raw values: what may be shown of a cell that nobody may see. Letters and Han become 某, digits
become 0."""

from __future__ import annotations

import re

import polars as pl

_DIGIT = r"\p{Nd}"
_LETTER = r"[\p{L}\p{M}]"


def shape(value: object, *, limit: int = 40) -> str:
    """``王小明 138-0013`` becomes ``某某某 000-0000``; empty for a missing value; cut after ``limit``
    characters."""
    if value is None:
        return ""
    text = str(value)[:limit]
    return "".join("0" if char.isdecimal() else "某" if char.isalpha() else char for char in text)


def shapes(values: pl.Series, *, limit: int = 40) -> pl.Series:
    """:func:`shape` of a whole column."""
    text = values.cast(pl.String).str.slice(0, limit)
    return text.str.replace_all(_DIGIT, "0").str.replace_all(_LETTER, "某").fill_null("")


def personal_free(value: object, occurrences: int, *, common: int = 20) -> str:
    """A value for an error message: as it is when so many rows hold it that it tells of no one, else its
    shape."""
    text = re.sub(r"\s+", " ", str(value))[:60]
    return f"{text!r}" if occurrences >= common else f"of the shape {shape(text)!r}"
