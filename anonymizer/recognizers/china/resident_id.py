"""CN_RESIDENT_ID: the number of the resident identity card (居民身份证号码).

GB 11643-1999: 18 places: division code (6), date of birth (8), order (3), check character by ISO 7064 MOD 11-2. So are
the residence permits of Hong Kong, Macao and Taiwan residents (divisions 810000, 820000, 830000) and, since December
2023, the cards of foreigners with permanent residence (the first place is 9). Cards of the first generation had 15
places (two-digit year, no check character); they still stand in old files.

A wrong division code never speaks against a number (codes are abolished every year and cards keep them), nor does a
date of birth that does not exist: clerks mistype, and lenient systems issued some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Match, PatternGrammar, digits_of

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_PARTED: Final = re.compile("[ .·-]")
_BORN: Final = re.compile(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_BORN_SHORT: Final = re.compile(r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


def check_character(first17: str) -> str:
    """The 18th character that ISO 7064 MOD 11-2 asks for after 17 digits."""
    return _CHECKS[sum(w * int(c) for w, c in zip(_WEIGHTS, first17, strict=True)) % 11]


class ResidentId(PatternGrammar):
    """18 places with check character, grouped by spaces, dashes or dots in any way, and the old 15 places."""

    entity = "CN_RESIDENT_ID"
    context = ("身份证", "证件号", "证件号码", "公民身份", "sfz", "id card", "identity", "id no")
    pattern = (
        r"[1-9]\d{5}[ .·-]?(?:18|19|20)?\d{2}[ .·-]?[01]\d[ .·-]?[0-3]\d[ .·-]?\d{3}[0-9Xx]"
        r"|[1-9]\d{16}[0-9Xx*]"
        r"|[1-9]\d{5}\d{2}[01]\d[0-3]\d{4}"
        r"|[1-9](?:[ .·-]?\d){16}[ .·-]?[0-9Xx]"
    )
    not_before = r"[0-9A-WYZa-wyz]"
    score = 0.5

    def accept(self, value: str) -> bool:
        length = len(digits_of(value)) + (value[-1] in "Xx*")
        return length in (15, 18)

    def check(self, value: str) -> bool | None:
        plain = _PARTED.sub("", value).upper()
        if len(plain) == 18 and plain[:17].isdigit():
            return plain[17] == check_character(plain[:17])
        return None

    def find(self, text: str) -> Iterator[Match]:
        for match in super().find(text):
            if match.score < self.context_score:
                plain = digits_of(text[match.start : match.end])
                plausible = _BORN.match(plain, 6) if len(plain) != 15 else _BORN_SHORT.match(plain, 6)
                yield match._replace(score=0.7 if plausible else 0.35)
            else:
                yield match
