"""CN_FOREIGN_RESIDENT_ID: the old card of foreigners with permanent residence (外国人永久居留证, until 2023).

GA/T 704: three letters of the nationality, four digits of the place, six of the date of birth, two more, a check digit
over all by the weights 7, 3, 1 (ICAO 9303; letters count 10 to 35). The card issued since December 2023 has 18 places
that begin with 9 and is found as `CN_RESIDENT_ID`.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class ForeignResidentCard(PatternGrammar):
    """Three letters and twelve digits."""

    entity = "CN_FOREIGN_RESIDENT_ID"
    context = ("永久居留", "居留证", "外国人", "绿卡", "证件号", "residence")
    pattern = r"[A-Z]{3}\d{12}"
    score = 0.4
    checked_score = 0.95

    def check(self, value: str) -> bool | None:
        return check_digit(value[:14]) == value[14]


def check_digit(first14: str) -> str:
    """The 15th character by ICAO 9303: weights 7, 3, 1 over digits and letters (A counts 10)."""
    return str(sum((7, 3, 1)[n % 3] * int(c, 36) for n, c in enumerate(first14)) % 10)
