"""BIRTH_DATE: the day a person was born.

GB/T 7408 (ISO 8601) dates and the Chinese 年月日 form. Any date has this shape, so the words around it decide: 出生,
生日, 生于, born, DOB before, or 出生, 生 after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

DATE: Final = (
    r"(?:18|19|20)\d{2}(?:[-/.](?:0?[1-9]|1[0-2])[-/.](?:[12]\d|3[01]|0?[1-9])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"|年(?:0?[1-9]|1[0-2])月(?:(?:[12]\d|3[01]|0?[1-9])[日号]?)?)"
    r"|[一二][九〇零○][〇零○一二三四五六七八九]{2}年[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九十]{1,3}[日号]?)?"
)
_BEFORE: Final = re.compile(
    r"(?:出生(?:日期|年月日?|时间|于)?|生日|生于|诞辰|born(?: on)?|birth ?(?:date|day)|date of birth|dob)[^0-9\n]{0,4}"
    rf"(?P<value>{DATE})(?!\d)",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(rf"(?<!\d)(?P<value>{DATE})(?=出?生(?![产效成]))")


class BirthDate(Grammar):
    """A date beside a word of birth."""

    entity = "BIRTH_DATE"
    requires = ("生", "诞", "orn", "irth", "DOB", "dob", "BIRTH", "BORN")

    def find(self, text: str) -> Iterator[Match]:
        for pattern in (_BEFORE, _AFTER):
            for found in pattern.finditer(text):
                yield Match(self.entity, found.start("value"), found.end("value"), 0.9)
