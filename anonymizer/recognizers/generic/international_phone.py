"""PHONE_NUMBER: telephone numbers of other countries.

ITU-T E.164: a plus sign or 00, the country (China's are `CN_MOBILE` and `CN_LANDLINE`), up to 15 digits in groups; in
North America also (212) 555-0123 and 212-555-0123.
"""

from __future__ import annotations

import re

from anonymizer.recognizers.grammar import PatternGrammar, digits_of


class InternationalPhone(PatternGrammar):
    """Country code and number, or a North American number."""

    entity = "PHONE_NUMBER"
    context = ("电话", "手机", "联系", "tel", "phone", "call", "mobile", "fax")
    pattern = (
        r"(?:\+|00)(?:[1-79]\d{0,2}|8[0-57-9]\d?|86[1-9])[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,4}"
        r"|\([2-9]\d{2}\) ?[2-9]\d{2}-\d{4}|[2-9]\d{2}[.-][2-9]\d{2}[.-]\d{4}(?: ?x\d{1,5})?"
    )
    not_after = r"[0-9A-Za-z+.-]"
    not_before = r"[0-9A-Za-z]"
    score = 0.6

    def accept(self, value: str) -> bool:
        return 8 <= len(digits_of(value)) <= 17 and not re.match(r"(?:\+|00) ?86", value)
