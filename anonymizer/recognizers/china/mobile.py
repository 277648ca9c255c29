"""CN_MOBILE: mobile telephone numbers of mainland China.

Numbering plan of the Ministry of Industry and Information Technology: eleven digits, 13x to 19x; written with +86,
0086, 086 or an old leading 0, in one piece or in groups parted by spaces, dashes or dots, often in full-width digits
(folded before). Numbers of 13 digits that begin with 140 to 149 belong to things (IoT) and are left out by the
boundary.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class Mobile(PatternGrammar):
    """Eleven digits, 1 then 3 to 9, with any of the usual groupings or parted anywhere."""

    entity = "CN_MOBILE"
    context = ("电话", "手机", "联系", "致电", "拨打", "号码", "来电", "tel", "phone", "mobile", "call")
    pattern = (
        r"(?:\(?(?:\+ ?|00?)86\)?[ -]{0,2}|0)?1[3-9]\d"
        r"(?:[ .·_-]?\d{4}[ .·_-]?\d{4}|[ -]?\d{3}[ -]?\d{5}|[ -]\d{2}[ -]\d{2}[ -]\d{2}[ -]\d{2})"
        r"|1[ ·_-]?[3-9](?:[ ·_-]?\d){9}"  # no dots here: 1.3812345678 is a decimal
    )
    not_after = r"[0-9+]"  # +1 415… is no number of China
    not_before = r"[0-9]"
    score = 0.8
    context_score = 0.95
