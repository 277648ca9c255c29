"""Cells shown by their shape alone: never a raw value."""

from __future__ import annotations

import re
from typing import Final

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_LONGEST: Final = 40
_HELD: Final = "\x00"  # stands for a Han character until the letters are done: 某 is a letter too


def shape(value: str) -> str:
    """Han characters as 某, letters as x, digits as 0, cut after 40 characters.

    >>> shape("粤B12345 王先生")
    '某x00000 某某某'
    """
    cut = value[:_LONGEST]
    masked = re.sub(r"\d", "0", _LETTER.sub("x", _HAN.sub(_HELD, cut))).replace(_HELD, "某")
    return masked + ("…" if len(value) > _LONGEST else "")
