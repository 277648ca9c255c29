"""AGE: how old a person is, in years.

Digits or Chinese numerals before 岁 or 周岁, or after 年龄 and age. Limits (18岁以上, 6至12岁) speak of rules, not of
persons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Grammar, Match

_AGE: Final = re.compile(
    r"(?<![\d.至到\-~])(?P<value>(?:1[0-4]\d|\d{1,2}|[一二三四五六七八九十百零]{1,4})多?"
    r"(?:周岁|岁半|岁|个月大|-year-old| years? old))"
    r"(?![以之]|及以|或以|至|到|-|~|以下)"
)
_LABELLED: Final = re.compile(r"(?:年龄|(?<![A-Za-z])[Aa]ge)[ \t]*[:=为][ \t]*(?P<value>1[0-4]\d|\d{1,2})(?!\d)")


class Age(Grammar):
    """A number of years beside its word."""

    entity = "AGE"
    requires = ("岁", "年龄", "个月大", "ge", "old")

    def find(self, text: str) -> Iterator[Match]:
        for pattern in (_AGE, _LABELLED):
            for found in pattern.finditer(text):
                yield Match(self.entity, found.start("value"), found.end("value"), 0.6)
