"""CN_BANK_CARD: payment card numbers.

ISO/IEC 7812-1: issuer identification number, account, Luhn check digit, 13 to 19 digits; UnionPay issues under 62, the
international schemes under 4, 51 to 55, 22 to 27, 35, 34 and 37. Old magnetic cards of Chinese banks began with 9, 10
or 6. Groups of four parted by spaces, dashes or dots are usual. Long order and serial numbers look alike, so a number
outside the known issuers needs a context word, and so does one whose check digit is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from anonymizer.recognizers.grammar import Match, PatternGrammar, digits_of, luhn

_ISSUER: Final = re.compile(r"62\d{14,17}|4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|35\d{14}|3[47]\d{13}")


class BankCard(PatternGrammar):
    """15 to 19 digits, in one piece or in groups of four."""

    entity = "CN_BANK_CARD"
    context = (
        "银行卡",
        "卡号",
        "银行账",
        "银行帐",
        "储蓄卡",
        "信用卡",
        "借记卡",
        "账号",
        "帐号",
        "账户",
        "开户",
        "打款",
        "退款",
        "转账",
        "bank",
        "card",
        "account",
    )
    pattern = r"[1-9]\d{3}[ .-]\d{4}[ .-]\d{4}[ .-]\d{3,4}(?:[ .-]?\d{1,3})?|[1-9]\d{14,18}"
    not_after = r"[0-9A-Za-z.]"
    not_before = r"[0-9A-Za-z]"
    score = 0.3

    def accept(self, value: str) -> bool:
        return 15 <= len(digits_of(value)) <= 19

    def check(self, value: str) -> bool | None:
        return luhn(digits_of(value))

    def find(self, text: str) -> Iterator[Match]:
        for match in super().find(text):
            digits = digits_of(text[match.start : match.end])
            known, checked = bool(_ISSUER.fullmatch(digits)), luhn(digits)
            near = self.in_context(text, match.start, match.end)
            if known and checked:
                score = 0.95 if near or digits.startswith("62") else 0.8
            elif near:
                score = 0.75 if known or checked else 0.6
            elif known and digits.startswith("62"):
                score = 0.5
            else:
                score = self.score
            yield Match(self.entity, match.start, match.end, score)
