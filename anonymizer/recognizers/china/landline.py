"""CN_LANDLINE: fixed-line telephone numbers of mainland China.

Numbering plan: trunk prefix 0, area code of two or three digits (010, 02x, 03xx to 09xx), subscriber number of seven or
eight digits that begins with 2 to 8, an extension after a dash or 转. Without area code a number is taken only in
context. Public service numbers (`service_number`) are no person's.
"""

from __future__ import annotations

from anonymizer.recognizers.china.service_number import is_public_number
from anonymizer.recognizers.grammar import PatternGrammar


class Landline(PatternGrammar):
    """Area code and number, or a bare number in context."""

    entity = "CN_LANDLINE"
    context = ("电话", "座机", "固话", "致电", "拨打", "来电", "传真", "tel", "phone", "fax")
    pattern = (
        r"(?:\(?(?:\+ ?|00)86\)?[ -]?\(?0?|\(?0)(?:10|2\d|[3-9]\d{2})\)?[ -]{0,2}"
        r"[2-8]\d{2,3}[ -]?\d{4}(?:(?:-|转|ext\.?) ?\d{1,5})?"
    )
    not_after = r"[0-9A-Za-z.]"
    not_before = r"[0-9A-Za-z]"
    score = 0.65

    def accept(self, value: str) -> bool:
        return not is_public_number(value)


class LocalLandline(PatternGrammar):
    """Seven or eight digits without an area code: only a context word makes them a telephone number."""

    entity = "CN_LANDLINE"
    context = ("电话", "座机", "固话", "联系方式", "拨打", "致电", "来电", "tel", "phone", "传真", "fax")
    pattern = r"[2-8]\d{2,3}[ -]?\d{4}"
    not_after = r"[0-9A-Za-z.\-]"
    not_before = r"[0-9A-Za-z.\-年元号]"
    score = 0.0
    context_score = 0.6

    def accept(self, value: str) -> bool:
        return not is_public_number(value)
